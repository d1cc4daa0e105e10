//! Rows of baselines.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
};
use uuid::Uuid;

use crate::db::{Sql, Tx};
use crate::domain::baseline::check::Findings;
use crate::domain::baseline::given::Include;
use crate::domain::baseline::model::{Baseline, State};
use crate::domain::baseline::read::Wanted;
use crate::domain::meta::{Model, visible};
use crate::entity::tenant::baseline::{self, ActiveModel, Column, Entity};
use crate::error::{Error, Result};
use crate::types::{Page, PageRequest};

impl TryFrom<baseline::Model> for Baseline {
    type Error = Error;

    fn try_from(row: baseline::Model) -> Result<Self> {
        let state = State::parse(&row.state)
            .ok_or_else(|| Error::internal(format!("A baseline has the unknown state {:?}", row.state)))?;
        let findings: Option<Findings> = row
            .findings
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| Error::internal("The findings of a baseline cannot be read").caused_by(error))?;
        Ok(Self {
            id: row.id,
            number: row.baseline_number,
            name: row.name,
            description: row.description,
            baseline_type: row.baseline_type,
            scope: row.scope,
            eco_id: row.eco_id,
            root_item_id: row.root_item_id,
            root_version_id: row.root_version_id,
            root_config_id: row.root_config_id,
            max_levels: row.max_levels,
            effective_at: row.effective_at,
            include: Include {
                bom: row.include_bom,
                substitutes: row.include_substitutes,
                effectivity: row.include_effectivity,
                documents: row.include_documents,
                relationships: row.include_relationships,
            },
            line_key: row.line_key,
            item_count: row.item_count,
            relationship_count: row.relationship_count,
            state,
            is_validated: row.is_validated,
            findings,
            validated_at: row.validated_at,
            validated_by_id: row.validated_by_id,
            released_at: row.released_at,
            released_by_id: row.released_by_id,
            created_at: row.created_at,
            created_by_id: row.created_by_id,
        })
    }
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Baseline>> {
    Entity::find_by_id(id).one(db).await?.map(Baseline::try_from).transpose()
}

/// The baseline, kept from being changed by others until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Baseline>> {
    use sea_orm::QuerySelect;
    use sea_orm::sea_query::LockType;
    let query = Entity::find_by_id(id).lock(LockType::NoKeyUpdate);
    query.one(tx).await?.map(Baseline::try_from).transpose()
}

pub async fn number_is_taken(tx: &Tx, number: &str) -> Result<bool> {
    Ok(Entity::find().filter(Column::BaselineNumber.eq(number)).count(tx).await? > 0)
}

