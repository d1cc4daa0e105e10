//! What an import would do, or has done: the answer of a dry run, of an import, and the details of a refusal.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::model::{Placeholder, RowProblem, SkippedRow, Structure, UsedColumn};
use super::record::ImportCounts;
use crate::error::{Error, Kind};
use crate::types::Quantity;

/// The most entries of each list in the details of a refusal.
const MOST_IN_DETAILS: usize = 200;

/// An import, done or planned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// The record of what was written, by which it can be taken back; none where nothing was.
    pub import_id: Option<Uuid>,
    pub parent: ParentReport,
    pub columns: Vec<UsedColumn>,
    /// How the rows hang together: `flat`, `level`, `parent` or `indented`.
    pub structure: Structure,
    /// How many lines the sheet has; some may stand for several rows.
    pub lines: usize,
    /// Parts besides the parent, each counted once: made, found and left alone, found and changed.
    pub parts_created: usize,
    pub parts_matched: usize,
    pub parts_updated: usize,
    pub lines_created: usize,
    pub lines_updated: usize,
    pub lines_unchanged: usize,
    /// One per line.
    pub rows: Vec<RowReport>,
    pub skipped: Vec<SkippedRow>,
    pub placeholders: Vec<Placeholder>,
    pub problems: Vec<RowProblem>,
    /// Problems beyond those listed.
    pub unlisted_problems: usize,
}

/// The part whose BOM the sheet is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParentReport {
    /// None before it is made.
    pub id: Option<Uuid>,
    pub number: String,
    pub name: Option<String>,
    /// It did not exist before.
    pub created: bool,
    /// What its own row changes, where the sheet has one.
    pub changes: Vec<FieldChange>,
}

/// One value that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// `part` or `line`.
    pub of: &'static str,
    /// The name of the property.
    pub field: String,
    /// None where there is none yet.
    pub before: Option<String>,
    pub after: String,
}

/// What becomes of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowReport {
    /// 1-based, as a spreadsheet counts.
    pub row: usize,
    /// How far it is below the part that the sheet is imported into, from 1.
    pub level: u32,
    /// The number of the part that it hangs below; none where that is yet to be drawn.
    pub parent: Option<String>,
    /// None: drawn from the numbering sequence when the part is made.
    pub number: Option<String>,
    /// The number as the sheet has it.
    pub original_number: Option<String>,
    pub name: Option<String>,
    #[serde(serialize_with = "as_text")]
    pub quantity: Quantity,
    pub uom: String,
    pub verdict: Verdict,
    /// What the row changes of its part and its line, or would where that is refused.
    pub changes: Vec<FieldChange>,
}

/// As text, because a JSON number is not exact for every reader.
fn as_text<S: Serializer>(quantity: &Quantity, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(quantity)
}

/// What becomes of a line and the part it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Part and line are made.
    New,
    /// The part is there, the line is made.
    Matched,
    /// The part, the line or both take values of the sheet.
    Changed,
    /// Both are there and stay as they are.
    Unchanged,
    /// A problem stands against it.
    Error,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Matched => "matched",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Error => "error",
        }
    }
}

impl ImportReport {
    pub fn problem_count(&self) -> usize {
        self.problems.len() + self.unlisted_problems
    }

    pub fn counts(&self) -> ImportCounts {
        ImportCounts {
            lines: self.lines as u64,
            parts_created: self.parts_created as u64,
            parts_matched: self.parts_matched as u64,
            parts_updated: self.parts_updated as u64,
            lines_created: self.lines_created as u64,
            lines_updated: self.lines_updated as u64,
            lines_unchanged: self.lines_unchanged as u64,
        }
    }

    /// Why nothing was written.
    pub(super) fn refusal(&self) -> Error {
        let count = self.problem_count();
        let rows = if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") };
        let first = self.problems.first().map(|problem| format!("; first: {problem}")).unwrap_or_default();
        Error::new(Kind::Invalid, format!("The import was refused: {rows}{first}"))
            .code("IMPORT_REFUSED", format!("The sheet has {rows}. Nothing was imported."))
            .details(serde_json::to_value(self.shortened()).unwrap_or_default())
    }

    /// With lists of bounded length; the counts tell what is missing.
    fn shortened(&self) -> Self {
        let mut short = self.clone();
        short.unlisted_problems += short.problems.len().saturating_sub(MOST_IN_DETAILS);
        short.problems.truncate(MOST_IN_DETAILS);
        short.rows.truncate(MOST_IN_DETAILS);
        short.skipped.truncate(MOST_IN_DETAILS);
        short.placeholders.truncate(MOST_IN_DETAILS);
        for placeholder in &mut short.placeholders {
            placeholder.names.truncate(MOST_IN_DETAILS);
            placeholder.rows.truncate(MOST_IN_DETAILS);
        }
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_every_problem_and_lists_a_bounded_number() {
        let problem = |row| RowProblem { row, column: None, value: String::new(), reason: "No.".into() };
        let report = ImportReport {
            dry_run: true,
            import_id: None,
            parent: ParentReport { id: None, number: "P-1".into(), name: None, created: true, changes: Vec::new() },
            columns: Vec::new(),
            structure: Structure::Flat,
            lines: 0,
            parts_created: 0,
            parts_matched: 0,
            parts_updated: 0,
            lines_created: 0,
            lines_updated: 0,
            lines_unchanged: 0,
            rows: Vec::new(),
            skipped: Vec::new(),
            placeholders: Vec::new(),
            problems: (2..1002).map(problem).collect(),
            unlisted_problems: 5,
        };
        let error = report.refusal();
        assert_eq!(error.message(), "The import was refused: 1005 problems; first: row 2: No.");
        let details = error.details_value().unwrap();
        assert_eq!(details["problems"].as_array().unwrap().len(), 200);
        assert_eq!(details["unlisted_problems"], 805);
    }
}
