//! Queries on files.

pub mod attachments;
pub mod files;
pub mod objects;
pub mod readable;
pub mod sessions;
