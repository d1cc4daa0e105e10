//! Substitutes of BOM lines.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Tag;
use super::item::Relationship;
use super::item_fields::{ItemFields, LinkFields, ShownItem, encoded, end_id};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{Encoded, FreeObject};
use crate::domain::bom::{self, Link};

pub struct SubstitutesApi;

#[derive(Object, Deserialize)]
struct AddSubstituteRequest {
    substitute_item_id: String,
    /// `rank`, `note` and any other.
    properties: Option<FreeObject>,
}

#[derive(Object)]
struct SubstituteResponse {
    id: String,
    relationship: LinkFields,
    part: ItemFields,
    /// The same.
    substitute_part: ItemFields,
    rank: Option<i64>,
    substitute_number: Option<String>,
    substitute_name: Option<String>,
}

#[derive(Object)]
struct SubstitutesResponse {
    bom_line_id: String,
    count: u64,
    /// The lowest rank first.
    substitutes: Vec<SubstituteResponse>,
}

/// Writes [`SubstituteResponse`].
#[derive(Serialize)]
struct ShownSubstitute<'a> {
    id: Uuid,
    relationship: Relationship<'a>,
    part: ShownItem<'a>,
    substitute_part: ShownItem<'a>,
    rank: Option<&'a Value>,
    substitute_number: Option<&'a str>,
    substitute_name: Option<&'a str>,
}

impl<'a> From<&'a Link> for ShownSubstitute<'a> {
    fn from(link: &'a Link) -> Self {
        Self {
            id: link.relationship.id,
            relationship: Relationship(&link.relationship),
            part: ShownItem(&link.part),
            substitute_part: ShownItem(&link.part),
            rank: link.relationship.properties.get("rank"),
            substitute_number: link.part.number.as_deref(),
            substitute_name: link.part.item.name(),
        }
    }
}

/// Writes [`SubstitutesResponse`].
#[derive(Serialize)]
struct ShownSubstitutes<'a> {
    bom_line_id: Uuid,
    count: usize,
    substitutes: Vec<ShownSubstitute<'a>>,
}

#[derive(Object)]
struct AddSubstituteResponse {
    ok: bool,
    substitute_id: String,
    bom_line_id: String,
    substitute_item_id: String,
}

#[derive(Object)]
struct RemoveSubstituteResponse {
    ok: bool,
    substitute_id: String,
}

#[OpenApi(prefix_path = "/bom", tag = "Tag::Bom")]
impl SubstitutesApi {
    /// List substitutes
    ///
    /// The parts that may take the place of the one that a BOM line leads to.
    #[oai(path = "/:bom_line_id/substitutes", method = "get", operation_id = "list_bom_substitutes")]
    async fn list(&self, caller: OrgCaller, bom_line_id: Path<String>) -> ApiResult<Encoded<SubstitutesResponse>> {
        let (bom_line_id, links) = bom::substitutes(&caller.0, &bom_line_id).await?;
        let substitutes: Vec<ShownSubstitute> = links.iter().map(ShownSubstitute::from).collect();
        Ok(encoded(&ShownSubstitutes { bom_line_id, count: substitutes.len(), substitutes })?)
    }

    /// Add a substitute
    ///
    /// 409 where the line's parent is released: its substitutes are part of what was.
    #[oai(path = "/:bom_line_id/substitutes", method = "post", operation_id = "add_bom_substitute")]
    async fn add(
        &self,
        caller: OrgCaller,
        bom_line_id: Path<String>,
        body: Body<AddSubstituteRequest>,
    ) -> ApiResult<Json<AddSubstituteResponse>> {
        let AddSubstituteRequest { substitute_item_id, properties } = body.0;
        let values = properties.unwrap_or_default().0;
        let added = bom::add_substitute(&caller.0, &bom_line_id, &substitute_item_id, values).await?;
        Ok(Json(AddSubstituteResponse {
            ok: true,
            substitute_id: added.id.to_string(),
            bom_line_id: end_id(added.source_id),
            substitute_item_id: end_id(added.related_id),
        }))
    }

    /// Remove a substitute
    #[oai(path = "/:bom_line_id/substitutes/:substitute_id", method = "delete", operation_id = "remove_bom_substitute")]
    async fn remove(
        &self,
        caller: OrgCaller,
        bom_line_id: Path<String>,
        substitute_id: Path<String>,
    ) -> ApiResult<Json<RemoveSubstituteResponse>> {
        let removed = bom::remove_substitute(&caller.0, &bom_line_id, &substitute_id).await?;
        Ok(Json(RemoveSubstituteResponse { ok: true, substitute_id: removed.to_string() }))
    }
}
