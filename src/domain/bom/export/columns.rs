//! Which columns a sheet has, under headers that an import knows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rows::{Entries, Entry};
use super::{Cell, ExportStructure, Table};
use crate::domain::meta::{DataType, Item, ItemType};

/// One column and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Level,
    Parent,
    Number { is_indented: bool },
    Name,
    OfLine { property: String, header: String },
    OfPart { property: String, header: String },
}

/// What every line has, and what is told of each.
const OF_LINE: [(&str, &str); 4] =
    [("quantity", "Quantity"), ("uom", "UoM"), ("find_num", "Find No."), ("refdes", "Ref Des")];
/// What an import knows by headers of their own.
const OF_PART: [(&str, &str); 4] =
    [("cost", "Cost"), ("weight", "Weight"), ("description", "Description"), ("revision", "Revision")];

pub(super) struct Columns<'a> {
    columns: Vec<Column>,
    part: &'a ItemType,
    line: &'a ItemType,
}

impl<'a> Columns<'a> {
    /// Those that say something in any row.
    pub fn of(entries: &Entries<'_>, part: &'a ItemType, line: &'a ItemType, structure: ExportStructure) -> Self {
        let mut columns = match structure {
            ExportStructure::Level => vec![Column::Level],
            ExportStructure::Parent => vec![Column::Parent],
            ExportStructure::Indented => Vec::new(),
        };
        columns.push(Column::Number { is_indented: structure == ExportStructure::Indented });
        columns.push(Column::Name);
        let of_line = used(entries.0.iter().filter_map(|entry| entry.line), line, &[]);
        let fixed: Vec<&str> = ["name", "number", "state"].into_iter().chain(part.number_property.as_deref()).collect();
        let of_part = used(entries.0.iter().map(|entry| entry.item), part, &fixed);
        for (property, header) in OF_LINE {
            if matches!(property, "quantity" | "uom") || of_line.contains(property) {
                columns.push(Column::OfLine { property: property.to_owned(), header: header.to_owned() });
            }
        }
        for (property, header) in OF_PART.into_iter().filter(|(property, _)| of_part.contains(*property)) {
            columns.push(Column::OfPart { property: property.to_owned(), header: header.to_owned() });
        }
        for property in of_part.into_iter().filter(|name| OF_PART.iter().all(|(known, _)| known != name)) {
            let header = format!("property.{property}");
            columns.push(Column::OfPart { property, header });
        }
        for property in of_line.into_iter().filter(|name| OF_LINE.iter().all(|(known, _)| known != name)) {
            let header = format!("line.{property}");
            columns.push(Column::OfLine { property, header });
        }
        Self { columns, part, line }
    }

    pub fn table(&self, entries: &Entries<'_>) -> Table {
        let row = |entry: &Entry<'_>| self.columns.iter().map(|column| self.cell(column, entry)).collect();
        Table { header: self.columns.iter().map(header).collect(), rows: entries.0.iter().map(row).collect() }
    }

    fn cell(&self, column: &Column, entry: &Entry<'_>) -> Cell {
        let text = |text: Option<&str>| text.map_or(Cell::Empty, |text| Cell::Text(text.to_owned()));
        match (column, entry.line) {
            (Column::Level, _) => Cell::Number(f64::from(entry.level)),
            (Column::Parent, _) => text(entry.parent),
            (Column::Number { is_indented: true }, _) => {
                Cell::Indented(entry.level, entry.number.unwrap_or_default().to_owned())
            }
            (Column::Number { .. }, _) => text(entry.number),
            (Column::Name, _) => text(entry.item.name()),
            (Column::OfPart { property, .. }, _) => value_cell(entry.item, self.part, property),
            (Column::OfLine { property, .. }, Some(line)) => value_cell(line, self.line, property),
            // The root stands on no line; it says so little that no import takes its row for a note.
            (Column::OfLine { property, .. }, None) => match property.as_str() {
                "quantity" => Cell::Number(1.0),
                "uom" => Cell::Text("EA".to_owned()),
                _ => Cell::Empty,
            },
        }
    }
}

fn header(column: &Column) -> String {
    match column {
        Column::Level => "Level".to_owned(),
        Column::Parent => "Parent Number".to_owned(),
        Column::Number { is_indented: true } => "Part Number (indented)".to_owned(),
        Column::Number { is_indented: false } => "Part Number".to_owned(),
        Column::Name => "Name".to_owned(),
        Column::OfLine { header, .. } | Column::OfPart { header, .. } => header.clone(),
    }
}

/// The properties with values that a cell can hold.
fn used<'a>(items: impl Iterator<Item = &'a Item>, kind: &ItemType, fixed: &[&str]) -> BTreeSet<String> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let mut names: BTreeSet<String> = BTreeSet::new();
    for item in items {
        for name in item.properties.keys().filter(|name| is_name(name) && !fixed.contains(&name.as_str())) {
            if !names.contains(name) && value_cell(item, kind, name) != Cell::Empty {
                names.insert(name.clone());
            }
        }
    }
    names
}

fn value_cell(item: &Item, kind: &ItemType, name: &str) -> Cell {
    let data_type = kind.property(name).map(|property| property.data_type);
    match item.properties.get(name) {
        _ if data_type == Some(DataType::Item) => Cell::Empty,
        Some(Value::String(text)) if text.trim().is_empty() => Cell::Empty,
        Some(Value::String(text)) => Cell::Text(text.clone()),
        Some(Value::Bool(value)) => Cell::Text(value.to_string()),
        Some(Value::Number(number)) => match number.as_f64() {
            // A float may not hold every digit of a whole number.
            Some(float) if number.is_f64() || float.abs() < 1e15 => Cell::Number(float),
            _ => Cell::Text(number.to_string()),
        },
        Some(condition @ Value::Object(_)) if data_type == Some(DataType::Condition) => {
            Cell::Text(condition.to_string())
        }
        _ => Cell::Empty,
    }
}
