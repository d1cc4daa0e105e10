//! Finding items of a type by conditions.

use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::Tag;
use super::aml::Action;
use super::item::ItemResponse;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::FreeObject;
use crate::domain::meta::{self, Expand, Page, parse_id};
use crate::error::Error;

pub struct AmlQueryApi;

/// Which items of a type are wanted.
#[derive(Object, Deserialize)]
pub struct QueryRequest {
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    item_type: String,
    /// A query reads: only `get`.
    #[oai(default)]
    #[serde(default)]
    action: Action,
    id: Option<String>,
    /// Conditions that all hold: `{"name": "Leg", "cost": {"gt": 5}, "or": [{…}, {…}], "not": {…}}`. Operators: eq, ne, gt,
    /// ge, lt, le, in, nin, like (`*` or `%` any text, `?` one character, `\\` before what stands for itself), contains
    /// (part of a text, element of a list), starts_with, null, between. Only eq and in tell upper from lower case. Fields are
    /// the properties, `number`, and id, state, generation, created_at, updated_at, created_by_id, modified_by_id, owner_id,
    /// is_current, config_id, source_id, related_id; `properties.state` is a property that is called like one of them.
    #[oai(rename = "where")]
    #[serde(rename = "where")]
    conditions: Option<FreeObject>,
    /// Names of properties: only these of the items found.
    select: Option<Vec<String>>,
    /// Relationship types (`Part BOM`) and properties that refer to items, to be shown with the items.
    expand: Option<Vec<String>>,
    /// Levels of what is expanded.
    #[oai(default = "some_one", validator(minimum(value = "1"), maximum(value = "10")))]
    depth: Option<i64>,
    #[oai(default = "some_one", validator(minimum(value = "1")))]
    page: Option<i64>,
    #[oai(default = "some_fifty", validator(minimum(value = "1"), maximum(value = "1000")))]
    page_size: Option<i64>,
    /// `name`, `-created_at`, `cost desc`. Items without a value come last.
    order_by: Option<Vec<String>>,
}

fn some_one() -> Option<i64> {
    Some(1)
}

fn some_fifty() -> Option<i64> {
    Some(50)
}

impl TryFrom<QueryRequest> for meta::Query {
    type Error = Error;

    fn try_from(given: QueryRequest) -> Result<Self, Error> {
        if !matches!(given.action, Action::Get) {
            let message = "A query reads: 'get'. Changes are for /aml/apply";
            return Err(Error::invalid_field("value_error", &["body", "action"], message));
        }
        Ok(Self {
            item_type: given.item_type,
            id: given.id.filter(|id| !id.is_empty()).as_deref().map(parse_id).transpose()?,
            conditions: given.conditions.unwrap_or_default().0,
            select: given.select,
            expand: Expand { names: given.expand.unwrap_or_default(), depth: given.depth.unwrap_or(1) },
            order_by: given.order_by.unwrap_or_default(),
            page: given.page.unwrap_or(1),
            page_size: given.page_size.unwrap_or(50),
        })
    }
}

#[derive(Object)]
pub struct QueryResponse {
    /// On all pages.
    total: u64,
    page: i64,
    page_size: i64,
    /// On this page.
    count: u64,
    items: Vec<ItemResponse>,
}

impl From<Page> for QueryResponse {
    fn from(page: Page) -> Self {
        Self {
            total: page.total,
            page: page.page,
            page_size: page.page_size,
            count: page.items.len() as u64,
            items: page.items.into_iter().map(ItemResponse::from).collect(),
        }
    }
}

#[OpenApi(prefix_path = "/aml", tag = "Tag::Aml")]
impl AmlQueryApi {
    /// Find items
    ///
    /// The items of a type that fulfil conditions, page by page. What the caller may not read is neither shown nor counted.
    #[oai(path = "/query", method = "post", operation_id = "query_aml")]
    async fn query(&self, caller: OrgCaller, body: Body<QueryRequest>) -> ApiResult<Json<QueryResponse>> {
        Ok(Json(meta::query(&caller.0, body.0.try_into()?).await?.into()))
    }
}
