//! Queries on files.

pub mod attachments;
pub mod collect;
pub mod files;
pub mod hurt;
pub mod objects;
pub mod readable;
pub mod references;
pub mod sessions;
pub mod version_files;
