//! Comparisons as tables: a row for each line, and for each field a column for each side.

use serde_json::Value;

use super::many::label;
use crate::api::v1::table::{Table, TableCell};
use crate::domain::bom::compare::{Aligned, Cell, Compared, LineField, Options, Part, Row, Walk};

const FIXED: [&str; 8] =
    ["change", "severity", "level", "path", "parent_number", "child_number", "child_name", "changed_fields"];
/// They tell a reader which line it is, whatever was compared.
const ALWAYS: [LineField; 4] = [LineField::Quantity, LineField::Uom, LineField::FindNum, LineField::Refdes];

/// Two sides: `left` and `right`, and what became of each line.
pub fn of_pair(aligned: &Aligned<'_>, options: &Options) -> Table {
    let labels = ["left", "right"].map(|label| Some(label.to_owned()));
    let change = |row: &Row<'_>| match row.cells.as_slice() {
        [None, _] => "added",
        [_, None] => "removed",
        _ if row.differs => "changed",
        _ => "equal",
    };
    table(aligned, options, &labels, change)
}

pub fn of_many(aligned: &Aligned<'_>, options: &Options, labels: &[Option<String>]) -> Table {
    table(aligned, options, labels, |row| if row.differs { "differs" } else { "equal" })
}

fn table(
    aligned: &Aligned<'_>,
    options: &Options,
    labels: &[Option<String>],
    change: impl Fn(&Row<'_>) -> &'static str,
) -> Table {
    let mut fields: Vec<Compared> = ALWAYS.into_iter().map(Compared::Line).collect();
    fields.extend(options.fields.iter().filter(|field| !fields.contains(field)).cloned().collect::<Vec<_>>());
    fields.push(Compared::ChildVersion);
    let mut header: Vec<String> = FIXED.map(str::to_owned).into();
    for field in &fields {
        let sides = 0..aligned.walks.len();
        header.extend(sides.map(|side| format!("{} ({})", field.name(), label(aligned, labels, side))));
    }
    let rows = aligned.rows.iter().filter_map(|row| cells(aligned, row, change(row), &fields)).collect();
    Table { header, rows }
}

fn cells(aligned: &Aligned<'_>, row: &Row<'_>, change: &str, fields: &[Compared]) -> Option<Vec<TableCell>> {
    let sides = || row.cells.iter().zip(&aligned.walks);
    let (cell, walk) = sides().find_map(|(cell, walk)| Some((cell.as_ref()?, walk)))?;
    let (parent, child) = (&walk.parts[cell.parent], &walk.parts[cell.child]);
    let severity = row.fields.iter().map(Compared::severity).max();
    let mut path: Vec<String> = walk.path(cell.parent).into_iter().map(named).collect();
    path.push(named(child));
    let changed: Vec<&str> = row.fields.iter().map(Compared::name).collect();
    let mut written: Vec<TableCell> = vec![
        change.to_owned().into(),
        severity.map(|severity| severity.as_str().to_owned()).unwrap_or_default().into(),
        TableCell::Number(f64::from(parent.level) + 1.0),
        path.join(" / ").into(),
        named(parent).into(),
        named(child).into(),
        child.item.name().unwrap_or_default().to_owned().into(),
        changed.join(", ").into(),
    ];
    for field in fields {
        // Versions of children matter only where they were told apart.
        let shown = *field != Compared::ChildVersion || row.fields.contains(field);
        let value = |(cell, walk): (&Option<Cell<'_>>, &Walk<'_>)| match cell {
            Some(cell) if shown => text(&cell.shown(field, walk), || cell.compared(field, walk)),
            _ => TableCell::Empty,
        };
        written.extend(sides().map(|(cell, walk)| value((cell, walk))));
    }
    Some(written)
}

/// By number, else by name, else by id.
fn named(part: &Part<'_>) -> String {
    let name = part.number.or_else(|| part.item.name()).map(str::to_owned);
    name.unwrap_or_else(|| part.item.id.to_string())
}

/// Lists are written as they are compared: an entry is one text there.
fn text(value: &Value, compared: impl Fn() -> Value) -> TableCell {
    match value {
        Value::Null => TableCell::Empty,
        Value::Number(number) => number.as_f64().map_or(TableCell::Empty, TableCell::Number),
        Value::String(text) => text.clone().into(),
        Value::Array(all) => {
            let shown = compared();
            let entries = shown.as_array().unwrap_or(all).iter();
            let texts: Vec<String> =
                entries.map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect();
            texts.join("; ").into()
        }
        other => other.to_string().into(),
    }
}
