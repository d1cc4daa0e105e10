//! How an organisation reads its sheets, kept under names.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use super::bom::choice;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::Time;
use crate::domain::bom::import::{self, Mapping, MappingChange, MappingOptions};
use crate::error::Result;

pub struct MappingsApi;

/// What an import is told beside its columns, as its form tells it. What is left out is left to the import.
#[derive(Object, Deserialize, Default)]
#[serde(default)]
struct ImportOptions {
    /// `auto`, `flat`, `level`, `parent` or `indented`.
    structure: Option<String>,
    /// `refuse`, `suffix`, `name` or `sequence`.
    placeholders: Option<String>,
    /// `refuse`, `keep` or `update`.
    existing: Option<String>,
    /// `refuse` or `sum`.
    duplicates: Option<String>,
    /// `auto`, `point` or `comma`.
    decimal: Option<String>,
    /// `comma`, `semicolon` or `tab`.
    delimiter: Option<String>,
    /// `sequence` or `refuse`.
    missing_numbers: Option<String>,
    /// The sheet of a workbook, by its name.
    sheet: Option<String>,
    /// The row of the header, from 1.
    header_row: Option<u64>,
}

impl ImportOptions {
    fn read(self) -> Result<MappingOptions> {
        Ok(MappingOptions {
            structure: choice(self.structure)?,
            placeholders: choice(self.placeholders)?,
            existing: choice(self.existing)?,
            duplicates: choice(self.duplicates)?,
            decimal: choice(self.decimal)?,
            delimiter: choice(self.delimiter)?,
            missing_numbers: choice(self.missing_numbers)?,
            sheet: self.sheet.filter(|name| !name.is_empty()),
            header_row: self.header_row.map(|row| usize::try_from(row).unwrap_or(usize::MAX)),
        })
    }
}

impl From<MappingOptions> for ImportOptions {
    fn from(options: MappingOptions) -> Self {
        let text = |choice: Option<&'static str>| choice.map(str::to_owned);
        Self {
            structure: text(options.structure.map(|choice| choice.as_str())),
            placeholders: text(options.placeholders.map(|choice| choice.as_str())),
            existing: text(options.existing.map(|choice| choice.as_str())),
            duplicates: text(options.duplicates.map(|choice| choice.as_str())),
            decimal: text(options.decimal.map(|choice| choice.as_str())),
            delimiter: text(options.delimiter.map(|choice| choice.as_str())),
            missing_numbers: text(options.missing_numbers.map(|choice| choice.as_str())),
            sheet: options.sheet,
            header_row: options.header_row.map(|row| row as u64),
        }
    }
}

#[derive(Object)]
struct ImportMappingResponse {
    id: String,
    name: String,
    /// `number=Part Number,quantity=#7`, as the form's `map`; empty finds all columns by their headers.
    columns: String,
    options: ImportOptions,
    created_by_id: Option<i64>,
    created_at: Time,
    changed_by_id: Option<i64>,
    changed_at: Option<Time>,
}

impl From<Mapping> for ImportMappingResponse {
    fn from(mapping: Mapping) -> Self {
        Self {
            id: mapping.id.to_string(),
            name: mapping.name,
            columns: mapping.columns,
            options: mapping.options.into(),
            created_by_id: mapping.created_by_id,
            created_at: mapping.created_at.into(),
            changed_by_id: mapping.changed_by_id,
            changed_at: mapping.changed_at.map(Time::from),
        }
    }
}

#[derive(Object)]
struct ImportMappingList {
    items: Vec<ImportMappingResponse>,
    total: u64,
}

#[derive(Object)]
struct DeletedImportMapping {
    id: String,
    deleted: bool,
}

#[derive(Object, Deserialize)]
struct NewImportMappingRequest {
    name: String,
    /// As the form's `map`; a column is named by its header or its position.
    #[oai(default)]
    #[serde(default)]
    columns: String,
    options: Option<ImportOptions>,
}

#[derive(Object, Deserialize)]
struct ImportMappingChangeRequest {
    name: Option<String>,
    columns: Option<String>,
    /// Takes the place of all former ones.
    options: Option<ImportOptions>,
}

#[OpenApi(prefix_path = "/imports/mappings", tag = "Tag::Imports")]
impl MappingsApi {
    /// List mappings
    #[oai(path = "/", method = "get", operation_id = "list_import_mappings")]
    async fn list(&self, caller: OrgCaller) -> ApiResult<Json<ImportMappingList>> {
        let items: Vec<_> =
            import::list_mappings(&caller.0).await?.into_iter().map(ImportMappingResponse::from).collect();
        Ok(Json(ImportMappingList { total: items.len() as u64, items }))
    }

    /// Save a mapping
    ///
    /// The columns and options of an import under a name, for everybody in the organisation who imports. For whoever may add
    /// BOM lines.
    #[oai(path = "/", method = "post", operation_id = "create_import_mapping")]
    async fn create(
        &self,
        caller: OrgCaller,
        body: Body<NewImportMappingRequest>,
    ) -> ApiResult<Json<ImportMappingResponse>> {
        let Body(NewImportMappingRequest { name, columns, options }) = body;
        Ok(Json(import::create_mapping(&caller.0, name, columns, options.unwrap_or_default().read()?).await?.into()))
    }

    /// Get a mapping
    #[oai(path = "/:mapping_id", method = "get", operation_id = "get_import_mapping")]
    async fn get(&self, caller: OrgCaller, mapping_id: Path<String>) -> ApiResult<Json<ImportMappingResponse>> {
        Ok(Json(import::find_mapping(&caller.0, &mapping_id).await?.into()))
    }

    /// Change a mapping
    #[oai(path = "/:mapping_id", method = "patch", operation_id = "update_import_mapping")]
    async fn update(
        &self,
        caller: OrgCaller,
        mapping_id: Path<String>,
        body: Body<ImportMappingChangeRequest>,
    ) -> ApiResult<Json<ImportMappingResponse>> {
        let Body(ImportMappingChangeRequest { name, columns, options }) = body;
        let change = MappingChange { name, columns, options: options.map(ImportOptions::read).transpose()? };
        Ok(Json(import::change_mapping(&caller.0, &mapping_id, change).await?.into()))
    }

    /// Delete a mapping
    #[oai(path = "/:mapping_id", method = "delete", operation_id = "delete_import_mapping")]
    async fn delete(&self, caller: OrgCaller, mapping_id: Path<String>) -> ApiResult<Json<DeletedImportMapping>> {
        let mapping = import::delete_mapping(&caller.0, &mapping_id).await?;
        Ok(Json(DeletedImportMapping { id: mapping.id.to_string(), deleted: true }))
    }
}
