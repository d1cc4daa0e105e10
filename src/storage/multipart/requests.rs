//! Signing a request, sending it, and what its failure means.

use std::time::Duration;

use reqwest::header::{HOST, HeaderMap};
use reqwest::{Method, StatusCode};
use url::Url;

use super::Multipart;
use crate::error::{Error, Result};
use crate::storage::answer::Failure;
use crate::storage::errors::unavailable;
use crate::storage::signing;

const TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

impl Multipart {
    /// The address and headers as they are to be sent; with `life`, all that proves the right to is in the address.
    pub(super) async fn sign(
        &self,
        method: &Method,
        url: &Url,
        headers: HeaderMap,
        life: Option<Duration>,
    ) -> Result<(Url, HeaderMap)> {
        let mut parts = signing::sign(&self.signer, method, url, headers, life).await?;
        let odd = |error| Error::internal("A signed address is none").caused_by(error);
        let url = Url::parse(&parts.uri.to_string()).map_err(odd)?;
        // The client sends it by itself.
        parts.headers.remove(HOST);
        Ok((url, parts.headers))
    }

    /// The body of the answer. What may pass is tried again: each of these requests bears repetition.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<String>,
        timeout: Duration,
    ) -> Result<String> {
        let mut pause = FIRST_PAUSE;
        for left in (0..TRIES).rev() {
            let (signed, headers) = self.sign(&method, url, headers.clone(), None).await?;
            let request = self.http.request(method.clone(), signed).headers(headers).timeout(timeout);
            // Even an empty body has its length said: POST without one is refused by some servers.
            let sent = request.body(body.clone().unwrap_or_default()).send().await;
            let answer = match sent {
                Ok(response) => {
                    let status = response.status();
                    response.text().await.map(|text| (status, text))
                }
                Err(error) => Err(error),
            };
            match answer {
                Ok((status, text)) if status.is_success() => return Ok(text),
                Ok((status, text)) if left == 0 || !may_pass(status) => {
                    return Err(refused(status.as_u16(), Failure::of(&text).map(|failure| failure.code).as_deref()));
                }
                Err(error) if left == 0 => {
                    return Err(unavailable("The file storage cannot be reached").caused_by(error.without_url()));
                }
                _ => {}
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(unavailable("The file storage cannot be reached"))
    }
}

fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT
}

/// What an answer that is no success means to the caller.
pub(super) fn refused(status: u16, code: Option<&str>) -> Error {
    let cause = format!("S3 answered {status} {}", code.unwrap_or("without a code"));
    let mapped = match (status, code) {
        (_, Some("NoSuchUpload" | "NoSuchKey")) => Error::not_found("The storage knows no such upload"),
        (_, Some("NoSuchBucket")) => Error::internal("The bucket of the file storage does not exist"),
        (_, Some("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall")) => {
            Error::conflict("The storage does not hold the parts as they were named")
        }
        (_, Some("InternalError" | "ServiceUnavailable" | "SlowDown" | "OperationAborted" | "RequestTimeout")) => {
            unavailable("The file storage is busy")
        }
        (401 | 403, _) => Error::internal("The file storage denies access"),
        (404, _) => Error::not_found("The storage knows no such upload"),
        (429 | 500.., _) => unavailable("The file storage is busy"),
        _ => Error::internal("The file storage failed"),
    };
    mapped.caused_by(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn each_refusal_has_its_kind() {
        for (status, code, kind) in [
            (404, Some("NoSuchUpload"), Kind::NotFound),
            (404, None, Kind::NotFound),
            (404, Some("NoSuchBucket"), Kind::Internal),
            (400, Some("InvalidPart"), Kind::Conflict),
            (200, Some("InternalError"), Kind::Unavailable),
            (503, Some("SlowDown"), Kind::Unavailable),
            (503, None, Kind::Unavailable),
            (403, Some("SignatureDoesNotMatch"), Kind::Internal),
            (400, Some("MalformedXML"), Kind::Internal),
        ] {
            assert_eq!(refused(status, code).kind(), kind, "{status} {code:?}");
        }
    }
}
