//! The HTTP API: paths, shapes, statuses. No queries and no rules: a handler calls one domain function and wraps its result.

mod auth;
mod body;
mod docs;
mod error;
mod middleware;
mod peer;
mod server;
mod shapes;
mod v1;

use std::sync::Arc;

use poem::middleware::{NormalizePath, TrailingSlash};
use poem::{Endpoint, EndpointExt, Response, Route};

use crate::app::App;

pub use docs::openapi_json;
pub use server::{Bound, bind, serve};

/// Everything this process serves.
pub fn routes(app: Arc<App>) -> impl Endpoint<Output = Response> {
    let limits = middleware::Limits::of(&app.config);
    let public_url = app.config.server.public_url.clone();
    // Clients write `/search/` and `/rpc/` with a final slash and without.
    let service = v1::service().with(NormalizePath::new(TrailingSlash::Trim));
    let routes = Route::new()
        .at("/docs", docs::swagger())
        .at("/openapi.json", docs::document(public_url.as_deref()))
        .at("/", docs::home())
        .nest(v1::BASE_PATH, service);
    middleware::Request::new(routes.data(app), limits)
}
