//! Spare parts of items.

use poem_openapi::param::{Path, Query};
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
use crate::domain::bom::{self, Link, SpareLevel};
use crate::domain::meta::Item;

pub struct SparesApi;

#[derive(Object, Deserialize)]
struct AddSpareRequest {
    spare_item_id: String,
    /// `rank`, `quantity`, `uom`, `note` and any other.
    properties: Option<FreeObject>,
}

#[derive(Object)]
struct SpareResponse {
    id: String,
    spare_item_id: String,
    spare_part: ItemFields,
    relationship: LinkFields,
}

#[derive(Object)]
struct SparesResponse {
    item_id: String,
    count: u64,
    /// The lowest rank first.
    spares: Vec<SpareResponse>,
}

/// Writes [`SpareResponse`].
#[derive(Serialize)]
struct ShownSpare<'a> {
    id: Uuid,
    spare_item_id: Uuid,
    spare_part: ShownItem<'a>,
    relationship: Relationship<'a>,
}

impl<'a> From<&'a Link> for ShownSpare<'a> {
    fn from(link: &'a Link) -> Self {
        Self {
            id: link.relationship.id,
            spare_item_id: link.part.item.id,
            spare_part: ShownItem(&link.part),
            relationship: Relationship(&link.relationship),
        }
    }
}

/// Writes [`SparesResponse`].
#[derive(Serialize)]
struct ShownSpares<'a> {
    item_id: Uuid,
    count: usize,
    spares: Vec<ShownSpare<'a>>,
}

#[derive(Object)]
struct AddSpareResponse {
    ok: bool,
    spare_id: String,
    item_id: String,
    spare_item_id: String,
    properties: FreeObject,
}

impl From<Item> for AddSpareResponse {
    fn from(added: Item) -> Self {
        Self {
            ok: true,
            spare_id: added.id.to_string(),
            item_id: end_id(added.source_id),
            spare_item_id: end_id(added.related_id),
            properties: FreeObject(added.properties),
        }
    }
}

#[derive(Object)]
struct RemoveSpareResponse {
    ok: bool,
    spare_id: String,
}

#[derive(Object)]
struct ExplodedSpare {
    /// From 1: the spare parts of the item itself.
    level: u32,
    /// What it is a spare part of.
    parent_id: String,
    id: String,
    spare_item_id: String,
    spare_part: ItemFields,
    relationship: LinkFields,
    /// The part is the item itself or was named before; its own spare parts are not named again.
    repeated: bool,
}

#[derive(Object)]
struct ExplodedSparesResponse {
    item_id: String,
    levels: i64,
    count: u64,
    /// Level by level.
    spares: Vec<ExplodedSpare>,
}

/// Writes [`ExplodedSpare`].
#[derive(Serialize)]
struct ShownSpareLevel<'a> {
    level: u32,
    parent_id: Uuid,
    #[serde(flatten)]
    spare: ShownSpare<'a>,
    repeated: bool,
}

impl<'a> From<&'a SpareLevel> for ShownSpareLevel<'a> {
    fn from(found: &'a SpareLevel) -> Self {
        let SpareLevel { level, parent_id, link, repeated } = found;
        Self { level: *level, parent_id: *parent_id, spare: link.into(), repeated: *repeated }
    }
}

/// Writes [`ExplodedSparesResponse`].
#[derive(Serialize)]
struct ShownSpareLevels<'a> {
    item_id: Uuid,
    levels: i64,
    count: usize,
    spares: Vec<ShownSpareLevel<'a>>,
}

fn ten() -> i64 {
    10
}

#[OpenApi(prefix_path = "/items", tag = "Tag::Bom")]
impl SparesApi {
    /// List spare parts
    #[oai(path = "/:item_id/spares", method = "get", operation_id = "list_spares")]
    async fn list(&self, caller: OrgCaller, item_id: Path<String>) -> ApiResult<Encoded<SparesResponse>> {
        let (item_id, links) = bom::spares(&caller.0, &item_id).await?;
        let spares: Vec<ShownSpare> = links.iter().map(ShownSpare::from).collect();
        Ok(encoded(&ShownSpares { item_id, count: spares.len(), spares })?)
    }

    /// Add a spare part
    #[oai(path = "/:item_id/spares", method = "post", operation_id = "add_spare")]
    async fn add(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: Body<AddSpareRequest>,
    ) -> ApiResult<Json<AddSpareResponse>> {
        let AddSpareRequest { spare_item_id, properties } = body.0;
        let values = properties.unwrap_or_default().0;
        Ok(Json(bom::add_spare(&caller.0, &item_id, &spare_item_id, values).await?.into()))
    }

    /// Explode spare parts
    ///
    /// The spare parts of an item, those of these, and so on. Parts that are spares of each other come to an end.
    #[oai(path = "/:item_id/spares/explode", method = "get", operation_id = "explode_spares")]
    async fn explode(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// 1 to 50.
        #[oai(default = "ten")]
        levels: Query<i64>,
    ) -> ApiResult<Encoded<ExplodedSparesResponse>> {
        let (item_id, found) = bom::explode_spares(&caller.0, &item_id, levels.0).await?;
        let spares: Vec<ShownSpareLevel> = found.iter().map(ShownSpareLevel::from).collect();
        Ok(encoded(&ShownSpareLevels { item_id, levels: levels.0, count: spares.len(), spares })?)
    }

    /// Remove a spare part
    #[oai(path = "/:item_id/spares/:spare_id", method = "delete", operation_id = "remove_spare")]
    async fn remove(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        spare_id: Path<String>,
    ) -> ApiResult<Json<RemoveSpareResponse>> {
        let removed = bom::remove_spare(&caller.0, &item_id, &spare_id).await?;
        Ok(Json(RemoveSpareResponse { ok: true, spare_id: removed.to_string() }))
    }
}
