//! SQL of webhooks and their deliveries. Every query names the organisation: several may share a database.

pub mod deliveries;
pub mod webhooks;
