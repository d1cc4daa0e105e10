//! Tables of the control database. One file per table; no queries.

pub mod control_event;
pub mod login_failure;
pub mod membership;
pub mod org;
pub mod pending_work;
pub mod placement;
pub mod quota_reservation;
pub mod quota_usage;
pub mod tenant;
pub mod tenant_quota;
pub mod user;
pub mod worker;
