//! Rows of comparisons.

use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::baseline::differences::DifferenceSummary;
use crate::domain::baseline::model::Baseline;
use crate::entity::tenant::baseline_comparison::{ActiveModel, Entity};
use crate::error::{Error, Result};

pub async fn insert_comparison(
    tx: &Tx,
    id: Uuid,
    a: &Baseline,
    b: &Baseline,
    summary: DifferenceSummary,
    ctx: &Ctx,
) -> Result<()> {
    let summary = serde_json::to_value(summary)
        .map_err(|error| Error::internal("A comparison cannot be written").caused_by(error))?;
    let row = ActiveModel {
        id: Set(id),
        baseline_a_id: Set(a.id),
        baseline_b_id: Set(b.id),
        summary: Set(summary),
        created_at: Set(ctx.now()),
        created_by_id: Set(ctx.actor.user_id()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The two baselines of a comparison.
pub async fn comparison(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<(Uuid, Uuid)>> {
    Ok(Entity::find_by_id(id).one(db).await?.map(|row| (row.baseline_a_id, row.baseline_b_id)))
}
