//! How an organisation reads the sheets of one origin, kept under a name: columns and options.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::columns::ColumnMap;
use super::model::{DecimalStyle, Delimiter, Duplicates, Existing, MissingNumbers, PlaceholderRule, Structure};
use super::repo;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change, new_id};
use crate::domain::bom::PART_BOM;
use crate::domain::meta::Model;
use crate::error::{Error, Result};
use crate::types::UserId;
use crate::types::text::hidden_in_identity;

/// Mappings of one organisation.
const MOST: u64 = 500;
const LONGEST_NAME: usize = 100;
const LONGEST_COLUMNS: usize = 20_000;
const LONGEST_SHEET: usize = 100;

/// What an import is told beside its columns. None leaves it to the import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MappingOptions {
    pub structure: Option<Structure>,
    pub placeholders: Option<PlaceholderRule>,
    pub existing: Option<Existing>,
    pub duplicates: Option<Duplicates>,
    pub decimal: Option<DecimalStyle>,
    pub delimiter: Option<Delimiter>,
    pub missing_numbers: Option<MissingNumbers>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// 1-based.
    pub header_row: Option<usize>,
}

/// A way to read sheets, under a name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mapping {
    pub id: Uuid,
    pub name: String,
    /// As [`ColumnMap::parse`] reads it; empty finds all columns by their headers.
    pub columns: String,
    pub options: MappingOptions,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub changed_by_id: Option<UserId>,
    pub changed_at: Option<DateTime<Utc>>,
}

/// What is to be changed; none stays.
#[derive(Debug, Clone, Default)]
pub struct MappingChange {
    pub name: Option<String>,
    pub columns: Option<String>,
    pub options: Option<MappingOptions>,
}

fn not_found() -> Error {
    Error::not_found("Mapping not found").code("MAPPING_NOT_FOUND", "There is no mapping of this name or id.")
}

/// Whoever may import may say how.
async fn require_right(ctx: &Ctx) -> Result<()> {
    let model = Model::load(ctx).await?;
    model.require_create(model.item_type(PART_BOM)?)
}

/// The mappings of the organisation by their names.
pub async fn list_mappings(ctx: &Ctx) -> Result<Vec<Mapping>> {
    repo::mappings(&*ctx.db).await
}

/// A mapping by its name or its id.
pub async fn find_mapping(ctx: &Ctx, name_or_id: &str) -> Result<Mapping> {
    let text = name_or_id.trim();
    if text.contains('\0') {
        return Err(not_found());
    }
    if let Ok(id) = Uuid::parse_str(text)
        && let Some(mapping) = repo::mapping(&*ctx.db, id).await?
    {
        return Ok(mapping);
    }
    repo::mapping_named(&*ctx.db, text).await?.ok_or_else(not_found)
}

/// Keeps a mapping. Fails with `Conflict` `MAPPING_EXISTS` for a name that is taken.
pub async fn create_mapping(ctx: &Ctx, name: String, columns: String, options: MappingOptions) -> Result<Mapping> {
    require_right(ctx).await?;
    let mapping = Mapping {
        id: new_id(),
        name: check_name(&name)?,
        columns: check_columns(columns)?,
        options: check_options(options)?,
        created_by_id: ctx.actor.user_id(),
        created_at: ctx.now(),
        changed_by_id: None,
        changed_at: None,
    };
    let tx = ctx.begin().await?;
    // Two that are made at the same moment may make one too many, which does no harm.
    if repo::count_mappings(&tx).await? >= MOST {
        let message = format!("An organisation has at most {MOST} mappings");
        return Err(Error::conflict(message).code("TOO_MANY_MAPPINGS", "Delete one that is not needed any more."));
    }
    repo::insert_mapping(&tx, &mapping).await.map_err(|error| name_taken(error, &mapping))?;
    record(ctx, &tx, "import.mapping_created", None, Some(&mapping)).await?;
    tx.commit().await?;
    Ok(mapping)
}

