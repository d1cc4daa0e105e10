//! Whether links to files work: one is made and followed, as a browser would.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use http::{Method, Request};
use opendal::{Buffer, HttpTransporter};
use url::{Host, Url};
use uuid::Uuid;

use super::answer::Answer;
use super::check::{Check, Verdict};
use super::diagnosis::{Followed, advice};
use super::errors::storage_error;
use super::operator::{Backend, CONTROL_TIMEOUT, StorageTarget};
use super::{ObjectPlace, Storage, content_disposition, keys};
use crate::error::{Error, Result};
use crate::outbound::is_public;

/// Long enough to be tried in a browser.
const LIFE: Duration = Duration::from_secs(300);
const NAME: &str = "yuantus link check ✓.txt";
const TYPE: &str = "text/plain; charset=utf-8";
/// S3 takes requests that are up to 15 minutes off.
const WORTH_A_WORD: TimeDelta = TimeDelta::seconds(60);

impl Storage {
    /// Makes a link to a small object and follows it.
    ///
    /// Errors: `Config` for a place that this storage cannot have.
    pub async fn check_links(&self, place: &ObjectPlace, secure: bool) -> Result<Vec<Check>> {
        Ok(self.backend_of(place)?.check_links(secure).await)
    }

    /// A link that someone else may try, until the sample is removed; none where files come from the server itself.
    pub async fn sample(&self, place: &ObjectPlace) -> Result<Option<Sample>> {
        let backend = self.backend_of(place)?;
        if !backend.signs_links() {
            return Ok(None);
        }
        let key = keys::probe();
        backend.operator.write(&key, "This link works.\n").await.map_err(storage_error)?;
        let link = backend.sign(&key).await?;
        Ok(Some(Sample { link, life: LIFE, key, backend }))
    }
}

/// An object to try a link with.
pub struct Sample {
    pub link: Url,
    pub life: Duration,
    key: String,
    backend: Arc<Backend>,
}

impl Sample {
    pub async fn remove(self) -> Result<()> {
        self.backend.operator.delete(&self.key).await.map_err(storage_error)
    }
}

impl Backend {
    fn signs_links(&self) -> bool {
        self.presigner.info().capability().presign_read
    }

    pub(super) async fn check_links(&self, secure: bool) -> Vec<Check> {
        if !self.signs_links() {
            let skipped = Check::new("links", Verdict::Skipped, "the server itself sends the files of this storage");
            return vec![skipped];
        }
        let key = keys::probe();
        let done = self.try_link(&key, secure).await;
        if let Err(error) = self.operator.delete(&key).await {
            tracing::warn!(key, %error, "the object of a check could not be removed");
        }
        done.unwrap_or_else(|error| vec![Check::failed("links", error.chain())])
    }

    async fn try_link(&self, key: &str, secure: bool) -> Result<Vec<Check>> {
        let content = Uuid::new_v4().to_string();
        self.operator.write(key, content.clone()).await.map_err(storage_error)?;
        let link = self.sign(key).await?;
        let followed = follow(&link, None).await;
        let mut checks = vec![self.judge(&link, &followed, &content)];
        if checks.iter().all(|check| !check.is_failed()) {
            checks.push(part(&follow(&link, Some("bytes=2-5")).await, &content[2..6]));
        }
        checks.extend(reach(&link, self.has_public_endpoint(), secure));
        checks.extend(clock(&followed));
        Ok(checks)
    }

    pub(super) async fn sign(&self, key: &str) -> Result<Url> {
        let signed = self.presigner.presign_read_with(key, LIFE);
        let signed = signed.override_content_disposition(&content_disposition(NAME)).override_content_type(TYPE);
        let signed = signed.await.map_err(storage_error)?;
        Url::parse(&signed.uri().to_string())
            .map_err(|error| Error::internal("The file storage signed an invalid link").caused_by(error))
    }

