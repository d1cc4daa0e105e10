//! Reading a bill of materials from a sheet: bytes in, checked lines and every reason against a row out.
//!
//! Everything here is pure. Finding the parts, creating them and adding the lines belongs to the caller, and so does
//! reading the file.

mod cell;
mod columns;
mod duplicates;
mod encoding;
mod field;
mod guess;
mod lines;
mod model;
mod number;
mod placeholder;
mod row_kind;
mod sheet;
mod slug;

pub use columns::{ColumnMap, Columns};
pub use field::Field;
pub use lines::parse_sheet;
pub use model::{
    DecimalStyle, Delimiter, Duplicates, Limits, MissingNumbers, ParsedSheet, Placeholder, PlaceholderRule, RowProblem,
    SheetLine, SheetOptions, SkipReason, SkippedRow, UsedColumn,
};
pub use placeholder::{Numbered, assign_numbers};
pub use sheet::MAX_ROWS;
