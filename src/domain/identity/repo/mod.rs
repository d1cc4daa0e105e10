//! SQL of the control database. Every function but those of the platform names the tenant.

pub mod attempts;
pub mod members;
pub mod orgs;
pub mod tenants;
pub mod users;
