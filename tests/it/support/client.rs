//! A caller of the API: its tenant, org and token, and replies that are easy to assert on.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://127.0.0.1:PORT/api/v1`
    base: String,
    tenant: Option<String>,
    org: Option<String>,
    token: Option<String>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body; panics with the whole reply when it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The body, after asserting the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.json()
    }
}

impl Client {
    /// A caller without tenant, org or token; `address` is `http://127.0.0.1:PORT`.
    pub fn new(address: &str) -> Self {
        // The HTTP client asks for TLS's provider even where it speaks plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // No keep-alive: a connection left idle over a restart of the server fails the next request.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy().build().unwrap();
        Self { http, base: format!("{address}/api/v1"), tenant: None, org: None, token: None }
    }

    pub fn in_tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..self.clone() }
    }

    pub fn in_org(&self, org: &str) -> Self {
        Self { org: Some(org.to_owned()), ..self.clone() }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The caller after a login that must succeed, with the tenant's and the org's headers set.
    pub async fn login(&self, tenant: &str, org: &str, username: &str, password: &str) -> Self {
        let body = json!({"tenant_id": tenant, "org_id": org, "username": username, "password": password});
        let reply = self.post("/auth/login", &body).await.expect(200);
        let token = reply["access_token"].as_str().expect("a token");
        self.in_tenant(tenant).in_org(org).with_token(token)
    }

    /// A request below `/api/v1` with this caller's headers, for what the short forms cannot say.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in [("x-tenant-id", &self.tenant), ("x-org-id", &self.org)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        reply(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        reply(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        reply(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        reply(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        reply(self.request(Method::PATCH, path).json(body)).await
    }
}

/// Sends; panics when no answer comes.
pub async fn reply(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap() }
}
