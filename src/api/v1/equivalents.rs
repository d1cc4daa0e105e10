//! Equivalents of items.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Tag;
use super::item::Relationship;
use super::item_fields::{ItemFields, LinkFields, ShownItem, encoded, end_id};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{Encoded, FreeObject};
use crate::domain::bom::{self, Link};
use crate::domain::meta::Item;

pub struct EquivalentsApi;

#[derive(Object, Deserialize)]
struct AddEquivalentRequest {
    equivalent_item_id: String,
    /// `rank`, `note` and any other.
    properties: Option<FreeObject>,
}

#[derive(Object)]
struct EquivalentResponse {
    id: String,
    equivalent_item_id: String,
    equivalent_part: ItemFields,
    relationship: LinkFields,
}

#[derive(Object)]
struct EquivalentsResponse {
    item_id: String,
    count: u64,
    /// The lowest rank first.
    equivalents: Vec<EquivalentResponse>,
}

/// Writes [`EquivalentsResponse`].
#[derive(Serialize)]
struct ShownEquivalents<'a> {
    item_id: Uuid,
    count: usize,
    equivalents: Vec<ShownEquivalent<'a>>,
}

/// Writes [`EquivalentResponse`].
#[derive(Serialize)]
struct ShownEquivalent<'a> {
    id: Uuid,
    equivalent_item_id: Uuid,
    equivalent_part: ShownItem<'a>,
    relationship: Relationship<'a>,
}

impl<'a> From<&'a Link> for ShownEquivalent<'a> {
    fn from(link: &'a Link) -> Self {
        Self {
            id: link.relationship.id,
            equivalent_item_id: link.part.item.id,
            equivalent_part: ShownItem(&link.part),
            relationship: Relationship(&link.relationship),
        }
    }
}

#[derive(Object)]
struct AddEquivalentResponse {
    ok: bool,
    equivalent_id: String,
    item_id: String,
    equivalent_item_id: String,
    properties: FreeObject,
}

impl From<Item> for AddEquivalentResponse {
    fn from(added: Item) -> Self {
        Self {
            ok: true,
            equivalent_id: added.id.to_string(),
            item_id: end_id(added.source_id),
            equivalent_item_id: end_id(added.related_id),
            properties: FreeObject(added.properties),
        }
    }
}

#[derive(Object)]
struct RemoveEquivalentResponse {
    ok: bool,
    equivalent_id: String,
}

#[OpenApi(prefix_path = "/items", tag = "Tag::Bom")]
impl EquivalentsApi {
    /// List equivalents
    ///
    /// The parts that are as good as this one, whichever of the two was named first.
    #[oai(path = "/:item_id/equivalents", method = "get", operation_id = "list_equivalents")]
    async fn list(&self, caller: OrgCaller, item_id: Path<String>) -> ApiResult<Encoded<EquivalentsResponse>> {
        let (item_id, links) = bom::equivalents(&caller.0, &item_id).await?;
        let equivalents: Vec<ShownEquivalent> = links.iter().map(ShownEquivalent::from).collect();
        Ok(encoded(&ShownEquivalents { item_id, count: equivalents.len(), equivalents })?)
    }

    /// Add an equivalent
    #[oai(path = "/:item_id/equivalents", method = "post", operation_id = "add_equivalent")]
    async fn add(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: Body<AddEquivalentRequest>,
    ) -> ApiResult<Json<AddEquivalentResponse>> {
        let AddEquivalentRequest { equivalent_item_id, properties } = body.0;
        let values = properties.unwrap_or_default().0;
        Ok(Json(bom::add_equivalent(&caller.0, &item_id, &equivalent_item_id, values).await?.into()))
    }

    /// Remove an equivalent
    #[oai(path = "/:item_id/equivalents/:equivalent_id", method = "delete", operation_id = "remove_equivalent")]
    async fn remove(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        equivalent_id: Path<String>,
    ) -> ApiResult<Json<RemoveEquivalentResponse>> {
        let removed = bom::remove_equivalent(&caller.0, &item_id, &equivalent_id).await?;
        Ok(Json(RemoveEquivalentResponse { ok: true, equivalent_id: removed.to_string() }))
    }
}
