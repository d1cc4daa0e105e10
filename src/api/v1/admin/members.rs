//! Members of an organisation.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::auth::TenantCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{Time, yes};
use crate::api::v1::Tag;
use crate::domain::identity::{self, Member, NewMember};

pub struct MembersApi;

#[derive(Object)]
struct MemberResponse {
    tenant_id: String,
    org_id: String,
    user_id: i64,
    roles: Vec<String>,
    is_active: bool,
    created_at: Time,
}

impl From<Member> for MemberResponse {
    fn from(member: Member) -> Self {
        Self {
            tenant_id: member.tenant_id,
            org_id: member.org_id,
            user_id: member.user_id,
            roles: member.roles,
            is_active: member.is_active,
            created_at: member.created_at.into(),
        }
    }
}

#[derive(Object)]
struct MemberList {
    tenant_id: String,
    org_id: String,
    items: Vec<MemberResponse>,
    total: u64,
}

#[derive(Object, Deserialize)]
struct NewMemberRequest {
    /// Either this or `username`.
    user_id: Option<i64>,
    #[oai(validator(min_length = 1, max_length = 100))]
    username: Option<String>,
    #[oai(default)]
    #[serde(default)]
    roles: Vec<String>,
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    is_active: bool,
}

#[derive(Object, Deserialize)]
struct MemberChangeRequest {
    roles: Option<Vec<String>>,
    is_active: Option<bool>,
}

#[OpenApi(prefix_path = "/admin/orgs", tag = "Tag::Admin")]
impl MembersApi {
    /// List members
    #[oai(path = "/:org_id/members", method = "get", operation_id = "list_members")]
    async fn list(&self, caller: TenantCaller, org_id: Path<String>) -> ApiResult<Json<MemberList>> {
        let members = identity::list_members(&caller.0, &org_id).await?;
        let items: Vec<MemberResponse> = members.into_iter().map(MemberResponse::from).collect();
        let tenant_id = caller.0.tenant.to_string();
        Ok(Json(MemberList { tenant_id, org_id: org_id.0, total: items.len() as u64, items }))
    }

    /// Add a member
    ///
    /// One that is a member already gets the given roles.
    #[oai(path = "/:org_id/members", method = "post", operation_id = "add_member")]
    async fn add(
        &self,
        caller: TenantCaller,
        org_id: Path<String>,
        body: Body<NewMemberRequest>,
    ) -> ApiResult<Json<MemberResponse>> {
        let Body(new) = body;
        let new =
            NewMember { user_id: new.user_id, username: new.username, roles: new.roles, is_active: new.is_active };
        Ok(Json(identity::add_member(&caller.0, &org_id, new).await?.into()))
    }

    /// Change a member's roles or state
    #[oai(path = "/:org_id/members/:user_id", method = "patch", operation_id = "update_member")]
    async fn update(
        &self,
        caller: TenantCaller,
        org_id: Path<String>,
        user_id: Path<i64>,
        body: Body<MemberChangeRequest>,
    ) -> ApiResult<Json<MemberResponse>> {
        let Body(change) = body;
        let member = identity::update_member(&caller.0, &org_id, user_id.0, change.roles, change.is_active).await?;
        Ok(Json(member.into()))
    }
}
