//! What there is, counted: only what the caller may read.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::document::Kind;
use super::indexer::{Filters, Indexes};
use super::query::Query;
use super::repo;
use super::repo::find::Search;
use crate::context::Ctx;
use crate::domain::meta::Model;
use crate::error::{Error, Result};

/// The longest time that a trend covers, in days.
pub const MOST_DAYS: u32 = 366;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// What is counted; nothing for documents without it.
    pub key: String,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub items: u64,
    pub items_by_type: Vec<Count>,
    pub items_by_state: Vec<Count>,
    pub ecos: u64,
    pub ecos_by_state: Vec<Count>,
    pub ecos_by_stage: Vec<Count>,
}

/// Change orders in one stage and how long they have been as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct StageAge {
    pub stage: String,
    pub count: u64,
    pub average_days: f64,
    pub most_days: f64,
}

/// Change orders that were made on one day, by their present state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    pub date: String,
    pub state: String,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateTrend {
    pub days: u32,
    pub start: NaiveDate,
    pub end: NaiveDate,
    pub counts: Vec<DayCount>,
}

pub async fn summary(ctx: &Ctx, indexes: &Indexes) -> Result<Summary> {
    let model = Model::load(ctx).await?;
    let items_by_type = repo::reports::items_by(&ctx.db, &model, "item_type_id").await?;
    let items_by_state = repo::reports::items_by(&ctx.db, &model, "state").await?;
    let (query, filters) = (Query::default(), Filters::default());
    let ecos = ecos(&model, indexes, &query, &filters);
    let ecos_by_state = repo::reports::documents_by(&ctx.db, &ecos, "state").await?;
    let ecos_by_stage = repo::reports::documents_by(&ctx.db, &ecos, "stage").await?;
    Ok(Summary {
        items: sum(&items_by_type),
        items_by_type,
        items_by_state,
        ecos: sum(&ecos_by_state),
        ecos_by_state,
        ecos_by_stage,
    })
}

/// How long change orders have been in their stage, counted from their latest change.
pub async fn stage_aging(ctx: &Ctx, indexes: &Indexes) -> Result<Vec<StageAge>> {
    let (model, query, filters) = (Model::load(ctx).await?, Query::default(), Filters::default());
    repo::reports::stage_ages(&ctx.db, &ecos(&model, indexes, &query, &filters), ctx.now()).await
}

/// Change orders of the last days, today included, by the day they were made.
pub async fn state_trend(ctx: &Ctx, indexes: &Indexes, days: u32) -> Result<StateTrend> {
    if !(1..=MOST_DAYS).contains(&days) {
        let message = format!("Between 1 and {MOST_DAYS} days");
        return Err(Error::invalid_field("value_error", &["query", "days"], message));
    }
    let (model, query, filters) = (Model::load(ctx).await?, Query::default(), Filters::default());
    let end = ctx.now().date_naive();
    let start = end - TimeDelta::days(i64::from(days) - 1);
    let from: DateTime<Utc> = start.and_time(chrono::NaiveTime::MIN).and_utc();
    let counts = repo::reports::days(&ctx.db, &ecos(&model, indexes, &query, &filters), from).await?;
    Ok(StateTrend { days, start, end, counts })
}

fn ecos<'a>(model: &'a Model, indexes: &'a Indexes, query: &'a Query, filters: &'a Filters) -> Search<'a> {
    Search { kind: Kind::Eco, indexer: indexes.of(Kind::Eco), model, filters, query, thorough: false }
}

fn sum(counts: &[Count]) -> u64 {
    counts.iter().map(|count| count.count).sum()
}
