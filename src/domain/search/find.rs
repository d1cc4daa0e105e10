//! Looking for items, files and change orders.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::closeness::closeness;
use super::document::{EcoFields, FileFields, Kind};
use super::fold::short_terms;
use super::highlight::highlight;
use super::indexer::{Filters, Indexes};
use super::items::search_text;
use super::query::Query;
use super::repo;
use super::repo::find::{MOST_RANKED, Ranked, Search, Shown};
use crate::context::Ctx;
use crate::db::fulltext::{Similar, grams};
use crate::domain::file::own_names;
use crate::domain::meta::{ItemView, Model};
use crate::error::{Error, Result};
use crate::types::PageRequest;
use crate::types::text::hidden;

/// The most hits on one page.
pub const MOST_HITS: u64 = 200;

/// Part of what was found.
#[derive(Debug, Clone)]
pub struct Hits<T> {
    pub hits: Vec<T>,
    pub total: u64,
    /// False where there is more than is counted.
    pub total_is_exact: bool,
    /// Nothing was found as it was typed: these are like it.
    pub similar: bool,
}

#[derive(Debug, Clone)]
pub struct ItemHit {
    pub view: ItemView,
    pub search_text: String,
    pub is_released: bool,
    /// By the property: where the words stand in it.
    pub highlights: BTreeMap<String, String>,
}

/// A document as the index itself shows it.
#[derive(Debug, Clone)]
pub struct DocumentHit<F> {
    pub shown: Shown,
    pub fields: F,
}

/// Items that the caller may read and in which every word of the query occurs, the likeliest first.
pub async fn search_items(
    ctx: &Ctx,
    indexes: &Indexes,
    query: &str,
    filters: Filters,
    page: PageRequest,
) -> Result<Hits<ItemHit>> {
    check_state(&filters)?;
    let model = Model::load(ctx).await?;
    if let Some(kind) = &filters.type_id {
        model.item_type(kind)?;
    }
    let query = Query::parse(query)?;
    let (ranked, similar) = find(ctx, indexes, &model, Kind::Item, &filters, &query, page).await?;
    let items = repo::items::by_ids(&*ctx.db, &ranked.ids).await?;
    let mut items: HashMap<Uuid, _> = items.into_iter().map(|item| (item.id, item)).collect();
    // What was deleted since stays out.
    let found = ranked.ids.iter().filter_map(|id| items.remove(id));
    let hits = found.map(|item| item_hit(&model, ItemView::new(&model, item), &query)).collect();
    Ok(hits_of(hits, &ranked, similar))
}

fn item_hit(model: &Model, view: ItemView, query: &Query) -> ItemHit {
    let number_property = model.item_type(&view.item.item_type).ok().and_then(|kind| kind.number_property.as_deref());
    let words = query.words();
    let texts = view.item.properties.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let highlights = texts.filter_map(|(name, text)| Some((name.clone(), highlight(text, &words)?))).collect();
    ItemHit {
        search_text: search_text(number_property, &view.item),
        is_released: model.state(&view.item).is_some_and(|state| state.is_released),
        highlights,
        view,
    }
}

pub async fn search_files(
    ctx: &Ctx,
    indexes: &Indexes,
    query: &str,
    page: PageRequest,
) -> Result<Hits<DocumentHit<FileFields>>> {
    let words = Query::parse(query)?.words().into_iter().map(str::to_owned).collect();
    let filters = Filters { words, ..Filters::default() };
    let mut found = documents::<FileFields>(ctx, indexes, Kind::File, query, filters, page).await?;
    // The index knows each file by its first name, which is not everybody's to know.
    let (model, ids) = (Model::load(ctx).await?, found.hits.iter().map(|hit| hit.shown.id));
    let mut own = own_names(&*ctx.db, &model, ids).await?;
    for hit in &mut found.hits {
        if let Some(name) = own.remove(&hit.shown.id) {
            (hit.fields.filename, hit.fields.document_version) = (name, None);
        }
    }
    Ok(found)
}

pub async fn search_ecos(
    ctx: &Ctx,
    indexes: &Indexes,
    query: &str,
    state: Option<String>,
    page: PageRequest,
) -> Result<Hits<DocumentHit<EcoFields>>> {
    documents(ctx, indexes, Kind::Eco, query, Filters { state, ..Filters::default() }, page).await
}

