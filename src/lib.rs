//! Yuantus: product lifecycle management, one database per organisation.
//!
//! Modules import from their own row and from rows above, never from below; `tests/layers.rs` holds them to it.
//!
//! | row | modules |
//! | --- | --- |
//! | 0 | `types`, `error` |
//! | 1 | `config`, `entity` |
//! | 2 | `db`, `storage`, `outbound`, `telemetry`, `preview` |
//! | 3 | `tenancy`, `jobs`, `plugins`, `integrations`, `context` |
//! | 4 | `domain` |
//! | 5 | `app` |
//! | 6 | `api`, `worker` |
//! | 7 | `cli` |
// A request's future nests deeper than the default when optimised: authentication may provision a database.
#![recursion_limit = "256"]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod context;
pub mod db;
pub mod domain;
pub mod entity;
pub mod error;
pub mod integrations;
pub mod jobs;
pub mod outbound;
pub mod plugins;
pub mod preview;
pub mod storage;
pub mod telemetry;
pub mod tenancy;
pub mod types;
pub mod worker;
