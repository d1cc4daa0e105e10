//! Manufacturing structures made of engineering ones.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::Tag;
use super::item::{Tree, TreeNode};
use super::item_fields::encoded;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::Encoded;
use crate::domain::bom::{self, BomTree, Converted, TreeQuery};

pub struct MbomApi;

#[derive(Object, Deserialize)]
struct ConvertRequest {
    /// A part.
    root_id: String,
}

#[derive(Object)]
struct ConvertResponse {
    ok: bool,
    source_root_id: String,
    mbom_root_id: String,
    mbom_root_type: String,
    mbom_root_config_id: String,
    /// False where the part had been converted before: the answer names what came of it then, unchanged.
    created: bool,
    parts_created: u64,
    lines_created: u64,
}

impl From<Converted> for ConvertResponse {
    fn from(converted: Converted) -> Self {
        Self {
            ok: true,
            source_root_id: converted.source.to_string(),
            mbom_root_id: converted.root.id.to_string(),
            mbom_root_type: converted.root.item_type,
            mbom_root_config_id: converted.root.config_id.to_string(),
            created: converted.created,
            parts_created: converted.parts_created as u64,
            lines_created: converted.lines_created as u64,
        }
    }
}

fn ten() -> i32 {
    10
}

#[OpenApi(prefix_path = "/bom", tag = "Tag::Bom")]
impl MbomApi {
    /// Convert an engineering BOM
    ///
    /// Makes manufacturing parts (`MBOM-` and the part's number) and lines of a part's whole structure, each part once. What
    /// was converted before is used as it is; of a root that was, nothing is made and the answer names the existing one.
    #[oai(path = "/convert/ebom-to-mbom", method = "post", operation_id = "convert_ebom_to_mbom")]
    async fn convert(&self, caller: OrgCaller, body: Body<ConvertRequest>) -> ApiResult<Json<ConvertResponse>> {
        Ok(Json(bom::convert_to_mbom(&caller.0, &body.0.root_id).await?.into()))
    }

    /// Read a manufacturing tree
    #[oai(path = "/mbom/:parent_id/tree", method = "get", operation_id = "get_mbom_tree")]
    async fn tree(
        &self,
        caller: OrgCaller,
        parent_id: Path<String>,
        /// Levels, 0 to 100.
        #[oai(default = "ten")]
        depth: Query<i32>,
        /// Options as a JSON object: `{"Color": "Red"}`.
        config: Query<Option<String>>,
    ) -> ApiResult<Encoded<TreeNode>> {
        let request = TreeQuery { depth: depth.0, config: config.0, ..TreeQuery::default() }.all_dates()?;
        Ok(bom::mbom_tree(&caller.0, &parent_id, request, |tree: &BomTree| encoded(&Tree(tree))).await?)
    }
}
