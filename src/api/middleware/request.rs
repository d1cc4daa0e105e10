//! The frame around every request: its id and log line, the limits of body and time, and what becomes of a panic.

use std::io;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::{FutureExt, TryStreamExt};
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::web::headers::{ContentLength, HeaderMapExt};
use poem::{Body, Endpoint, IntoResponse, Response};
use tokio::sync::Semaphore;
use tracing::{Instrument, field};
use uuid::Uuid;

use super::failures;
use crate::api::error::{ApiError, plain};
use crate::api::v1;
use crate::config::Config;
use crate::context::Notices;
use crate::error::Error;

const REQUEST_ID: &str = "x-request-id";
const QUOTA_WARNING: &str = "x-quota-warning";
/// The longest id that a proxy may hand us; a longer one, or one with odd characters, is replaced.
const MAX_REQUEST_ID: usize = 128;
/// When somebody comes back for whose upload there was no room, in seconds.
const UPLOAD_AGAIN_SECONDS: u64 = 2;

/// Names one request in answers, log lines and audit rows.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Bounds of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub max_body_bytes: u64,
    pub timeout: Duration,
    /// How long the sender of a file may be silent.
    pub stall: Duration,
    /// Bodies that are files, at the same time.
    pub most_uploads: usize,
}

impl Limits {
    pub fn of(config: &Config) -> Self {
        Self {
            max_body_bytes: config.server.max_body_bytes,
            timeout: Duration::from_secs(config.server.request_timeout_seconds),
            stall: Duration::from_secs(config.storage.stall_seconds),
            most_uploads: config.storage.max_concurrent_uploads,
        }
    }
}

/// Wraps everything that is served.
pub struct Request<E> {
    inner: E,
    limits: Limits,
    /// Each upload holds some megabytes while it moves.
    uploads: Semaphore,
}

impl<E> Request<E> {
    pub fn new(inner: E, limits: Limits) -> Self {
        Self { inner, limits, uploads: Semaphore::new(limits.most_uploads) }
    }
}

impl<E: Endpoint> Endpoint for Request<E> {
    type Output = Response;

    async fn call(&self, mut request: poem::Request) -> poem::Result<Response> {
        let id = request_id(&request);
        request.set_data(RequestId(id.clone()));
        let span = tracing::info_span!(
            "request",
            request_id = %id,
            method = %request.method(),
            path = request.uri().path(),
            tenant = field::Empty,
            org = field::Empty,
            user = field::Empty,
        );
        Ok(self.answer(request, &id).instrument(span).await)
    }
}

impl<E: Endpoint> Request<E> {
    async fn answer(&self, mut request: poem::Request, id: &str) -> Response {
        let (began, notices) = (Instant::now(), Notices::default());
        request.set_data(notices.clone());
        let mut response = self.bounded(request).await;
        finish(&mut response, id);
        warn(&mut response, &notices);
        let (status, elapsed) = (response.status().as_u16(), began.elapsed());
        tracing::info!(status, duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), "request");
        response
    }

    async fn bounded(&self, request: poem::Request) -> Response {
        if is_transfer(request.method(), request.uri().path()) {
            return self.transferred(request).await;
        }
        match tokio::time::timeout(self.limits.timeout, self.handled(request)).await {
            Ok(response) => response,
            Err(_) => ApiError::from(Error::unavailable("The request took too long").retry_after(1)).into_response(),
        }
    }

    /// A file takes as long as it takes while it moves; how much of it is too much, its operation says.
    async fn transferred(&self, mut request: poem::Request) -> Response {
        let Ok(_turn) = self.uploads.try_acquire() else { return busy() };
        let body = request.take_body();
        request.set_body(while_it_moves(body, self.limits.stall));
        self.caught(request).await
    }

    async fn handled(&self, mut request: poem::Request) -> Response {
        match limit_body(&mut request, self.limits.max_body_bytes).await {
            Ok(()) => self.caught(request).await,
            Err(refused) => refused,
        }
    }

    async fn caught(&self, request: poem::Request) -> Response {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        match AssertUnwindSafe(self.inner.call(request)).catch_unwind().await {
            Ok(Ok(output)) => output.into_response(),
            Ok(Err(error)) => failures::response(error, &method, &uri),
            Err(panic) => panicked(&panic),
        }
    }
}

/// Before anything of the body is read.
fn busy() -> Response {
    let error = Error::unavailable("As many files are being uploaded as this server takes at a time")
        .code("TOO_MANY_UPLOADS_AT_ONCE", "Many files are being uploaded at this moment. Send it again in a moment.");
    ApiError::from(error.retry_after(UPLOAD_AGAIN_SECONDS)).into_response()
}

/// Operations whose body is a file.
fn is_transfer(method: &Method, path: &str) -> bool {
    let below = path.strip_prefix(v1::BASE_PATH).and_then(|path| path.strip_prefix("/file/upload"));
    match below {
        // With and without a final slash.
        Some("" | "/") => matches!(*method, Method::POST | Method::PUT),
        // A part; the other operations on uploads in parts take JSON.
        Some(below) => *method == Method::PUT && below.starts_with("s/"),
        None => false,
    }
}

/// The body, given up when nothing of it comes for a while.
fn while_it_moves(body: Body, stall: Duration) -> Body {
    let stream = Box::pin(body.into_bytes_stream());
    Body::from_bytes_stream(futures::stream::try_unfold(stream, move |mut stream| async move {
        match tokio::time::timeout(stall, stream.try_next()).await {
            Ok(Ok(Some(bytes))) => Ok(Some((bytes, stream))),
            Ok(Ok(None)) => Ok(None),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::other(
                Error::bad_request(format!("Nothing came for {} seconds", stall.as_secs()))
                    .code("UPLOAD_STALLED", "The upload came to a halt and was given up. Send the file again."),
            )),
        }
    }))
}

fn request_id(request: &poem::Request) -> String {
    let given = request
        .header(REQUEST_ID)
        .filter(|id| (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// Refuses a body over the limit: at once by its declared length, else as soon as it has grown too long.
async fn limit_body(request: &mut poem::Request, most: u64) -> Result<(), Response> {
    let refusal = || plain(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is larger than {most} bytes"));
    match request.headers().typed_get::<ContentLength>() {
        Some(ContentLength(length)) if length > most => return Err(refusal()),
        Some(_) => return Ok(()),
        None => {}
    }
    let body = request.take_body();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    match body.into_bytes_limit(most).await {
        Ok(bytes) => {
            request.set_body(Body::from(bytes));
            Ok(())
        }
        Err(poem::error::ReadBodyError::PayloadTooLarge) => Err(refusal()),
        Err(_) => Err(plain(StatusCode::BAD_REQUEST, "The body could not be read")),
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    ApiError::from(Error::internal("A handler panicked").caused_by(text)).into_response()
}

/// Says which limits a request passed that was served all the same.
fn warn(response: &mut Response, notices: &Notices) {
    let warnings = notices.quota_warnings();
    if warnings.is_empty() || !response.status().is_success() {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(&warnings.join(", ")) {
        response.headers_mut().insert(QUOTA_WARNING, value);
    }
}

/// Headers that every answer bears.
fn finish(response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
