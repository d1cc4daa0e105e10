//! Sheets that become bills of materials, and bills of materials that become sheets.

mod bom;
mod export;
mod mappings;
mod records;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::domain::bom::import;
use crate::types::page::PageRequest;

pub use export::BomExportApi;
pub use mappings::MappingsApi;

use bom::{BomImportForm, BomImportResponse};
use records::{ImportDetailsResponse, ImportRecordList, ImportRecordResponse};

const MAX_PAGE: u64 = 200;

pub struct ImportsApi;

#[OpenApi(prefix_path = "/imports", tag = "Tag::Imports")]
impl ImportsApi {
    /// Import a BOM
    ///
    /// Every row of the sheet becomes a line of the parent, or of a part below it, with its part: all of them or none. A
    /// column of levels, of item numbers (`1.2.3`) or of parents tells what hangs below what. A sheet with problems is
    /// refused with 422 `IMPORT_REFUSED` and a reason for each row; `dry_run` answers with the same report and writes
    /// nothing.
    #[oai(path = "/bom", method = "post", operation_id = "import_bom")]
    async fn import_bom(&self, caller: OrgCaller, form: BomImportForm) -> ApiResult<Json<BomImportResponse>> {
        let dry_run = form.dry_run.unwrap_or(false);
        let request = form.into_request(&caller.0).await?;
        Ok(Json(import::run(&caller.0, &request, dry_run).await?.into()))
    }

    /// List imports
    ///
    /// The newest first: the caller's own, and those into parts that the caller may get.
    #[oai(path = "/", method = "get", operation_id = "list_imports")]
    async fn list(
        &self,
        caller: OrgCaller,
        #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "200")))] limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<ImportRecordList>> {
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        let page = import::list_imports(&caller.0, page).await?.map(ImportRecordResponse::from);
        Ok(Json(ImportRecordList { items: page.items, total: page.total }))
    }

    /// Get an import
    ///
    /// With the first thousand of the parts and lines that it made and changed.
    #[oai(path = "/:import_id", method = "get", operation_id = "get_import")]
    async fn get(&self, caller: OrgCaller, import_id: Path<String>) -> ApiResult<Json<ImportDetailsResponse>> {
        Ok(Json(import::find_import(&caller.0, &import_id).await?.into()))
    }

    /// Undo an import
    ///
    /// What it made is deleted, what it changed is as it was before: all of it or nothing. Where something of it was changed
    /// or used since, 409 `IMPORT_IN_USE` names what stands in the way.
    #[oai(path = "/:import_id/undo", method = "post", operation_id = "undo_import")]
    async fn undo(&self, caller: OrgCaller, import_id: Path<String>) -> ApiResult<Json<ImportRecordResponse>> {
        Ok(Json(import::undo_import(&caller.0, &import_id).await?.into()))
    }
}

fn default_limit() -> u64 {
    50
}
