//! The record of imports: who imported what, and what each one made and changed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::repo;
use super::report::ImportReport;
use crate::context::Ctx;
use crate::domain::audit::{Change, new_id};
use crate::domain::bom::PART;
use crate::domain::meta::{self, Item, Model, Values, Write};
use crate::error::{Error, Result};
use crate::types::UserId;
use crate::types::page::{Page, PageRequest};

/// How audit rows call an import.
pub(super) const IMPORT: &str = "Import";
/// The longest name of a file that is kept, in characters.
const LONGEST_NAME: usize = 255;
/// The most of what an import made and changed that its details list.
const MOST_LISTED: u64 = 1000;

/// How many parts besides the parent, and how many lines, an import made, changed and found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportCounts {
    pub lines: u64,
    pub parts_created: u64,
    pub parts_matched: u64,
    pub parts_updated: u64,
    pub lines_created: u64,
    pub lines_updated: u64,
    pub lines_unchanged: u64,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportRecord {
    pub id: Uuid,
    pub file_name: Option<String>,
    /// The part that the sheet was imported into. It may be gone since.
    pub parent_id: Uuid,
    pub parent_number: String,
    pub counts: ImportCounts,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
    /// Who took it back, and when.
    pub undone_by_id: Option<UserId>,
    pub undone_at: Option<DateTime<Utc>>,
}

/// An import with the first of what it made and changed.
#[derive(Debug, Clone)]
pub struct ImportDetails {
    pub record: ImportRecord,
    /// How many items and lines it wrote.
    pub total: u64,
    /// Those that are still there and that the caller may get.
    pub items: Vec<ImportedItem>,
}

/// An item or line that an import made or changed.
#[derive(Debug, Clone)]
pub struct ImportedItem {
    pub item: Item,
    pub number: Option<String>,
    /// Made by the import, not changed.
    pub created: bool,
    /// The values that it changed, as they were before; `null` where there was none.
    pub before: Values,
    /// Changed again since.
    pub changed_since: bool,
}

/// What an import wrote, to be kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Made {
    pub item_id: Uuid,
    pub item_type: String,
    /// None for what was made.
    pub before: Option<Values>,
    pub change_count: i64,
}

impl Made {
    pub fn created(item: &Item) -> Self {
        let (item_id, item_type) = (item.id, item.item_type.clone());
        Self { item_id, item_type, before: None, change_count: item.change_count }
    }

    /// Keeps those values that differ, whoever set them: plugins do too.
    pub fn changed(before: &Item, after: &Item) -> Self {
        let names = before.properties.keys().chain(after.properties.keys());
        let differing = names.filter(|name| before.properties.get(*name) != after.properties.get(*name));
        let kept = differing.map(|name| (name.clone(), before.properties.get(name).cloned().unwrap_or(Value::Null)));
        Self { before: Some(kept.collect()), ..Self::created(after) }
    }
}

/// Keeps what an import wrote, in its transaction; answers with the id of the record.
pub(super) async fn keep(
    write: &Write<'_>,
    report: &ImportReport,
    file_name: Option<&str>,
    made: Vec<Made>,
) -> Result<Uuid> {
    let missing = || Error::internal("An import has no parent");
    let record = ImportRecord {
        id: new_id(),
        file_name: file_name.map(name_of).filter(|name| !name.is_empty()),
        parent_id: report.parent.id.ok_or_else(missing)?,
        parent_number: report.parent.number.clone(),
        counts: report.counts(),
        created_by_id: write.ctx.actor.user_id(),
        created_at: write.ctx.now(),
        undone_by_id: None,
        undone_at: None,
    };
    repo::insert_import(write.tx(), &record).await?;
    repo::insert_made(write.tx(), record.id, &made).await?;
    write.note(change("import.created", &record, None)).await?;
    Ok(record.id)
}

/// The name of a file, without folders and what nobody sees.
fn name_of(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = name.chars().filter(|sign| crate::types::text::hidden(&sign.to_string()).is_none());
    shown.take(LONGEST_NAME).collect::<String>().trim().to_owned()
}

pub(super) fn change(action: &'static str, record: &ImportRecord, before: Option<&ImportRecord>) -> Change {
    let kept = |record: &ImportRecord| {
        json!({
            "id": record.id, "file_name": record.file_name, "item_id": record.parent_id,
            "parent_number": record.parent_number, "counts": record.counts, "undone_at": record.undone_at,
        })
    };
    Change {
        action,
        subject_type: IMPORT.to_owned(),
        subject_id: record.id.to_string(),
        before: before.map(kept),
        after: Some(kept(record)),
    }
}

pub(super) fn not_found() -> Error {
    Error::not_found("Import not found")
}

/// The imports, the newest first: the caller's own, and those into parts that the caller may get.
pub async fn list_imports(ctx: &Ctx, page: PageRequest) -> Result<Page<ImportRecord>> {
    let model = Model::load(ctx).await?;
    repo::page(&*ctx.db, ctx, &model, page).await
}

/// One import, with what it made and changed. Fails with `NotFound` as [`list_imports`] leaves it out.
pub async fn find_import(ctx: &Ctx, id: &str) -> Result<ImportDetails> {
    let model = Model::load(ctx).await?;
    let record = visible(ctx, &model, id).await?;
    let total = repo::count_made(&*ctx.db, record.id).await?;
    let items = repo::made_and_readable(&*ctx.db, &model, record.id, MOST_LISTED).await?;
    let part = model.item_type(PART)?;
    let items = items.into_iter().map(|(made, item)| ImportedItem {
        number: part.number(&item).filter(|_| item.item_type == PART).map(str::to_owned),
        created: made.before.is_none(),
        before: made.before.unwrap_or_default(),
        changed_since: made.change_count != item.change_count,
        item,
    });
    Ok(ImportDetails { record, total, items: items.collect() })
}

/// An import that the caller may know of.
pub(super) async fn visible(ctx: &Ctx, model: &Model, id: &str) -> Result<ImportRecord> {
    let id = Uuid::parse_str(id).map_err(|_| not_found())?;
    let record = repo::find_import(&*ctx.db, id).await?.ok_or_else(not_found)?;
    let is_own = record.created_by_id.is_some() && record.created_by_id == ctx.actor.user_id();
    if is_own || ctx.actor.is_administrator() {
        return Ok(record);
    }
    match meta::require_item(ctx, model, record.parent_id).await {
        Ok(_) => Ok(record),
        Err(_) => Err(not_found()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_its_name_alone() {
        assert_eq!(name_of("C:\\tables\\frame 架.csv"), "frame 架.csv");
        assert_eq!(name_of("../../a\u{202e}b\n.xlsx "), "ab.xlsx");
        assert_eq!(name_of(&"x".repeat(300)).len(), 255);
    }
}
