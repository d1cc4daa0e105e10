//! Rows of the Date effectivities that follow items.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde_json::json;
use uuid::Uuid;

use super::super::period::Period;
use crate::db::{Sql, Tx};
use crate::entity::tenant::effectivity;
use crate::error::Result;
use crate::types::UserId;

pub async fn insert_dates(tx: &Tx, item: Uuid, period: Period, by: Option<UserId>, now: DateTime<Utc>) -> Result<()> {
    let row = effectivity::ActiveModel {
        id: Set(item),
        item_id: Set(Some(item)),
        version_id: Set(None),
        effectivity_type: Set("Date".to_owned()),
        start_date: Set(period.from),
        end_date: Set(period.to),
        payload: Set(json!({})),
        created_at: Set(now),
        created_by_id: Set(by),
    };
    effectivity::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn remove(tx: &Tx, item: Uuid) -> Result<()> {
    effectivity::Entity::delete_by_id(item).exec(tx).await?;
    Ok(())
}

/// Removes those of the versions of an item, which goes with them.
pub async fn remove_of_versions(tx: &Tx, item: Uuid) -> Result<()> {
    let mut sql =
        Sql::new("DELETE FROM effectivities WHERE version_id IN (SELECT v.id FROM item_versions v WHERE v.item_id = ");
    sql.bind(item).push(")");
    tx.execute_raw(sql.statement(tx)).await?;
    Ok(())
}
