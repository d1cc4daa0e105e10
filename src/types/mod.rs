//! Values that are right by construction. No I/O, no queries, no HTTP.

pub mod ids;
pub mod page;
pub mod quantity;

pub use ids::{OrgId, TenantId, UserId};
pub use page::{Page, PageRequest};
pub use quantity::Quantity;
