//! The model over the API: rights, lifecycles, numbering. Read by every member, changed by administrators.

mod permissions;

pub use permissions::PermissionsApi;
