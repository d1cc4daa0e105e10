//! Looking for items, files and change orders.

use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::collections::HashMap;

use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, Time};
use crate::api::v1::Tag;
use crate::domain::search::{self, DocumentHit, EcoFields, FileFields, Filters, Hits, Indexes, ItemHit, MOST_HITS};
use crate::types::PageRequest;

pub struct SearchApi;

#[derive(Object)]
struct ItemHitResponse {
    id: String,
    item_type_id: String,
    config_id: String,
    state: String,
    item_number: Option<String>,
    name: Option<String>,
    description: Option<String>,
    /// All that the item is found by.
    search_text: String,
    created_at: Time,
    updated_at: Option<Time>,
    properties: FreeObject,
    is_current: bool,
    is_released: bool,
    /// By the property: its text as HTML, escaped, with `<em>` around what was found.
    highlights: HashMap<String, String>,
}

impl From<ItemHit> for ItemHitResponse {
    fn from(hit: ItemHit) -> Self {
        let text = |name: &str| hit.view.item.text(name).map(str::to_owned);
        Self {
            item_number: text("item_number").or_else(|| hit.view.number.clone()),
            name: text("name"),
            description: text("description"),
            id: hit.view.item.id.to_string(),
            item_type_id: hit.view.item.item_type,
            config_id: hit.view.item.config_id.to_string(),
            state: hit.view.item.state,
            search_text: hit.search_text,
            created_at: hit.view.item.created_on.into(),
            updated_at: hit.view.item.modified_on.map(Time::from),
            properties: FreeObject(hit.view.properties),
            is_current: hit.view.item.is_current,
            is_released: hit.is_released,
            highlights: hit.highlights.into_iter().collect(),
        }
    }
}

#[derive(Object)]
struct ItemHitsResponse {
    hits: Vec<ItemHitResponse>,
    /// How many there are that the caller may read; counted up to 10,000.
    total: u64,
    /// False where there are more than were counted.
    total_is_exact: bool,
    /// Nothing holds the words as they were typed: these are like them.
    similar: bool,
}

impl From<Hits<ItemHit>> for ItemHitsResponse {
    fn from(found: Hits<ItemHit>) -> Self {
        let Hits { hits, total, total_is_exact, similar } = found;
        Self { hits: hits.into_iter().map(ItemHitResponse::from).collect(), total, total_is_exact, similar }
    }
}

#[derive(Object)]
struct FileHitResponse {
    id: String,
    filename: String,
    cad_format: Option<String>,
    document_type: Option<String>,
    document_version: Option<String>,
    cad_review_state: Option<String>,
    created_at: Time,
}

impl From<DocumentHit<FileFields>> for FileHitResponse {
    fn from(hit: DocumentHit<FileFields>) -> Self {
        Self {
            id: hit.shown.id.to_string(),
            filename: hit.fields.filename,
            cad_format: hit.fields.cad_format,
            document_type: hit.fields.document_type,
            document_version: hit.fields.document_version,
            cad_review_state: hit.fields.cad_review_state,
            created_at: hit.shown.created_at.into(),
        }
    }
}

#[derive(Object)]
struct FileHitsResponse {
    total: u64,
    results: Vec<FileHitResponse>,
}

#[derive(Object)]
struct EcoHitResponse {
    id: String,
    name: String,
    description: Option<String>,
    search_text: String,
    state: Option<String>,
    eco_type: Option<String>,
    priority: Option<String>,
    product_id: Option<String>,
    source_version_id: Option<String>,
    target_version_id: Option<String>,
    created_at: Time,
    updated_at: Option<Time>,
}

impl From<DocumentHit<EcoFields>> for EcoHitResponse {
    fn from(hit: DocumentHit<EcoFields>) -> Self {
        Self {
            id: hit.shown.id.to_string(),
            name: hit.fields.name,
            description: hit.fields.description,
            search_text: hit.fields.search_text,
            state: hit.shown.state,
            eco_type: hit.fields.eco_type,
            priority: hit.fields.priority,
            product_id: hit.fields.product_id.map(|id| id.to_string()),
            source_version_id: hit.fields.source_version_id.map(|id| id.to_string()),
            target_version_id: hit.fields.target_version_id.map(|id| id.to_string()),
            created_at: hit.shown.created_at.into(),
            updated_at: hit.shown.updated_at.map(Time::from),
        }
    }
}

#[derive(Object)]
struct EcoHitsResponse {
    hits: Vec<EcoHitResponse>,
    total: u64,
}

fn twenty() -> u64 {
    20
}

#[OpenApi(prefix_path = "/search", tag = "Tag::Search")]
impl SearchApi {
    /// Search items
    ///
    /// Every word must occur, in any property, anywhere in a word; case, width and accents do not matter. The number itself
    /// comes first, then numbers that begin with the query, then those that hold it, then names, then the rest. Where nothing
    /// is found, numbers and names that are like the query are. Without words the newest items are listed. Relationships
    /// are found when their `item_type` is given.
    #[oai(path = "/", method = "get", operation_id = "search_items")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn items(
        &self,
        caller: OrgCaller,
        /// At most 200 characters and 16 words.
        q: Query<String>,
        item_type: Query<Option<String>>,
        /// The name of a state.
        state: Query<Option<String>>,
        /// At most 200.
        #[oai(default = "twenty")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
        #[oai(default)] released_only: Query<bool>,
    ) -> ApiResult<Json<ItemHitsResponse>> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let filters = Filters {
            type_id: given(item_type.0),
            state: given(state.0),
            released_only: released_only.0,
            ..Filters::default()
        };
        let page = PageRequest::new(limit.0, offset.0, MOST_HITS)?;
        Ok(Json(search::search_items(&caller.0, &Indexes::standard(), &q, filters, page).await?.into()))
    }

    /// Search files
    ///
    /// Every word must occur in what is known of the file. Without words the newest are listed.
    #[oai(path = "/files", method = "get", operation_id = "search_files")]
    async fn files(
        &self,
        caller: OrgCaller,
        #[oai(default)] q: Query<String>,
        #[oai(default = "twenty", validator(minimum(value = "1"), maximum(value = "200")))] limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<FileHitsResponse>> {
        let page = PageRequest::new(limit.0, offset.0, MOST_HITS)?;
        let found = search::search_files(&caller.0, &Indexes::standard(), &q, page).await?;
        let results = found.hits.into_iter().map(FileHitResponse::from).collect();
        Ok(Json(FileHitsResponse { total: found.total, results }))
    }

    /// Search engineering change orders
    ///
    /// Every word must occur in what is known of the change order. Without words the newest are listed.
    #[oai(path = "/ecos", method = "get", operation_id = "search_ecos")]
    async fn ecos(
        &self,
        caller: OrgCaller,
        #[oai(default)] q: Query<String>,
        state: Query<Option<String>>,
        #[oai(default = "twenty", validator(minimum(value = "1"), maximum(value = "200")))] limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<EcoHitsResponse>> {
        let page = PageRequest::new(limit.0, offset.0, MOST_HITS)?;
        let state = state.0.filter(|state| !state.is_empty());
        let found = search::search_ecos(&caller.0, &Indexes::standard(), &q, state, page).await?;
        let hits = found.hits.into_iter().map(EcoHitResponse::from).collect();
        Ok(Json(EcoHitsResponse { hits, total: found.total }))
    }
}
