//! How revisions are called.

use std::cmp::Ordering;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::domain::meta::{self, NewScheme, RevisionScheme, Scheme, SchemeType};

pub struct RevisionSchemesApi;

/// `letter`: A to Z, then AA. `number`: from 1. `hybrid`: A1 to A99, then B1.
#[derive(Enum, Deserialize, Clone, Copy, Default)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum SchemeKind {
    #[default]
    Letter,
    Number,
    Hybrid,
}

impl From<SchemeKind> for SchemeType {
    fn from(kind: SchemeKind) -> Self {
        match kind {
            SchemeKind::Letter => Self::Letter,
            SchemeKind::Number => Self::Number,
            SchemeKind::Hybrid => Self::Hybrid,
        }
    }
}

impl From<SchemeType> for SchemeKind {
    fn from(kind: SchemeType) -> Self {
        match kind {
            SchemeType::Letter => Self::Letter,
            SchemeType::Number => Self::Number,
            SchemeType::Hybrid => Self::Hybrid,
        }
    }
}

#[derive(Object, Deserialize)]
struct RevisionSchemeRequest {
    /// At most 100 characters.
    name: String,
    #[oai(default)]
    #[serde(default)]
    scheme_type: SchemeKind,
    /// How the first version is called; without one the first of the scheme: A, 1 or A1.
    initial_revision: Option<String>,
    /// For items of this type; without one for those of all.
    item_type_id: Option<String>,
    /// Takes the place of the default there was, of the type or of all.
    #[oai(default)]
    #[serde(default)]
    is_default: bool,
    /// At most 2,000 characters.
    description: Option<String>,
    /// Letters that no revision has, such as I, O, Q, S, X and Z.
    skip: Option<Vec<String>>,
}

impl From<RevisionSchemeRequest> for NewScheme {
    fn from(given: RevisionSchemeRequest) -> Self {
        Self {
            name: given.name,
            kind: given.scheme_type.into(),
            initial_revision: given.initial_revision,
            item_type_id: given.item_type_id,
            is_default: given.is_default,
            description: given.description,
            skip: given.skip.unwrap_or_default(),
        }
    }
}

fn letters(scheme: &Scheme) -> Vec<String> {
    scheme.skip.chars().map(String::from).collect()
}

/// A revision scheme.
#[derive(Object)]
struct RevisionSchemeResponse {
    id: String,
    name: String,
    scheme_type: SchemeKind,
    initial_revision: String,
    item_type_id: Option<String>,
    is_default: bool,
    description: Option<String>,
    /// Letters that no revision has.
    skip: Vec<String>,
}

impl From<RevisionScheme> for RevisionSchemeResponse {
    fn from(kept: RevisionScheme) -> Self {
        Self {
            id: kept.id.to_string(),
            name: kept.name,
            scheme_type: kept.scheme.kind.into(),
            skip: letters(&kept.scheme),
            initial_revision: kept.scheme.initial,
            item_type_id: kept.item_type_id,
            is_default: kept.is_default,
            description: kept.description,
        }
    }
}

/// The scheme that revisions of items of a type go by.
#[derive(Object)]
struct TypeSchemeResponse {
    /// None where the type itself says it.
    id: Option<String>,
    name: Option<String>,
    scheme_type: SchemeKind,
    initial_revision: String,
    /// Of a scheme that is for this type alone.
    item_type_id: Option<String>,
    is_default: bool,
    description: Option<String>,
    skip: Vec<String>,
}

impl From<(Scheme, Option<RevisionScheme>)> for TypeSchemeResponse {
    fn from((scheme, kept): (Scheme, Option<RevisionScheme>)) -> Self {
        Self {
            id: kept.as_ref().map(|kept| kept.id.to_string()),
            name: kept.as_ref().map(|kept| kept.name.clone()),
            scheme_type: scheme.kind.into(),
            skip: letters(&scheme),
            initial_revision: scheme.initial,
            item_type_id: kept.as_ref().and_then(|kept| kept.item_type_id.clone()),
            is_default: kept.as_ref().is_some_and(|kept| kept.is_default),
            description: kept.and_then(|kept| kept.description),
        }
    }
}

