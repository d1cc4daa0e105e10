//! Versions of items: reading them, checking them out and in, and their files.

mod check_outs;
mod file_shapes;
mod files;
mod reads;
mod revisions;
mod shapes;

pub use check_outs::CheckOutsApi;
pub(super) use file_shapes::VersionFileResponse;
pub use files::VersionFilesApi;
pub use reads::VersionsApi;
pub use revisions::RevisionsApi;
