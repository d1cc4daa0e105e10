//! Lifecycles: states, transitions and what these demand.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::lifecycle_shapes::{
    LifecycleList, LifecycleResponse, NewStateRequest, NewTransitionRequest, StateChangeRequest, StateResponse,
    TransitionChangeRequest, TransitionResponse,
};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::domain::lifecycle;

pub struct LifecyclesApi;

#[derive(Object, Deserialize)]
struct NewLifecycleRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    name: String,
    /// The id of a lifecycle whose states and transitions are copied; without one there is a start state alone.
    copy_of: Option<String>,
}

#[derive(Object, Deserialize)]
struct LifecycleChangeRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    name: Option<String>,
}

#[derive(Object)]
struct LifecycleDeleted {
    ok: bool,
    lifecycle_id: String,
}

#[derive(Object)]
struct StateDeleted {
    ok: bool,
    lifecycle_id: String,
    state_id: String,
}

#[derive(Object)]
struct TransitionDeleted {
    ok: bool,
    lifecycle_id: String,
    transition_id: String,
}

#[OpenApi(prefix_path = "/meta/lifecycles", tag = "Tag::Model")]
impl LifecyclesApi {
    /// List lifecycles
    #[oai(path = "/", method = "get", operation_id = "list_lifecycles")]
    async fn list(&self, caller: OrgCaller) -> ApiResult<Json<LifecycleList>> {
        Ok(Json(lifecycle::list_lifecycles(&caller.0).await?.into()))
    }

    /// Create a lifecycle
    ///
    /// A copy of another, or one with the start state `Draft` alone.
    #[oai(path = "/", method = "post", operation_id = "create_lifecycle")]
    async fn create(&self, caller: OrgCaller, body: Body<NewLifecycleRequest>) -> ApiResult<Json<LifecycleResponse>> {
        let made = lifecycle::create_lifecycle(&caller.0, &body.name, body.copy_of.as_deref()).await?;
        Ok(Json(LifecycleResponse::of(&caller.0, &made.id.to_string()).await?))
    }

    /// Get a lifecycle with its states and transitions
    ///
    /// `warnings` names what is allowed and probably not meant, such as states that nothing leads to.
    #[oai(path = "/:lifecycle_id", method = "get", operation_id = "get_lifecycle")]
    async fn get(&self, caller: OrgCaller, lifecycle_id: Path<String>) -> ApiResult<Json<LifecycleResponse>> {
        Ok(Json(LifecycleResponse::of(&caller.0, &lifecycle_id).await?))
    }

    /// Rename a lifecycle
    #[oai(path = "/:lifecycle_id", method = "patch", operation_id = "update_lifecycle")]
    async fn update(
        &self,
        caller: OrgCaller,
        lifecycle_id: Path<String>,
        body: Body<LifecycleChangeRequest>,
    ) -> ApiResult<Json<LifecycleResponse>> {
        lifecycle::rename_lifecycle(&caller.0, &lifecycle_id, body.name.as_deref()).await?;
        Ok(Json(LifecycleResponse::of(&caller.0, &lifecycle_id).await?))
    }

    /// Delete a lifecycle
    ///
    /// One that item types use or that items are in is refused.
    #[oai(path = "/:lifecycle_id", method = "delete", operation_id = "delete_lifecycle")]
    async fn delete(&self, caller: OrgCaller, lifecycle_id: Path<String>) -> ApiResult<Json<LifecycleDeleted>> {
        lifecycle::delete_lifecycle(&caller.0, &lifecycle_id).await?;
        Ok(Json(LifecycleDeleted { ok: true, lifecycle_id: lifecycle_id.0 }))
    }

    /// Add a state
    #[oai(path = "/:lifecycle_id/states", method = "post", operation_id = "create_lifecycle_state")]
    async fn add_state(
        &self,
        caller: OrgCaller,
        lifecycle_id: Path<String>,
        body: Body<NewStateRequest>,
    ) -> ApiResult<Json<StateResponse>> {
        Ok(Json(lifecycle::add_state(&caller.0, &lifecycle_id, body.0.into()).await?.into()))
    }

    /// Change a state
    ///
    /// Its name cannot change while items are in it.
    #[oai(path = "/:lifecycle_id/states/:state_id", method = "patch", operation_id = "update_lifecycle_state")]
    async fn update_state(
        &self,
        caller: OrgCaller,
        lifecycle_id: Path<String>,
        state_id: Path<String>,
        body: Body<StateChangeRequest>,
    ) -> ApiResult<Json<StateResponse>> {
        Ok(Json(lifecycle::update_state(&caller.0, &lifecycle_id, &state_id, body.0.into()).await?.into()))
    }

    /// Delete a state
    ///
    /// With the transitions that lead to it and from it. One that items are in, or the start, is refused.
    #[oai(path = "/:lifecycle_id/states/:state_id", method = "delete", operation_id = "delete_lifecycle_state")]
    async fn delete_state(
        &self,
        caller: OrgCaller,
        lifecycle_id: Path<String>,
        state_id: Path<String>,
    ) -> ApiResult<Json<StateDeleted>> {
        lifecycle::delete_state(&caller.0, &lifecycle_id, &state_id).await?;
        Ok(Json(StateDeleted { ok: true, lifecycle_id: lifecycle_id.0, state_id: state_id.0 }))
    }

    /// Add a transition
    #[oai(path = "/:lifecycle_id/transitions", method = "post", operation_id = "create_lifecycle_transition")]
    async fn add_transition(
        &self,
        caller: OrgCaller,
        lifecycle_id: Path<String>,
        body: Body<NewTransitionRequest>,
    ) -> ApiResult<Json<TransitionResponse>> {
        Ok(Json(lifecycle::add_transition(&caller.0, &lifecycle_id, body.0.into()).await?.into()))
    }

    /// Change a transition
    #[oai(
        path = "/:lifecycle_id/transitions/:transition_id",
        method = "patch",
        operation_id = "update_lifecycle_transition"
    )]
    async fn update_transition(
        &self,
        caller: OrgCaller,
        lifecycle_id: Path<String>,
        transition_id: Path<String>,
        body: Body<TransitionChangeRequest>,
    ) -> ApiResult<Json<TransitionResponse>> {
        Ok(Json(lifecycle::update_transition(&caller.0, &lifecycle_id, &transition_id, body.0.into()).await?.into()))
    }

    /// Delete a transition
    #[oai(
        path = "/:lifecycle_id/transitions/:transition_id",
        method = "delete",
        operation_id = "delete_lifecycle_transition"
    )]
    async fn delete_transition(
        &self,
        caller: OrgCaller,
        lifecycle_id: Path<String>,
        transition_id: Path<String>,
    ) -> ApiResult<Json<TransitionDeleted>> {
        lifecycle::delete_transition(&caller.0, &lifecycle_id, &transition_id).await?;
        Ok(Json(TransitionDeleted { ok: true, lifecycle_id: lifecycle_id.0, transition_id: transition_id.0 }))
    }
}
