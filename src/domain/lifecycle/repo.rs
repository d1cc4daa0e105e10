//! SQL of lifecycles.

use std::collections::HashMap;

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::model::{Lifecycles, STANDARD_STATES, STANDARD_TRANSITIONS, State, Transition};
use crate::db::Tx;
use crate::domain::audit::new_id;
use crate::entity::tenant::{lifecycle_map, lifecycle_state, lifecycle_transition};
use crate::error::{Error, Result};

pub(super) async fn all(db: &impl ConnectionTrait) -> Result<Lifecycles> {
    let states = lifecycle_state::Entity::find().order_by_asc(lifecycle_state::Column::Position).all(db).await?;
    let transitions = lifecycle_transition::Entity::find().all(db).await?;
    Ok(Lifecycles::new(
        states.into_iter().map(State::from).collect(),
        transitions.into_iter().map(Transition::from).collect(),
    ))
}

impl From<lifecycle_state::Model> for State {
    fn from(row: lifecycle_state::Model) -> Self {
        Self {
            id: row.id,
            map_id: row.map_id,
            name: row.name,
            is_start: row.is_start,
            is_locked: row.is_locked,
            is_released: row.is_released,
            permission_id: row.permission_id,
        }
    }
}

impl From<lifecycle_transition::Model> for Transition {
    fn from(row: lifecycle_transition::Model) -> Self {
        Self { action: row.action, from: row.from_state_id, to: row.to_state_id, role: row.role }
    }
}

pub(super) async fn insert_standard(tx: &Tx, name: &str) -> Result<Uuid> {
    let existing = lifecycle_map::Entity::find().filter(lifecycle_map::Column::Name.eq(name)).one(tx).await?;
    if let Some(map) = existing {
        return Ok(map.id);
    }
    let map_id = new_id();
    let map = lifecycle_map::ActiveModel { id: Set(map_id), name: Set(name.to_owned()) };
    lifecycle_map::Entity::insert(map).exec_without_returning(tx).await?;
    let mut ids = HashMap::new();
    for (position, (state, is_start, is_locked, is_released)) in (0i32..).zip(STANDARD_STATES) {
        let id = new_id();
        ids.insert(state, id);
        let row = lifecycle_state::ActiveModel {
            id: Set(id),
            map_id: Set(map_id),
            name: Set(state.to_owned()),
            position: Set(position),
            is_start: Set(is_start),
            is_locked: Set(is_locked),
            is_released: Set(is_released),
            permission_id: Set(None),
        };
        lifecycle_state::Entity::insert(row).exec_without_returning(tx).await?;
    }
    let id_of = |name: &str| ids.get(name).copied().ok_or_else(|| Error::internal("A seeded state is missing"));
    for (action, from, to, role) in STANDARD_TRANSITIONS {
        let row = lifecycle_transition::ActiveModel {
            id: Set(new_id()),
            map_id: Set(map_id),
            action: Set(action.to_owned()),
            from_state_id: Set(id_of(from)?),
            to_state_id: Set(id_of(to)?),
            role: Set(role.map(str::to_owned)),
        };
        lifecycle_transition::Entity::insert(row).exec_without_returning(tx).await?;
    }
    Ok(map_id)
}
