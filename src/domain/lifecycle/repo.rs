//! SQL of lifecycles.

use std::collections::HashMap;

use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::guard::Guards;
use super::maps::Lifecycle;
use super::model::{Lifecycles, STANDARD_STATES, STANDARD_TRANSITIONS, State, Transition};
use crate::db::{Sql, Tx};
use crate::domain::audit::new_id;
use crate::entity::tenant::{lifecycle_map, lifecycle_state, lifecycle_transition};
use crate::error::{Error, Result};

pub(super) async fn all(db: &impl ConnectionTrait) -> Result<Lifecycles> {
    let (states, transitions) = rows(db).await?;
    Ok(Lifecycles::new(
        states.into_iter().map(State::from).collect(),
        transitions.into_iter().map(Transition::from).collect(),
    ))
}

type Rows = (Vec<lifecycle_state::Model>, Vec<lifecycle_transition::Model>);

/// States in their order, and transitions in that of their actions.
async fn rows(db: &impl ConnectionTrait) -> Result<Rows> {
    let states = lifecycle_state::Entity::find()
        .order_by_asc(lifecycle_state::Column::Position)
        .order_by_asc(lifecycle_state::Column::Id)
        .all(db)
        .await?;
    let transitions = lifecycle_transition::Entity::find()
        .order_by_asc(lifecycle_transition::Column::Action)
        .order_by_asc(lifecycle_transition::Column::Id)
        .all(db)
        .await?;
    Ok((states, transitions))
}

impl From<lifecycle_state::Model> for State {
    fn from(row: lifecycle_state::Model) -> Self {
        Self {
            id: row.id,
            map_id: row.map_id,
            name: row.name,
            position: row.position,
            is_start: row.is_start,
            is_locked: row.is_locked,
            is_released: row.is_released,
            permission_id: row.permission_id,
        }
    }
}

impl From<lifecycle_transition::Model> for Transition {
    fn from(row: lifecycle_transition::Model) -> Self {
        Self {
            id: row.id,
            action: row.action,
            from: row.from_state_id,
            to: row.to_state_id,
            role: row.role,
            guards: Guards::stored(row.guards),
        }
    }
}

/// Every lifecycle, by name, with the types that use it.
pub(super) async fn maps(db: &impl ConnectionTrait) -> Result<Vec<Lifecycle>> {
    let maps = lifecycle_map::Entity::find().order_by_asc(lifecycle_map::Column::Name).all(db).await?;
    let (states, steps) = rows(db).await?;
    let types = db
        .query_all_raw(
            Sql::new("SELECT id, lifecycle_map_id FROM item_types WHERE lifecycle_map_id IS NOT NULL ORDER BY id")
                .statement(db),
        )
        .await?;
    let mut types_of: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in types {
        types_of.entry(row.try_get("", "lifecycle_map_id")?).or_default().push(row.try_get("", "id")?);
    }
    let mut lifecycles: Vec<Lifecycle> = Vec::new();
    for map in maps {
        lifecycles.push(Lifecycle {
            id: map.id,
            name: map.name,
            states: states.iter().filter(|row| row.map_id == map.id).cloned().map(State::from).collect(),
            transitions: steps.iter().filter(|row| row.map_id == map.id).cloned().map(Transition::from).collect(),
            item_types: types_of.remove(&map.id).unwrap_or_default(),
        });
    }
    Ok(lifecycles)
}

/// One lifecycle, which nobody else changes until the transaction ends.
pub(super) async fn map_locked(tx: &Tx, id: Uuid) -> Result<Option<Lifecycle>> {
    let held = lifecycle_map::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx).await?;
    if held.is_none() {
        return Ok(None);
    }
    Ok(maps(tx).await?.into_iter().find(|map| map.id == id))
}

pub(super) async fn insert_map(tx: &Tx, id: Uuid, name: &str) -> Result<()> {
    let map = lifecycle_map::ActiveModel { id: Set(id), name: Set(name.to_owned()) };
    lifecycle_map::Entity::insert(map).exec_without_returning(tx).await?;
    Ok(())
}

pub(super) async fn rename_map(tx: &Tx, id: Uuid, name: &str) -> Result<()> {
    let row = lifecycle_map::ActiveModel { id: Set(id), name: Set(name.to_owned()) };
    lifecycle_map::Entity::update(row).exec(tx).await?;
    Ok(())
}

