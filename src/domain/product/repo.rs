//! Queries that belong to no other area.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::db::Sql;
use crate::domain::meta::{Item, Model, visible};
use crate::entity::tenant::item;
use crate::error::Result;

/// The items of a type that any relationship of an item leads to, each once: how many in each state, and the first of them.
pub async fn related(
    db: &impl ConnectionTrait,
    model: &Model,
    source: Uuid,
    kind: &str,
    most: u64,
) -> Result<(BTreeMap<String, u64>, Vec<Item>)> {
    let select = |what: &str| {
        let mut sql = Sql::new(format!("SELECT {what} FROM items d WHERE d.item_type_id = "));
        sql.bind(kind).push(" AND d.id IN (SELECT r.related_id FROM items r WHERE r.source_id = ").bind(source);
        sql.push(" AND ");
        visible(&mut sql, model, "r");
        sql.push(") AND ");
        visible(&mut sql, model, "d");
        sql
    };
    let mut counting = select("d.state, COUNT(*) AS many");
    counting.push(" GROUP BY d.state");
    let mut states = BTreeMap::new();
    for row in db.query_all_raw(counting.statement(db)).await? {
        let many: i64 = row.try_get("", "many")?;
        states.insert(row.try_get("", "state")?, u64::try_from(many).unwrap_or_default());
    }
    let mut reading = select("d.*");
    reading.push(" ORDER BY d.id LIMIT ").bind(most);
    let rows = db.query_all_raw(reading.statement(db)).await?;
    let items = rows.iter().map(|row| Ok(Item::from(item::Model::from_query_result(row, "")?)));
    Ok((states, items.collect::<Result<_>>()?))
}
