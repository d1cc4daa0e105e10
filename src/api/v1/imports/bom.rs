//! A sheet on its way in, and what becomes of it.

use poem_openapi::types::multipart::Upload;
use poem_openapi::{Multipart, Object};

use crate::context::Ctx;
use crate::domain::bom::import::{
    self, ColumnMap, FieldChange, ImportReport, ImportRequest, MappingOptions, Placeholder, RowProblem, RowReport,
    SheetOptions, SkippedRow, UsedColumn,
};
use crate::error::{Error, Result};

#[derive(Multipart)]
#[oai(deny_unknown_fields)]
pub struct BomImportForm {
    /// CSV (UTF-8 or UTF-16; comma, semicolon or tab) or a workbook (.xlsx); its bytes tell which.
    file: Upload,
    /// The number of the part whose BOM the sheet is. Without it, the top row of a sheet with levels is that part.
    parent: Option<String>,
    /// Makes the parent under this name when it does not exist.
    create_parent: Option<String>,
    /// A saved mapping, by its name or id; what the form says itself goes before it.
    mapping: Option<String>,
    /// How the rows hang together: `auto` (the default), `flat`, `level`, `parent` or `indented`.
    structure: Option<String>,
    /// The sheet of a workbook, by its name; the first when not given.
    sheet: Option<String>,
    /// The row of the header, from 1; the first that is not blank when not given.
    header_row: Option<usize>,
    /// Which column is what: `number=Part Number,name=Part Name,quantity=#7`. What is left out is found by its header.
    map: Option<String>,
    /// A number that stands for several names: `refuse` (the default), `suffix`, `name` or `sequence`.
    placeholders: Option<String>,
    /// A part or line that is there with other values: `refuse` (the default), `keep` or `update`.
    existing: Option<String>,
    /// A part that is listed twice: `refuse` (the default) or `sum`.
    duplicates: Option<String>,
    /// `auto` (the default), `point` or `comma`.
    decimal: Option<String>,
    /// `comma`, `semicolon` or `tab`; found out when not given.
    delimiter: Option<String>,
    /// A name without a number: `sequence` (the default) or `refuse`.
    missing_numbers: Option<String>,
    /// Answers with what the import would do, and writes nothing.
    pub dry_run: Option<bool>,
}

impl BomImportForm {
    pub async fn into_request(self, ctx: &Ctx) -> Result<ImportRequest> {
        let saved = match self.mapping.as_deref().filter(|mapping| !mapping.trim().is_empty()) {
            Some(mapping) => Some(import::find_mapping(ctx, mapping).await?),
            None => None,
        };
        let (columns, options) = saved.map(|mapping| (mapping.columns, mapping.options)).unwrap_or_default();
        let columns = self.map.unwrap_or(columns);
        let MappingOptions {
            structure,
            placeholders,
            existing,
            duplicates,
            decimal,
            delimiter,
            missing_numbers,
            sheet,
            header_row,
        } = options;
        let sheet = SheetOptions {
            columns: ColumnMap::parse(&columns)?,
            structure: choice(self.structure)?.or(structure).unwrap_or_default(),
            sheet: self.sheet.filter(|name| !name.is_empty()).or(sheet),
            header_row: self.header_row.or(header_row),
            delimiter: choice(self.delimiter)?.or(delimiter),
            decimal: choice(self.decimal)?.or(decimal).unwrap_or_default(),
            duplicates: choice(self.duplicates)?.or(duplicates).unwrap_or_default(),
            missing_numbers: choice(self.missing_numbers)?.or(missing_numbers).unwrap_or_default(),
            ..SheetOptions::default()
        };
        let file_name = self.file.file_name().map(str::to_owned);
        let file = self.file.into_vec().await;
        let file =
            file.map_err(|error| Error::bad_request("The file could not be read").caused_by(error.to_string()))?;
        Ok(ImportRequest {
            file,
            file_name,
            parent: self.parent.unwrap_or_default(),
            create_parent: self.create_parent,
            sheet,
            placeholders: choice(self.placeholders)?.or(placeholders).unwrap_or_default(),
            existing: choice(self.existing)?.or(existing).unwrap_or_default(),
        })
    }
}

/// A named choice; an empty field of a form is one that was not filled in.
pub fn choice<T: std::str::FromStr<Err = Error>>(text: Option<String>) -> Result<Option<T>> {
    text.filter(|text| !text.is_empty()).as_deref().map(str::parse).transpose()
}

