//! The files of an item, under every name that clients know their fields by.

use poem_openapi::Object;

use crate::api::shapes::Time;
use crate::api::v1::files::{download_url, preview_url};
use crate::domain::file::{Attachment, File};

/// A file at an item.
#[derive(Object)]
pub struct ProductFile {
    attachment_id: String,
    file_id: String,
    filename: String,
    name: String,
    file_role: String,
    role: String,
    description: Option<String>,
    /// The extension in lower case, without its dot.
    file_type: String,
    #[oai(rename = "type")]
    kind: String,
    mime_type: String,
    mime: String,
    /// In bytes.
    file_size: u64,
    size: u64,
    document_type: String,
    is_native_cad: bool,
    is_cad: bool,
    cad_format: Option<String>,
    cad_connector_id: Option<String>,
    cad_manifest_url: Option<String>,
    cad_document_url: Option<String>,
    cad_metadata_url: Option<String>,
    cad_bom_url: Option<String>,
    cad_document_schema_version: Option<i64>,
    cad_review_state: Option<String>,
    cad_review_note: Option<String>,
    cad_review_by_id: Option<i64>,
    cad_reviewed_at: Option<Time>,
    author: Option<String>,
    source_system: Option<String>,
    source_version: Option<String>,
    document_version: Option<String>,
    version: Option<String>,
    conversion_status: String,
    preview_url: Option<String>,
    geometry_url: Option<String>,
    download_url: String,
    created_at: Time,
    created_on: Time,
    /// When it was attached.
    updated_at: Time,
    updated_on: Time,
}

impl From<(Attachment, File)> for ProductFile {
    fn from((attachment, file): (Attachment, File)) -> Self {
        let role = attachment.role.as_str().to_owned();
        Self {
            attachment_id: attachment.id.to_string(),
            file_id: file.id.to_string(),
            preview_url: preview_url(&file),
            download_url: download_url(&file),
            name: file.filename.clone(),
            filename: file.filename,
            file_role: role.clone(),
            role,
            description: attachment.description,
            kind: file.kind.extension.clone(),
            file_type: file.kind.extension,
            mime: file.kind.mime_type.clone(),
            mime_type: file.kind.mime_type,
            file_size: file.size,
            size: file.size,
            document_type: file.kind.document_type,
            is_native_cad: file.kind.is_native_cad,
            is_cad: file.kind.cad_format.is_some(),
            cad_format: file.kind.cad_format,
            cad_connector_id: None,
            cad_manifest_url: None,
            cad_document_url: None,
            cad_metadata_url: None,
            cad_bom_url: None,
            cad_document_schema_version: None,
            cad_review_state: None,
            cad_review_note: None,
            cad_review_by_id: None,
            cad_reviewed_at: None,
            author: file.author,
            source_system: file.source_system,
            source_version: file.source_version,
            version: file.document_version.clone(),
            document_version: file.document_version,
            conversion_status: file.conversion.as_str().to_owned(),
            geometry_url: None,
            created_at: file.created_at.into(),
            created_on: file.created_at.into(),
            updated_at: attachment.created_at.into(),
            updated_on: attachment.created_at.into(),
        }
    }
}
