//! Signing the requests to S3 that opendal does not make, as it signs its own.

use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Method, Request};
use opendal::HttpTransporter;
use reqsign_aws_v4::{Credential, DefaultCredentialProvider, RequestSigner, StaticCredentialProvider};
use reqsign_core::{Context, OsEnv, ProvideCredentialChain, Signer};
use reqsign_file_read_tokio::TokioFileRead;
use url::Url;

use super::operator::S3Target;
use crate::error::{Error, Result};

/// Signs with the keys of the target, or those of the machine.
pub(super) fn signer(s3: &S3Target) -> Signer<Credential> {
    let transport = HttpTransporter::default();
    let context = Context::new().with_file_read(TokioFileRead).with_env(OsEnv).with_http_send(transport);
    let keys = match (&s3.access_key_id, &s3.secret_access_key) {
        (Some(id), Some(secret)) => ProvideCredentialChain::new().push(StaticCredentialProvider::new(id, secret)),
        _ => ProvideCredentialChain::new().push(DefaultCredentialProvider::new()),
    };
    Signer::new(context, keys, RequestSigner::new("s3", &s3.region))
}

/// A request without its body, signed; with `life`, all that proves the right to it is in its address.
pub(super) async fn sign(
    signer: &Signer<Credential>,
    method: &Method,
    url: &Url,
    headers: HeaderMap,
    life: Option<Duration>,
) -> Result<Parts> {
    let unmade = |error| Error::internal("A request to the S3 server cannot be made").caused_by(error);
    let request = Request::builder().method(method.clone()).uri(url.as_str()).body(());
    let (mut parts, ()) = request.map_err(unmade)?.into_parts();
    parts.headers = headers;
    let unsigned = |error: reqsign_core::Error| {
        Error::config("A request to the S3 server cannot be signed: are there credentials?").caused_by(error)
    };
    signer.sign(&mut parts, life).await.map_err(unsigned)?;
    Ok(parts)
}
