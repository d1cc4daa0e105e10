//! SQL of effectivities.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::effectivity::Effectivity;
use crate::entity::tenant::effectivity;
use crate::error::Result;

/// As many ids as one statement takes comfortably on both engines.
const IDS_PER_QUERY: usize = 1000;

/// The effectivities of many lines, by line.
pub(super) async fn of_lines(db: &impl ConnectionTrait, lines: &[Uuid]) -> Result<HashMap<Uuid, Vec<Effectivity>>> {
    let mut found: HashMap<Uuid, Vec<Effectivity>> = HashMap::new();
    for some in lines.chunks(IDS_PER_QUERY) {
        let rows = effectivity::Entity::find()
            .filter(effectivity::Column::ItemId.is_in(some.iter().copied()))
            .order_by_asc(effectivity::Column::Id)
            .all(db)
            .await?;
        for row in rows {
            let Some(line) = row.item_id else { continue };
            found.entry(line).or_default().push(Effectivity {
                kind: row.effectivity_type,
                start: row.start_date,
                end: row.end_date,
                payload: row.payload,
            });
        }
    }
    Ok(found)
}
