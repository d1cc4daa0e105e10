//! Imports as answers show them.

use poem_openapi::Object;

use crate::api::shapes::{FreeObject, Time};
use crate::domain::bom::import::{ImportCounts, ImportDetails, ImportRecord, ImportedItem};

/// How many parts besides the parent, and how many lines, an import made, changed and found.
#[derive(Object)]
struct ImportCountsResponse {
    lines: u64,
    parts_created: u64,
    parts_matched: u64,
    parts_updated: u64,
    lines_created: u64,
    lines_updated: u64,
    lines_unchanged: u64,
}

impl From<ImportCounts> for ImportCountsResponse {
    fn from(counts: ImportCounts) -> Self {
        let ImportCounts {
            lines,
            parts_created,
            parts_matched,
            parts_updated,
            lines_created,
            lines_updated,
            lines_unchanged,
        } = counts;
        Self { lines, parts_created, parts_matched, parts_updated, lines_created, lines_updated, lines_unchanged }
    }
}

#[derive(Object)]
pub struct ImportRecordResponse {
    id: String,
    file_name: Option<String>,
    /// The part that the sheet was imported into; it may be gone since.
    parent_id: String,
    parent_number: String,
    /// done or undone.
    status: String,
    counts: ImportCountsResponse,
    created_by_id: Option<i64>,
    created_at: Time,
    undone_by_id: Option<i64>,
    undone_at: Option<Time>,
}

impl From<ImportRecord> for ImportRecordResponse {
    fn from(record: ImportRecord) -> Self {
        Self {
            id: record.id.to_string(),
            file_name: record.file_name,
            parent_id: record.parent_id.to_string(),
            parent_number: record.parent_number,
            status: if record.undone_at.is_some() { "undone" } else { "done" }.to_owned(),
            counts: record.counts.into(),
            created_by_id: record.created_by_id,
            created_at: record.created_at.into(),
            undone_by_id: record.undone_by_id,
            undone_at: record.undone_at.map(Time::from),
        }
    }
}

#[derive(Object)]
pub struct ImportRecordList {
    pub items: Vec<ImportRecordResponse>,
    pub total: u64,
}

/// A part or line that an import made or changed, and that is still there.
#[derive(Object)]
struct ImportedItemResponse {
    id: String,
    #[oai(rename = "type")]
    item_type: String,
    /// Of a part.
    number: Option<String>,
    name: Option<String>,
    /// created or updated.
    action: String,
    /// The values that were changed, as they were before; `null` where there was none.
    before: FreeObject,
    /// It was changed again since.
    changed_since: bool,
}

impl From<ImportedItem> for ImportedItemResponse {
    fn from(imported: ImportedItem) -> Self {
        Self {
            id: imported.item.id.to_string(),
            name: imported.item.name().map(str::to_owned),
            item_type: imported.item.item_type,
            number: imported.number,
            action: if imported.created { "created" } else { "updated" }.to_owned(),
            before: FreeObject(imported.before),
            changed_since: imported.changed_since,
        }
    }
}

#[derive(Object)]
pub struct ImportDetailsResponse {
    import: ImportRecordResponse,
    /// How many parts and lines it made and changed.
    total: u64,
    items: Vec<ImportedItemResponse>,
}

impl From<ImportDetails> for ImportDetailsResponse {
    fn from(details: ImportDetails) -> Self {
        Self {
            import: details.record.into(),
            total: details.total,
            items: details.items.into_iter().map(ImportedItemResponse::from).collect(),
        }
    }
}
