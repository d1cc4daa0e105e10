//! One item's place in the model: whose it is, where it can go, where it has been.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Any, MaybeUndefined};
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::lifecycle_shapes::given;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::Time;
use crate::api::v1::Tag;
use crate::domain::lifecycle::Unmet;
use crate::domain::meta::{self, History, Item, ItemAccess, ItemAccessChange, NextStep, Taken};

pub struct ItemStatesApi;

#[derive(Object, Deserialize)]
struct ItemAccessRequest {
    /// The item's own permission set; `null` leaves it to its type. For administrators.
    #[serde(default)]
    permission_id: MaybeUndefined<String>,
    /// The user whose it is; the present owner may name the next one.
    #[serde(default)]
    owner_id: MaybeUndefined<i64>,
}

impl From<ItemAccessRequest> for ItemAccessChange {
    fn from(change: ItemAccessRequest) -> Self {
        Self { permission_id: given(change.permission_id), owner_id: given(change.owner_id) }
    }
}

/// Whose an item is, which permission set governs it, and what that lets the caller do.
#[derive(Object)]
struct ItemAccessResponse {
    id: String,
    #[oai(rename = "type")]
    item_type: String,
    permission_id: Option<String>,
    owner_id: Option<i64>,
    created_by_id: Option<i64>,
    effective_permission_id: String,
    /// Where that set comes from: `state`, `item`, `type` or `default`.
    governed_by: String,
    can_get: bool,
    can_update: bool,
    can_delete: bool,
    can_discover: bool,
}

impl From<ItemAccess> for ItemAccessResponse {
    fn from(access: ItemAccess) -> Self {
        Self {
            id: access.item.id.to_string(),
            item_type: access.item.item_type,
            permission_id: access.item.permission_id,
            owner_id: access.item.owner_id,
            created_by_id: access.item.created_by_id,
            effective_permission_id: access.effective_permission_id,
            governed_by: access.governed_by.to_owned(),
            can_get: access.can_get,
            can_update: access.can_update,
            can_delete: access.can_delete,
            can_discover: access.can_discover,
        }
    }
}

/// Why a step cannot be taken now.
#[derive(Object)]
struct Reason {
    /// `permission`, or the guard that is not met.
    guard: String,
    message: String,
    #[oai(skip_serializing_if_is_none)]
    details: Option<Any<Value>>,
}

impl From<Unmet> for Reason {
    fn from(unmet: Unmet) -> Self {
        let details = Some(unmet.details).filter(|details| !details.is_null()).map(Any);
        Self { guard: unmet.guard.to_owned(), message: unmet.message, details }
    }
}

#[derive(Object)]
struct NextState {
    action: String,
    state: String,
    state_id: String,
    role: Option<String>,
    is_locked: bool,
    is_released: bool,
    comment_required: bool,
    allowed: bool,
    reasons: Vec<Reason>,
}

impl From<NextStep> for NextState {
    fn from(step: NextStep) -> Self {
        Self {
            action: step.action,
            state: step.to.name,
            state_id: step.to.id.to_string(),
            role: step.role,
            is_locked: step.to.is_locked,
            is_released: step.to.is_released,
            comment_required: step.comment_required,
            allowed: step.reasons.is_empty(),
            reasons: step.reasons.into_iter().map(Reason::from).collect(),
        }
    }
}

#[derive(Object)]
struct NextStates {
    id: String,
    #[oai(rename = "type")]
    item_type: String,
    state: String,
    items: Vec<NextState>,
}

impl NextStates {
    fn new(item: Item, steps: Vec<NextStep>) -> Self {
        let items = steps.into_iter().map(NextState::from).collect();
        Self { id: item.id.to_string(), item_type: item.item_type, state: item.state, items }
    }
}

/// A step that an item has taken.
#[derive(Object)]
struct TakenTransition {
    id: String,
    action: String,
    from_state: String,
    to_state: String,
    comment: Option<String>,
    actor_kind: String,
    actor_id: Option<i64>,
    occurred_at: Time,
}

impl From<Taken> for TakenTransition {
    fn from(step: Taken) -> Self {
        Self {
            id: step.id.to_string(),
            action: step.action,
            from_state: step.from_state,
            to_state: step.to_state,
            comment: step.comment,
            actor_kind: step.actor_kind,
            actor_id: step.actor_id,
            occurred_at: step.occurred_at.into(),
        }
    }
}

#[derive(Object)]
struct TransitionHistory {
    total: u64,
    page: u64,
    page_size: u64,
    items: Vec<TakenTransition>,
}

impl From<History> for TransitionHistory {
    fn from(history: History) -> Self {
        let History { steps, total, page, page_size } = history;
        Self { total, page, page_size, items: steps.into_iter().map(TakenTransition::from).collect() }
    }
}

#[OpenApi(prefix_path = "/aml", tag = "Tag::Aml")]
impl ItemStatesApi {
    /// Get an item's access
    #[oai(path = "/:item_type/:item_id/access", method = "get", operation_id = "get_item_access")]
    async fn access(
        &self,
        caller: OrgCaller,
        item_type: Path<String>,
        item_id: Path<String>,
    ) -> ApiResult<Json<ItemAccessResponse>> {
        Ok(Json(meta::item_access(&caller.0, &item_type, &item_id).await?.into()))
    }

    /// Change an item's owner or its own permission set
    #[oai(path = "/:item_type/:item_id/access", method = "patch", operation_id = "update_item_access")]
    async fn change_access(
        &self,
        caller: OrgCaller,
        item_type: Path<String>,
        item_id: Path<String>,
        body: Body<ItemAccessRequest>,
    ) -> ApiResult<Json<ItemAccessResponse>> {
        Ok(Json(meta::change_item_access(&caller.0, &item_type, &item_id, body.0.into()).await?.into()))
    }

    /// List the states that an item can take next
    ///
    /// Also those that the caller cannot promote it to, with the reasons.
    #[oai(path = "/:item_type/:item_id/next-states", method = "get", operation_id = "list_next_states")]
    async fn next_states(
        &self,
        caller: OrgCaller,
        item_type: Path<String>,
        item_id: Path<String>,
    ) -> ApiResult<Json<NextStates>> {
        let (item, steps) = meta::next_steps(&caller.0, &item_type, &item_id).await?;
        Ok(Json(NextStates::new(item, steps)))
    }

    /// List the transitions that an item has taken, the newest first
    #[oai(path = "/:item_type/:item_id/transitions", method = "get", operation_id = "list_item_transitions")]
    async fn transitions(
        &self,
        caller: OrgCaller,
        item_type: Path<String>,
        item_id: Path<String>,
        #[oai(default = "first_page")] page: Query<u64>,
        /// At most 200.
        #[oai(default = "usual_page_size")]
        page_size: Query<u64>,
    ) -> ApiResult<Json<TransitionHistory>> {
        Ok(Json(meta::item_history(&caller.0, &item_type, &item_id, page.0, page_size.0).await?.into()))
    }
}

fn first_page() -> u64 {
    1
}

fn usual_page_size() -> u64 {
    50
}
