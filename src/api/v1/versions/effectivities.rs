//! When versions, items and lines are used.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use super::shapes::VersionResponse;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, Time};
use crate::domain::version::{self, Effectivity, EffectivityChange, EffectivityKind, NewEffectivity};
use crate::types::PageRequest;

/// The most effectivities of one answer.
const MAX_PAGE: u64 = 1000;

pub struct EffectivitiesApi;

fn page_size() -> u64 {
    MAX_PAGE
}

/// It is done.
#[derive(Object)]
pub struct VersionDone {
    ok: bool,
}

impl VersionDone {
    pub fn ok() -> Self {
        Self { ok: true }
    }
}

#[derive(Enum, Deserialize, Clone, Copy, Default)]
enum EffectivityType {
    #[default]
    Date,
    Lot,
    Serial,
    Unit,
}

impl From<EffectivityType> for EffectivityKind {
    fn from(kind: EffectivityType) -> Self {
        match kind {
            EffectivityType::Date => Self::Date,
            EffectivityType::Lot => Self::Lot,
            EffectivityType::Serial => Self::Serial,
            EffectivityType::Unit => Self::Unit,
        }
    }
}

/// Of an item or line, or of a version.
#[derive(Object, Deserialize)]
struct EffectivityRequest {
    item_id: Option<String>,
    version_id: Option<String>,
    #[oai(default)]
    #[serde(default)]
    effectivity_type: EffectivityType,
    /// ISO 8601; without an offset it is UTC. Of the type `Date` only.
    start_date: Option<String>,
    /// Included.
    end_date: Option<String>,
    /// Of the other types a range (`lot_start`, `lot_end`) or a list (`lots`), and so for `serial` and `unit`.
    payload: Option<FreeObject>,
}

impl From<EffectivityRequest> for NewEffectivity {
    fn from(given: EffectivityRequest) -> Self {
        Self {
            item_id: given.item_id,
            version_id: given.version_id,
            kind: given.effectivity_type.into(),
            start: given.start_date,
            end: given.end_date,
            payload: given.payload.unwrap_or_default().0,
        }
    }
}

#[derive(Object, Deserialize)]
struct VersionEffectivityRequest {
    /// ISO 8601; without an offset it is UTC.
    start_date: String,
    /// Included.
    end_date: Option<String>,
}

/// `null` takes an end away; what is left out stays.
#[derive(Object, Deserialize)]
struct EffectivityChangeRequest {
    #[serde(default)]
    start_date: MaybeUndefined<String>,
    /// Included.
    #[serde(default)]
    end_date: MaybeUndefined<String>,
}

impl From<EffectivityChangeRequest> for EffectivityChange {
    fn from(given: EffectivityChangeRequest) -> Self {
        Self { start: given.start_date.into(), end: given.end_date.into() }
    }
}

/// When something is used.
#[derive(Object)]
struct EffectivityResponse {
    id: String,
    item_id: Option<String>,
    version_id: Option<String>,
    /// Date, Lot, Serial or Unit.
    effectivity_type: String,
    start_date: Option<Time>,
    /// Included.
    end_date: Option<Time>,
    payload: FreeObject,
    created_at: Time,
    created_by_id: Option<i64>,
}

impl From<Effectivity> for EffectivityResponse {
    fn from(found: Effectivity) -> Self {
        Self {
            id: found.id.to_string(),
            item_id: found.item_id.map(|id| id.to_string()),
            version_id: found.version_id.map(|id| id.to_string()),
            effectivity_type: found.kind,
            start_date: found.start.map(Time::from),
            end_date: found.end.map(Time::from),
            payload: FreeObject(found.payload),
            created_at: found.created_at.into(),
            created_by_id: found.created_by_id,
        }
    }
}

