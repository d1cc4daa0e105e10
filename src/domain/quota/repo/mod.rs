//! SQL of quotas. Each statement names its tenant.

pub mod contents;
pub mod limits;
pub mod people;
pub mod reservations;
pub mod usage;

use std::collections::BTreeSet;

use crate::db::{Db, Tx};
use crate::error::Result;
use crate::types::TenantId;

/// A transaction of the control database in which nobody else sets aside or counts anything of the tenant.
pub async fn begin(control: &Db, tenant: &TenantId) -> Result<Tx> {
    control.begin_holding(&BTreeSet::from([format!("quota:{tenant}")])).await
}
