//! Rows of the lines that versions consist of.

use std::collections::{HashMap, HashSet};

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;

use super::query::IDS_PER_QUERY;
use crate::db::{Sql, Tx};
use crate::entity::tenant::{effectivity, version_line};
use crate::error::Result;

const COPIED: &str = "i.id, i.item_type_id, i.config_id, i.generation, i.state, i.current_state, i.unique_key, i.source_id, \
    i.related_id, COALESCE((SELECT v.id FROM item_versions v WHERE v.item_id = i.related_id AND v.is_released \
    ORDER BY v.released_at DESC, v.id DESC LIMIT 1), (SELECT r.current_version_id FROM items r WHERE r.id = i.related_id)), i.properties, i.permission_id, \
    i.owner_id, i.created_by_id, i.created_on, i.modified_by_id, i.modified_on, i.change_count FROM items i";

fn insert(version: Uuid) -> Sql {
    let mut sql = Sql::new(
        "INSERT INTO version_lines (version_id, line_id, item_type_id, config_id, generation, state, current_state, \
         unique_key, source_id, related_id, related_version_id, properties, permission_id, owner_id, created_by_id, \
         created_on, modified_by_id, modified_on, change_count) SELECT ",
    );
    sql.bind(version).push(", ").push(COPIED);
    sql
}

/// Copies the lines of an item as they are now: those of the given types, what hangs on them, and when they hold; each with
/// the version that it leads to, which is what was released last of the child, not what is being worked on.
pub async fn copy(tx: &Tx, version: Uuid, item: Uuid, kinds: &[&str]) -> Result<()> {
    let mut sql = insert(version);
    sql.push(" WHERE i.source_id = ").bind(item).push(" AND i.related_id IS NOT NULL AND i.item_type_id IN ");
    sql.bind_list(kinds.iter().copied());
    let mut copied = tx.execute_raw(sql.statement(tx)).await?.rows_affected();
    // Substitutes hang on lines, and what hangs on those follows.
    while copied > 0 {
        let mut sql = insert(version);
        sql.push(" JOIN version_lines l ON l.line_id = i.source_id AND l.version_id = ").bind(version);
        sql.push(" WHERE i.related_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM version_lines o WHERE o.line_id = i.id AND o.version_id = ");
        sql.bind(version).push(")");
        copied = tx.execute_raw(sql.statement(tx)).await?.rows_affected();
    }
    keep_effectivities(tx, version).await
}

/// Whether what a version consists of leads back to its item: by the versions that lines lead to, on every level.
pub async fn leads_back(tx: &Tx, version: Uuid, item: Uuid, kinds: &[&str]) -> Result<bool> {
    let mut seen: HashSet<Uuid> = HashSet::from([version]);
    let mut level = vec![version];
    while !level.is_empty() {
        let mut next = Vec::new();
        for some in level.chunks(IDS_PER_QUERY) {
            let rows = version_line::Entity::find()
                .select_only()
                .columns([version_line::Column::RelatedId, version_line::Column::RelatedVersionId])
                .filter(version_line::Column::VersionId.is_in(some.iter().copied()))
                .filter(version_line::Column::ItemTypeId.is_in(kinds.iter().copied()));
            for (related, pinned) in rows.into_tuple::<(Uuid, Option<Uuid>)>().all(tx).await? {
                if related == item {
                    return Ok(true);
                }
                next.extend(pinned.filter(|pinned| seen.insert(*pinned)));
            }
        }
        level = next;
    }
    Ok(false)
}

async fn keep_effectivities(tx: &Tx, version: Uuid) -> Result<()> {
    let mut sql =
        Sql::new("SELECT e.* FROM version_lines l JOIN effectivities e ON e.item_id = l.line_id WHERE l.version_id = ");
    sql.bind(version).push(" ORDER BY e.id");
    let rows = effectivity::Entity::find().from_raw_sql(sql.statement(tx)).all(tx).await?;
    let mut of_lines: HashMap<Uuid, Vec<Value>> = HashMap::new();
    for row in rows {
        let Some(line) = row.item_id else { continue };
        of_lines.entry(line).or_default().push(json!({
            "id": row.id, "kind": row.effectivity_type, "start": row.start_date, "end": row.end_date,
            "payload": row.payload,
        }));
    }
    for (line, effectivities) in of_lines {
        let kept =
            version_line::ActiveModel { effectivities: Set(Some(Value::Array(effectivities))), ..Default::default() };
        version_line::Entity::update_many()
            .set(kept)
            .filter(version_line::Column::VersionId.eq(version))
            .filter(version_line::Column::LineId.eq(line))
            .exec(tx)
            .await?;
    }
    Ok(())
}
