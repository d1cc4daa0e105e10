//! What is done to a bucket as a whole and opendal does not do: making it, and the rule that clears away what uploads that
//! never ended keep there.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use md5::{Digest, Md5};
use opendal::{Buffer, HttpTransporter};
use reqsign_aws_v4::Credential;
use reqsign_core::Signer;
use url::Url;

use super::answer::Answer;
use super::errors::storage_error;
use super::operator::{CONTROL_TIMEOUT, S3Target};
use super::signing;
use crate::error::{Error, Result};

/// Days after which an upload that never ended is given up.
pub(super) const ABORT_AFTER_DAYS: u32 = 7;
const RULE: &str = "yuantus-abort-unfinished-uploads";
const END_OF_RULES: &str = "</LifecycleConfiguration>";
/// Where AWS makes a bucket that names no region.
const FIRST_REGION: &str = "us-east-1";

/// A bucket and who signs the requests to it.
pub(super) struct Bucket {
    url: Url,
    region: String,
    is_aws: bool,
    transport: HttpTransporter,
    signer: Signer<Credential>,
}

/// How asking for a bucket ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Presence {
    There,
    Made,
    /// The server answered neither yes nor no.
    Unknown(Answer),
    Refused(Answer),
}

/// How asking for the rule ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rule {
    There,
    Made,
    Refused(Answer),
}

impl fmt::Debug for Bucket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Bucket").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Bucket {
    /// `url` is the bucket's own, as the operator addresses it.
    pub(super) fn new(s3: &S3Target, url: Url) -> Self {
        let is_aws = url.host_str().is_some_and(|host| host.ends_with(".amazonaws.com"));
        let (transport, signer) = (HttpTransporter::default(), signing::signer(s3));
        Self { url, region: s3.region.clone(), is_aws, transport, signer }
    }

    pub(super) async fn ensure(&self) -> Result<Presence> {
        let found = self.send(Method::HEAD, None, None).await?;
        match found.status {
            200..300 => Ok(Presence::There),
            404 => self.make().await,
            // Some keys may use objects without being allowed to ask for their bucket.
            403 => Ok(Presence::Unknown(found)),
            _ => Ok(Presence::Refused(found)),
        }
    }

    async fn make(&self) -> Result<Presence> {
        let mut named = self.is_aws && self.region != FIRST_REGION;
        let mut made = self.send(Method::PUT, None, named.then(|| constraint(&self.region))).await?;
        if made.code.as_deref().is_some_and(|code| code.contains("LocationConstraint")) {
            named = !named;
            made = self.send(Method::PUT, None, named.then(|| constraint(&self.region))).await?;
        }
        Ok(match (made.status, made.code.as_deref()) {
            (200..300, _) => Presence::Made,
            // Somebody was quicker; whether it can be used shows next.
            (_, Some("BucketAlreadyOwnedByYou")) => Presence::There,
            _ => Presence::Refused(made),
        })
    }

    /// Adds the rule to those that the bucket has, unless one of them does the same.
    pub(super) async fn ensure_rule(&self) -> Result<Rule> {
        let found = self.send(Method::GET, Some("lifecycle"), None).await?;
        let present = match (found.status, found.code.as_deref()) {
            (200..300, _) => Some(found.body.as_str()),
            (404, Some("NoSuchLifecycleConfiguration")) => None,
            _ => return Ok(Rule::Refused(found)),
        };
        let Some(wanted) = with_rule(present) else { return Ok(Rule::There) };
        let done = self.send(Method::PUT, Some("lifecycle"), Some(wanted)).await?;
        Ok(if (200..300).contains(&done.status) { Rule::Made } else { Rule::Refused(done) })
    }

    async fn send(&self, method: Method, query: Option<&str>, body: Option<String>) -> Result<Answer> {
        let mut url = self.url.clone();
        url.set_query(query.map(|query| format!("{query}=")).as_deref());
        let body = body.unwrap_or_default();
        let mut headers = HeaderMap::new();
        if !body.is_empty() {
            // S3 takes no rules without a checksum, and every server knows this one.
            let checksum = HeaderValue::from_str(&BASE64_STANDARD.encode(Md5::digest(&body)));
            let odd = |error| Error::internal("A checksum is no header").caused_by(error);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
            headers.insert(HeaderName::from_static("content-md5"), checksum.map_err(odd)?);
        }
        let parts = signing::sign(&self.signer, &method, &url, headers, None).await?;
        let sent = self.transport.send(Request::from_parts(parts, Buffer::from(body)));
        let late = || super::errors::unavailable("The S3 server did not answer in time");
        let answer = tokio::time::timeout(CONTROL_TIMEOUT, sent).await.map_err(|_| late())?;
        Ok(Answer::of(answer.map_err(storage_error)?))
    }
}

fn constraint(region: &str) -> String {
    format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    )
}

/// The configuration with our rule beside those that are there, which are kept as they are; none when one does the same.
fn with_rule(present: Option<&str>) -> Option<String> {
    let rule = format!(
        "<Rule><ID>{RULE}</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload>\
         <DaysAfterInitiation>{ABORT_AFTER_DAYS}</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
    );
    match present.and_then(|present| Some((present, present.rfind(END_OF_RULES)?))) {
        Some((present, _)) if present.contains("<AbortIncompleteMultipartUpload>") => None,
        Some((present, end)) => Some(format!("{}{rule}{}", &present[..end], &present[end..])),
        None => Some(format!(
            "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rule}{END_OF_RULES}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_joins_those_that_are_there() {
        let fresh = with_rule(None).unwrap();
        assert!(fresh.contains(RULE) && fresh.ends_with(END_OF_RULES), "{fresh}");
        assert_eq!(with_rule(Some(&fresh)), None);

        let others =
            "<?xml version=\"1.0\"?><LifecycleConfiguration><Rule><ID>keep</ID></Rule></LifecycleConfiguration>";
        let joined = with_rule(Some(others)).unwrap();
        assert!(joined.contains("<ID>keep</ID>") && joined.contains(RULE), "{joined}");
        assert_eq!(joined.matches(END_OF_RULES).count(), 1);
        assert_eq!(with_rule(Some(&joined)), None);
    }
}
