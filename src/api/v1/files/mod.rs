//! Files: upload, download, and the items they hang on.

mod attachments;
mod download;
mod form;
mod preview;
mod shapes;
mod upload;

pub use attachments::{AttachApi, AttachmentsApi, ItemFilesApi};
pub use download::DownloadApi;
pub use preview::{ConversionApi, FormatsApi, PreviewApi};
pub use upload::{FilesApi, UploadApi};