    fn has_public_endpoint(&self) -> bool {
        matches!(&self.target, StorageTarget::S3(s3) if s3.public_endpoint_url.is_some())
    }

    fn judge(&self, link: &Url, followed: &Followed, content: &str) -> Check {
        let place = origin(link);
        if let Followed::Answered(answer) = followed
            && answer.status == 200
            && answer.body == content
        {
            let named = answer.disposition.as_deref() == Some(&content_disposition(NAME));
            return if named && answer.content_type.as_deref() == Some(TYPE) {
                Check::passed("links", format!("a link to {place} was followed and led to the file"))
            } else {
                Check::new(
                    "links",
                    Verdict::Warning,
                    format!("a link to {place} works, but the file's name or type is lost"),
                )
                .advise("something between changes Content-Disposition or Content-Type: let a proxy pass them on")
            };
        }
        let check =
            Check::failed("links", format!("a link to {place} does not lead to the file: {}", followed.shown()));
        let style = matches!(&self.target, StorageTarget::S3(s3) if s3.virtual_host_style);
        advice(followed, self.has_public_endpoint(), style).into_iter().fold(check, Check::advise)
    }
}

fn origin(link: &Url) -> String {
    link.origin().ascii_serialization()
}

async fn follow(link: &Url, range: Option<&str>) -> Followed {
    let mut request = Request::builder().method(Method::GET).uri(link.as_str());
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let request = match request.body(Buffer::new()) {
        Ok(request) => request,
        Err(error) => return Followed::Unreachable(error.to_string()),
    };
    match tokio::time::timeout(CONTROL_TIMEOUT, HttpTransporter::default().send(request)).await {
        Ok(Ok(response)) => Followed::Answered(Answer::of(response)),
        Ok(Err(error)) => Followed::Unreachable(chain(&error)),
        Err(_) => Followed::Late,
    }
}

/// The causes alone: what opendal itself says names the link, which is a key to the file.
fn chain(error: &opendal::Error) -> String {
    let mut text = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push(error.to_string());
        cause = error.source();
    }
    text.join(": ")
}

fn part(followed: &Followed, wanted: &str) -> Check {
    match followed {
        Followed::Answered(answer) if answer.status == 206 && answer.body == wanted => {
            Check::passed("link_ranges", "a part of the file was answered with that part")
        }
        other => Check::new(
            "link_ranges",
            Verdict::Warning,
            format!("a request for a part was answered with {}", other.shown()),
        )
        .advise("let the proxy in front of the S3 server pass on Range; without it viewers load whole files"),
    }
}

/// What this machine reaches others may not.
fn reach(link: &Url, public: bool, secure: bool) -> Option<Check> {
    let place = origin(link);
    if secure && link.scheme() == "http" {
        return Some(
            Check::new(
                "link_address",
                Verdict::Warning,
                format!("the server is reached over HTTPS, and links lead to {place}"),
            )
            .advise("browsers refuse such downloads: set storage.s3.public_endpoint_url to an https address"),
        );
    }
    let near = match link.host() {
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".local") || name.ends_with(".internal"),
        Some(Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
        None => true,
    };
    near.then(|| {
        let check = Check::new(
            "link_address",
            Verdict::Warning,
            format!("links lead to {place}: only machines near this one reach it"),
        );
        check.advise(if public {
            "right if all users are in this network; else correct storage.s3.public_endpoint_url"
        } else {
            "set storage.s3.public_endpoint_url to the address by which browsers reach the S3 server"
        })
    })
}

fn clock(followed: &Followed) -> Option<Check> {
    let Followed::Answered(Answer { date: Some(date), .. }) = followed else { return None };
    let ahead = Utc::now() - *date;
    (ahead.abs() > WORTH_A_WORD).then(|| {
        let way = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
        let detail = format!("this machine's clock is {} s {way} the S3 server's", ahead.abs().num_seconds());
        Check::new("clock", Verdict::Warning, detail)
            .advise("set both by NTP: links are refused, or end too early, when they differ by minutes")
    })
}
