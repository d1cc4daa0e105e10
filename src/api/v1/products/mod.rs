//! Items on one page.

mod cockpit;
mod impact;
mod impact_files;
mod page;
mod page_shapes;
mod readiness;

pub use cockpit::CockpitApi;
pub use impact::ImpactApi;
pub use page::ProductsApi;
pub use readiness::ReadinessApi;
