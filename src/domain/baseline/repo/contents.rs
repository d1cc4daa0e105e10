//! Rows of what baselines consist of.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Tx;
use crate::domain::baseline::model::{Baseline, Member, MemberKind};
use crate::domain::meta::Item;
use crate::domain::version::Structure;
use crate::entity::tenant::baseline_member::{self, Column};
use crate::entity::tenant::baseline_node;
use crate::error::{Error, Result};
use crate::types::{Page, PageRequest};

/// So many rows go into one statement: each has up to 18 values, and no engine takes more than 32,000.
const ROWS_PER_STATEMENT: usize = 500;

pub async fn insert_nodes(tx: &Tx, baseline: Uuid, structure: &Structure) -> Result<()> {
    let mut rows = Vec::with_capacity(structure.nodes.len());
    for (key, item) in &structure.nodes {
        rows.push(baseline_node::ActiveModel {
            baseline_id: Set(baseline),
            node_key: Set(*key),
            item: Set(written(item)?),
        });
    }
    for some in rows.chunks(ROWS_PER_STATEMENT) {
        baseline_node::Entity::insert_many(some.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

pub async fn insert_members(tx: &Tx, members: &[Member]) -> Result<()> {
    for some in members.chunks(ROWS_PER_STATEMENT) {
        let rows = some.iter().map(row).collect::<Result<Vec<_>>>()?;
        baseline_member::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

fn row(member: &Member) -> Result<baseline_member::ActiveModel> {
    Ok(baseline_member::ActiveModel {
        baseline_id: Set(member.baseline_id),
        position: Set(member.position),
        id: Set(member.id),
        member_type: Set(member.kind.as_str().to_owned()),
        item_id: Set(member.item_id),
        document_id: Set(member.document_id),
        relationship_id: Set(member.relationship_id),
        parent_key: Set(member.parent_key),
        node_key: Set(member.node_key),
        item_number: Set(member.item_number.clone()),
        item_revision: Set(member.item_revision.clone()),
        item_generation: Set(member.item_generation),
        item_type: Set(member.item_type.clone()),
        item_state: Set(member.item_state.clone()),
        level: Set(member.level),
        path: Set(member.path.clone()),
        quantity: Set(member.quantity.clone()),
        line: Set(member.line.as_ref().map(written).transpose()?),
        effectivities: Set(member.effectivities.clone()),
        substitutes: Set(member.substitutes.clone()),
    })
}

fn written(item: &Item) -> Result<Value> {
    serde_json::to_value(item).map_err(|error| Error::internal("An item cannot be written").caused_by(error))
}

fn read(value: Value) -> Result<Item> {
    serde_json::from_value(value)
        .map_err(|error| Error::internal("An item of a baseline cannot be read").caused_by(error))
}

impl TryFrom<baseline_member::Model> for Member {
    type Error = Error;

    fn try_from(row: baseline_member::Model) -> Result<Self> {
        Ok(Self {
            baseline_id: row.baseline_id,
            position: row.position,
            id: row.id,
            kind: MemberKind::stored(&row.member_type)?,
            item_id: row.item_id,
            document_id: row.document_id,
            relationship_id: row.relationship_id,
            parent_key: row.parent_key,
            node_key: row.node_key,
            item_number: row.item_number,
            item_revision: row.item_revision,
            item_generation: row.item_generation,
            item_type: row.item_type,
            item_state: row.item_state,
            level: row.level,
            path: row.path,
            quantity: row.quantity,
            line: row.line.map(read).transpose()?,
            effectivities: row.effectivities,
            substitutes: row.substitutes,
        })
    }
}

/// The items of a baseline as they were, by their keys.
pub async fn nodes(db: &impl ConnectionTrait, baseline: Uuid) -> Result<HashMap<Uuid, Item>> {
    let rows = baseline_node::Entity::find().filter(baseline_node::Column::BaselineId.eq(baseline)).all(db).await?;
    rows.into_iter().map(|row| Ok((row.node_key, read(row.item)?))).collect()
}

/// The root of a baseline as it was; none where the baseline took nothing.
pub async fn root(db: &impl ConnectionTrait, baseline: &Baseline) -> Result<Option<Item>> {
    let first = baseline_member::Entity::find_by_id((baseline.id, 0)).one(db).await?;
    let Some(key) = first.and_then(|first| first.node_key) else { return Ok(None) };
    let row = baseline_node::Entity::find_by_id((baseline.id, key)).one(db).await?;
    row.map(|row| read(row.item)).transpose()
}

/// The items and the lines that lead to them, in their order.
pub async fn items_of(db: &impl ConnectionTrait, baseline: Uuid) -> Result<Vec<Member>> {
    let query = baseline_member::Entity::find()
        .filter(Column::BaselineId.eq(baseline))
        .filter(Column::MemberType.eq(MemberKind::Item.as_str()))
        .order_by_asc(Column::Position);
    query.all(db).await?.into_iter().map(Member::try_from).collect()
}

/// Part of the members but for those of some items.
pub async fn members(
    db: &impl ConnectionTrait,
    baseline: Uuid,
    hidden: &HashSet<Uuid>,
    page: PageRequest,
) -> Result<Page<Member>> {
    let query = baseline_member::Entity::find().filter(Column::BaselineId.eq(baseline)).order_by_asc(Column::Position);
    if hidden.is_empty() {
        let total = query.clone().count(db).await?;
        let rows = query.limit(page.limit).offset(page.offset).all(db).await?;
        return Ok(Page { items: rows.into_iter().map(Member::try_from).collect::<Result<_>>()?, total });
    }
    // Few callers may not get a part of what they may get the whole of; theirs is counted here.
    let rows = query.all(db).await?.into_iter();
    let seen: Vec<_> = rows.filter(|row| row.item_id.is_none_or(|item| !hidden.contains(&item))).collect();
    let total = seen.len() as u64;
    let (skip, take) = (usize::try_from(page.offset), usize::try_from(page.limit));
    let some = seen.into_iter().skip(skip.unwrap_or(usize::MAX)).take(take.unwrap_or(usize::MAX));
    Ok(Page { items: some.map(Member::try_from).collect::<Result<_>>()?, total })
}
