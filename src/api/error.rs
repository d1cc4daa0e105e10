//! The one mapping from what went wrong to what a client sees.
//!
//! Bodies are `{"detail": …}`: a text, a list of problems with values, or an object with a code. Causes go to the log with
//! the request's id; a client gets neither SQL nor paths nor names of internals.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{Any, Type};
use poem_openapi::{ApiResponse, Object, Union};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::quota::QUOTA_EXCEEDED;
use crate::error::{Error, Kind, Problem};

/// What every operation answers when it fails.
#[derive(Debug)]
pub struct ApiError(Error);

pub type ApiResult<T> = std::result::Result<T, ApiError>;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// One value that does not fit.
#[derive(Debug, Object)]
struct ErrorProblem {
    /// Machine name of the rule that was broken.
    #[oai(rename = "type")]
    rule: String,
    /// Where: `["body", "properties", "cost"]`.
    loc: Vec<String>,
    /// What is expected.
    msg: String,
}

/// A failure that clients branch on.
#[derive(Debug, Object)]
struct ErrorInfo {
    /// Stable, in capitals.
    code: String,
    /// What happened.
    message: String,
    /// What a person can do about it.
    user_message: String,
    /// Facts about it, by code.
    #[oai(skip_serializing_if_is_none)]
    details: Option<Any<Value>>,
    /// Only with `QUOTA_EXCEEDED`: whose limits they are.
    #[oai(skip_serializing_if_is_none)]
    tenant_id: Option<String>,
    /// Only with `QUOTA_EXCEEDED`: what there is too little of.
    #[oai(skip_serializing_if_is_none)]
    resources: Option<Vec<ErrorResource>>,
}

/// A limit that is reached.
#[derive(Debug, Object, Deserialize)]
struct ErrorResource {
    /// users, orgs, files, storage_bytes, active_jobs or processing_jobs.
    resource: String,
    /// With what is set aside for work under way.
    used: i64,
    limit: i64,
    requested: i64,
    remaining: i64,
}

impl ErrorInfo {
    fn new(code: &str, error: &Error) -> Self {
        let info = Self {
            code: code.to_owned(),
            message: error.message().to_owned(),
            user_message: error.user_message().unwrap_or(error.message()).to_owned(),
            details: None,
            tenant_id: None,
            resources: None,
        };
        match error.details_value() {
            // Clients of quotas know the facts by fields beside the code.
            Some(details) if code == QUOTA_EXCEEDED => Self {
                tenant_id: details.get("tenant_id").and_then(Value::as_str).map(str::to_owned),
                resources: details.get("resources").and_then(|found| serde_json::from_value(found.clone()).ok()),
                ..info
            },
            details => Self { details: details.cloned().map(Any), ..info },
        }
    }
}

#[derive(Debug, Union)]
#[oai(one_of)]
enum ErrorDetail {
    Text(String),
    Problems(Vec<ErrorProblem>),
    Info(ErrorInfo),
}

/// The body of every answer that is not a success.
#[derive(Debug, Object)]
struct ErrorBody {
    detail: ErrorDetail,
    /// Only with `CYCLE_DETECTED`: the code.
    #[oai(skip_serializing_if_is_none)]
    error: Option<String>,
    /// Only with `CYCLE_DETECTED`: the path as a sentence.
    #[oai(skip_serializing_if_is_none)]
    message: Option<String>,
    /// Only with `CYCLE_DETECTED`.
    #[oai(skip_serializing_if_is_none)]
    parent_id: Option<String>,
    /// Only with `CYCLE_DETECTED`.
    #[oai(skip_serializing_if_is_none)]
    child_id: Option<String>,
    /// Only with `CYCLE_DETECTED`: item ids from the parent back to itself; null for those that may not be seen.
    #[oai(skip_serializing_if_is_none)]
    cycle_path: Option<Vec<Option<String>>>,
}

impl ErrorBody {
    fn new(detail: ErrorDetail) -> Self {
        Self { detail, error: None, message: None, parent_id: None, child_id: None, cycle_path: None }
    }

