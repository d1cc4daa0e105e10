//! A form with one file, read as it arrives: nothing of the file is held by the server before it is in the storage.

use poem::web::headers::{ContentLength, HeaderMapExt};
use poem::web::{Field, Multipart};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use tokio::io::AsyncReadExt;

use crate::api::error::ApiError;
use crate::context::Ctx;
use crate::domain::file::{self, Arrived, FileRules, NewFile};
use crate::error::{Error, Result};

/// The most bytes of a text in the form.
const MOST_TEXT: u64 = 16 * 1024;
/// What a form may have besides the file's content, in bytes.
const MOST_FRAME: u64 = 1024 * 1024;
/// The most parts that a form may consist of.
const MOST_PARTS: usize = 50;

const TEXTS: [(&str, &str); 4] = [
    ("author", "Who made the file."),
    ("source_system", "The system that the file comes from."),
    ("source_version", "Its version there."),
    ("document_version", "The version of the document, as its author counts."),
];

/// `multipart/form-data` with a part `file` and some texts, in any order.
pub struct FileForm {
    parts: Multipart,
    length: Option<u64>,
}

impl FileForm {
    /// Receives the file and reads the texts.
    pub async fn receive(mut self, ctx: &Ctx, rules: &FileRules) -> Result<(Arrived, NewFile)> {
        let mut new = NewFile::default();
        let mut arrived = None;
        // All but a little of the form is the file.
        let declared = self.length.map(|bytes| bytes.saturating_sub(MOST_FRAME));
        for _ in 0..MOST_PARTS {
            let Some(field) = self.parts.next_field().await.map_err(broken)? else { break };
            match field.name().unwrap_or_default() {
                "file" if arrived.is_some() => return Err(invalid("file", "One file at a time")),
                "file" => {
                    let name = field.file_name().map(str::to_owned);
                    new.filename = name.ok_or_else(|| invalid("file", "A file with its name is expected here"))?;
                    arrived = Some(file::receive(ctx, rules, declared, Box::pin(field.into_async_read())).await?);
                }
                "author" => new.author = Some(text(field).await?),
                "source_system" => new.source_system = Some(text(field).await?),
                "source_version" => new.source_version = Some(text(field).await?),
                "document_version" => new.document_version = Some(text(field).await?),
                _ => {}
            }
        }
        let missing = || Error::invalid_field("missing", &["body", "file"], "Field required");
        Ok((arrived.ok_or_else(missing)?, new))
    }
}

async fn text(field: Field) -> Result<String> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    Box::pin(field.into_async_read()).take(MOST_TEXT + 1).read_to_end(&mut bytes).await.map_err(broken)?;
    if bytes.len() as u64 > MOST_TEXT {
        return Err(invalid(&name, "The text is too long"));
    }
    String::from_utf8(bytes).map_err(|_| invalid(&name, "The text is not UTF-8"))
}

fn invalid(field: &str, message: &str) -> Error {
    Error::invalid_field("value_error", &["body", field], message)
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::bad_request("The form could not be read to its end; it may be cut, or not be multipart/form-data")
        .caused_by(error)
}

impl<'a> ApiExtractor<'a> for FileForm {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(_: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: "multipart/form-data", schema: schema() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let form = <Multipart as FromRequest>::from_request(request, body).await;
        let expected = |_| {
            Error::invalid_field("value_error", &["body"], "A form is expected: multipart/form-data with its boundary")
        };
        let parts = form.map_err(expected).map_err(ApiError::from)?;
        Ok(Self { parts, length: declared_length(request) })
    }
}

fn declared_length(request: &Request) -> Option<u64> {
    request.headers().typed_get::<ContentLength>().map(|ContentLength(length)| length)
}

/// A file as the body itself, of whatever type it is called.
pub struct FileBody {
    /// As far as the sender says so, in bytes.
    pub length: Option<u64>,
    pub body: poem::Body,
}

impl<'a> ApiExtractor<'a> for FileBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")));
        let content = vec![MetaMediaType { content_type: "application/octet-stream", schema }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self { length: declared_length(request), body: body.take()? })
    }
}

fn schema() -> MetaSchemaRef {
    let text = |description| MetaSchema { description: Some(description), ..MetaSchema::new("string") };
    let inline = |schema| MetaSchemaRef::Inline(Box::new(schema));
    let file =
        MetaSchema { description: Some("The file, with its name."), ..MetaSchema::new_with_format("string", "binary") };
    let texts = TEXTS.iter().map(|(name, description)| (*name, inline(text(*description))));
    let mut form = MetaSchema::new("object");
    form.properties = std::iter::once(("file", inline(file))).chain(texts).collect();
    form.required = vec!["file"];
    inline(form)
}