/// With its states and transitions.
pub(super) async fn delete_map(tx: &Tx, id: Uuid) -> Result<()> {
    let steps = lifecycle_transition::Column::MapId.eq(id);
    lifecycle_transition::Entity::delete_many().filter(steps).exec(tx).await?;
    lifecycle_state::Entity::delete_many().filter(lifecycle_state::Column::MapId.eq(id)).exec(tx).await?;
    lifecycle_map::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

fn state_row(state: &State) -> lifecycle_state::ActiveModel {
    lifecycle_state::ActiveModel {
        id: Set(state.id),
        map_id: Set(state.map_id),
        name: Set(state.name.clone()),
        position: Set(state.position),
        is_start: Set(state.is_start),
        is_locked: Set(state.is_locked),
        is_released: Set(state.is_released),
        permission_id: Set(state.permission_id.clone()),
    }
}

pub(super) async fn insert_state(tx: &Tx, state: &State) -> Result<()> {
    lifecycle_state::Entity::insert(state_row(state)).exec_without_returning(tx).await?;
    Ok(())
}

pub(super) async fn update_state(tx: &Tx, state: &State) -> Result<()> {
    lifecycle_state::Entity::update(state_row(state)).exec(tx).await?;
    Ok(())
}

/// With the steps that lead to it and from it.
pub(super) async fn delete_state(tx: &Tx, id: Uuid) -> Result<()> {
    let touching = Condition::any()
        .add(lifecycle_transition::Column::FromStateId.eq(id))
        .add(lifecycle_transition::Column::ToStateId.eq(id));
    lifecycle_transition::Entity::delete_many().filter(touching).exec(tx).await?;
    lifecycle_state::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// Waits for those who bring items into a state, and keeps others from it.
pub(super) async fn lock_state(tx: &Tx, id: Uuid) -> Result<()> {
    lifecycle_state::Entity::find_by_id(id).lock(LockType::Update).one(tx).await?;
    Ok(())
}

pub(super) async fn lock_states_of(tx: &Tx, map: Uuid) -> Result<()> {
    let of_map = lifecycle_state::Entity::find().filter(lifecycle_state::Column::MapId.eq(map));
    of_map.order_by_asc(lifecycle_state::Column::Id).lock(LockType::Update).all(tx).await?;
    Ok(())
}

/// A state as it is now, which stays until the transaction ends.
pub(super) async fn state_kept(tx: &Tx, id: Uuid) -> Result<Option<State>> {
    Ok(lifecycle_state::Entity::find_by_id(id).lock(LockType::KeyShare).one(tx).await?.map(State::from))
}

pub(super) async fn items_in_state(tx: &Tx, state: Uuid) -> Result<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) AS many FROM items WHERE current_state = ");
    sql.bind(state);
    let row = tx.query_one_raw(sql.statement(tx)).await?;
    Ok(row.map(|row| row.try_get("", "many")).transpose()?.unwrap_or_default())
}

/// How many items are in each state of a lifecycle that has any.
pub(super) async fn items_by_state(tx: &Tx, map: Uuid) -> Result<Vec<(Uuid, i64)>> {
    let mut sql = Sql::new(
        "SELECT s.id, COUNT(*) AS many FROM lifecycle_states s JOIN items i ON i.current_state = s.id WHERE s.map_id = ",
    );
    sql.bind(map).push(" GROUP BY s.id");
    let rows = tx.query_all_raw(sql.statement(tx)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "many")?))).collect()
}

pub(super) async fn insert_transition(tx: &Tx, map: Uuid, step: &Transition) -> Result<()> {
    let row = lifecycle_transition::ActiveModel {
        id: Set(step.id),
        map_id: Set(map),
        action: Set(step.action.clone()),
        from_state_id: Set(step.from),
        to_state_id: Set(step.to),
        role: Set(step.role.clone()),
        guards: Set(step.guards.stored_form()),
    };
    lifecycle_transition::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Guards that were not understood stay as they are stored.
pub(super) async fn update_transition(tx: &Tx, step: &Transition) -> Result<()> {
    let mut row = lifecycle_transition::ActiveModel {
        action: Set(step.action.clone()),
        to_state_id: Set(step.to),
        role: Set(step.role.clone()),
        ..Default::default()
    };
    if !step.guards.unreadable {
        row.guards = Set(step.guards.stored_form());
    }
    let this = lifecycle_transition::Column::Id.eq(step.id);
    lifecycle_transition::Entity::update_many().set(row).filter(this).exec(tx).await?;
    Ok(())
}

pub(super) async fn delete_transition(tx: &Tx, id: Uuid) -> Result<()> {
    lifecycle_transition::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

pub(super) async fn insert_standard(tx: &Tx, name: &str) -> Result<Uuid> {
    let existing = lifecycle_map::Entity::find().filter(lifecycle_map::Column::Name.eq(name)).one(tx).await?;
    if let Some(map) = existing {
        return Ok(map.id);
    }
    let map_id = new_id();
    insert_map(tx, map_id, name).await?;
    let mut ids = HashMap::new();
    for (position, (name, is_start, is_locked, is_released)) in (0i32..).zip(STANDARD_STATES) {
        let id = new_id();
        ids.insert(name, id);
        let name = name.to_owned();
        insert_state(tx, &State { id, map_id, name, position, is_start, is_locked, is_released, permission_id: None })
            .await?;
    }
    let id_of = |name: &str| ids.get(name).copied().ok_or_else(|| Error::internal("A seeded state is missing"));
    for (action, from, to, role) in STANDARD_TRANSITIONS {
        let (action, role) = (action.to_owned(), role.map(str::to_owned));
        let step =
            Transition { id: new_id(), action, from: id_of(from)?, to: id_of(to)?, role, guards: Guards::default() };
        insert_transition(tx, map_id, &step).await?;
    }
    Ok(map_id)
}
