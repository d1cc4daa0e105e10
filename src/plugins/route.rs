//! Routes of plugins, without any framework: what is asked for, and what is answered.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Values;
use crate::context::Ctx;
use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// One request to a plugin, from a member of the organisation.
pub struct Call {
    pub ctx: Ctx,
    pub config: Values,
    /// The `:parameters` of the path.
    pub params: BTreeMap<String, String>,
    pub query: Vec<(String, String)>,
    /// None without a body.
    pub body: Option<Value>,
}

impl Call {
    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as a type; a 422 that names the field where it does not fit.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T> {
        let body = self.body.as_ref().ok_or_else(|| Error::invalid_field("missing", &["body"], "Field required"))?;
        serde_path_to_error::deserialize(body).map_err(|error| {
            let path = error.path().to_string();
            let loc: Vec<&str> = std::iter::once("body").chain(path.split('.').filter(|part| *part != ".")).collect();
            Error::invalid_field("type_error", &loc, error.inner().to_string())
        })
    }
}

/// What a plugin answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }
}

type Handler = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Reply>> + Send + Sync>;

/// A path below the plugin's own, and who answers there.
#[derive(Clone)]
pub struct Route {
    pub method: Method,
    /// `/orders/:id`
    pub path: &'static str,
    /// For the API's documentation.
    pub summary: &'static str,
    /// JSON Schema of the answer, for the same.
    pub response: Value,
    handler: Handler,
}

impl fmt::Debug for Route {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.method.as_str(), self.path)
    }
}

impl Route {
    pub fn new<F, Answer>(method: Method, path: &'static str, summary: &'static str, handler: F) -> Self
    where
        F: Fn(Call) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<Reply>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |call| handler(call).boxed());
        Self { method, path, summary, response: json!({ "type": "object" }), handler }
    }

    #[must_use]
    pub fn answering(mut self, schema: Value) -> Self {
        self.response = schema;
        self
    }

    pub(super) fn call(&self, call: Call) -> BoxFuture<'static, Result<Reply>> {
        (self.handler)(call)
    }
}
