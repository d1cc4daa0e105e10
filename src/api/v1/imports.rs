//! Sheets that become bills of materials.

use poem_openapi::payload::Json;
use poem_openapi::types::multipart::Upload;
use poem_openapi::{Multipart, Object, OpenApi};

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::domain::bom::import::{
    self, ColumnMap, ImportReport, ImportRequest, Placeholder, RowProblem, RowReport, SheetOptions, SkippedRow,
    UsedColumn,
};
use crate::error::{Error, Result};

pub struct ImportsApi;

#[derive(Multipart)]
struct BomImportForm {
    /// CSV: UTF-8 or UTF-16; comma, semicolon or tab.
    file: Upload,
    /// The number of the part whose BOM the sheet is.
    parent: String,
    /// Makes the parent under this name when it does not exist.
    create_parent: Option<String>,
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
    dry_run: Option<bool>,
}

impl BomImportForm {
    async fn into_request(self) -> Result<ImportRequest> {
        let file = self.file.into_vec().await;
        let file =
            file.map_err(|error| Error::bad_request("The file could not be read").caused_by(error.to_string()))?;
        let sheet = SheetOptions {
            columns: self.map.as_deref().map(ColumnMap::parse).transpose()?.unwrap_or_default(),
            delimiter: choice(self.delimiter)?,
            decimal: choice(self.decimal)?.unwrap_or_default(),
            duplicates: choice(self.duplicates)?.unwrap_or_default(),
            missing_numbers: choice(self.missing_numbers)?.unwrap_or_default(),
            ..SheetOptions::default()
        };
        Ok(ImportRequest {
            file,
            parent: self.parent,
            create_parent: self.create_parent,
            sheet,
            placeholders: choice(self.placeholders)?.unwrap_or_default(),
            existing: choice(self.existing)?.unwrap_or_default(),
        })
    }
}

/// A named choice; an empty field of a form is one that was not filled in.
fn choice<T: std::str::FromStr<Err = Error>>(text: Option<String>) -> Result<Option<T>> {
    text.filter(|text| !text.is_empty()).as_deref().map(str::parse).transpose()
}

#[derive(Object)]
struct BomImportResponse {
    /// Nothing was written.
    dry_run: bool,
    parent: ImportParent,
    columns: Vec<ImportColumn>,
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
    number: Option<String>,
    /// The number as the sheet has it.
    original_number: Option<String>,
    name: Option<String>,
    /// As text, exact.
    quantity: String,
    uom: String,
    /// new, matched, changed, unchanged or error.
    verdict: String,
}

impl From<RowReport> for ImportRow {
    fn from(row: RowReport) -> Self {
        Self {
            row: row.row as u64,
            number: row.number,
            original_number: row.original_number,
            name: row.name,
            quantity: row.quantity.to_string(),
            uom: row.uom,
            verdict: row.verdict.as_str().to_owned(),
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
            parent: ImportParent {
                id: report.parent.id.map(|id| id.to_string()),
                number: report.parent.number,
                name: report.parent.name,
                created: report.parent.created,
            },
            columns: list(report.columns),
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

#[OpenApi(prefix_path = "/imports", tag = "Tag::Imports")]
impl ImportsApi {
    /// Import a BOM
    ///
    /// Every row of the sheet becomes a line of the parent, with its part: all of them or none. A sheet with problems is
    /// refused with 422 `IMPORT_REFUSED` and a reason for each row; `dry_run` answers with the same report and writes
    /// nothing.
    #[oai(path = "/bom", method = "post", operation_id = "import_bom")]
    async fn import_bom(&self, caller: OrgCaller, form: BomImportForm) -> ApiResult<Json<BomImportResponse>> {
        let dry_run = form.dry_run.unwrap_or(false);
        let request = form.into_request().await?;
        Ok(Json(import::run(&caller.0, &request, dry_run).await?.into()))
    }
}
