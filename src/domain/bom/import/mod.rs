//! A bill of materials from a sheet: bytes in, parts and lines out, with every reason against a row.
//!
//! A sheet is CSV or a workbook; its rows are lines of one part, or of a whole structure below it. What an import made and
//! changed is recorded, and can be taken back.
//!
//! Reading a sheet is pure ([`parse_sheet`], [`assign_numbers`]). Holding it against the database is `plan`, writing it is
//! `commit`. Getting hold of the file belongs to the caller.

mod cell;
mod choices;
mod columns;
mod commit;
mod compare;
mod drafts;
mod duplicates;
mod encoding;
mod field;
mod guess;
mod lines;
mod literal;
mod mappings;
mod model;
mod nesting;
mod number;
mod placeholder;
mod plan;
mod problems;
mod recall;
mod record;
mod repo;
mod report;
mod row_kind;
mod sheet;
mod slug;
mod stock;
mod structure;
mod undo;
mod workbook;

pub use columns::{ColumnMap, Columns};
pub use commit::{import_bom, plan_import, run};
pub use field::Field;
pub use lines::parse_sheet;
pub(super) use literal::escaped;
pub use mappings::{
    Mapping, MappingChange, MappingOptions, change_mapping, create_mapping, delete_mapping, find_mapping, list_mappings,
};
pub use model::{
    DecimalStyle, Delimiter, Duplicates, Existing, ImportRequest, Limits, MissingNumbers, ParsedSheet, Placeholder,
    PlaceholderRule, RowProblem, SheetLine, SheetOptions, SkipReason, SkippedRow, Structure, UsedColumn,
};
pub use placeholder::{Numbered, assign_numbers};
pub use record::{ImportCounts, ImportDetails, ImportRecord, ImportedItem, find_import, list_imports};
pub use report::{FieldChange, ImportReport, ParentReport, RowReport, Verdict};
pub use sheet::MAX_ROWS;
pub use undo::undo_import;
