//! The API, area by area, as its clients meet it.

mod admin;
mod aml;
mod auth;
mod bom;
mod bulk;
mod errors;
mod files;
mod imports;
mod jobs;
mod lifecycles;
mod numbering;
mod permissions;
mod plugins;
mod previews;
mod query;
mod query_model;
mod quotas;
mod rpc;
mod search;
mod stale;
mod structure;
pub mod types;
mod uploads;
mod version_files;
mod versions;
mod views;
mod webhooks;
