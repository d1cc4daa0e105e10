//! A bill of materials from a sheet: bytes in, parts and lines out, with every reason against a row.
//!
//! Reading a sheet is pure ([`parse_sheet`], [`assign_numbers`]). Holding it against the database is `plan`, writing it is
//! `commit`. Getting hold of the file belongs to the caller.

mod cell;
mod columns;
mod commit;
mod compare;
mod drafts;
mod duplicates;
mod encoding;
mod field;
mod guess;
mod lines;
mod model;
mod number;
mod placeholder;
mod plan;
mod problems;
mod recall;
mod report;
mod row_kind;
mod sheet;
mod slug;
mod stock;

pub use columns::{ColumnMap, Columns};
pub use commit::{import_bom, plan_import, run};
pub use field::Field;
pub use lines::parse_sheet;
pub use model::{
    DecimalStyle, Delimiter, Duplicates, Existing, ImportRequest, Limits, MissingNumbers, ParsedSheet, Placeholder,
    PlaceholderRule, RowProblem, SheetLine, SheetOptions, SkipReason, SkippedRow, UsedColumn,
};
pub use placeholder::{Numbered, assign_numbers};
pub use report::{ImportReport, ParentReport, RowReport, Verdict};
pub use sheet::MAX_ROWS;