/// Changes a mapping. Fails as [`create_mapping`] does, and with `NotFound`.
pub async fn change_mapping(ctx: &Ctx, id: &str, change: MappingChange) -> Result<Mapping> {
    require_right(ctx).await?;
    let id = Uuid::parse_str(id).map_err(|_| not_found())?;
    let tx = ctx.begin().await?;
    let before = repo::mapping_locked(&tx, id).await?.ok_or_else(not_found)?;
    let mut after = before.clone();
    if let Some(name) = change.name {
        after.name = check_name(&name)?;
    }
    if let Some(columns) = change.columns {
        after.columns = check_columns(columns)?;
    }
    if let Some(options) = change.options {
        after.options = check_options(options)?;
    }
    if after != before {
        (after.changed_by_id, after.changed_at) = (ctx.actor.user_id(), Some(ctx.now()));
        repo::update_mapping(&tx, &after).await.map_err(|error| name_taken(error, &after))?;
        record(ctx, &tx, "import.mapping_updated", Some(&before), Some(&after)).await?;
        tx.commit().await?;
    }
    Ok(after)
}

pub async fn delete_mapping(ctx: &Ctx, id: &str) -> Result<Mapping> {
    require_right(ctx).await?;
    let id = Uuid::parse_str(id).map_err(|_| not_found())?;
    let tx = ctx.begin().await?;
    let mapping = repo::mapping_locked(&tx, id).await?.ok_or_else(not_found)?;
    repo::delete_mapping(&tx, id).await?;
    record(ctx, &tx, "import.mapping_deleted", Some(&mapping), None).await?;
    tx.commit().await?;
    Ok(mapping)
}

fn name_taken(error: Error, mapping: &Mapping) -> Error {
    if error.code_name() != Some("DUPLICATE") {
        return error;
    }
    Error::conflict(format!("A mapping {:?} exists already", mapping.name))
        .code("MAPPING_EXISTS", "Choose another name, or change the mapping that has it.")
        .details(json!({ "name": mapping.name }))
        .caused_by(error)
}

fn check_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || hidden_in_identity(name).is_some() {
        let message = format!("A name of 1 to {LONGEST_NAME} visible characters");
        return Err(Error::invalid_field("value_error", &["body", "name"], message));
    }
    Ok(name.to_owned())
}

fn check_columns(columns: String) -> Result<String> {
    if columns.len() > LONGEST_COLUMNS || columns.contains('\0') {
        let message = format!("At most {LONGEST_COLUMNS} bytes, without NUL characters");
        return Err(Error::invalid_field("value_error", &["body", "columns"], message));
    }
    ColumnMap::parse(&columns).map(|_| columns)
}

fn check_options(options: MappingOptions) -> Result<MappingOptions> {
    let sheet = options.sheet.as_deref().unwrap_or_default();
    if sheet.chars().count() > LONGEST_SHEET || sheet.chars().any(char::is_control) {
        let message = format!("At most {LONGEST_SHEET} characters");
        return Err(Error::invalid_field("value_error", &["body", "options", "sheet"], message));
    }
    if options.header_row == Some(0) {
        return Err(Error::invalid_field("value_error", &["body", "options", "header_row"], "The first row is 1"));
    }
    Ok(options)
}

async fn record(
    ctx: &Ctx,
    tx: &Tx,
    action: &'static str,
    before: Option<&Mapping>,
    after: Option<&Mapping>,
) -> Result<()> {
    let subject = after.or(before).map(|mapping| mapping.id.to_string()).unwrap_or_default();
    let kept = |mapping: Option<&Mapping>| mapping.and_then(|mapping| serde_json::to_value(mapping).ok());
    let change = Change {
        action,
        subject_type: "ImportMapping".to_owned(),
        subject_id: subject,
        before: kept(before),
        after: kept(after),
    };
    audit::record(ctx, tx, vec![change]).await
}
