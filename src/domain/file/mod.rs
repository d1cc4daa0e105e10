//! Files: contents that come in over the API, what is known of them, the items they are attached to, and their previews.
//!
//! A content is stored once per product database and known by its SHA-256; a name is only what somebody called it. Whoever
//! may read a file is decided by the items it hangs on, and by who brought it.
//!
//! Not here: bytes and keys (`storage`).

mod attach;
mod kind;
mod model;
mod name;
mod preview;
mod read;
mod remove;
mod repo;
mod upload;

pub use attach::{attach, detach, files_of_item};
pub use kind::FileKind;
pub use model::{Attached, Attachment, Conversion, File, FileRole, FileRules, NewAttachment, NewFile, Uploaded};
pub use preview::{
    PREVIEW_JOB, PreviewJob, PreviewRules, Summary, SupportedFormats, conversion_summary, open_preview,
    request_preview, supported_formats,
};
pub use read::{Delivery, deliver, open_range, require_file};
pub use remove::delete_file;
pub use repo::readable::readable;
pub use upload::{Arrived, keep, receive};
