//! Baselines: what a product consisted of at a moment.

mod compare;
mod comparisons;
mod keeping;
mod shapes;
mod verdicts;

pub use compare::CompareBaselineApi;
pub use comparisons::BaselineComparisonsApi;
pub use keeping::BaselinesApi;
pub use verdicts::BaselineVerdictsApi;
pub(super) use verdicts::ReleaseDiagnostics;
