//! How the items of a type are numbered.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::domain::meta::{self, Counter, Numbering, NumberingChange, Preview};
use crate::error::Error;

pub struct NumberingApi;

/// `type`: one counter whatever the prefix; `prefix`: one for each rendered prefix.
#[derive(Enum, Deserialize, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Scope {
    Type,
    Prefix,
}

#[derive(Object, Deserialize)]
struct NumberCounter {
    prefix: String,
    next_value: i64,
}

impl From<Counter> for NumberCounter {
    fn from(counter: Counter) -> Self {
        Self { prefix: counter.prefix, next_value: counter.next_value }
    }
}

#[derive(Object)]
struct NumberingResponse {
    item_type_id: String,
    number_property: String,
    prefix: String,
    padding: u64,
    /// With the scope `prefix` the value that a new prefix begins with. For administrators.
    next_value: Option<i64>,
    scope: Scope,
    gap_free: bool,
    /// With the scope `prefix`: those used, at most 100, the last prefixes first. For administrators; nothing else is shown to others.
    counters: Vec<NumberCounter>,
}

impl From<Numbering> for NumberingResponse {
    fn from(numbering: Numbering) -> Self {
        let by_prefix = numbering.sequence.counts_by_prefix;
        Self {
            item_type_id: numbering.item_type_id,
            number_property: numbering.number_property,
            prefix: numbering.sequence.prefix,
            padding: numbering.sequence.padding as u64,
            next_value: numbering.next_value,
            scope: if by_prefix { Scope::Prefix } else { Scope::Type },
            gap_free: numbering.sequence.gap_free,
            counters: numbering.counters.into_iter().map(NumberCounter::from).collect(),
        }
    }
}

/// What is left out stays as it is.
#[derive(Object, Deserialize)]
struct NumberingRequest {
    /// With placeholders: `{yyyy}`, `{yy}` and `{mm}` of the day in UTC, and properties of the type such as `{category}`.
    #[oai(validator(max_length = 100))]
    prefix: Option<String>,
    /// The least digits, 0 to 18; larger values have more.
    padding: Option<u32>,
    /// Numbers that are taken are passed over.
    next_value: Option<i64>,
    scope: Option<Scope>,
    /// `true`: drawn in the transaction of the item, one writer at a time, and given back when that fails. `false`: drawn
    /// from reserved blocks, so that writers do not wait for each other.
    gap_free: Option<bool>,
    /// Next values of single prefixes, at most 100.
    counters: Option<Vec<NumberCounter>>,
}

impl From<NumberingRequest> for NumberingChange {
    fn from(change: NumberingRequest) -> Self {
        let counter = |counter: NumberCounter| Counter { prefix: counter.prefix, next_value: counter.next_value };
        Self {
            prefix: change.prefix,
            padding: change.padding,
            next_value: change.next_value,
            counts_by_prefix: change.scope.map(|scope| scope == Scope::Prefix),
            gap_free: change.gap_free,
            counters: change.counters.unwrap_or_default().into_iter().map(counter).collect(),
        }
    }
}

#[derive(Object)]
struct NumberPreview {
    number: String,
    prefix: String,
    value: i64,
}

impl From<Preview> for NumberPreview {
    fn from(preview: Preview) -> Self {
        Self { number: preview.number, prefix: preview.prefix, value: preview.value }
    }
}

#[OpenApi(prefix_path = "/meta/item-types", tag = "Tag::Model")]
impl NumberingApi {
    /// Get the numbering of an item type
    #[oai(path = "/:item_type_id/numbering", method = "get", operation_id = "get_numbering")]
    async fn get(&self, caller: OrgCaller, item_type_id: Path<String>) -> ApiResult<Json<NumberingResponse>> {
        Ok(Json(meta::get_numbering(&caller.0, &item_type_id).await?.into()))
    }

    /// Change the numbering of an item type
    #[oai(path = "/:item_type_id/numbering", method = "put", operation_id = "set_numbering")]
    async fn set(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        body: Body<NumberingRequest>,
    ) -> ApiResult<Json<NumberingResponse>> {
        Ok(Json(meta::set_numbering(&caller.0, &item_type_id, body.0.into()).await?.into()))
    }

    /// Preview the number that an item would draw now
    ///
    /// Nothing is drawn: who adds first has it.
    #[oai(path = "/:item_type_id/numbering/preview", method = "get", operation_id = "preview_number")]
    async fn preview(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        /// The item's properties as a JSON object, for a prefix that is made of them: `{"category": "BR"}`.
        properties: Query<Option<String>>,
    ) -> ApiResult<Json<NumberPreview>> {
        let values = properties.0.as_deref().map(read_object).transpose()?.unwrap_or_default();
        Ok(Json(meta::preview_number(&caller.0, &item_type_id, values).await?.into()))
    }
}

fn read_object(text: &str) -> Result<Map<String, Value>, Error> {
    let refused = |_| Error::invalid_field("json_invalid", &["query", "properties"], "Expected a JSON object");
    serde_json::from_str(text).map_err(refused)
}
