//! The lines that versions consist of, and which version of an item is meant.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use super::super::model::Version;
use super::versions::object;
use crate::domain::meta::Item;
use crate::entity::tenant::{item, item_version, version_line};
use crate::error::Result;

/// Enough ids for one statement.
pub(super) const IDS_PER_QUERY: usize = 1000;

/// A line of a version's own.
pub struct OwnLine {
    pub version_id: Uuid,
    pub line: Item,
    /// None for the first of the related item.
    pub related_version_id: Option<Uuid>,
    pub effectivities: Value,
}

impl From<version_line::Model> for OwnLine {
    fn from(row: version_line::Model) -> Self {
        let line = Item {
            id: row.line_id,
            item_type: row.item_type_id,
            config_id: row.config_id,
            generation: row.generation,
            is_current: true,
            state: row.state,
            current_state: row.current_state,
            current_version_id: None,
            unique_key: row.unique_key,
            source_id: Some(row.source_id),
            related_id: Some(row.related_id),
            // Written as an object always.
            properties: object(row.properties).unwrap_or_default(),
            permission_id: row.permission_id,
            owner_id: row.owner_id,
            created_by_id: row.created_by_id,
            created_on: row.created_on,
            modified_by_id: row.modified_by_id,
            modified_on: row.modified_on,
            change_count: row.change_count,
        };
        Self {
            version_id: row.version_id,
            line,
            related_version_id: row.related_version_id,
            effectivities: row.effectivities.unwrap_or(Value::Array(Vec::new())),
        }
    }
}

/// The lines of versions of their own, in the order of creation.
pub async fn own_lines(db: &impl ConnectionTrait, versions: &[Uuid]) -> Result<Vec<OwnLine>> {
    let mut found = Vec::new();
    for some in versions.chunks(IDS_PER_QUERY) {
        let rows = version_line::Entity::find()
            .filter(version_line::Column::VersionId.is_in(some.iter().copied()))
            .order_by_asc(version_line::Column::LineId);
        found.extend(rows.all(db).await?.into_iter().map(OwnLine::from));
    }
    Ok(found)
}

/// The lines that hang on items now, and what hangs on those, in the order of creation.
pub async fn live_lines(db: &impl ConnectionTrait, items: &[Uuid]) -> Result<Vec<Item>> {
    let mut found: Vec<Item> = Vec::new();
    let mut sources = items.to_vec();
    while !sources.is_empty() {
        let mut level = Vec::new();
        for some in sources.chunks(IDS_PER_QUERY) {
            let rows = item::Entity::find()
                .filter(item::Column::SourceId.is_in(some.iter().copied()))
                .order_by_asc(item::Column::Id);
            level.extend(rows.all(db).await?.into_iter().map(Item::from));
        }
        sources = level.iter().map(|line| line.id).collect();
        found.extend(level);
    }
    Ok(found)
}

pub async fn items(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Item>> {
    let mut found = HashMap::new();
    for some in ids.chunks(IDS_PER_QUERY) {
        let rows = item::Entity::find().filter(item::Column::Id.is_in(some.iter().copied()));
        found.extend(rows.all(db).await?.into_iter().map(|row| (row.id, Item::from(row))));
    }
    Ok(found)
}

/// The current versions of those items that have any.
pub async fn current_versions(
    db: &impl ConnectionTrait,
    items: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Uuid>> {
    let ids: Vec<Uuid> = items.collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = HashMap::new();
    for some in ids.chunks(IDS_PER_QUERY) {
        let rows = item_version::Entity::find()
            .select_only()
            .columns([item_version::Column::ItemId, item_version::Column::Id])
            .filter(item_version::Column::ItemId.is_in(some.iter().copied()))
            .filter(item_version::Column::IsCurrent.eq(true));
        found.extend(rows.into_tuple::<(Uuid, Uuid)>().all(db).await?);
    }
    Ok(found)
}

type Wish = (Uuid, Option<Uuid>);

/// The version of each item that was released last at a moment; none where none was.
pub async fn released_at(
    db: &impl ConnectionTrait,
    items: &[Uuid],
    at: DateTime<Utc>,
) -> Result<HashMap<Wish, Version>> {
    let mut found: HashMap<Wish, Version> = HashMap::new();
    for some in items.chunks(IDS_PER_QUERY) {
        let rows = item_version::Entity::find()
            .filter(item_version::Column::ItemId.is_in(some.iter().copied()))
            .filter(item_version::Column::ReleasedAt.lte(at))
            .order_by_asc(item_version::Column::ReleasedAt)
            .order_by_asc(item_version::Column::Id);
        found.extend(rows.all(db).await?.into_iter().map(|row| ((row.item_id, None), Version::from(row))));
    }
    Ok(found)
}

/// The named version of each item, or its first where none is named; none where the item has none yet.
pub async fn named_or_first(db: &impl ConnectionTrait, wanted: &BTreeSet<Wish>) -> Result<HashMap<Wish, Version>> {
    let mut found: HashMap<Wish, Version> = HashMap::new();
    let named: Vec<Uuid> = wanted.iter().filter_map(|(_, version)| *version).collect();
    for some in named.chunks(IDS_PER_QUERY) {
        let rows = item_version::Entity::find().filter(item_version::Column::Id.is_in(some.iter().copied()));
        found.extend(rows.all(db).await?.into_iter().map(|row| ((row.item_id, Some(row.id)), Version::from(row))));
    }
    let unnamed: Vec<Uuid> = wanted.iter().filter(|(_, version)| version.is_none()).map(|(item, _)| *item).collect();
    for some in unnamed.chunks(IDS_PER_QUERY) {
        let rows = item_version::Entity::find()
            .filter(item_version::Column::ItemId.is_in(some.iter().copied()))
            .order_by_desc(item_version::Column::CreatedAt)
            .order_by_desc(item_version::Column::Id);
        // The last that is put into the map is the first there was.
        found.extend(rows.all(db).await?.into_iter().map(|row| ((row.item_id, None), Version::from(row))));
    }
    Ok(found)
}
