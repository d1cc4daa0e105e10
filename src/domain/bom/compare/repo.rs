//! SQL of substitutes.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::sides::LinePlace;
use super::substitutes::Substitute;
use crate::domain::bom::PART_BOM_SUBSTITUTE;
use crate::domain::meta::Item;
use crate::entity::tenant::{item, version_line};
use crate::error::Result;

/// Enough ids for one statement.
const IDS_PER_QUERY: usize = 1000;

/// What hangs on lines now.
pub(super) async fn substitutes_of_lines(db: &impl ConnectionTrait, lines: &[Uuid]) -> Result<Vec<Item>> {
    let mut found = Vec::new();
    for some in lines.chunks(IDS_PER_QUERY) {
        let rows = item::Entity::find()
            .filter(item::Column::SourceId.is_in(some.iter().copied()))
            .filter(item::Column::ItemTypeId.eq(PART_BOM_SUBSTITUTE))
            .order_by_asc(item::Column::Id);
        found.extend(rows.all(db).await?.into_iter().map(Item::from));
    }
    Ok(found)
}

/// What was sealed with the lines of versions.
pub(super) async fn substitutes_of_versions(
    db: &impl ConnectionTrait,
    versions: &[Uuid],
) -> Result<Vec<(LinePlace, Substitute)>> {
    let mut found = Vec::new();
    for some in versions.chunks(IDS_PER_QUERY) {
        let rows = version_line::Entity::find()
            .filter(version_line::Column::VersionId.is_in(some.iter().copied()))
            .filter(version_line::Column::ItemTypeId.eq(PART_BOM_SUBSTITUTE))
            .order_by_asc(version_line::Column::LineId);
        found.extend(rows.all(db).await?.into_iter().map(|row| {
            let place = (row.version_id, row.source_id);
            (place, Substitute::of(row.related_id, &row.properties))
        }));
    }
    Ok(found)
}
