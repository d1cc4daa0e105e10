//! Queries: the items of one type that a filter wants, in an order, page by page, with the items around them.

mod budget;
mod expand;
mod filter;
mod operand;
mod order;
mod parse;
mod pattern;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::get::{get_item, readable};
use super::item::parse_id;
use super::mirrors::ItemView;
use super::model::Model;
use super::repo;
use super::repo::query::Wanted;
use crate::context::Ctx;
use crate::error::{Error, Result};

pub use budget::Budget;
pub use expand::Expand;
pub use filter::{Column, Comparison, Field, Filter, Kind, Operand, Test};
pub use order::Term;
pub use pattern::Pattern;

/// The most items of one page.
const MOST_PER_PAGE: i64 = 1000;

/// A query as a client writes it.
#[derive(Debug, Clone)]
pub struct Query {
    pub item_type: String,
    pub id: Option<Uuid>,
    /// See [`parse`].
    pub conditions: Map<String, Value>,
    /// The properties to show; none shows all.
    pub select: Option<Vec<String>>,
    pub expand: Expand,
    pub order_by: Vec<String>,
    /// From 1.
    pub page: i64,
    pub page_size: i64,
}

/// One page of what a query found.
#[derive(Debug, Clone)]
pub struct Page {
    pub items: Vec<ItemView>,
    /// On all pages.
    pub total: u64,
    pub page: i64,
    pub page_size: i64,
}

/// Finds items. What the caller may not get is neither shown nor counted.
///
/// Fails with `NotFound` for an unknown type, `Invalid` naming the place in the query, `BadRequest` `EXPANSION_TOO_LARGE` or
/// `ANSWER_TOO_LARGE`.
pub async fn query(ctx: &Ctx, query: Query) -> Result<Page> {
    check_page(&query)?;
    let model = Model::load(ctx).await?;
    let kind = model.item_type(&query.item_type)?;
    let mut filter = parse::parse(kind, &query.conditions)?;
    if let Some(id) = query.id {
        filter = Filter::All(vec![Filter::Test(Field::Column(Column::Id), Test::Is(Operand::Id(id))), filter]);
    }
    let order = order::parse(kind, &query.order_by)?;
    let expand = query.expand.check(&model, &["body"])?;
    let wanted = Wanted { model: &model, kind: &kind.id, filter: &filter };
    let size = query.page_size.unsigned_abs();
    let skipped = (query.page.unsigned_abs() - 1).saturating_mul(size);
    let items = repo::query::page(&*ctx.db, &wanted, &order, size, skipped).await?;
    // A page with room left is the last, unless it is beyond it.
    let total = if (items.len() as u64) < size && (!items.is_empty() || skipped == 0) {
        skipped + items.len() as u64
    } else {
        repo::query::count(&*ctx.db, &wanted).await?
    };
    let mut items = expand.around(ctx, &model, items).await?;
    if let Some(names) = &query.select {
        items = items.into_iter().map(|view| view.keep(|property| names.iter().any(|name| name == property))).collect();
    }
    Ok(Page { items, total, page: query.page, page_size: query.page_size })
}

fn check_page(query: &Query) -> Result<()> {
    let refuse = |name, message: String| Err(Error::invalid_field("value_error", &["body", name], message));
    if query.page < 1 {
        return refuse("page", "Pages are numbered from 1".to_owned());
    }
    if !(1..=MOST_PER_PAGE).contains(&query.page_size) {
        return refuse("page_size", format!("1 to {MOST_PER_PAGE} items"));
    }
    Ok(())
}

/// An item of a type with the items around it, if the caller may read it.
///
/// Fails with `NotFound` also for what may not be discovered, `Forbidden` for what may be discovered only.
pub async fn get_expanded(ctx: &Ctx, item_type: &str, id: &str, expand: &Expand) -> Result<ItemView> {
    if expand.is_plain() {
        return get_item(ctx, item_type, id).await;
    }
    let model = Model::load(ctx).await?;
    let expand = expand.check(&model, &["query"])?;
    let (item, _) = readable(ctx, &model, model.item_type(item_type)?, parse_id(id)?).await?;
    let mut views = expand.around(ctx, &model, vec![item]).await?;
    views.pop().ok_or_else(|| Error::internal("An item was lost while it was expanded"))
}
