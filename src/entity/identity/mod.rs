//! Tables of the control database. One file per table; no queries.

pub mod control_event;
pub mod login_failure;
pub mod membership;
pub mod org;
pub mod pending_work;
pub mod placement;
pub mod tenant;
pub mod user;
pub mod worker;
