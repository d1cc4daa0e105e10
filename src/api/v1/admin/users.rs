//! Users of the caller's tenant.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::auth::TenantCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::Time;
use crate::api::v1::Tag;
use crate::domain::identity::{self, NewUser, User, UserChange};

pub struct UsersApi;

#[derive(Object)]
struct UserResponse {
    id: i64,
    tenant_id: String,
    username: String,
    email: Option<String>,
    is_active: bool,
    is_superuser: bool,
    created_at: Time,
    updated_at: Time,
}

impl From<User> for UserResponse {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            tenant_id: user.tenant_id,
            username: user.username,
            email: user.email,
            is_active: user.is_active,
            is_superuser: user.is_superuser,
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
        }
    }
}

#[derive(Object)]
struct UserList {
    tenant_id: String,
    items: Vec<UserResponse>,
    total: u64,
}

#[derive(Object, Deserialize)]
struct NewUserRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    username: String,
    #[oai(validator(min_length = 1, max_length = 200))]
    password: String,
    #[oai(validator(max_length = 200))]
    email: Option<String>,
    /// Passes every check in the tenant; only a superuser may make one.
    #[oai(default)]
    #[serde(default)]
    is_superuser: bool,
    /// Drawn when not given.
    user_id: Option<i64>,
}

#[derive(Object, Deserialize)]
struct UserChangeRequest {
    #[oai(validator(max_length = 200))]
    email: Option<String>,
    is_active: Option<bool>,
    is_superuser: Option<bool>,
}

#[derive(Object, Deserialize)]
struct ResetPasswordRequest {
    #[oai(validator(min_length = 1, max_length = 200))]
    password: String,
}

#[derive(Object)]
struct ResetPasswordResponse {
    ok: bool,
    user_id: i64,
}

#[OpenApi(prefix_path = "/admin/users", tag = "Tag::Admin")]
impl UsersApi {
    /// List users
    #[oai(path = "/", method = "get", operation_id = "list_users")]
    async fn list(&self, caller: TenantCaller) -> ApiResult<Json<UserList>> {
        let users = identity::list_users(&caller.0).await?;
        let items: Vec<UserResponse> = users.into_iter().map(UserResponse::from).collect();
        let tenant_id = caller.0.tenant.to_string();
        Ok(Json(UserList { tenant_id, total: items.len() as u64, items }))
    }

    /// Create a user
    #[oai(path = "/", method = "post", operation_id = "create_user")]
    async fn create(&self, caller: TenantCaller, body: Body<NewUserRequest>) -> ApiResult<Json<UserResponse>> {
        let Body(new) = body;
        let new = NewUser {
            id: new.user_id,
            username: new.username,
            password: new.password,
            email: new.email,
            is_superuser: new.is_superuser,
        };
        Ok(Json(identity::create_user(&caller.0, new).await?.into()))
    }

    /// Change a user
    #[oai(path = "/:user_id", method = "patch", operation_id = "update_user")]
    async fn update(
        &self,
        caller: TenantCaller,
        user_id: Path<i64>,
        body: Body<UserChangeRequest>,
    ) -> ApiResult<Json<UserResponse>> {
        let Body(change) = body;
        let change = UserChange { email: change.email, is_active: change.is_active, is_superuser: change.is_superuser };
        Ok(Json(identity::update_user(&caller.0, user_id.0, change).await?.into()))
    }

    /// Give a user a new password
    #[oai(path = "/:user_id/reset-password", method = "post", operation_id = "reset_password")]
    async fn reset_password(
        &self,
        caller: TenantCaller,
        user_id: Path<i64>,
        body: Body<ResetPasswordRequest>,
    ) -> ApiResult<Json<ResetPasswordResponse>> {
        identity::reset_password(&caller.0, user_id.0, &body.password).await?;
        Ok(Json(ResetPasswordResponse { ok: true, user_id: user_id.0 }))
    }
}
