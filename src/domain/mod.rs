//! The product, area by area. Each area uses those to its left only, and nobody enters another's `repo`:
//! `audit → quota → identity → revision → permission → lifecycle → meta → version → file → bom → baseline → product → search, jobs → plugin, webhook → sample`.

pub mod audit;
pub mod baseline;
pub mod bom;
pub mod file;
pub mod identity;
pub mod jobs;
pub mod lifecycle;
pub mod meta;
pub mod permission;
pub mod plugin;
pub mod product;
pub mod quota;
pub mod revision;
pub mod sample;
pub mod search;
#[cfg(test)]
pub mod testing;
pub mod version;
pub mod webhook;