async fn documents<F: DeserializeOwned + Default>(
    ctx: &Ctx,
    indexes: &Indexes,
    kind: Kind,
    query: &str,
    filters: Filters,
    page: PageRequest,
) -> Result<Hits<DocumentHit<F>>> {
    check_state(&filters)?;
    let (model, query) = (Model::load(ctx).await?, Query::parse(query)?);
    let (ranked, similar) = find(ctx, indexes, &model, kind, &filters, &query, page).await?;
    let shown = repo::find::shown(&ctx.db, kind, &ranked.ids).await?;
    let mut shown: HashMap<Uuid, Shown> = shown.into_iter().map(|shown| (shown.id, shown)).collect();
    let found = ranked.ids.iter().filter_map(|id| shown.remove(id));
    // What an older version wrote may lack fields.
    let hits = found
        .map(|shown| DocumentHit { fields: serde_json::from_value(shown.fields.clone()).unwrap_or_default(), shown });
    Ok(hits_of(hits.collect(), &ranked, similar))
}

/// No state has such a name, and PostgreSQL could not even compare some of them.
fn check_state(filters: &Filters) -> Result<()> {
    match filters.state.as_deref().and_then(hidden) {
        Some(_) => Err(Error::invalid_field("value_error", &["query", "state"], "Visible characters only")),
        None => Ok(()),
    }
}

fn hits_of<T>(hits: Vec<T>, ranked: &Ranked, similar: bool) -> Hits<T> {
    Hits { hits, total: ranked.total, total_is_exact: ranked.is_exact, similar }
}

/// What holds the query as it was typed; where nothing does, what is like it.
async fn find(
    ctx: &Ctx,
    indexes: &Indexes,
    model: &Model,
    kind: Kind,
    filters: &Filters,
    query: &Query,
    page: PageRequest,
) -> Result<(Ranked, bool)> {
    let mut search = Search { kind, indexer: indexes.of(kind), model, filters, query, thorough: false };
    let mut ranked = repo::find::ranked(&ctx.db, &search, page).await?;
    // Short words stand inside others, too: looked for where those that begin with them do not fill a page. That is the same
    // for each page of a list, so that their order is.
    let may_be_more = search.indexer.is_some() && query.may_stand_inside() && ranked.total < MOST_RANKED;
    if may_be_more && ranked.total < page.limit.max(1) {
        search.thorough = true;
        ranked = repo::find::ranked(&ctx.db, &search, page).await?;
    }
    ranked.is_exact = ranked.total < MOST_RANKED && (search.thorough || !may_be_more);
    if ranked.total > 0 || query.is_empty() || search.indexer.is_none() {
        return Ok((ranked, false));
    }
    let alike = alike(ctx, &search, page).await?;
    let similar = alike.total > 0;
    Ok((alike, similar))
}

async fn alike(ctx: &Ctx, search: &Search<'_>, page: PageRequest) -> Result<Ranked> {
    let words = search.query.words();
    let long = search.query.long_words().join(" ");
    let beginnings: Vec<String> = words.iter().map(|word| word.chars().take(2).collect()).collect();
    let terms = short_terms(&beginnings.join(" "));
    let terms = terms.into_iter().filter(|term| term.chars().count() == 2).collect();
    let wanted = Similar { words: &words, grams: grams(&long), terms };
    let candidates = repo::find::candidates(&ctx.db, search, &wanted).await?;
    let mut alike: Vec<(f64, &repo::find::Candidate)> = candidates
        .iter()
        .map(|found| (closeness(&words, found.number.as_deref(), found.name.as_deref()), found))
        .filter(|(closeness, _)| *closeness > 0.0)
        .collect();
    alike.sort_by(|(left, a), (right, b)| {
        right.partial_cmp(left).unwrap_or(Ordering::Equal).then_with(|| (&a.number, a.id).cmp(&(&b.number, b.id)))
    });
    let (limit, offset) = (usize::try_from(page.limit), usize::try_from(page.offset));
    let ids = alike.iter().skip(offset.unwrap_or(usize::MAX)).take(limit.unwrap_or(0)).map(|(_, found)| found.id);
    Ok(Ranked { ids: ids.collect(), total: alike.len() as u64, is_exact: true })
}
