//! What an S3 server, or whatever stands where it should, answered: as much as a diagnosis needs.

use chrono::{DateTime, Utc};
use http::Response;
use opendal::Buffer;
use quick_xml::de::from_str;
use serde::Deserialize;

/// Enough of a body for its message.
const MOST_OF_BODY: usize = 64 * 1024;
/// Enough of one for a line.
const MOST_SHOWN: usize = 160;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    pub status: u16,
    /// `NoSuchBucket`, `SignatureDoesNotMatch` …
    pub code: Option<String>,
    pub message: Option<String>,
    pub body: String,
    /// The server's clock.
    pub date: Option<DateTime<Utc>>,
    pub content_type: Option<String>,
    pub disposition: Option<String>,
    /// Where the bucket is, when the request went to another region.
    pub region: Option<String>,
}

impl Answer {
    pub fn of(response: Response<Buffer>) -> Self {
        let (parts, body) = response.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = body.to_vec();
        let body = String::from_utf8_lossy(&body[..body.len().min(MOST_OF_BODY)]).into_owned();
        let failure = Failure::of(&body);
        let date = header("date").and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
        Self {
            status: parts.status.as_u16(),
            code: failure.as_ref().map(|failure| failure.code.clone()),
            message: failure.and_then(|failure| failure.message),
            date: date.map(|date| date.to_utc()),
            content_type: header("content-type"),
            disposition: header("content-disposition"),
            region: header("x-amz-bucket-region"),
            body,
        }
    }

    /// `403 SignatureDoesNotMatch (The request signature …)`
    pub fn shown(&self) -> String {
        let mut text = self.status.to_string();
        if let Some(code) = &self.code {
            text.push(' ');
            text.push_str(code);
        }
        if let Some(message) = &self.message {
            let message: String = message.chars().filter(|c| !c.is_control()).take(MOST_SHOWN).collect();
            text.push_str(&format!(" ({message})"));
        }
        text
    }
}

/// What S3 says in the document of a failure, which may also stand behind the status of a success.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Failure {
    #[serde(rename = "Code")]
    pub code: String,
    #[serde(rename = "Message")]
    pub message: Option<String>,
}

impl Failure {
    pub fn of(body: &str) -> Option<Self> {
        let body = body.trim_start();
        // The reader takes any element for the one at the top.
        body.contains("<Error").then(|| from_str(body).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        let response = Response::builder().status(status).header("date", "Tue, 24 Nov 2026 10:00:00 GMT");
        Answer::of(response.body(Buffer::from(body)).unwrap())
    }

    #[test]
    fn an_error_document_is_read_and_anything_else_is_not_mistaken_for_one() {
        let refused = answer(
            403,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code><Message>Request has\nexpired</Message></Error>",
        );
        assert_eq!(refused.code.as_deref(), Some("AccessDenied"));
        assert_eq!(refused.shown(), "403 AccessDenied (Request hasexpired)");
        assert_eq!(refused.date.unwrap().to_rfc3339(), "2026-11-24T10:00:00+00:00");
        let page = answer(502, "<html><Code>x</Code></html>");
        assert_eq!((page.code.as_deref(), page.shown().as_str()), (None, "502"));
        assert_eq!(answer(403, "<Error><Code>cut").code, None);
    }

    #[test]
    fn a_failure_is_told_from_success_behind_the_same_status() {
        let bad = "\n\n <Error><Code>InternalError</Code><Message>m</Message></Error>";
        assert_eq!(Failure::of(bad).unwrap().code, "InternalError");
        let good = "\n <CompleteMultipartUploadResult><Key>k</Key><ETag>e</ETag></CompleteMultipartUploadResult>";
        assert_eq!(Failure::of(good), None);
    }
}
