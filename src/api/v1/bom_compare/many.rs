//! Several sides beside each other.

use poem_openapi::Object;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::line::{BomCompareLine, BomComparePathItem, BomCompareValue, Documented, config_id};
use crate::domain::bom::compare::{Aligned, Cell, Compared, Options, Row, Walk};

/// One side in short.
#[derive(Object, serde::Serialize)]
struct BomCompareSideSummary {
    /// As it was given, else the number of the root.
    label: String,
    root_id: String,
    root_number: Option<String>,
    root_name: Option<String>,
    /// Lines that it has.
    lines: usize,
    /// Lines that others have and it has not.
    missing: usize,
    /// Lines that it alone has.
    alone: usize,
    /// Lines that it shares with the first side and that are not the same there.
    differs_from_first: usize,
}

/// How many rows there are.
#[derive(Object, serde::Serialize)]
struct BomCompareRowCounts {
    rows: usize,
    differing: usize,
    equal: usize,
}

/// A line on one side.
#[derive(Object, serde::Serialize)]
struct BomCompareCell {
    parent_id: String,
    child_id: String,
    relationship_id: String,
    /// How many lines it stands for.
    lines: usize,
    line: BomCompareLine,
}

/// A field in which sides differ.
#[derive(Object, serde::Serialize)]
struct BomCompareFieldRow {
    field: String,
    /// One for each side; null also where the side has no such line.
    values: Vec<Documented<Option<BomCompareValue>, Value>>,
    /// major, minor or info.
    severity: String,
}

/// One line on all sides.
#[derive(Object, serde::Serialize)]
struct BomCompareRow {
    line_key: String,
    parent_config_id: String,
    child_config_id: String,
    level: u32,
    /// On the first side that has the line.
    path: Vec<BomComparePathItem>,
    differs: bool,
    /// That of the field that matters most; null where none differs.
    severity: Option<String>,
    /// One for each side; null where it has no such line.
    cells: Vec<Option<BomCompareCell>>,
    fields: Vec<BomCompareFieldRow>,
}

/// Lines of several sides beside each other.
#[derive(Object)]
pub struct BomCompareManyResponse {
    sides: Vec<BomCompareSideSummary>,
    summary: BomCompareRowCounts,
    /// Those that differ, or all where all were asked for; those nearest to the root come first.
    rows: Vec<BomCompareRow>,
    line_key: String,
    compare_mode: Option<String>,
}

/// Writes sides as [`BomCompareManyResponse`], a row at a time.
pub struct Many<'c, 'a> {
    pub aligned: &'c Aligned<'a>,
    pub options: &'c Options,
    pub labels: &'c [Option<String>],
}

impl Serialize for Many<'_, '_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let differing = self.aligned.rows.iter().filter(|row| row.differs).count();
        let equal = self.aligned.equal;
        let mut map = out.serialize_map(Some(5))?;
        map.serialize_entry("sides", &self.sides())?;
        map.serialize_entry("summary", &BomCompareRowCounts { rows: differing + equal, differing, equal })?;
        map.serialize_entry("rows", &Rows(self))?;
        map.serialize_entry("line_key", self.options.line_key.name())?;
        map.serialize_entry("compare_mode", &self.options.mode.map(|mode| mode.name()))?;
        map.end()
    }
}

struct Rows<'m, 'c, 'a>(&'m Many<'c, 'a>);

impl Serialize for Rows<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.0.aligned.rows.iter().filter_map(|row| self.0.row(row)))
    }
}

/// How a side is called: as the client says, else by the number of its root.
pub fn label(aligned: &Aligned<'_>, labels: &[Option<String>], side: usize) -> String {
    let given = labels.get(side).cloned().flatten().filter(|label| !label.trim().is_empty());
    let number = || aligned.walks[side].parts.first().and_then(|root| root.number).map(str::to_owned);
    given.or_else(number).unwrap_or_else(|| (side + 1).to_string())
}

impl Many<'_, '_> {
    fn sides(&self) -> Vec<BomCompareSideSummary> {
        let Aligned { walks, rows, lines, .. } = self.aligned;
        let side = |(side, walk): (usize, &Walk<'_>)| {
            let root = walk.parts.first()?;
            let has = |row: &&Row<'_>| row.cells[side].is_some();
            let alone = |row: &&Row<'_>| row.cells.iter().flatten().count() == 1;
            let differs = |row: &&Row<'_>| row.differs_between(0, side);
            Some(BomCompareSideSummary {
                label: label(self.aligned, self.labels, side),
                root_id: root.item.id.to_string(),
                root_number: root.number.map(str::to_owned),
                root_name: root.item.name().map(str::to_owned),
                lines: lines[side],
                missing: rows.iter().filter(|row| !has(row)).count(),
                alone: rows.iter().filter(|row| has(row) && alone(row)).count(),
                differs_from_first: rows.iter().filter(differs).count(),
            })
        };
        walks.iter().enumerate().filter_map(side).collect()
    }

    fn row(&self, row: &Row<'_>) -> Option<BomCompareRow> {
        let (side, cell) = row.cells.iter().enumerate().find_map(|(side, cell)| Some((side, cell.as_ref()?)))?;
        let walk = &self.aligned.walks[side];
        let (parent, child) = (&walk.parts[cell.parent], &walk.parts[cell.child]);
        let mut path = walk.path(cell.parent);
        path.push(child);
        let roots_are_one = self.options.roots_are_one;
        let severity = row.fields.iter().map(Compared::severity).max();
        Some(BomCompareRow {
            line_key: row.key.clone(),
            parent_config_id: config_id(parent, roots_are_one),
            child_config_id: child.item.config_id.to_string(),
            level: parent.level + 1,
            path: path.into_iter().map(|part| BomComparePathItem::new(part, roots_are_one)).collect(),
            differs: row.differs,
            severity: severity.map(|severity| severity.as_str().to_owned()),
            cells: (0..row.cells.len()).map(|side| self.cell(row, side)).collect(),
            fields: row.fields.iter().map(|field| self.field(row, field)).collect(),
        })
    }

    fn cell(&self, row: &Row<'_>, side: usize) -> Option<BomCompareCell> {
        let (cell, walk) = (row.cells[side].as_ref()?, &self.aligned.walks[side]);
        Some(BomCompareCell {
            parent_id: walk.parts[cell.parent].item.id.to_string(),
            child_id: walk.parts[cell.child].item.id.to_string(),
            relationship_id: cell.relationship.id.to_string(),
            lines: cell.merged,
            line: (&cell.values).into(),
        })
    }

    fn field(&self, row: &Row<'_>, field: &Compared) -> BomCompareFieldRow {
        let sides = row.cells.iter().zip(&self.aligned.walks);
        let value = |(cell, walk): (&Option<Cell<'_>>, &Walk<'_>)| {
            cell.as_ref().map_or(Value::Null, |cell| cell.shown(field, walk))
        };
        BomCompareFieldRow {
            field: field.name().to_owned(),
            values: sides.map(|side| value(side).into()).collect(),
            severity: field.severity().as_str().to_owned(),
        }
    }
}