pub async fn insert(tx: &Tx, baseline: &Baseline) -> Result<()> {
    let row = ActiveModel {
        id: Set(baseline.id),
        baseline_number: Set(baseline.number.clone()),
        name: Set(baseline.name.clone()),
        description: Set(baseline.description.clone()),
        baseline_type: Set(baseline.baseline_type.clone()),
        scope: Set(baseline.scope.clone()),
        eco_id: Set(baseline.eco_id.clone()),
        root_item_id: Set(baseline.root_item_id),
        root_version_id: Set(baseline.root_version_id),
        root_config_id: Set(baseline.root_config_id),
        max_levels: Set(baseline.max_levels),
        effective_at: Set(baseline.effective_at),
        include_bom: Set(baseline.include.bom),
        include_substitutes: Set(baseline.include.substitutes),
        include_effectivity: Set(baseline.include.effectivity),
        include_documents: Set(baseline.include.documents),
        include_relationships: Set(baseline.include.relationships),
        line_key: Set(baseline.line_key.clone()),
        item_count: Set(baseline.item_count),
        relationship_count: Set(baseline.relationship_count),
        created_at: Set(baseline.created_at),
        created_by_id: Set(baseline.created_by_id),
        ..changing(baseline)?
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Stores what a check or a release changed.
pub async fn update(tx: &Tx, baseline: &Baseline) -> Result<()> {
    Entity::update_many().set(changing(baseline)?).filter(Column::Id.eq(baseline.id)).exec(tx).await?;
    Ok(())
}

fn changing(baseline: &Baseline) -> Result<ActiveModel> {
    let findings = baseline
        .findings
        .as_ref()
        .map(serde_json::to_value)
        .transpose()
        .map_err(|error| Error::internal("The findings of a baseline cannot be written").caused_by(error))?;
    Ok(ActiveModel {
        state: Set(baseline.state.as_str().to_owned()),
        is_validated: Set(baseline.is_validated),
        findings: Set(findings),
        validated_at: Set(baseline.validated_at),
        validated_by_id: Set(baseline.validated_by_id),
        released_at: Set(baseline.released_at),
        released_by_id: Set(baseline.released_by_id),
        ..Default::default()
    })
}

/// The baselines that are wanted, the newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    model: &Model,
    wanted: &Wanted,
    page: PageRequest,
) -> Result<Page<Baseline>> {
    let condition = |sql: &mut Sql| {
        for (column, id) in [("root_item_id", wanted.root_item), ("root_version_id", wanted.root_version)] {
            if let Some(id) = id {
                sql.push(&format!(" AND b.{column} = ")).bind(id);
            }
        }
        if let Some(id) = wanted.created_by {
            sql.push(" AND b.created_by_id = ").bind(id);
        }
        let texts = [("baseline_type", &wanted.baseline_type), ("scope", &wanted.scope), ("state", &wanted.state)];
        for (column, text) in texts {
            if let Some(text) = text {
                sql.push(&format!(" AND b.{column} = ")).bind(text.as_str());
            }
        }
        for (test, moment) in [(">=", wanted.from), ("<=", wanted.to)] {
            if let Some(moment) = moment {
                sql.push(&format!(" AND b.effective_at {test} ")).bind(moment);
            }
        }
    };
    read(db, model, condition, page).await
}

/// The baselines that hold an item, the newest first.
pub async fn with_item(db: &impl ConnectionTrait, model: &Model, item: Uuid, limit: u64) -> Result<Page<Baseline>> {
    let condition = |sql: &mut Sql| {
        sql.push(" AND b.id IN (SELECT m.baseline_id FROM baseline_members m WHERE m.item_id = ").bind(item).push(")");
    };
    read(db, model, condition, PageRequest { limit, offset: 0 }).await
}

/// Baselines that fit a condition and whose roots the caller may read.
async fn read(
    db: &impl ConnectionTrait,
    model: &Model,
    condition: impl Fn(&mut Sql),
    page: PageRequest,
) -> Result<Page<Baseline>> {
    let select = |what: &str| {
        let mut sql = Sql::new(format!("SELECT {what} FROM baselines b JOIN items r ON r.id = b.root_item_id WHERE "));
        visible(&mut sql, model, "r");
        condition(&mut sql);
        sql
    };
    let counted = db.query_one_raw(select("COUNT(*) AS many").statement(db)).await?;
    let total: i64 = counted.map(|row| row.try_get("", "many")).transpose()?.unwrap_or_default();
    let mut sql = select("b.*");
    sql.push(" ORDER BY b.created_at DESC, b.id DESC LIMIT ").bind(page.limit).push(" OFFSET ").bind(page.offset);
    let rows = db.query_all_raw(sql.statement(db)).await?;
    let rows = rows.iter().map(|row| baseline::Model::from_query_result(row, ""));
    let items = rows.map(|row| Baseline::try_from(row?)).collect::<Result<_>>()?;
    Ok(Page { items, total: u64::try_from(total).unwrap_or_default() })
}

/// The released baseline of an item that holds at a moment.
pub async fn effective(
    db: &impl ConnectionTrait,
    root: Uuid,
    at: DateTime<Utc>,
    kind: Option<&str>,
) -> Result<Option<Baseline>> {
    let mut sql = Sql::new("SELECT * FROM baselines WHERE state = ");
    sql.bind(State::Released.as_str()).push(" AND root_item_id = ").bind(root);
    sql.push(" AND COALESCE(effective_at, released_at) <= ").bind(at);
    if let Some(kind) = kind {
        sql.push(" AND baseline_type = ").bind(kind);
    }
    sql.push(" ORDER BY COALESCE(effective_at, released_at) DESC, released_at DESC, id DESC LIMIT 1");
    let row = db.query_one_raw(sql.statement(db)).await?;
    row.map(|row| Baseline::try_from(baseline::Model::from_query_result(&row, "")?)).transpose()
}