#[derive(Object)]
pub struct BomImportResponse {
    /// Nothing was written.
    dry_run: bool,
    /// The record of what was written, by which it can be taken back; none where nothing was.
    import_id: Option<String>,
    parent: ImportParent,
    columns: Vec<ImportColumn>,
    /// How the rows hang together: flat, level, parent or indented.
    structure: String,
    /// Lines of the sheet; some may stand for several rows.
    lines: u64,
    parts_created: u64,
    parts_matched: u64,
    parts_updated: u64,
    lines_created: u64,
    lines_updated: u64,
    lines_unchanged: u64,
    rows: Vec<ImportRow>,
    skipped: Vec<ImportSkipped>,
    placeholders: Vec<ImportPlaceholder>,
    /// Only a dry run answers with problems; an import with one is refused.
    problems: Vec<ImportProblem>,
    /// Problems beyond those listed.
    unlisted_problems: u64,
}

#[derive(Object)]
struct ImportParent {
    /// None before it is made.
    id: Option<String>,
    number: String,
    name: Option<String>,
    created: bool,
    /// What its own row changes, where the sheet has one.
    changes: Vec<ImportFieldChange>,
}

/// One value that changes.
#[derive(Object)]
struct ImportFieldChange {
    /// part or line.
    of: String,
    field: String,
    /// None where there is none yet.
    before: Option<String>,
    after: String,
}

impl From<FieldChange> for ImportFieldChange {
    fn from(change: FieldChange) -> Self {
        Self { of: change.of.to_owned(), field: change.field, before: change.before, after: change.after }
    }
}

#[derive(Object)]
struct ImportColumn {
    field: String,
    column: String,
    /// 1-based.
    position: u64,
    guessed: bool,
}

impl From<UsedColumn> for ImportColumn {
    fn from(used: UsedColumn) -> Self {
        Self { field: used.field, column: used.column, position: used.position as u64, guessed: used.guessed }
    }
}

#[derive(Object)]
struct ImportRow {
    /// 1-based, as a spreadsheet counts.
    row: u64,
    /// How far it is below the part that the sheet is imported into, from 1.
    level: u32,
    /// The number of the part that it hangs below; none where that is yet to be drawn.
    parent: Option<String>,
    number: Option<String>,
    /// The number as the sheet has it.
    original_number: Option<String>,
    name: Option<String>,
    /// As text, exact.
    quantity: String,
    uom: String,
    /// new, matched, changed, unchanged or error.
    verdict: String,
    /// What the row changes of its part and its line, or would where that is refused.
    changes: Vec<ImportFieldChange>,
}

impl From<RowReport> for ImportRow {
    fn from(row: RowReport) -> Self {
        Self {
            row: row.row as u64,
            level: row.level,
            parent: row.parent,
            number: row.number,
            original_number: row.original_number,
            name: row.name,
            quantity: row.quantity.to_string(),
            uom: row.uom,
            verdict: row.verdict.as_str().to_owned(),
            changes: list(row.changes),
        }
    }
}

#[derive(Object)]
struct ImportSkipped {
    row: u64,
    reason: String,
    text: String,
}

impl From<SkippedRow> for ImportSkipped {
    fn from(skipped: SkippedRow) -> Self {
        Self { row: skipped.row as u64, reason: skipped.reason.to_string(), text: skipped.text }
    }
}

#[derive(Object)]
struct ImportPlaceholder {
    number: String,
    names: Vec<String>,
    rows: Vec<u64>,
}

impl From<Placeholder> for ImportPlaceholder {
    fn from(placeholder: Placeholder) -> Self {
        let rows = placeholder.rows.into_iter().map(|row| row as u64).collect();
        Self { number: placeholder.number, names: placeholder.names, rows }
    }
}

#[derive(Object)]
struct ImportProblem {
    row: u64,
    /// None: the whole row is meant.
    column: Option<String>,
    value: String,
    reason: String,
}

impl From<RowProblem> for ImportProblem {
    fn from(problem: RowProblem) -> Self {
        Self { row: problem.row as u64, column: problem.column, value: problem.value, reason: problem.reason }
    }
}

fn list<T, U: From<T>>(items: Vec<T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}

impl From<ImportReport> for BomImportResponse {
    fn from(report: ImportReport) -> Self {
        Self {
            dry_run: report.dry_run,
            import_id: report.import_id.map(|id| id.to_string()),
            parent: ImportParent {
                id: report.parent.id.map(|id| id.to_string()),
                number: report.parent.number,
                name: report.parent.name,
                created: report.parent.created,
                changes: list(report.parent.changes),
            },
            columns: list(report.columns),
            structure: report.structure.as_str().to_owned(),
            lines: report.lines as u64,
            parts_created: report.parts_created as u64,
            parts_matched: report.parts_matched as u64,
            parts_updated: report.parts_updated as u64,
            lines_created: report.lines_created as u64,
            lines_updated: report.lines_updated as u64,
            lines_unchanged: report.lines_unchanged as u64,
            rows: list(report.rows),
            skipped: list(report.skipped),
            placeholders: list(report.placeholders),
            problems: list(report.problems),
            unlisted_problems: report.unlisted_problems as u64,
        }
    }
}
