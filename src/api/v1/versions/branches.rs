//! Drafts beside the current version, and merges.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;
use uuid::Uuid;

use super::super::Tag;
use super::shapes::VersionResponse;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::AnyValue;
use crate::domain::version::merge::{Choice, Resolution};
use crate::domain::version::{self, MergedVersion, NewBranch, NewMerge};
use crate::error::{Error, Result};

pub struct BranchesApi;

#[derive(Object, Deserialize)]
struct VersionBranchRequest {
    /// Any version of the item.
    source_version_id: String,
    /// At most 100 letters, digits, -, _ and .
    branch_name: String,
}

/// Whose is taken: that of the version that is merged, of the one that it is merged into, or what both began from.
#[derive(Enum, Deserialize, Clone, Copy)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum MergeSide {
    Source,
    Target,
    Base,
}

/// A decision about a property of the item (`field`), a line (`line`), or a field of a line (both).
#[derive(Object, Deserialize)]
struct VersionMergeResolution {
    /// The id of a line.
    line: Option<String>,
    /// The name of a property.
    field: Option<String>,
    take: Option<MergeSide>,
    /// A value of its own in the place of `take`, of single fields; `null` removes.
    #[serde(default)]
    value: MaybeUndefined<AnyValue>,
}

impl VersionMergeResolution {
    fn read(self, index: usize) -> Result<Resolution> {
        let index = index.to_string();
        let refuse = |field: &str, message: &str| {
            Error::invalid_field("value_error", &["body", "resolutions", &index, field], message)
        };
        let line =
            self.line.map(|line| Uuid::parse_str(&line).map_err(|_| refuse("line", "Expected the id of a line")));
        let line = line.transpose()?;
        if line.is_none() && self.field.is_none() {
            return Err(refuse("field", "Name a property, a line, or a field of a line"));
        }
        let choice = match (self.take, self.value) {
            (Some(MergeSide::Source), MaybeUndefined::Undefined) => Choice::Theirs,
            (Some(MergeSide::Target), MaybeUndefined::Undefined) => Choice::Ours,
            (Some(MergeSide::Base), MaybeUndefined::Undefined) => Choice::Base,
            (None, MaybeUndefined::Null) if self.field.is_some() => Choice::Value(serde_json::Value::Null),
            (None, MaybeUndefined::Value(value)) if self.field.is_some() => Choice::Value(value.0),
            (None, MaybeUndefined::Undefined) => return Err(refuse("take", "Give either take or value")),
            (None, _) => return Err(refuse("value", "A line as a whole is taken from one of the versions")),
            (Some(_), _) => return Err(refuse("value", "Give either take or value")),
        };
        Ok(Resolution { line, field: self.field, choice })
    }
}

#[derive(Object, Deserialize)]
struct VersionMergeRequest {
    /// What is merged: a draft beside the current version, or one that is released.
    source_version_id: String,
    /// What it is merged into: the current version, or a draft beside it.
    target_version_id: String,
    /// Decisions about conflicts.
    resolutions: Option<Vec<VersionMergeResolution>>,
    /// At most 2,000 characters, for the history.
    comment: Option<String>,
}

impl VersionMergeRequest {
    fn read(self) -> Result<NewMerge> {
        let given = self.resolutions.unwrap_or_default().into_iter().enumerate();
        Ok(NewMerge {
            source_version_id: self.source_version_id,
            target_version_id: self.target_version_id,
            resolutions: given.map(|(index, resolution)| resolution.read(index)).collect::<Result<_>>()?,
            comment: self.comment,
        })
    }
}

/// How much a merge changed.
#[derive(Object)]
struct VersionMergeCounts {
    properties: u64,
    lines_added: u64,
    lines_changed: u64,
    lines_removed: u64,
}

/// The version that took another in.
#[derive(Object)]
struct VersionMergeResponse {
    #[oai(flatten)]
    version: VersionResponse,
    source_version_id: String,
    changed: VersionMergeCounts,
}

impl VersionMergeResponse {
    fn new(version: VersionResponse, source: Uuid, changed: version::Changed) -> Self {
        Self {
            version,
            source_version_id: source.to_string(),
            changed: VersionMergeCounts {
                properties: changed.properties as u64,
                lines_added: changed.lines_added as u64,
                lines_changed: changed.lines_changed as u64,
                lines_removed: changed.lines_removed as u64,
            },
        }
    }
}

#[OpenApi(prefix_path = "/versions/items", tag = "Tag::Versions")]
impl BranchesApi {
    /// Branch from a version
    ///
    /// Makes a draft beside the current version, `1.A-name`, which begins as any version of the item is now. It has
    /// properties, lines and files of its own: the item stays as it is. 409 `BRANCH_EXISTS` for a name that the item has.
    #[oai(path = "/:item_id/branch", method = "post", operation_id = "branch_version")]
    async fn branch(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: Body<VersionBranchRequest>,
    ) -> ApiResult<Json<VersionResponse>> {
        let VersionBranchRequest { source_version_id, branch_name: name } = body.0;
        let version = version::branch(&caller.0, &item_id, NewBranch { source_version_id, name }).await?;
        Ok(Json(VersionResponse::of(&caller.0, version).await?))
    }

    /// Merge a version into another
    ///
    /// Takes what was changed in the source since both were one: property by property, line by line, field by field of a
    /// line. What was changed in both, each in its own way, is 409 `MERGE_CONFLICT` with the values of either and of their
    /// common beginning, and nothing is written; `resolutions` decide. Into the current version, the item and its lines
    /// change in one transaction, as by an update. Files stay with their versions. A draft that was merged does not change any
    /// more.
    #[oai(path = "/:item_id/merge", method = "post", operation_id = "merge_versions")]
    async fn merge(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: Body<VersionMergeRequest>,
    ) -> ApiResult<Json<VersionMergeResponse>> {
        let MergedVersion { target, source, changed } =
            version::merge_versions(&caller.0, &item_id, body.0.read()?).await?;
        let target = VersionResponse::of(&caller.0, target).await?;
        Ok(Json(VersionMergeResponse::new(target, source.id, changed)))
    }
}
