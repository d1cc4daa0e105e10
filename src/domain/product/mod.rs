//! A product on one page: what it is, what it consists of and is used in, what a change of it would touch, and whether it can be
//! released. Each part is a few queries, whatever the size of its structure.
//!
//! Not here: how any of it is found out (`bom`, `version`, `file`, `baseline`).

mod bom_summary;
mod impact;
mod readiness;
mod repo;
mod view;

pub use bom_summary::BomSummary;
pub use impact::{Impact, ImpactRequest, impact};
pub use readiness::{Readiness, Resource, readiness};
pub use view::{Documents, ProductRequest, ProductView, SummaryRequest, product};
