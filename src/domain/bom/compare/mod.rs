//! What sets structures apart: of two sides, or of up to eight.
//!
//! A structure is compared assembly by assembly: each assembly once, however often it is built in, by the lines that it
//! consists of. Assemblies are found again on the other sides by what identifies a child in the chosen [`LineKey`] — what they
//! are, the item or its number; the roots are each other's counterparts whatever they are. The lines of an assembly are found again by
//! the key, and those that are on every side are compared field by field, in the form of [`Normalized`]: quantities as exact
//! decimals, units in capitals, reference designators as a set with its ranges spelled out, times in UTC.
//!
//! Where a structure has one item in several versions — a sealed line leads to the older one — the versions that are on
//! every side are each other's counterparts, then those that are left in the order of their levels; a line that leads to
//! another version than on the first side says so (`child_version`).
//!
//! [`CompareMode`]s are ready choices of key and fields. `walk`, `align` and everything they use is pure; `sides` reads.

mod align;
mod designators;
mod difference;
mod field;
mod files;
mod key;
mod mode;
#[cfg(test)]
mod property_tests;
mod query;
mod repo;
mod sides;
mod substitutes;
mod values;
mod walk;

pub use align::{Aligned, Cell, ROOT, Row, align};
pub use designators::designators;
pub use difference::{Change, Comparison, Difference, Kind};
pub use field::{Compared, LineField, Severity};
pub use files::{FileDifference, file_differences};
pub use key::LineKey;
pub use mode::CompareMode;
pub use query::{CompareQuery, Options};
pub use sides::{Contents, Kept, LinePlace, Side, compare, compare_many, substitutes};
pub use substitutes::Substitute;
pub use values::{LineValues, Normalized, number};
pub use walk::{Part, Walk};
