//! Values that are right by construction. No I/O, no queries, no HTTP.

pub mod condition;
pub mod ids;
pub mod natural;
pub mod page;
pub mod quantity;
pub mod text;

pub use condition::{Condition, Operator, Selections};
pub use ids::{OrgId, TenantId, UserId};
pub use page::{Page, PageRequest};
pub use quantity::Quantity;
