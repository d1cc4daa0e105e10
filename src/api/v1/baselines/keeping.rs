//! Making, finding and reading baselines.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::shapes::{BaselineList, BaselineMember, BaselineMemberList, BaselineResponse, answer, list_answer};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{Encoded, yes};
use crate::api::v1::Tag;
use crate::domain::baseline::{self, BaselineFilter, Include, NewBaseline};
use crate::types::PageRequest;

pub struct BaselinesApi;

/// The most baselines of one answer, and with what they consist of.
const MOST_LISTED: u64 = 500;
const MOST_SHOWN: u64 = 20;
const MOST_MEMBERS: u64 = 1000;

#[derive(Object, Deserialize)]
struct BaselineRequest {
    /// 1 to 200 characters.
    name: String,
    /// At most 2,000 characters.
    description: Option<String>,
    /// The item whose structure is kept; or else `root_version_id`.
    root_item_id: Option<String>,
    /// A version whose structure is kept: of a released one what was released, on every level.
    root_version_id: Option<String>,
    #[oai(default = "bom")]
    #[serde(default = "bom")]
    baseline_type: String,
    #[oai(default = "product")]
    #[serde(default = "product")]
    scope: String,
    /// Given by the server where it is left out.
    baseline_number: Option<String>,
    eco_id: Option<String>,
    /// -1 (all) to 50.
    #[oai(default = "ten")]
    #[serde(default = "ten")]
    max_levels: i32,
    /// The same, and stronger.
    bom_levels: Option<i32>,
    /// ISO 8601: only lines that hold then.
    effective_at: Option<String>,
    /// The same.
    effective_date: Option<String>,
    /// Without it only the root is kept.
    include_bom: Option<bool>,
    #[oai(default)]
    #[serde(default)]
    include_substitutes: bool,
    #[oai(default)]
    #[serde(default)]
    include_effectivity: bool,
    /// Lists the files of each item as members.
    include_documents: Option<bool>,
    /// Lists each line as a member of its own.
    include_relationships: Option<bool>,
    #[oai(default = "child_config")]
    #[serde(default = "child_config")]
    line_key: String,
    /// Without it the baseline takes nothing.
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    auto_populate: bool,
    /// draft, or released at once.
    state: Option<String>,
}

fn bom() -> String {
    "bom".to_owned()
}

fn product() -> String {
    "product".to_owned()
}

fn child_config() -> String {
    "child_config".to_owned()
}

fn ten() -> i32 {
    10
}

fn fifty() -> u64 {
    50
}

fn two_hundred() -> u64 {
    200
}

impl From<BaselineRequest> for NewBaseline {
    fn from(new: BaselineRequest) -> Self {
        Self {
            name: new.name,
            description: new.description,
            root_item_id: new.root_item_id,
            root_version_id: new.root_version_id,
            baseline_type: new.baseline_type,
            scope: new.scope,
            number: new.baseline_number,
            eco_id: new.eco_id,
            max_levels: new.bom_levels.unwrap_or(new.max_levels),
            effective_at: new.effective_at.or(new.effective_date),
            include: Include {
                bom: new.include_bom.unwrap_or(true),
                substitutes: new.include_substitutes,
                effectivity: new.include_effectivity,
                documents: new.include_documents.unwrap_or(false),
                relationships: new.include_relationships.unwrap_or(false),
            },
            line_key: new.line_key,
            auto_populate: new.auto_populate,
            state: new.state,
        }
    }
}

#[OpenApi(prefix_path = "/baselines", tag = "Tag::Baselines")]
impl BaselinesApi {
    /// Make a baseline
    ///
    /// Keeps what an item or a version of one consists of, as it is at this moment. Nothing changes it afterwards.
    #[oai(path = "/", method = "post", operation_id = "create_baseline")]
    async fn create(&self, caller: OrgCaller, body: Body<BaselineRequest>) -> ApiResult<Encoded<BaselineResponse>> {
        let made = baseline::create(&caller.0, body.0.into()).await?;
        Ok(answer(&caller.0, made, true).await?)
    }

    /// List baselines
    ///
    /// The newest first; those whose roots the caller may read.
    #[oai(path = "/", method = "get", operation_id = "list_baselines")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn list(
        &self,
        caller: OrgCaller,
        root_item_id: Query<Option<String>>,
        root_version_id: Query<Option<String>>,
        created_by_id: Query<Option<i64>>,
        #[oai(validator(max_length = 50))] baseline_type: Query<Option<String>>,
        #[oai(validator(max_length = 50))] scope: Query<Option<String>>,
        #[oai(validator(max_length = 50))] state: Query<Option<String>>,
        /// ISO 8601, of `effective_at`.
        effective_from: Query<Option<String>>,
        effective_to: Query<Option<String>>,
        /// At most 500; with snapshots at most 20.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "500")))]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
        #[oai(default)] include_snapshot: Query<bool>,
    ) -> ApiResult<Encoded<BaselineList>> {
        let filter = BaselineFilter {
            root_item_id: root_item_id.0,
            root_version_id: root_version_id.0,
            created_by_id: created_by_id.0,
            baseline_type: baseline_type.0,
            scope: scope.0,
            state: state.0,
            effective_from: effective_from.0,
            effective_to: effective_to.0,
        };
        let most = if include_snapshot.0 { MOST_SHOWN } else { MOST_LISTED };
        let found = baseline::list(&caller.0, filter, PageRequest::new(limit.0, offset.0, most)?).await?;
        Ok(list_answer(&caller.0, found.total, found.items, include_snapshot.0).await?)
    }

    /// Find the baseline that holds at a date
    ///
    /// Of the released ones of an item the latest, by the date that it is effective at or else that of its release.
    #[oai(path = "/effective", method = "get", operation_id = "get_effective_baseline")]
    async fn effective(
        &self,
        caller: OrgCaller,
        root_item_id: Query<String>,
        /// ISO 8601.
        target_date: Query<String>,
        baseline_type: Query<Option<String>>,
        #[oai(default)] include_snapshot: Query<bool>,
    ) -> ApiResult<Encoded<BaselineResponse>> {
        let found = baseline::effective(&caller.0, &root_item_id, &target_date, baseline_type.0.as_deref()).await?;
        Ok(answer(&caller.0, found, include_snapshot.0).await?)
    }

    /// Get a baseline
    #[oai(path = "/:baseline_id", method = "get", operation_id = "get_baseline")]
    async fn get(
        &self,
        caller: OrgCaller,
        baseline_id: Path<String>,
        #[oai(default = "yes")] include_snapshot: Query<bool>,
    ) -> ApiResult<Encoded<BaselineResponse>> {
        let found = baseline::get(&caller.0, &baseline_id).await?;
        Ok(answer(&caller.0, found, include_snapshot.0).await?)
    }

    /// List what a baseline holds
    ///
    /// The root, then level by level each line once with the item that it leads to.
    #[oai(path = "/:baseline_id/members", method = "get", operation_id = "list_baseline_members")]
    async fn members(
        &self,
        caller: OrgCaller,
        baseline_id: Path<String>,
        #[oai(default = "two_hundred", validator(minimum(value = "1"), maximum(value = "1000")))] limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<BaselineMemberList>> {
        let page = PageRequest::new(limit.0, offset.0, MOST_MEMBERS)?;
        let found = baseline::members(&caller.0, &baseline_id, page).await?;
        let items = found.items.iter().map(BaselineMember::of).collect();
        Ok(Json(BaselineMemberList { total: found.total, items }))
    }
}
