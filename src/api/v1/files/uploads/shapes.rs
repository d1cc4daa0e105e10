//! Uploads in parts as they are shown.

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use serde::Deserialize;

use crate::api::shapes::{FreeObject, Time, yes};
use crate::api::v1::BASE_PATH;
use crate::api::v1::files::shapes::FileUploadResponse;
use crate::domain::file::{ListedPart, NamedPart, NewFile, NewSession, Progress, Session};

#[derive(Object, Deserialize)]
pub struct NewUploadRequest {
    /// The file's name; only a name, whatever folders stand before it.
    filename: String,
    /// In bytes.
    size: u64,
    /// SHA-256 of the whole file, in hex. Completing fails when the content has another.
    sha256: Option<String>,
    author: Option<String>,
    source_system: Option<String>,
    source_version: Option<String>,
    document_version: Option<String>,
    /// Draws a preview in the background, where the kind of file allows it.
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    generate_preview: bool,
}

impl From<NewUploadRequest> for NewSession {
    fn from(request: NewUploadRequest) -> Self {
        Self {
            size: request.size,
            sha256: request.sha256,
            file: NewFile {
                filename: request.filename,
                author: request.author,
                source_system: request.source_system,
                source_version: request.source_version,
                document_version: request.document_version,
                generate_preview: request.generate_preview,
            },
        }
    }
}

/// A part of a file, and where to send it.
#[derive(Object)]
pub struct UploadPart {
    /// From 1.
    number: u32,
    /// How many bytes it must have.
    size: u64,
    /// Where in the file it begins.
    offset: u64,
    /// Whether it has arrived as it must be.
    stored: bool,
    /// As the storage calls what arrived; not every storage does.
    etag: Option<String>,
    /// Where to send it, with `method`. An address of this server needs the usual headers of a request; any other needs none, and
    /// must get no `Authorization`.
    url: String,
    method: String,
    /// Headers that must be sent as they are; most clients send them by themselves.
    headers: FreeObject,
}

impl UploadPart {
    fn of(session: &Session, part: ListedPart) -> Self {
        let own = || format!("{BASE_PATH}/file/uploads/{}/parts/{}", session.id, part.number);
        let headers = [("content-length".to_owned(), part.size.to_string().into())];
        Self {
            number: part.number,
            size: part.size,
            offset: u64::from(part.number.saturating_sub(1)).saturating_mul(session.part_size),
            stored: part.stored == Some(part.size),
            url: part.link.map_or_else(own, |link| link.to_string()),
            etag: part.etag,
            method: "PUT".to_owned(),
            headers: FreeObject(headers.into_iter().collect()),
        }
    }
}

/// An upload in parts.
#[derive(Object)]
pub struct UploadResponse {
    id: String,
    filename: String,
    /// In bytes.
    size: u64,
    /// As it was announced.
    sha256: Option<String>,
    /// `open`: takes parts. `verifying`: is being read; ask again in a moment. `completed`: is the file `file_id`. `failed`: will
    /// never be one; completing it says why.
    state: String,
    /// Bytes of each part but the last.
    part_size: u64,
    part_count: u32,
    /// The file that it has become.
    file_id: Option<String>,
    created_at: Time,
    /// When it is given up, with what has arrived.
    expires_at: Time,
    finished_at: Option<Time>,
}

impl From<Session> for UploadResponse {
    fn from(session: Session) -> Self {
        Self {
            part_count: session.part_count(),
            id: session.id.to_string(),
            filename: session.file.filename,
            size: session.size,
            sha256: session.sha256.map(|hash| hash.to_string()),
            state: session.state.as_str().to_owned(),
            part_size: session.part_size,
            file_id: session.file_id.map(|id| id.to_string()),
            created_at: session.created_at.into(),
            expires_at: session.expires_at.into(),
            finished_at: session.finished_at.map(Time::from),
        }
    }
}

/// An upload that was begun, and where its first parts go.
#[derive(Object)]
pub struct BegunUpload {
    #[oai(flatten)]
    upload: UploadResponse,
    /// The first of them; `GET /file/uploads/{upload_id}/parts` has all, page by page, and makes fresh links.
    parts: Vec<UploadPart>,
    /// The number with which the next page begins; none is the end.
    next_part: Option<u32>,
}

impl BegunUpload {
    pub fn new(session: Session, parts: Vec<ListedPart>) -> Self {
        let list = UploadPartList::new(&session, parts);
        Self { upload: session.into(), parts: list.parts, next_part: list.next_part }
    }
}

#[derive(Object)]
pub struct UploadPartList {
    part_size: u64,
    part_count: u32,
    expires_at: Time,
    parts: Vec<UploadPart>,
    /// The number with which the next page begins; none is the end.
    next_part: Option<u32>,
}

impl UploadPartList {
    pub fn new(session: &Session, parts: Vec<ListedPart>) -> Self {
        let count = session.part_count();
        let next_part = parts.last().map(|part| part.number + 1).filter(|next| *next <= count);
        Self {
            part_size: session.part_size,
            part_count: count,
            expires_at: session.expires_at.into(),
            parts: parts.into_iter().map(|part| UploadPart::of(session, part)).collect(),
            next_part,
        }
    }
}

/// An upload, and how much of it has arrived.
#[derive(Object)]
pub struct UploadProgress {
    #[oai(flatten)]
    upload: UploadResponse,
    stored_parts: u32,
    stored_bytes: u64,
}

impl UploadProgress {
    pub fn new(session: Session, progress: Progress) -> Self {
        Self { upload: session.into(), stored_parts: progress.parts, stored_bytes: progress.bytes }
    }
}

#[derive(Object)]
pub struct UploadList {
    pub items: Vec<UploadResponse>,
    pub total: u64,
}

/// A part that has arrived.
#[derive(Object)]
pub struct StoredUploadPart {
    pub number: u32,
    pub size: u64,
}

#[derive(Object, Deserialize)]
pub struct CompleteUploadRequest {
    /// The parts with the ETags that the storage answered, if they were kept: each is compared with what is stored.
    #[oai(default)]
    #[serde(default)]
    parts: Vec<NamedUploadPart>,
}

#[derive(Object, Deserialize)]
struct NamedUploadPart {
    number: u32,
    etag: String,
}

impl CompleteUploadRequest {
    pub fn named(self) -> Vec<NamedPart> {
        self.parts.into_iter().map(|part| NamedPart { number: part.number, etag: part.etag }).collect()
    }
}

#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "one is made for an answer, and written at once")]
pub enum CompletedUpload {
    /// It is a file.
    #[oai(status = 200)]
    Done(Json<FileUploadResponse>),
    /// The content is being read, which takes its time. Ask `GET /file/uploads/{upload_id}` until the state is `completed`, then
    /// complete it once more for the same answer as ever.
    #[oai(status = 202)]
    Working(Json<UploadResponse>),
}
