//! The steps that an item has taken, by its id alone.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::Time;
use crate::domain::meta::{self, Taken};

pub struct TransitionHistoryApi;

/// A step that an item has taken.
#[derive(Object)]
struct TransitionEntry {
    id: String,
    /// The step: submit, release, revise.
    action: String,
    from_state: String,
    to_state: String,
    comment: Option<String>,
    /// `user`, or the part of the program that acted.
    actor_kind: String,
    actor_id: Option<i64>,
    occurred_at: Time,
}

impl From<Taken> for TransitionEntry {
    fn from(taken: Taken) -> Self {
        Self {
            id: taken.id.to_string(),
            action: taken.action,
            from_state: taken.from_state,
            to_state: taken.to_state,
            comment: taken.comment,
            actor_kind: taken.actor_kind,
            actor_id: taken.actor_id,
            occurred_at: taken.occurred_at.into(),
        }
    }
}

#[derive(Object)]
struct TransitionEntries {
    /// The newest first.
    items: Vec<TransitionEntry>,
    count: u64,
}

#[OpenApi(prefix_path = "/items", tag = "Tag::Aml")]
impl TransitionHistoryApi {
    /// List transitions
    ///
    /// The steps of its lifecycle that an item of any type has taken.
    #[oai(path = "/:item_id/transition-history", method = "get", operation_id = "get_transition_history")]
    async fn list(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// 1 to 500; 500 unless it is given.
        limit: Query<Option<u64>>,
    ) -> ApiResult<Json<TransitionEntries>> {
        let taken = meta::transitions_of(&caller.0, &item_id, limit.0).await?;
        let items: Vec<TransitionEntry> = taken.into_iter().map(TransitionEntry::from).collect();
        Ok(Json(TransitionEntries { count: items.len() as u64, items }))
    }
}
