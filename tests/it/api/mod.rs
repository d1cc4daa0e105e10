//! The API, area by area, as its clients meet it.

mod admin;
mod aml;
mod auth;
mod bom;
mod errors;
mod imports;
mod search;
