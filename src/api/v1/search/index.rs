//! How the index stands, and making it anew.

use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::Time;
use crate::api::v1::Tag;
use crate::domain::search::{self, DEFAULT_BATCH, IndexStatus, Indexes, Kind, MOST_IN_BATCH, RebuildStatus, Reindex};
use crate::error::{Error, Result};

pub struct SearchIndexApi;

/// The index is part of the tenant's database.
const ENGINE: &str = "db";

#[derive(Object)]
struct RebuildResponse {
    indexed: u64,
    total: u64,
    started_at: Time,
    /// None while it goes on.
    finished_at: Option<Time>,
}

impl From<RebuildStatus> for RebuildResponse {
    fn from(rebuild: RebuildStatus) -> Self {
        Self {
            indexed: rebuild.indexed,
            total: rebuild.total,
            started_at: rebuild.started_at.into(),
            finished_at: rebuild.finished_at.map(Time::from),
        }
    }
}

#[derive(Object)]
struct StatusResponse {
    engine: String,
    /// `fts5` or `tsvector`.
    fulltext: String,
    enabled: bool,
    index: String,
    index_exists: bool,
    /// Counts are told to administrators only.
    documents: Option<u64>,
    /// Changes that have not come to the index yet.
    pending: Option<u64>,
    /// The latest rebuilding.
    rebuild: Option<RebuildResponse>,
}

impl From<IndexStatus> for StatusResponse {
    fn from(status: IndexStatus) -> Self {
        Self {
            engine: ENGINE.to_owned(),
            fulltext: status.means.to_owned(),
            enabled: status.enabled,
            index: status.index.to_owned(),
            index_exists: status.enabled,
            documents: status.documents,
            pending: status.pending,
            rebuild: status.rebuild.map(RebuildResponse::from),
        }
    }
}

fn default_batch() -> u64 {
    DEFAULT_BATCH
}

#[derive(Object, Deserialize)]
struct ReindexRequest {
    /// Only items of this type.
    item_type_id: Option<String>,
    /// Empties the index first; until it is done, searches find only what is indexed again. Not needed to repair it.
    #[oai(default)]
    #[serde(default)]
    reset: bool,
    /// No more than so many.
    #[oai(validator(minimum(value = "1")))]
    limit: Option<u64>,
    /// How many in one transaction, 1 to 2,000.
    #[oai(default = "default_batch", validator(minimum(value = "1"), maximum(value = "2000")))]
    #[serde(default = "default_batch")]
    batch_size: u64,
    /// As a job. More than 5,000 always are one.
    #[oai(default)]
    #[serde(default)]
    background: bool,
}

#[derive(Object, Deserialize)]
struct EcoReindexRequest {
    /// Only those in this state.
    state: Option<String>,
    #[oai(default)]
    #[serde(default)]
    reset: bool,
    #[oai(validator(minimum(value = "1")))]
    limit: Option<u64>,
    #[oai(default = "default_batch", validator(minimum(value = "1"), maximum(value = "2000")))]
    #[serde(default = "default_batch")]
    batch_size: u64,
    #[oai(default)]
    #[serde(default)]
    background: bool,
}

/// The bounds that the document promises.
fn checked(asked: Reindex) -> Result<Reindex> {
    if asked.limit == Some(0) {
        return Err(Error::invalid_field("greater_than_equal", &["body", "limit"], "At least 1"));
    }
    if !(1..=MOST_IN_BATCH).contains(&asked.batch) {
        let message = format!("Between 1 and {MOST_IN_BATCH}");
        return Err(Error::invalid_field("value_error", &["body", "batch_size"], message));
    }
    Ok(asked)
}

#[derive(Object)]
struct ReindexResponse {
    ok: bool,
    engine: String,
    index: String,
    /// So far: 0 where a job does it.
    indexed: u64,
    reset: bool,
    item_type_id: Option<String>,
    note: String,
    job_id: Option<String>,
}

#[derive(Object)]
struct EcoReindexResponse {
    ok: bool,
    engine: String,
    index: String,
    indexed: u64,
    reset: bool,
    state: Option<String>,
    note: String,
    job_id: Option<String>,
}

fn note(job: Option<&String>) -> String {
    match job {
        Some(id) => format!("Job {id} indexes in the background; see /search/status"),
        None => "Indexed in the tenant's database".to_owned(),
    }
}

#[OpenApi(prefix_path = "/search", tag = "Tag::Search")]
impl SearchIndexApi {
    /// The state of the index of items
    #[oai(path = "/status", method = "get", operation_id = "get_search_status")]
    async fn status(&self, caller: OrgCaller) -> ApiResult<Json<StatusResponse>> {
        Ok(Json(search::status(&caller.0, &Indexes::standard(), Kind::Item).await?.into()))
    }

    /// Index items anew
    ///
    /// For administrators. The index follows every change by itself: this repairs it.
    #[oai(path = "/reindex", method = "post", operation_id = "reindex_search")]
    async fn reindex(&self, caller: OrgCaller, body: Body<ReindexRequest>) -> ApiResult<Json<ReindexResponse>> {
        let ReindexRequest { item_type_id, reset, limit, batch_size, background } = body.0;
        let asked = checked(Reindex { scope: item_type_id.clone(), reset, limit, batch: batch_size, background })?;
        let done = search::reindex(&caller.0, &Indexes::standard(), Kind::Item, asked).await?;
        let (engine, index) = (ENGINE.to_owned(), Kind::Item.index().to_owned());
        let job_id = done.job_id.map(|id| id.to_string());
        let note = note(job_id.as_ref());
        Ok(Json(ReindexResponse { ok: true, engine, index, indexed: done.indexed, reset, item_type_id, note, job_id }))
    }

    /// The state of the index of engineering change orders
    #[oai(path = "/ecos/status", method = "get", operation_id = "get_eco_search_status")]
    async fn eco_status(&self, caller: OrgCaller) -> ApiResult<Json<StatusResponse>> {
        Ok(Json(search::status(&caller.0, &Indexes::standard(), Kind::Eco).await?.into()))
    }

    /// Index engineering change orders anew
    ///
    /// For administrators.
    #[oai(path = "/ecos/reindex", method = "post", operation_id = "reindex_eco_search")]
    async fn eco_reindex(
        &self,
        caller: OrgCaller,
        body: Body<EcoReindexRequest>,
    ) -> ApiResult<Json<EcoReindexResponse>> {
        let EcoReindexRequest { state, reset, limit, batch_size, background } = body.0;
        let asked = checked(Reindex { scope: state.clone(), reset, limit, batch: batch_size, background })?;
        let done = search::reindex(&caller.0, &Indexes::standard(), Kind::Eco, asked).await?;
        let (engine, index) = (ENGINE.to_owned(), Kind::Eco.index().to_owned());
        let job_id = done.job_id.map(|id| id.to_string());
        let note = note(job_id.as_ref());
        Ok(Json(EcoReindexResponse { ok: true, engine, index, indexed: done.indexed, reset, state, note, job_id }))
    }
}
