//! Files as they are shown.

use poem_openapi::Object;

use crate::api::shapes::{FreeObject, Time};
use crate::api::v1::BASE_PATH;
use crate::domain::file::{Attachment, Conversion, File, Summary, Uploaded};
use crate::jobs::JobRecord;

/// What an upload answers with. Addresses of what does not exist for this file are null.
#[derive(Object)]
pub struct FileUploadResponse {
    id: String,
    /// Where the content is.
    url: String,
    /// As the file was called when its content came first; as the caller called it, where they may not know that.
    filename: String,
    /// In bytes.
    size: u64,
    /// Found from the content.
    mime_type: String,
    is_cad: bool,
    /// The content was there already: nothing was stored, and `id` is the file that it is.
    duplicate: bool,
    /// SHA-256, in hex.
    checksum: String,
    preview_url: Option<String>,
    /// Where to ask how far the preview is.
    file_status_url: String,
    conversion_job_ids: Vec<String>,
    cad_manifest_url: Option<String>,
    cad_document_url: Option<String>,
    cad_metadata_url: Option<String>,
    cad_bom_url: Option<String>,
    cad_dedup_url: Option<String>,
    cad_document_schema_version: Option<i64>,
    document_type: String,
    author: Option<String>,
    source_system: Option<String>,
    source_version: Option<String>,
    document_version: Option<String>,
}

impl From<Uploaded> for FileUploadResponse {
    fn from(uploaded: Uploaded) -> Self {
        let file = uploaded.file;
        Self {
            id: file.id.to_string(),
            url: download_url(&file),
            preview_url: preview_url(&file),
            filename: file.filename,
            size: file.size,
            mime_type: file.kind.mime_type,
            is_cad: file.kind.is_native_cad,
            duplicate: uploaded.duplicate,
            checksum: file.sha256.to_string(),
            file_status_url: format!("{BASE_PATH}/file/{}/conversion_summary", file.id),
            conversion_job_ids: uploaded.jobs.iter().map(ToString::to_string).collect(),
            cad_manifest_url: None,
            cad_document_url: None,
            cad_metadata_url: None,
            cad_bom_url: None,
            cad_dedup_url: None,
            cad_document_schema_version: None,
            document_type: file.kind.document_type,
            author: file.author,
            source_system: file.source_system,
            source_version: file.source_version,
            document_version: file.document_version,
        }
    }
}

/// Which of a file's derivatives a viewer finds.
#[derive(Object)]
struct ViewerReadiness {
    /// `image` with a preview, else `none`.
    viewer_mode: String,
    geometry_available: bool,
    geometry_format: Option<String>,
    manifest_available: bool,
    preview_available: bool,
    document_available: bool,
    metadata_available: bool,
    available_assets: Vec<String>,
    schema_version: Option<i64>,
    conversion_status: String,
    blocking_reasons: Vec<String>,
    is_viewer_ready: bool,
}

impl ViewerReadiness {
    fn of(file: &File) -> Self {
        let preview = file.preview.is_some();
        let failed = (file.conversion == Conversion::Failed).then(|| "conversion_failed".to_owned());
        Self {
            viewer_mode: if preview { "image" } else { "none" }.to_owned(),
            geometry_available: false,
            geometry_format: None,
            manifest_available: false,
            preview_available: preview,
            document_available: false,
            metadata_available: file.preview_facts.is_some(),
            available_assets: preview.then(|| "preview".to_owned()).into_iter().collect(),
            schema_version: None,
            conversion_status: file.conversion.as_str().to_owned(),
            blocking_reasons: failed.into_iter().collect(),
            is_viewer_ready: preview,
        }
    }
}

/// What is known of a file.
#[derive(Object)]
pub struct FileResponse {
    id: String,
    filename: String,
    /// The extension in lower case, without its dot.
    file_type: String,
    /// Found from the content.
    mime_type: String,
    /// In bytes.
    file_size: u64,
    /// SHA-256, in hex.
    checksum: String,
    document_type: String,
    is_native_cad: bool,
    cad_format: Option<String>,
    cad_connector_id: Option<String>,
    author: Option<String>,
    source_system: Option<String>,
    source_version: Option<String>,
    document_version: Option<String>,
    preview_url: Option<String>,
    /// What was found out beside the preview: pixels, pages, triangles, entities.
    preview_facts: Option<FreeObject>,
    geometry_url: Option<String>,
    cad_manifest_url: Option<String>,
    cad_document_url: Option<String>,
    cad_metadata_url: Option<String>,
    cad_bom_url: Option<String>,
    cad_dedup_url: Option<String>,
    cad_viewer_url: Option<String>,
    cad_document_schema_version: Option<i64>,
    cad_review_state: Option<String>,
    cad_review_note: Option<String>,
    cad_review_by_id: Option<i64>,
    cad_reviewed_at: Option<Time>,
    /// `pending`, `queued`, `processing`, `completed`, `failed` or `unsupported`.
    conversion_status: String,
    /// Why it failed.
    conversion_error: Option<String>,
    viewer_readiness: ViewerReadiness,
    created_by_id: Option<i64>,
    created_at: Time,
}

