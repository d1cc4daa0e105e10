//! BOMs as sheets.

use poem::http::header;
use poem::{IntoResponse, Response};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};

use super::super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::domain::bom::export::{self, ExportRequest, Exported};
use crate::storage::content_disposition;

pub struct BomExportApi;

/// A sheet as a file.
pub struct ExportedSheet(Exported);

impl ApiResponse for ExportedSheet {
    fn meta() -> MetaResponses {
        let types = ["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/markdown"];
        let content = types.map(|content_type| MetaMediaType { content_type, schema: Binary::<Vec<u8>>::schema_ref() });
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The sheet, as a file to keep.",
                status: Some(200),
                status_range: None,
                content: content.into(),
                headers: vec![],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

impl IntoResponse for ExportedSheet {
    fn into_response(self) -> Response {
        Response::builder()
            .header(header::CONTENT_TYPE, self.0.content_type)
            .header(header::CONTENT_DISPOSITION, content_disposition(&self.0.file_name))
            .header(header::CACHE_CONTROL, "private, no-cache")
            .body(self.0.bytes)
    }
}

#[OpenApi(prefix_path = "/bom", tag = "Tag::Imports")]
impl BomExportApi {
    /// Export a BOM
    ///
    /// As a sheet of the shape that `POST /imports/bom` reads: imported anywhere, without naming a parent, it makes the same
    /// BOM. The first row is the part itself. In CSV, a text that a spreadsheet would take for a formula has an apostrophe in
    /// front, which an import takes off.
    #[oai(path = "/:item_id/export", method = "get", operation_id = "export_bom")]
    async fn export(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// csv, xlsx or md.
        #[oai(default = "csv")]
        format: Query<String>,
        /// level, parent or indented.
        #[oai(default = "level")]
        structure: Query<String>,
        /// 0 to 100.
        #[oai(default = "all_levels")]
        levels: Query<i32>,
    ) -> ApiResult<ExportedSheet> {
        let request = ExportRequest { format: format.0.parse()?, structure: structure.0.parse()?, levels: levels.0 };
        Ok(ExportedSheet(export::export(&caller.0, &item_id, request).await?))
    }
}

fn csv() -> String {
    "csv".to_owned()
}

fn level() -> String {
    "level".to_owned()
}

fn all_levels() -> i32 {
    100
}
