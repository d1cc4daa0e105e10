//! Multipart uploads of S3 whose parts a client sends straight to the bucket, by links that are signed here.
//!
//! opendal makes multipart uploads for itself only, so these few requests are built here; they are signed by the signer
//! that opendal uses. Keys come from `keys`, never from a caller.

mod address;
mod answers;
mod requests;

use std::time::Duration;

use reqsign_aws_v4::Credential;
use reqsign_core::Signer;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};

use self::address::BucketAddress;
use self::answers::{Begun, Completed, Listed};
use super::answer::Failure;
use super::operator::{Encryption, S3Target};
use super::parts::StoredPart;
use super::{PartLink, install_transport, signing};
use crate::error::{Error, Kind, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For a request that only asks or notes something. Even with its repetitions it ends before the client's own request does.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Joining thousands of parts takes S3 minutes at times; it sends blanks meanwhile.
const JOIN_TIMEOUT: Duration = Duration::from_secs(600);
/// Pages of a list of parts; S3 has at most 1000 parts on one, and an upload at most 10 000.
const MOST_PAGES: usize = 100;

/// The multipart uploads of one bucket.
#[derive(Debug)]
pub(super) struct Multipart {
    /// Where this server reaches the bucket.
    inner: BucketAddress,
    /// Where clients do.
    public: BucketAddress,
    signer: Signer<Credential>,
    http: reqwest::Client,
    encryption: Encryption,
}

impl Multipart {
    /// `None` where the target has no keys of its own: the credentials of a machine change within the life of a link.
    pub(super) fn new(s3: &S3Target) -> Result<Option<Self>> {
        if s3.access_key_id.is_none() || s3.secret_access_key.is_none() {
            return Ok(None);
        }
        install_transport();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::config("The file storage cannot be reached over HTTP").caused_by(error))?;
        let inner = BucketAddress::new(s3, s3.endpoint_url.as_deref())?;
        let public = match &s3.public_endpoint_url {
            Some(endpoint) => BucketAddress::new(s3, Some(endpoint))?,
            None => inner.clone(),
        };
        Ok(Some(Self { inner, public, signer: signing::signer(s3), http, encryption: s3.encryption.clone() }))
    }

    /// Begins an upload to `key` and says under which id S3 knows it.
    pub(super) async fn begin(&self, key: &str) -> Result<String> {
        let url = self.inner.object(key, &[("uploads", "")]);
        let text = self.send(Method::POST, &url, self.encryption_headers()?, None, ANSWER_TIMEOUT).await?;
        Ok(answers::read::<Begun>(&text)?.upload_id)
    }

    /// A link that takes exactly `size` bytes as a part: the length is part of what is signed.
    pub(super) async fn link(
        &self,
        key: &str,
        upload: &str,
        number: u32,
        size: u64,
        life: Duration,
    ) -> Result<PartLink> {
        let url = self.public.object(key, &[("partNumber", &number.to_string()), ("uploadId", upload)]);
        let headers = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(size))]);
        let (url, _) = self.sign(&Method::PUT, &url, headers, Some(life)).await?;
        Ok(PartLink { url })
    }

    /// The parts that have arrived, by number.
    ///
    /// Errors: `NotFound` if S3 knows no such upload (any more).
    pub(super) async fn list(&self, key: &str, upload: &str) -> Result<Vec<StoredPart>> {
        let mut found = Vec::new();
        let mut after = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("uploadId", upload)];
            query.extend(after.as_deref().map(|after| ("part-number-marker", after)));
            let url = self.inner.object(key, &query);
            let page: Listed =
                answers::read(&self.send(Method::GET, &url, HeaderMap::new(), None, ANSWER_TIMEOUT).await?)?;
            after = page.next();
            found.extend(page.parts.into_iter().map(StoredPart::from));
            if after.is_none() {
                break;
            }
        }
        found.sort_by_key(|part| part.number);
        Ok(found)
    }

    /// Joins the parts to the object `key`.
    ///
    /// Errors: `NotFound` if S3 knows no such upload (any more), `Conflict` if it has not these parts.
    pub(super) async fn complete(&self, key: &str, upload: &str, parts: &[StoredPart]) -> Result<()> {
        let url = self.inner.object(key, &[("uploadId", upload)]);
        let body = answers::completion(parts)?;
        let text = self.send(Method::POST, &url, HeaderMap::new(), Some(body), JOIN_TIMEOUT).await?;
        // S3 begins its answer with 200 before it knows how the work ends.
        match Failure::of(&text) {
            Some(failure) => Err(requests::refused(200, Some(&failure.code))),
            None => answers::read::<Completed>(&text).map(|_| ()),
        }
    }

    /// Gives an upload up, with all its parts; one that is not there is fine.
    pub(super) async fn abort(&self, key: &str, upload: &str) -> Result<()> {
        let url = self.inner.object(key, &[("uploadId", upload)]);
        match self.send(Method::DELETE, &url, HeaderMap::new(), None, ANSWER_TIMEOUT).await {
            Err(error) if error.kind() == Kind::NotFound => Ok(()),
            outcome => outcome.map(|_| ()),
        }
    }

    /// What the joined object is encrypted with is said when an upload begins.
    fn encryption_headers(&self) -> Result<HeaderMap> {
        const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-server-side-encryption");
        const KEY: HeaderName = HeaderName::from_static("x-amz-server-side-encryption-aws-kms-key-id");
        let mut headers = HeaderMap::new();
        match &self.encryption {
            Encryption::None => {}
            Encryption::Aes256 => {
                headers.insert(ALGORITHM, HeaderValue::from_static("AES256"));
            }
            Encryption::Kms { key_id } => {
                headers.insert(ALGORITHM, HeaderValue::from_static("aws:kms"));
                if let Some(id) = key_id {
                    let id = HeaderValue::from_str(id);
                    let id = id.map_err(|_| Error::config("The id of the storage's key cannot be sent as a header"))?;
                    headers.insert(KEY, id);
                }
            }
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn target() -> S3Target {
        S3Target {
            endpoint_url: Some("http://127.0.0.1:9".to_owned()),
            public_endpoint_url: Some("https://cdn.example.com".to_owned()),
            bucket: "files".to_owned(),
            region: "eu-west-1".to_owned(),
            access_key_id: Some("key-id".to_owned()),
            secret_access_key: Some("very-secret".to_owned()),
            virtual_host_style: false,
            encryption: Encryption::None,
        }
    }

    #[tokio::test]
    async fn a_link_is_of_the_public_endpoint_and_good_for_one_part_of_one_length() {
        let multipart = Multipart::new(&target()).unwrap().unwrap();
        let life = Duration::from_secs(600);
        let url = multipart.link("tenants/a/b/parts/x/joined", "up+load/1", 7, 42, life).await.unwrap().url;
        assert!(url.as_str().starts_with("https://cdn.example.com/files/tenants/a/b/parts/x/joined?"), "{url}");
        let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!((query["partNumber"].as_str(), query["uploadId"].as_str()), ("7", "up+load/1"));
        assert_eq!(
            (query["X-Amz-Expires"].as_str(), query["X-Amz-SignedHeaders"].as_str()),
            ("600", "content-length;host")
        );
        assert!(query["X-Amz-Credential"].contains("/eu-west-1/s3/aws4_request"), "{url}");
        assert!(!url.as_str().contains("very-secret"));
        let other = multipart.link("tenants/a/b/parts/x/joined", "up+load/1", 7, 43, life).await.unwrap().url;
        let signature =
            |url: &Url| url.query_pairs().find(|(name, _)| name == "X-Amz-Signature").unwrap().1.into_owned();
        assert_ne!(signature(&url), signature(&other), "the length is signed");
    }

    #[test]
    fn without_keys_of_its_own_a_bucket_takes_no_parts_from_clients() {
        let machine = S3Target { access_key_id: None, secret_access_key: None, ..target() };
        assert!(Multipart::new(&machine).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_unavailable() {
        let error = Multipart::new(&target()).unwrap().unwrap().begin("a").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{}", error.chain());
    }

    #[test]
    fn what_encrypts_is_said_in_headers() {
        let headers = |encryption| {
            let multipart = Multipart::new(&S3Target { encryption, ..target() }).unwrap().unwrap();
            let headers = multipart.encryption_headers().unwrap();
            headers.values().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(headers(Encryption::None), Vec::<String>::new());
        assert_eq!(headers(Encryption::Aes256), ["AES256"]);
        assert_eq!(headers(Encryption::Kms { key_id: None }), ["aws:kms"]);
        assert_eq!(headers(Encryption::Kms { key_id: Some("alias/plm".to_owned()) }), ["aws:kms", "alias/plm"]);
    }
}
