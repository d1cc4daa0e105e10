//! What a sheet is read with, and what reading it yields. No parsing here.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::columns::ColumnMap;
use crate::types::Quantity;

pub use super::choices::{DecimalStyle, Delimiter, Duplicates, Existing, MissingNumbers, PlaceholderRule, Structure};

/// Longest texts, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub number: usize,
    pub name: usize,
    /// Per property; one that is not listed has no limit here.
    pub properties: BTreeMap<String, usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { number: 32, name: 128, properties: BTreeMap::new() }
    }
}

/// How to read a sheet.
#[derive(Debug, Clone)]
pub struct SheetOptions {
    /// Larger files are refused before they are read.
    pub max_bytes: usize,
    /// Which column holds which field; empty means: take the well-known headers.
    pub columns: ColumnMap,
    /// `None` finds it out from the header.
    pub delimiter: Option<Delimiter>,
    /// 1-based row of the header; `None` is the first row that is not blank.
    pub header_row: Option<usize>,
    /// The sheet of a workbook, by its name; `None` is the first.
    pub sheet: Option<String>,
    pub structure: Structure,
    /// The number of the part that the sheet is imported into; `None` takes the top row of a sheet with levels.
    pub root: Option<String>,
    pub decimal: DecimalStyle,
    pub duplicates: Duplicates,
    pub missing_numbers: MissingNumbers,
    pub limits: Limits,
    /// The unit of a line without one, used to tell whether two lines are the same.
    pub default_uom: String,
}

impl Default for SheetOptions {
    fn default() -> Self {
        Self {
            max_bytes: 16 << 20,
            columns: ColumnMap::default(),
            delimiter: None,
            header_row: None,
            sheet: None,
            structure: Structure::default(),
            root: None,
            decimal: DecimalStyle::default(),
            duplicates: Duplicates::default(),
            missing_numbers: MissingNumbers::default(),
            limits: Limits::default(),
            default_uom: "EA".to_owned(),
        }
    }
}

/// A sheet, and how to take it.
#[derive(Clone)]
pub struct ImportRequest {
    pub file: Vec<u8>,
    /// What the record of the import calls it.
    pub file_name: Option<String>,
    /// The number of the part whose BOM the sheet is; empty takes the top row of a sheet with levels.
    pub parent: String,
    /// The name under which the parent is made if it is not there; an empty one takes the number.
    pub create_parent: Option<String>,
    /// Its `limits` are those of the part type, its `root` is the parent.
    pub sheet: SheetOptions,
    pub placeholders: PlaceholderRule,
    pub existing: Existing,
}

/// A sheet, read. Each row that is not blank is in `lines`, `skipped` or `problems`.
#[derive(Debug, Clone, Serialize)]
pub struct ParsedSheet {
    pub header: Vec<String>,
    /// Which column was read as what, so that a guess can be seen.
    pub columns: Vec<UsedColumn>,
    /// How the rows hang together; never `Auto`.
    pub structure: Structure,
    /// The row of the part that the sheet is imported into, where it has one.
    pub root: Option<SheetLine>,
    pub lines: Vec<SheetLine>,
    pub skipped: Vec<SkippedRow>,
    pub problems: Vec<RowProblem>,
    /// Problems beyond those listed.
    pub unlisted_problems: usize,
    pub placeholders: Vec<Placeholder>,
}

/// One field and the column it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsedColumn {
    pub field: String,
    pub column: String,
    /// 1-based.
    pub position: usize,
    /// Found by its header, not asked for.
    pub guessed: bool,
}

/// One line of the bill of materials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SheetLine {
    /// 1-based, as a spreadsheet counts.
    pub row: usize,
    /// How far it is below the part that the sheet is imported into, from 1.
    pub level: u32,
    /// The row of the part that it hangs below; `None` is the part that the sheet is imported into.
    pub parent_row: Option<usize>,
    /// Further rows whose quantities are summed in this line.
    pub summed_rows: Vec<usize>,
    /// `None`: to be drawn from the numbering sequence, once per `original_number` and `name`.
    pub number: Option<String>,
    /// The number as the sheet has it.
    pub original_number: Option<String>,
    pub name: Option<String>,
    #[serde(serialize_with = "as_text")]
    pub quantity: Quantity,
    /// Upper-case.
    pub uom: Option<String>,
    pub find_num: Option<String>,
    pub refdes: Option<String>,
    /// `cost` and `weight` as JSON numbers, everything else as text; empty cells are left out.
    pub properties: BTreeMap<String, Value>,
    /// Further properties of the line itself, as text.
    pub line_properties: BTreeMap<String, Value>,
}

/// As text, because a JSON number is not exact for every reader.
fn as_text<S: serde::Serializer>(quantity: &Quantity, out: S) -> std::result::Result<S::Ok, S::Error> {
    out.collect_str(quantity)
}

/// Why a row is no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    AboveHeader,
    RepeatedHeader,
    Totals,
    Note,
    Unnamed,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::AboveHeader => "stands above the header",
            Self::RepeatedHeader => "repeats the header",
            Self::Totals => "is a row of totals",
            Self::Note => "is a note",
            Self::Unnamed => "has neither a number nor a name",
        })
    }
}

/// A row that is no line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedRow {
    pub row: usize,
    pub reason: SkipReason,
    /// The beginning of what it says.
    pub text: String,
}

/// What keeps a row from being imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowProblem {
    /// 1-based, as a spreadsheet counts.
    pub row: usize,
    /// The header of the column; `None` if the whole row is meant.
    pub column: Option<String>,
    /// The beginning of the cell.
    pub value: String,
    /// A sentence for a person.
    pub reason: String,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(out, "row {}, column {column:?}: {}", self.row, self.reason),
            None => write!(out, "row {}: {}", self.row, self.reason),
        }
    }
}

/// A number that stands for several names and so is no part number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placeholder {
    pub number: String,
    /// Distinct, in the order of the sheet.
    pub names: Vec<String>,
    pub rows: Vec<usize>,
}

/// The first characters of a text, for messages.
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A value as messages show it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", excerpt(text)),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_choice_is_refused_with_the_list() {
        assert_eq!("comma".parse::<DecimalStyle>().unwrap(), DecimalStyle::Comma);
        let error = "both".parse::<DecimalStyle>().unwrap_err();
        assert!(error.message().ends_with("choose one of: auto, point, comma"), "{error}");
    }

    #[test]
    fn an_excerpt_cuts_between_characters() {
        assert_eq!(excerpt("名"), "名");
        assert_eq!(excerpt(&"名".repeat(130)).chars().count(), 121);
    }
}
