//! SQL of effectivities.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use uuid::Uuid;

use super::effectivity::Effectivity;
use crate::db::Tx;
use crate::domain::audit::new_id;
use crate::entity::tenant::effectivity;
use crate::error::Result;
use crate::types::UserId;

/// As many ids as one statement takes comfortably on both engines.
const IDS_PER_QUERY: usize = 1000;

/// Records the dates of a line.
pub(super) async fn insert_dates(
    tx: &Tx,
    line: Uuid,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let id = new_id();
    let row = effectivity::ActiveModel {
        id: Set(id),
        item_id: Set(Some(line)),
        version_id: Set(None),
        effectivity_type: Set("Date".to_owned()),
        start_date: Set(from),
        end_date: Set(to),
        payload: Set(json!({})),
        created_at: Set(now),
        created_by_id: Set(by),
    };
    effectivity::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(id)
}

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
