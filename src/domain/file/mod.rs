//! Files: contents that come in over the API, what is known of them, the items they are attached to, and their previews.
//!
//! A content is stored once per product database and known by its SHA-256; a name is only what somebody called it. Whoever
//! may read a file is decided by the items it hangs on, and by who brought it.
//!
//! Not here: bytes and keys (`storage`).

mod attach;
mod collect;
mod collect_job;
mod content;
mod kind;
mod many;
mod model;
mod name;
mod orphans;
mod preview;
mod read;
mod remove;
mod repo;
mod session;
mod upload;
mod usage;
mod verify;
mod version_files;

pub use attach::{attach, detach, files_of_item};
pub use collect::{CollectRules, Collected, collect};
pub use collect_job::CollectJob;
pub use kind::FileKind;
pub use many::{FileFact, files_of_many};
pub use model::{Attached, Attachment, Conversion, File, FileRole, FileRules, NewAttachment, NewFile, Uploaded};
pub use preview::{
    PREVIEW_JOB, PreviewJob, PreviewRules, Summary, SupportedFormats, conversion_summary, open_preview,
    request_preview, supported_formats,
};
pub use read::{Delivery, deliver, open_range, require_file};
pub use remove::delete_file;
pub use repo::readable::{findable, own_names};
pub use session::{
    CompleteUpload, Completion, ListedPart, NamedPart, NewSession, Progress, Session, SessionState, abandon_all, abort,
    begin, complete, list_parts, progress, put_part, require_session, sessions, sweep_all_sessions, sweep_sessions,
};
pub use upload::{Arrived, keep, receive};
pub use usage::{Usage, usage};
pub use verify::{Finding, Hurt, Listener, Problem, Verified, VerifyRules, verify};
pub use version_files::{
    FileComparison, NewVersionFile, VersionFile, VersionFileFacts, bind_file, check_out_file, compare_version_files,
    file_lock, files_of_version, set_primary_file, unbind_file, undo_file_check_out, version_file_facts,
};
