//! Rows of the steps that items have taken, and what guards look at.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;
use uuid::Uuid;

use super::super::item::Item;
use crate::context::Ctx;
use crate::db::{Db, Tx};
use crate::domain::audit::new_id;
use crate::entity::tenant::{item, item_transition};
use crate::error::Result;
use crate::types::UserId;

/// Enough ids for one statement.
const IDS_PER_QUERY: usize = 1000;

/// A step that an item has taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    pub id: Uuid,
    pub action: String,
    pub from_state: String,
    pub to_state: String,
    pub comment: Option<String>,
    /// `user`, or the part of the program that acted.
    pub actor_kind: String,
    pub actor_id: Option<UserId>,
    pub occurred_at: DateTime<Utc>,
}

impl From<item_transition::Model> for Taken {
    fn from(row: item_transition::Model) -> Self {
        Self {
            id: row.id,
            action: row.action,
            from_state: row.from_state,
            to_state: row.to_state,
            comment: row.comment,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            occurred_at: row.occurred_at,
        }
    }
}

pub async fn insert(
    ctx: &Ctx,
    tx: &Tx,
    before: &Item,
    after: &Item,
    action: &str,
    comment: Option<String>,
) -> Result<()> {
    let row = item_transition::ActiveModel {
        id: Set(new_id()),
        item_id: Set(after.id),
        action: Set(action.to_owned()),
        from_state: Set(before.state.clone()),
        from_state_id: Set(before.current_state),
        to_state: Set(after.state.clone()),
        to_state_id: Set(after.current_state),
        comment: Set(comment),
        actor_kind: Set(ctx.actor.kind().to_owned()),
        actor_id: Set(ctx.actor.user_id()),
        occurred_at: Set(ctx.now()),
    };
    item_transition::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Some of an item's steps, the newest first, and how many there are.
pub async fn of_item(db: &Db, item: Uuid, offset: u64, most: u64) -> Result<(Vec<Taken>, u64)> {
    let of_item = item_transition::Entity::find().filter(item_transition::Column::ItemId.eq(item));
    let total = of_item.clone().count(db).await?;
    let newest_first = of_item
        .order_by_desc(item_transition::Column::OccurredAt)
        .order_by_desc(item_transition::Column::Id)
        .offset(offset)
        .limit(most);
    Ok((newest_first.all(db).await?.into_iter().map(Taken::from).collect(), total))
}

/// Each line that hangs on an item, and what it leads to.
pub async fn related_of(db: &impl ConnectionTrait, source: Uuid) -> Result<Vec<(Item, Item)>> {
    related(db, source, None).await
}

/// The same, kept as it is until the transaction ends.
pub async fn related_kept(tx: &Tx, source: Uuid) -> Result<Vec<(Item, Item)>> {
    related(tx, source, Some(LockType::Share)).await
}

async fn related(db: &impl ConnectionTrait, source: Uuid, lock: Option<LockType>) -> Result<Vec<(Item, Item)>> {
    let lines = item::Entity::find().filter(item::Column::SourceId.eq(source)).order_by_asc(item::Column::Id);
    let lines: Vec<Item> = lines.all(db).await?.into_iter().map(Item::from).collect();
    let mut ids: Vec<Uuid> = lines.iter().filter_map(|line| line.related_id).collect();
    // In one order everywhere: whoever keeps the same items waits, and does not meet us half-way.
    ids.sort_unstable();
    ids.dedup();
    let mut found: HashMap<Uuid, Item> = HashMap::new();
    for some in ids.chunks(IDS_PER_QUERY) {
        let mut items = item::Entity::find().filter(item::Column::Id.is_in(some.iter().copied()));
        items = items.order_by_asc(item::Column::Id);
        if let Some(lock) = lock {
            items = items.lock(lock);
        }
        found.extend(items.all(db).await?.into_iter().map(|row| (row.id, Item::from(row))));
    }
    let leading_to = |line: Item| line.related_id.and_then(|id| found.get(&id).cloned()).map(|item| (line, item));
    Ok(lines.into_iter().filter_map(leading_to).collect())
}
