//! What differs between two versions.

use std::collections::BTreeMap;

use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::super::Tag;
use super::file_shapes::VersionFileResponse;
use super::lines::VersionLineResponse;
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::AnyValue;
use crate::domain::file::{self, FileComparison};
use crate::domain::version::{self, Comparison, FieldChange, LineChange, Version};

pub struct CompareVersionsApi;

/// A version that is compared.
#[derive(Object)]
struct VersionSide {
    id: String,
    item_id: String,
    version_label: String,
    generation: i32,
    revision: String,
    branch_name: String,
    state: String,
    is_current: bool,
    is_released: bool,
}

impl From<Version> for VersionSide {
    fn from(version: Version) -> Self {
        Self {
            id: version.id.to_string(),
            item_id: version.item_id.to_string(),
            version_label: version.label,
            generation: version.generation,
            revision: version.revision,
            branch_name: version.branch_name,
            state: version.state,
            is_current: version.is_current,
            is_released: version.is_released,
        }
    }
}

/// A value that differs.
#[derive(Object)]
struct VersionFieldChange {
    field: String,
    /// Null where the first version has none.
    left: Option<AnyValue>,
    /// Null where the second version has none.
    right: Option<AnyValue>,
}

impl From<FieldChange> for VersionFieldChange {
    fn from(change: FieldChange) -> Self {
        Self { field: change.field, left: change.left.map(AnyValue), right: change.right.map(AnyValue) }
    }
}

/// The properties that differ.
#[derive(Object, Default)]
struct VersionPropertyChanges {
    /// That the second version has and the first has not, by name.
    added: BTreeMap<String, AnyValue>,
    /// That the first version has and the second has not, by name.
    removed: BTreeMap<String, AnyValue>,
    changed: Vec<VersionFieldChange>,
}

impl From<Vec<FieldChange>> for VersionPropertyChanges {
    fn from(changes: Vec<FieldChange>) -> Self {
        let mut found = Self::default();
        for change in changes {
            match (change.left.is_some(), change.right) {
                (false, Some(right)) => {
                    found.added.insert(change.field, AnyValue(right));
                }
                (true, None) => {
                    found.removed.insert(change.field, AnyValue(change.left.unwrap_or_default()));
                }
                (_, right) => found.changed.push(FieldChange { right, ..change }.into()),
            }
        }
        found
    }
}

/// A line whose values differ, as it is in the second version.
#[derive(Object)]
struct ChangedVersionLine {
    #[oai(flatten)]
    line: VersionLineResponse,
    changes: Vec<VersionFieldChange>,
}

impl From<LineChange> for ChangedVersionLine {
    fn from(LineChange { line, changes }: LineChange) -> Self {
        Self { line: line.into(), changes: changes.into_iter().map(VersionFieldChange::from).collect() }
    }
}

/// The lines that differ: a line is known by its id.
#[derive(Object)]
struct VersionLineChanges {
    added: Vec<VersionLineResponse>,
    removed: Vec<VersionLineResponse>,
    changed: Vec<ChangedVersionLine>,
}

/// The files that differ: a file is known by its id and role.
#[derive(Object)]
struct VersionFileChanges {
    added: Vec<VersionFileResponse>,
    removed: Vec<VersionFileResponse>,
    /// That are the primary one or have another place, as in the second version.
    changed: Vec<VersionFileResponse>,
}

impl From<FileComparison> for VersionFileChanges {
    fn from(found: FileComparison) -> Self {
        let shown = |files: Vec<_>| files.into_iter().map(VersionFileResponse::from).collect();
        Self { added: shown(found.added), removed: shown(found.removed), changed: shown(found.changed) }
    }
}

/// What the second version has more, less, or otherwise than the first.
#[derive(Object)]
struct VersionComparison {
    version_a: VersionSide,
    version_b: VersionSide,
    properties: VersionPropertyChanges,
    lines: VersionLineChanges,
    files: VersionFileChanges,
}

impl VersionComparison {
    fn new(found: Comparison, files: FileComparison) -> Self {
        let lines = |lines: Vec<_>| lines.into_iter().map(VersionLineResponse::from).collect();
        Self {
            version_a: found.left.into(),
            version_b: found.right.into(),
            properties: found.properties.into(),
            lines: VersionLineChanges {
                added: lines(found.lines_added),
                removed: lines(found.lines_removed),
                changed: found.lines_changed.into_iter().map(ChangedVersionLine::from).collect(),
            },
            files: files.into(),
        }
    }
}

#[OpenApi(prefix_path = "/versions", tag = "Tag::Versions")]
impl CompareVersionsApi {
    /// Compare two versions of an item
    ///
    /// What `v2` has more, less, or otherwise than `v1`. A version that is current and not released is as its item is now.
    #[oai(path = "/compare", method = "get", operation_id = "compare_versions")]
    async fn compare(
        &self,
        caller: OrgCaller,
        v1: Query<String>,
        v2: Query<String>,
    ) -> ApiResult<Json<VersionComparison>> {
        let found = version::compare_versions(&caller.0, &v1, &v2).await?;
        let files = file::compare_version_files(&caller.0, &v1, &v2).await?;
        Ok(Json(VersionComparison::new(found, files)))
    }
}