#[OpenApi(tag = "Tag::Versions")]
impl EffectivitiesApi {
    /// Say when an item, a line or a version is used
    ///
    /// By date, lot, serial number or unit. That of a released version can be said, too.
    #[oai(path = "/effectivities", method = "post", operation_id = "add_effectivity")]
    async fn add(&self, caller: OrgCaller, body: Body<EffectivityRequest>) -> ApiResult<Json<EffectivityResponse>> {
        Ok(Json(version::add_effectivity(&caller.0, body.0.into()).await?.into()))
    }

    /// List the effectivities of an item or line
    ///
    /// The oldest first.
    #[oai(path = "/effectivities/items/:item_id", method = "get", operation_id = "list_item_effectivities")]
    async fn of_item(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// At most 1,000.
        #[oai(default = "page_size")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<Vec<EffectivityResponse>>> {
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        let found = version::effectivities_of_item(&caller.0, &item_id, page).await?;
        Ok(Json(found.into_iter().map(EffectivityResponse::from).collect()))
    }

    /// List the effectivities of a version
    ///
    /// The oldest first.
    #[oai(path = "/effectivities/versions/:version_id", method = "get", operation_id = "list_version_effectivities")]
    async fn of_version(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        /// At most 1,000.
        #[oai(default = "page_size")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<Vec<EffectivityResponse>>> {
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        let found = version::effectivities_of_version(&caller.0, &version_id, page).await?;
        Ok(Json(found.into_iter().map(EffectivityResponse::from).collect()))
    }

    /// Get an effectivity
    #[oai(path = "/effectivities/:effectivity_id", method = "get", operation_id = "get_effectivity")]
    async fn get(&self, caller: OrgCaller, effectivity_id: Path<String>) -> ApiResult<Json<EffectivityResponse>> {
        Ok(Json(version::get_effectivity(&caller.0, &effectivity_id).await?.into()))
    }

    /// Change the dates of an effectivity
    ///
    /// Where it records the dates of a line, these change.
    #[oai(path = "/effectivities/:effectivity_id", method = "patch", operation_id = "change_effectivity")]
    async fn change(
        &self,
        caller: OrgCaller,
        effectivity_id: Path<String>,
        body: Body<EffectivityChangeRequest>,
    ) -> ApiResult<Json<EffectivityResponse>> {
        Ok(Json(version::change_effectivity(&caller.0, &effectivity_id, body.0.into()).await?.into()))
    }

    /// Delete an effectivity
    #[oai(path = "/effectivities/:effectivity_id", method = "delete", operation_id = "delete_effectivity")]
    async fn delete(&self, caller: OrgCaller, effectivity_id: Path<String>) -> ApiResult<Json<VersionDone>> {
        version::delete_effectivity(&caller.0, &effectivity_id).await?;
        Ok(Json(VersionDone::ok()))
    }

    /// Say from when and until when a version is used
    #[oai(path = "/versions/:version_id/effectivity", method = "post", operation_id = "add_version_effectivity")]
    async fn add_to_version(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        body: Body<VersionEffectivityRequest>,
    ) -> ApiResult<Json<EffectivityResponse>> {
        let VersionEffectivityRequest { start_date, end_date: end } = body.0;
        let (version_id, start) = (Some(version_id.0), Some(start_date));
        let new = NewEffectivity { version_id, start, end, ..NewEffectivity::default() };
        Ok(Json(version::add_effectivity(&caller.0, new).await?.into()))
    }

    /// Get the version of an item that is in force
    ///
    /// Of the released versions whose effectivities cover the date, or that were released before it and have none, the one
    /// released last; else the current version while it is not released. 404 where there is none.
    #[oai(path = "/versions/items/:item_id/effective", method = "get", operation_id = "get_effective_version")]
    async fn effective(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// ISO 8601; without one it is now.
        date: Query<Option<String>>,
        /// The same, as some clients call it.
        target_date: Query<Option<String>>,
    ) -> ApiResult<Json<VersionResponse>> {
        let date = date.0.or(target_date.0);
        let version = version::effective_version(&caller.0, &item_id, date.as_deref()).await?;
        Ok(Json(VersionResponse::of(&caller.0, version).await?))
    }
}
