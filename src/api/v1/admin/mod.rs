//! Administration of a tenant, and of all of them.

mod members;
mod orgs;
mod quotas;
mod tenants;
mod users;

pub use members::MembersApi;
pub use orgs::OrgsApi;
pub use quotas::QuotasApi;
pub use tenants::TenantsApi;
pub use users::UsersApi;
