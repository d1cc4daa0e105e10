//! A BOM as a sheet: CSV, a workbook or Markdown. CSV and workbooks have exactly the shape from which an import makes the same
//! BOM again.
//!
//! What a cell cannot hold is left out: values that are lists or objects, and references to other items, which other
//! organisations do not have. White space within texts arrives tidied, as with every import.

mod columns;
mod csv;
mod markdown;
#[cfg(test)]
mod round_trip_tests;
mod rows;
mod workbook;

use std::str::FromStr;

use columns::Columns;
use rows::Entries;

use super::{PART, PART_BOM, TreeRequest, tree};
use crate::context::Ctx;
use crate::domain::meta::Model;
use crate::error::{Error, Result};

/// As many as an import takes.
const MOST_LEVELS: i32 = 100;

/// What the sheet is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// UTF-8 with a byte order mark, commas. What a spreadsheet would take for a formula has an apostrophe in front, which an
    /// import takes off.
    Csv,
    Xlsx,
    /// For people; no import reads it.
    Markdown,
}

impl FromStr for ExportFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "csv" => Ok(Self::Csv),
            "xlsx" => Ok(Self::Xlsx),
            "md" => Ok(Self::Markdown),
            _ => Err(Error::invalid_field("enum", &["query", "format"], "Choose one of: csv, xlsx, md")),
        }
    }
}

impl ExportFormat {
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Markdown => "md",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }
}

/// How the rows tell what hangs below what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportStructure {
    /// By levels; the exported part is at level 0. A part that is used in several places is listed with all below it in each.
    Level,
    /// By the number of the part above. What is below a part is listed once.
    Parent,
    /// By blanks before the number.
    Indented,
}

impl FromStr for ExportStructure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "level" => Ok(Self::Level),
            "parent" => Ok(Self::Parent),
            "indented" => Ok(Self::Indented),
            _ => Err(Error::invalid_field("enum", &["query", "structure"], "Choose one of: level, parent, indented")),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct ExportRequest {
    pub format: ExportFormat,
    pub structure: ExportStructure,
    /// 0 to 100.
    pub levels: i32,
}

/// A file to be.
#[derive(Debug, Clone)]
pub struct Exported {
    pub file_name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// The BOM below an item as a sheet, without what the caller may not get; its first row is the item itself.
///
/// Fails with `NotFound`, `Invalid` for levels outside 0 to 100, `BadRequest` `TREE_TOO_LARGE` for more rows than an import
/// takes.
pub async fn export(ctx: &Ctx, item: &str, request: ExportRequest) -> Result<Exported> {
    if !(0..=MOST_LEVELS).contains(&request.levels) {
        let message = format!("0 to {MOST_LEVELS} levels");
        return Err(Error::invalid_field("value_error", &["query", "levels"], message));
    }
    let model = Model::load(ctx).await?;
    let (part, line) = (model.item_type(PART)?.clone(), model.item_type(PART_BOM)?.clone());
    let wanted = TreeRequest { depth: request.levels, ..TreeRequest::default() };
    let written = tree(ctx, item, wanted, move |tree| {
        let entries = Entries::of(tree, request.structure)?;
        let table = Columns::of(&entries, &part, &line, request.structure).table(&entries);
        let bytes = match request.format {
            ExportFormat::Csv => csv::write(&table)?,
            ExportFormat::Xlsx => workbook::write(&table)?,
            ExportFormat::Markdown => markdown::write(&table),
        };
        let number = tree.number_of(&tree.root.item).unwrap_or("BOM");
        let file_name = format!("{number}.{}", request.format.extension());
        Ok(Exported { file_name, content_type: request.format.content_type(), bytes })
    });
    written.await
}

/// Cells by rows, the first of them the header.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Empty,
    Text(String),
    /// A text with so many steps of blanks before it.
    Indented(u32, String),
    Number(f64),
}