#[derive(Object)]
struct NextRevision {
    current: String,
    next: String,
    scheme: SchemeKind,
}

#[derive(Object)]
struct ParsedRevision {
    /// letter, number, hybrid or unknown.
    scheme: String,
    /// The place among all names of the scheme, from 1; 0 where it is unknown.
    value: u64,
}

#[derive(Object)]
struct RevisionOrder {
    rev_a: String,
    rev_b: String,
    /// -1, 0 or 1.
    comparison: i32,
    /// `a < b`, `a = b` or `a > b`.
    description: String,
}

#[OpenApi(prefix_path = "/versions", tag = "Tag::Versions")]
impl RevisionSchemesApi {
    /// List the revision schemes
    ///
    /// The oldest first.
    #[oai(path = "/schemes", method = "get", operation_id = "list_revision_schemes")]
    async fn list(&self, caller: OrgCaller) -> ApiResult<Json<Vec<RevisionSchemeResponse>>> {
        let schemes = meta::list_schemes(&caller.0).await?;
        Ok(Json(schemes.into_iter().map(RevisionSchemeResponse::from).collect()))
    }

    /// Add a revision scheme
    ///
    /// For administrators. First versions and revisions from now on go by it: a scheme of the item's type (the newest, or
    /// that marked as default) before the default of all, and that before `revision_scheme` of the type.
    #[oai(path = "/schemes", method = "post", operation_id = "add_revision_scheme")]
    async fn add(
        &self,
        caller: OrgCaller,
        body: Body<RevisionSchemeRequest>,
    ) -> ApiResult<Json<RevisionSchemeResponse>> {
        Ok(Json(meta::add_scheme(&caller.0, body.0.into()).await?.into()))
    }

    /// Get the revision scheme of an item type
    #[oai(path = "/schemes/for-type/:item_type_id", method = "get", operation_id = "get_type_revision_scheme")]
    async fn for_type(&self, caller: OrgCaller, item_type_id: Path<String>) -> ApiResult<Json<TypeSchemeResponse>> {
        Ok(Json(meta::scheme_for_type(&caller.0, &item_type_id).await?.into()))
    }

    /// Get the revision after another
    #[oai(path = "/revision/next", method = "get", operation_id = "next_revision")]
    async fn next(
        &self,
        _caller: OrgCaller,
        current: Query<String>,
        #[oai(default)] scheme: Query<SchemeKind>,
    ) -> ApiResult<Json<NextRevision>> {
        let next = meta::next_revision(&current, scheme.0.into())?;
        Ok(Json(NextRevision { current: current.0, next, scheme: scheme.0 }))
    }

    /// Read the name of a revision
    #[oai(path = "/revision/parse", method = "get", operation_id = "parse_revision")]
    async fn parse(&self, _caller: OrgCaller, revision: Query<String>) -> ApiResult<Json<ParsedRevision>> {
        let read = meta::read_revision(&revision);
        let scheme = read.scheme.map_or("unknown", SchemeType::as_str).to_owned();
        Ok(Json(ParsedRevision { scheme, value: read.value }))
    }

    /// Compare the names of two revisions
    ///
    /// By their places where both are of one scheme, else as a person orders texts.
    #[oai(path = "/revision/compare", method = "get", operation_id = "compare_revisions")]
    async fn compare(
        &self,
        _caller: OrgCaller,
        rev_a: Query<String>,
        rev_b: Query<String>,
    ) -> ApiResult<Json<RevisionOrder>> {
        let (comparison, sign) = match meta::compare_revisions(&rev_a, &rev_b) {
            Ordering::Less => (-1, '<'),
            Ordering::Equal => (0, '='),
            Ordering::Greater => (1, '>'),
        };
        let description = format!("a {sign} b");
        Ok(Json(RevisionOrder { rev_a: rev_a.0, rev_b: rev_b.0, comparison, description }))
    }
}
