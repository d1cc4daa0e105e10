//! Items on one page.

mod change_shapes;
mod cockpit;
mod file_shapes;
mod impact;
mod impact_files;
mod page;
mod page_shapes;
mod readiness;

pub use cockpit::CockpitApi;
pub use impact::ImpactApi;
pub use page::ProductsApi;
pub use readiness::ReadinessApi;
