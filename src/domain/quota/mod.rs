//! What a tenant may use at most, over all its organisations: users, organisations, files, bytes, jobs.
//!
//! Users and organisations are rows of the control database, so they are counted in the transaction that adds one
//! ([`require_added`]). Files and jobs are rows of product databases. For these the control database keeps what was counted
//! last and what has been added since, and room is set aside there ([`reserve`]) before a product transaction begins, under a
//! lock of the tenant: of many at the last place one gets it, in whichever process. A tenant without limits costs nothing.
//!
//! What is kept is never less than what there is. It may be more: for what was deleted, and for what was set aside by a process
//! that died. Therefore nobody is refused before the databases concerned have been counted anew (`recount`).
//!
//! Not here: how many requests a tenant may make (rates), how large one file may be (configuration).

mod admin;
mod errors;
mod known;
mod limits;
mod people;
mod processing;
mod recount;
mod repo;
mod reservation;
mod room;
mod usage;

pub use admin::{MOST_LISTED, QuotaState, get_quota, get_tenant_quota, list_quotas, set_quota, set_tenant_quota};
pub use limits::{Amounts, Limits, LimitsChange, Resource, Shortage};
pub use people::{forget_org, forget_tenant, require_added};
pub use processing::take_turn;
pub use recount::count_place;
pub use reservation::Reservation;
pub use room::{Request, remaining_bytes, require_room, reserve, reserve_anyway};
pub use usage::PlaceUsage;

/// The code of a refusal at a limit.
pub const QUOTA_EXCEEDED: &str = "QUOTA_EXCEEDED";

#[cfg(test)]
mod room_tests;
