//! Previews of files: asked for with the upload or later, drawn by a job, kept as a content like any other.
//!
//! What can go wrong with a file is told with the file and is the end of the job; what can go wrong with the storage is tried
//! again. Drawing itself is in `crate::preview`.

mod ask;
mod formats;
mod make;
#[cfg(test)]
mod make_tests;
mod open;
mod summary;

pub use ask::{PREVIEW_JOB, request_preview};
pub use formats::{SupportedFormats, supported_formats};
pub use make::PreviewJob;
pub use open::open_preview;
pub use summary::{Summary, conversion_summary};

pub(super) use ask::{ask_with_upload, first_status};

use crate::preview::Renderer;

/// What the installation allows.
#[derive(Debug, Clone)]
pub struct PreviewRules {
    pub enabled: bool,
    /// The largest file that is drawn, in bytes.
    pub max_bytes: u64,
    pub renderer: Renderer,
}
