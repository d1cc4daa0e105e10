//! Files: upload, download, and the items they hang on.

mod attachments;
mod content;
mod download;
mod form;
mod preview;
mod shapes;
mod upload;
mod uploads;

pub use attachments::{AttachApi, AttachmentsApi, ItemFilesApi};
pub use download::DownloadApi;
pub use preview::{ConversionApi, FormatsApi, PreviewApi};
pub(super) use shapes::{DeletedResponse, download_url, preview_url};
pub use upload::{FilesApi, UploadApi};
pub use uploads::{CompleteUploadApi, UploadPartApi, UploadPartsApi, UploadSessionApi, UploadsApi};
