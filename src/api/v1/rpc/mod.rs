//! RPC: methods by name, for clients that speak of models and methods. The caller's rights are those of any other request.

mod arguments;
mod methods;

use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use self::arguments::{Arguments, Parameter};
use self::methods::{Answer, METHODS, Method, find};
use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::FreeObject;
use crate::context::Ctx;
use crate::error::Result;

pub struct RpcApi;

/// A call: `{"model": "BOM", "method": "get_structure", "args": ["<id>"], "kwargs": {}}`.
#[derive(Object, Deserialize)]
struct RpcRequest {
    model: String,
    method: String,
    /// By position.
    args: Option<Vec<Any<Value>>>,
    /// By name.
    kwargs: Option<FreeObject>,
}

#[derive(Object)]
pub struct RpcResponse {
    /// What the method answers with.
    result: Any<Value>,
}

#[derive(Object)]
struct RpcParameter {
    name: String,
    /// string, integer, boolean, object or array.
    #[oai(rename = "type")]
    shape: String,
    required: bool,
    default: Option<Any<Value>>,
}

impl From<&Parameter> for RpcParameter {
    fn from(given: &Parameter) -> Self {
        Self {
            name: given.name.to_owned(),
            shape: given.shape.name().to_owned(),
            required: given.is_required,
            default: given.default.and_then(|text| serde_json::from_str(text).ok()).map(Any),
        }
    }
}

#[derive(Object)]
struct RpcMethod {
    name: String,
    model: String,
    method: String,
    description: String,
    /// In the order of `args`.
    parameters: Vec<RpcParameter>,
}

impl From<&Method> for RpcMethod {
    fn from(given: &Method) -> Self {
        Self {
            name: format!("{}.{}", given.model, given.method),
            model: given.model.to_owned(),
            method: given.method.to_owned(),
            description: given.about.to_owned(),
            parameters: given.parameters.iter().map(RpcParameter::from).collect(),
        }
    }
}

#[derive(Object)]
struct RpcMethods {
    total: u64,
    items: Vec<RpcMethod>,
}

fn listed() -> RpcMethods {
    RpcMethods { total: METHODS.len() as u64, items: METHODS.iter().map(RpcMethod::from).collect() }
}

async fn call(ctx: &Ctx, request: RpcRequest) -> Result<Answer> {
    let method = find(&request.model, &request.method)?;
    let args = request.args.unwrap_or_default().into_iter().map(|Any(value)| value).collect();
    let given = Arguments::bind(method.parameters, args, request.kwargs.unwrap_or_default().0)?;
    let called = (method.call)(ctx, given).await;
    // A method knows its parameters as fields of a body or of a query.
    called.map_err(|error| error.moved("body", &["body", "kwargs"]).moved("query", &["body", "kwargs"]))
}

#[OpenApi(tag = "Tag::Rpc")]
impl RpcApi {
    /// Call a method
    ///
    /// `GET /rpc/` lists the methods with their parameters.
    #[oai(path = "/rpc", method = "post", operation_id = "call_rpc")]
    async fn call(&self, caller: OrgCaller, body: Body<RpcRequest>) -> ApiResult<Answer> {
        Ok(call(&caller.0, body.0).await?)
    }

    /// List the methods
    #[oai(path = "/rpc", method = "get", operation_id = "list_rpc_methods")]
    async fn list(&self, _caller: OrgCaller) -> ApiResult<Json<RpcMethods>> {
        Ok(Json(listed()))
    }
}