    /// Clients of the BOM know a cycle by fields beside `detail`.
    fn with_cycle(mut self, error: &Error) -> Self {
        let Some(details) = error.details_value().filter(|_| error.code_name() == Some("CYCLE_DETECTED")) else {
            return self;
        };
        let text = |name: &str| details.get(name).and_then(Value::as_str).map(str::to_owned);
        self.error = Some("CYCLE_DETECTED".to_owned());
        self.message = Some(error.message().to_owned());
        self.parent_id = text("parent_id");
        self.child_id = text("child_id");
        self.cycle_path = details.get("cycle_path").and_then(|path| serde_json::from_value(path.clone()).ok());
        self
    }
}

fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::OutOfRange => StatusCode::RANGE_NOT_SATISFIABLE,
        Kind::LimitReached => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Config | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn problem(problem: &Problem) -> ErrorProblem {
    ErrorProblem { rule: problem.rule.clone(), loc: problem.loc.clone(), msg: problem.message.clone() }
}

fn body(error: &Error) -> ErrorBody {
    // A defect that has a code is somebody else's, and says whose.
    if matches!(error.kind(), Kind::Internal | Kind::Config) && error.code_name().is_none() {
        return ErrorBody::new(ErrorDetail::Text("Internal server error".to_owned()));
    }
    let detail = match (error.problems(), error.code_name()) {
        ([], Some(code)) => ErrorDetail::Info(ErrorInfo::new(code, error)),
        ([], None) => ErrorDetail::Text(error.message().to_owned()),
        (problems, _) => ErrorDetail::Problems(problems.iter().map(problem).collect()),
    };
    ErrorBody::new(detail).with_cycle(error)
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = status(error.kind());
        let came_at_a_bad_moment = error.retry_after_seconds().is_some() && std::error::Error::source(&error).is_none();
        if status.is_server_error() && came_at_a_bad_moment {
            // Nothing is broken: whoever comes again is served.
            tracing::warn!(error = %error.chain(), status = status.as_u16(), "request put off");
        } else if status.is_server_error() {
            tracing::error!(error = %error.chain(), status = status.as_u16(), "request failed");
        } else if std::error::Error::source(&error).is_some() {
            tracing::debug!(error = %error.chain(), status = status.as_u16(), "request refused");
        }
        let mut response = Json(body(&error)).into_response();
        response.set_status(status);
        if let Some(seconds) = error.retry_after_seconds() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<ApiError> for poem::Error {
    fn from(error: ApiError) -> Self {
        Self::from_response(error.into_response())
    }
}

/// The failures that every operation may answer with, and what each means.
const DOCUMENTED: [(StatusCode, &str); 12] = [
    (StatusCode::BAD_REQUEST, "The request contradicts a rule"),
    (StatusCode::UNAUTHORIZED, "No token, a bad one, or one of another tenant"),
    (StatusCode::FORBIDDEN, "The caller may not do this"),
    (StatusCode::NOT_FOUND, "It does not exist, or the caller may not know that it does"),
    (StatusCode::METHOD_NOT_ALLOWED, "The path takes other methods"),
    (StatusCode::CONFLICT, "The present state does not allow it"),
    (StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than allowed"),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is of a type that this operation does not take"),
    (StatusCode::UNPROCESSABLE_ENTITY, "Values do not fit; each problem names its field"),
    (StatusCode::TOO_MANY_REQUESTS, "A quota or rate is used up; see Retry-After"),
    (StatusCode::INTERNAL_SERVER_ERROR, "A defect; the request id finds it in the log"),
    (StatusCode::SERVICE_UNAVAILABLE, "Not now; see Retry-After"),
];

impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        let response = |(status, description): (StatusCode, &'static str)| MetaResponse {
            description,
            status: Some(status.as_u16()),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: Json::<ErrorBody>::CONTENT_TYPE,
                schema: Json::<ErrorBody>::schema_ref(),
            }],
            headers: vec![],
        };
        MetaResponses { responses: DOCUMENTED.into_iter().map(response).collect() }
    }

    fn register(registry: &mut Registry) {
        ErrorBody::register(registry);
    }
}

/// A failure that has a status of its own, which no kind stands for (404 of a path, 405, 415).
pub fn plain(status: StatusCode, message: impl Into<String>) -> Response {
    let mut response = Json(ErrorBody::new(ErrorDetail::Text(message.into()))).into_response();
    response.set_status(status);
    response
}