impl From<File> for FileResponse {
    fn from(file: File) -> Self {
        Self {
            id: file.id.to_string(),
            viewer_readiness: ViewerReadiness::of(&file),
            preview_url: preview_url(&file),
            filename: file.filename,
            file_type: file.kind.extension,
            mime_type: file.kind.mime_type,
            file_size: file.size,
            checksum: file.sha256.to_string(),
            document_type: file.kind.document_type,
            is_native_cad: file.kind.is_native_cad,
            cad_format: file.kind.cad_format,
            cad_connector_id: None,
            author: file.author,
            source_system: file.source_system,
            source_version: file.source_version,
            document_version: file.document_version,
            preview_facts: file.preview_facts.and_then(|facts| facts.as_object().cloned()).map(FreeObject),
            geometry_url: None,
            cad_manifest_url: None,
            cad_document_url: None,
            cad_metadata_url: None,
            cad_bom_url: None,
            cad_dedup_url: None,
            cad_viewer_url: None,
            cad_document_schema_version: None,
            cad_review_state: None,
            cad_review_note: None,
            cad_review_by_id: None,
            cad_reviewed_at: None,
            conversion_status: file.conversion.as_str().to_owned(),
            conversion_error: file.conversion_error,
            created_by_id: file.created_by_id,
            created_at: file.created_at.into(),
        }
    }
}

/// A file at an item.
#[derive(Object)]
pub struct ItemFileResponse {
    /// Of the attachment.
    id: String,
    file_id: String,
    filename: String,
    file_role: String,
    description: Option<String>,
    file_type: String,
    /// In bytes.
    file_size: u64,
    mime_type: String,
    /// SHA-256, in hex.
    checksum: String,
    document_type: String,
    author: Option<String>,
    source_system: Option<String>,
    source_version: Option<String>,
    document_version: Option<String>,
    preview_url: Option<String>,
    download_url: String,
    attached_at: Time,
}

impl From<(Attachment, File)> for ItemFileResponse {
    fn from((attachment, file): (Attachment, File)) -> Self {
        let download_url = download_url(&file);
        Self {
            id: attachment.id.to_string(),
            file_id: file.id.to_string(),
            preview_url: preview_url(&file),
            filename: file.filename,
            file_role: attachment.role.as_str().to_owned(),
            description: attachment.description,
            file_type: file.kind.extension,
            file_size: file.size,
            mime_type: file.kind.mime_type,
            checksum: file.sha256.to_string(),
            document_type: file.kind.document_type,
            author: file.author,
            source_system: file.source_system,
            source_version: file.source_version,
            document_version: file.document_version,
            download_url,
            attached_at: attachment.created_at.into(),
        }
    }
}

/// How far a file is with its preview.
#[derive(Object)]
pub struct ConversionSummaryResponse {
    file_id: String,
    filename: String,
    /// `pending`, `queued`, `processing`, `completed`, `failed` or `unsupported`.
    conversion_status: String,
    /// Why it failed.
    conversion_error: Option<String>,
    preview_url: Option<String>,
    /// What was found out beside the preview: pixels, pages, triangles, entities.
    preview_facts: Option<FreeObject>,
    conversion_job_ids: Vec<String>,
    /// The latest first.
    jobs: Vec<ConversionJob>,
    viewer_readiness: ViewerReadiness,
}

/// A job at a file.
#[derive(Object)]
struct ConversionJob {
    id: String,
    task_type: String,
    /// `pending`, `processing`, `completed`, `failed` or `cancelled`.
    status: String,
    attempt_count: i32,
    max_attempts: i32,
    /// In percent.
    progress: i32,
    progress_message: Option<String>,
    last_error: Option<String>,
    created_at: Time,
    completed_at: Option<Time>,
}

impl From<JobRecord> for ConversionJob {
    fn from(job: JobRecord) -> Self {
        Self {
            id: job.id.to_string(),
            task_type: job.task_type,
            status: job.status.to_string(),
            attempt_count: job.attempt_count,
            max_attempts: job.max_attempts,
            progress: job.progress,
            progress_message: job.progress_message,
            last_error: job.last_error,
            created_at: job.created_at.into(),
            completed_at: job.completed_at.map(Time::from),
        }
    }
}

impl From<Summary> for ConversionSummaryResponse {
    fn from(Summary { file, jobs }: Summary) -> Self {
        Self {
            file_id: file.id.to_string(),
            viewer_readiness: ViewerReadiness::of(&file),
            preview_url: preview_url(&file),
            filename: file.filename,
            conversion_status: file.conversion.as_str().to_owned(),
            conversion_error: file.conversion_error,
            preview_facts: file.preview_facts.and_then(|facts| facts.as_object().cloned()).map(FreeObject),
            conversion_job_ids: jobs.iter().map(|job| job.id.to_string()).collect(),
            jobs: jobs.into_iter().map(ConversionJob::from).collect(),
        }
    }
}

pub fn download_url(file: &File) -> String {
    format!("{BASE_PATH}/file/{}/download", file.id)
}

pub fn preview_url(file: &File) -> Option<String> {
    file.preview.map(|_| format!("{BASE_PATH}/file/{}/preview", file.id))
}

#[derive(Object)]
pub struct DeletedResponse {
    /// `deleted`.
    status: String,
}

impl DeletedResponse {
    pub fn done() -> Self {
        Self { status: "deleted".to_owned() }
    }
}
