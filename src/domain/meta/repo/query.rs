//! Items by a filter, and those around others; only what the caller may get.

use std::collections::{BTreeSet, HashSet};

use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, StreamTrait};
use serde_json::Value;
use uuid::Uuid;

use super::super::item::Item;
use super::super::model::Model;
use super::filter::Compiler;
use super::items::{MODEL_REVISION, revision_of};
use super::visible::visible;
use crate::db::property_index::push_equals;
use crate::db::{Sql, Tx};
use crate::domain::meta::model::IndexStatus;
use crate::domain::meta::query::{Budget, Field, Filter, Operand, Term, Test};
use crate::entity::tenant::item;
use crate::error::Result;

/// As many ids as one statement takes comfortably on both engines.
pub(super) const IDS_PER_QUERY: usize = 1000;

/// The items of a type that a filter wants.
pub struct Wanted<'a> {
    pub model: &'a Model,
    pub kind: &'a str,
    pub filter: &'a Filter,
}

impl Wanted<'_> {
    fn push(&self, db: &impl ConnectionTrait, sql: &mut Sql, compiler: &Compiler) {
        sql.push(" FROM items i WHERE i.item_type_id = ").bind(self.kind).push(" AND ");
        compiler.push(sql, self.filter);
        sql.push(" AND ");
        for (name, value) in self.indexed() {
            push_equals(db, sql, ("i", self.kind), name, value);
            sql.push(" AND ");
        }
        visible(sql, self.model, "i");
    }

    /// Values that every wanted item has in a property with an index. Said once more in the index's own words they let the
    /// engine use it; no fractions, whose last digit an engine may read in another way.
    fn indexed(&self) -> Vec<(&str, &Value)> {
        let Ok(kind) = self.model.item_type(self.kind) else { return Vec::new() };
        let all = match self.filter {
            Filter::All(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        let indexed =
            |name: &str| kind.property(name).is_some_and(|property| property.index_status == Some(IndexStatus::Ready));
        let values = all.iter().filter_map(|one| match one {
            Filter::Test(Field::Property(name, _), Test::Is(Operand::Json(value))) if indexed(name) => {
                Some((name.as_str(), value))
            }
            _ => None,
        });
        values.filter(|(_, value)| value.is_string() || value.is_i64() || value.is_boolean()).collect()
    }
}

pub async fn page(
    db: &(impl ConnectionTrait + StreamTrait),
    wanted: &Wanted<'_>,
    order: &[Term],
    most: u64,
    skipped: u64,
) -> Result<Vec<Item>> {
    let sql = page_sql(db, "i.*", wanted, order, most, skipped);
    read_within(db, sql, &mut Budget::default(), |_| Ok(())).await
}

/// The first items, with the revision of the model at which they were read; none where there are no items.
pub async fn first_with_revision(
    db: &(impl ConnectionTrait + StreamTrait),
    wanted: &Wanted<'_>,
    most: u64,
) -> Result<(Vec<Item>, Option<i64>)> {
    let sql = page_sql(db, &format!("i.*, {MODEL_REVISION}"), wanted, &[], most, 0);
    let (mut revision, mut budget) = (None, Budget::default());
    let items = read_within(db, sql, &mut budget, |row| {
        if revision.is_none() {
            revision = Some(revision_of(row)?);
        }
        Ok(())
    });
    let items = items.await?;
    Ok((items, revision))
}

fn page_sql(
    db: &impl ConnectionTrait,
    columns: &str,
    wanted: &Wanted<'_>,
    order: &[Term],
    most: u64,
    skipped: u64,
) -> Sql {
    let compiler = Compiler::new(db);
    let mut sql = Sql::new(format!("SELECT {columns}"));
    wanted.push(db, &mut sql, &compiler);
    sql.push(" ORDER BY ");
    compiler.push_order(&mut sql, order);
    sql.push(" LIMIT ").bind(signed(most)).push(" OFFSET ").bind(signed(skipped));
    sql
}

pub async fn count(db: &impl ConnectionTrait, wanted: &Wanted<'_>) -> Result<u64> {
    let mut sql = Sql::new("SELECT COUNT(*) AS many");
    wanted.push(db, &mut sql, &Compiler::new(db));
    read_count(db, sql).await
}

/// The lines of some types that hang on items, in the order in which they were added; at most so many.
pub async fn lines_of(
    db: &(impl ConnectionTrait + StreamTrait),
    model: &Model,
    kinds: &[&str],
    sources: &[Uuid],
    most: usize,
    budget: &mut Budget,
) -> Result<Vec<Item>> {
    let mut found = Vec::new();
    for some in sources.chunks(IDS_PER_QUERY) {
        let mut sql = Sql::new("SELECT i.* FROM items i WHERE i.item_type_id IN ");
        sql.bind_list(kinds.iter().copied()).push(" AND i.source_id IN ").bind_list(some.iter().copied()).push(" AND ");
        visible(&mut sql, model, "i");
        sql.push(" ORDER BY i.id LIMIT ").bind(signed((most - found.len().min(most)) as u64));
        found.extend(read_within(db, sql, budget, |_| Ok(())).await?);
    }
    Ok(found)
}

/// The items with these ids.
pub async fn with_ids(
    db: &(impl ConnectionTrait + StreamTrait),
    model: &Model,
    ids: &BTreeSet<Uuid>,
    budget: &mut Budget,
) -> Result<Vec<Item>> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let mut found = Vec::new();
    for some in ids.chunks(IDS_PER_QUERY) {
        let mut sql = Sql::new("SELECT i.* FROM items i WHERE i.id IN ");
        sql.bind_list(some.iter().copied()).push(" AND ");
        visible(&mut sql, model, "i");
        found.extend(read_within(db, sql, budget, |_| Ok(())).await?);
    }
    Ok(found)
}

/// Which of these ids are of items that the caller may get.
pub async fn visible_among(tx: &Tx, model: &Model, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let mut found = HashSet::new();
    for some in ids.chunks(IDS_PER_QUERY) {
        let mut sql = Sql::new("SELECT i.id FROM items i WHERE i.id IN ");
        sql.bind_list(some.iter().copied()).push(" AND ");
        visible(&mut sql, model, "i");
        for row in tx.query_all_raw(sql.statement(tx)).await? {
            found.insert(row.try_get("", "id")?);
        }
    }
    Ok(found)
}

pub(super) async fn read_count(db: &impl ConnectionTrait, sql: Sql) -> Result<u64> {
    let row = db.query_one_raw(sql.statement(db)).await?;
    let many: i64 = row.map(|row| row.try_get("", "many")).transpose()?.unwrap_or_default();
    Ok(u64::try_from(many).unwrap_or_default())
}

pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads row by row, and no further than the budget reaches.
async fn read_within(
    db: &(impl ConnectionTrait + StreamTrait),
    sql: Sql,
    budget: &mut Budget,
    mut look: impl FnMut(&QueryResult) -> Result<()>,
) -> Result<Vec<Item>> {
    let mut rows = Box::pin(db.stream_raw(sql.statement(db)).await?);
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        look(&row)?;
        let item = Item::from(item::Model::from_query_result(&row, "")?);
        budget.spend(&item)?;
        found.push(item);
    }
    Ok(found)
}

pub(super) fn read(rows: &[QueryResult]) -> Result<Vec<Item>> {
    let models: Result<Vec<item::Model>, DbErr> =
        rows.iter().map(|row| item::Model::from_query_result(row, "")).collect();
    Ok(models?.into_iter().map(Item::from).collect())
}
