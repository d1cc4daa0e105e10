//! Integration tests: the product as its users meet it, on every pair of database and storage.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod api;
mod backends;
mod cli;
mod fence;
#[allow(dead_code, reason = "a toolbox: not every helper is in use at every time")]
mod support;
mod tenancy;
