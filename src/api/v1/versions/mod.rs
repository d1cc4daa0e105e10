//! Versions of items: reading them, checking them out and in, branches and merges, iterations, when they are used, and their
//! files.

mod branches;
mod check_outs;
mod compare;
mod effectivities;
mod file_shapes;
mod files;
mod iterations;
mod lines;
mod reads;
mod revisions;
mod schemes;
mod shapes;

pub use branches::BranchesApi;
pub use check_outs::CheckOutsApi;
pub use compare::CompareVersionsApi;
pub use effectivities::EffectivitiesApi;
pub(super) use file_shapes::VersionFileResponse;
pub use files::VersionFilesApi;
pub use iterations::IterationsApi;
pub use lines::VersionLinesApi;
pub use reads::VersionsApi;
pub use revisions::RevisionsApi;
pub use schemes::RevisionSchemesApi;
