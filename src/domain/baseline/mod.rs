//! Baselines: what a product consisted of at a moment, kept apart from all that may change.
//!
//! A baseline copies the structure when it is made; nothing changes its contents afterwards. It can be checked (validated),
//! and released, which fixes it for good. What may be read of one goes by the rights of now.
//!
//! Not here: comparing structures line by line (`bom::compare`); what versions are (`version`).

mod check;
mod compare;
mod contents;
mod create;
mod differences;
mod effective;
mod given;
mod model;
mod read;
mod release;
mod repo;
mod take;

pub use check::{Finding, Findings, Kind as FindingKind, Ruleset};
pub use compare::side;
pub use create::create;
pub use differences::{
    Comparison, ComparisonPage, Difference, DifferenceKind, DifferenceSummary, Differences, compare_baselines,
    comparison_details,
};
pub use effective::effective;
pub use given::{Include, NewBaseline};
pub use model::{Baseline, Member, State};
pub use read::{BaselineFilter, baselines_with, get, list, members, require, snapshot};
pub use release::{diagnose, release, validate, verdict};
