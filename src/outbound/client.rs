//! The HTTP client of requests that leave: no redirects, no proxy, a bounded time, a bounded answer, and addresses that are
//! checked where they are resolved, so that the connection goes to exactly what was checked.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Method, redirect};
use url::Url;

use super::address::{Refused, check_url, is_public, not_public};
use crate::error::Error;

/// Where requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To public addresses: for targets that users name.
    Public,
    /// Anywhere: for targets that the operator configures.
    Anywhere,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The beginning of the body; what is no UTF-8 is replaced.
    pub body: String,
    pub elapsed: Duration,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What is said where no connection came about. The same for a name that leads to a private address, whoever named it: a
/// difference would map the network.
const NO_CONNECTION: &str =
    "No connection: the name is unknown or leads to no public address, nothing listens, or TLS failed";

/// Why nothing came back. The texts name no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The target may not be sent to.
    Refused(String),
    NotConnected,
    TimedOut,
    /// The connection broke, or what came is no HTTP.
    Broken,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(_) | Self::NotConnected => out.write_str(NO_CONNECTION),
            Self::TimedOut => out.write_str("No answer in time"),
            Self::Broken => out.write_str("The connection broke before the answer was complete"),
        }
    }
}

/// Sends requests; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    /// None on a machine where TLS finds no certificates to trust: that is no reason not to start.
    http: Option<reqwest::Client>,
    reach: Reach,
}

impl Client {
    /// `timeout` bounds a whole request, from the look-up of the name to the end of the answer.
    pub fn new(reach: Reach, timeout: Duration) -> Self {
        crate::storage::install_transport();
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            // A proxy would resolve the name itself, unchecked.
            .no_proxy()
            .timeout(timeout)
            .referer(false)
            .user_agent(concat!("yuantus/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(Duration::from_secs(30))
            .dns_resolver(Guarded { reach });
        let built = builder.build();
        if let Err(error) = &built {
            let error = Error::internal("no request can be sent").caused_by(error.to_string());
            tracing::warn!(error = %error.chain(), "outbound requests fail");
        }
        Self { http: built.ok(), reach }
    }

    pub async fn get(&self, url: &Url, most: usize) -> Result<Answer, Failure> {
        self.send(Method::GET, url, &[], Vec::new(), most).await
    }

    pub async fn post(
        &self,
        url: &Url,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        most: usize,
    ) -> Result<Answer, Failure> {
        self.send(Method::POST, url, headers, body, most).await
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        most: usize,
    ) -> Result<Answer, Failure> {
        // A literal address is connected to without the resolver.
        check_url(url, self.reach == Reach::Anywhere).map_err(|Refused(reason)| Failure::Refused(reason))?;
        let began = Instant::now();
        let Some(http) = &self.http else { return Err(Failure::NotConnected) };
        let mut request = http.request(method, url.clone()).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = request.send().await.map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        // What the receiver decided stands in the status: a body that is cut, or too slow, does not undo it.
        let mut read = Vec::new();
        while read.len() < most {
            let Ok(Some(some)) = response.chunk().await else { break };
            read.extend_from_slice(&some[..some.len().min(most - read.len())]);
        }
        // PostgreSQL keeps no NUL in a text.
        let body = String::from_utf8_lossy(&read).replace('\0', "\u{fffd}");
        Ok(Answer { status, body, elapsed: began.elapsed() })
    }
}

fn failure(error: &reqwest::Error) -> Failure {
    if let Some(Refused(reason)) = cause::<Refused>(error) {
        return Failure::Refused(reason.clone());
    }
    tracing::debug!(error = %Error::internal("a request failed").caused_by(error.to_string()).chain(), "outbound");
    if error.is_timeout() {
        Failure::TimedOut
    } else if error.is_connect() {
        Failure::NotConnected
    } else {
        Failure::Broken
    }
}

fn cause<'a, T: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Resolves names as the system does, and hands on only what may be connected to. A name that leads to one address that is
/// not public leads nowhere: which of several is taken is not ours to say.
struct Guarded {
    reach: Reach,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, reach) = (name.as_str().to_owned(), self.reach);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            if reach == Reach::Public && !found.iter().all(|address| is_public(address.ip())) {
                return Err(Box::new(not_public()) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn answering(response: &'static str) -> Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://localhost:{}/hook", listener.local_addr().unwrap().port())).unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(response.as_bytes()).await;
            }
        });
        url
    }

    fn client(reach: Reach) -> Client {
        Client::new(reach, Duration::from_secs(10))
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_when_it_is_resolved() {
        let url = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await;
        let refused = client(Reach::Public).get(&url, 100).await.unwrap_err();
        assert!(matches!(refused, Failure::Refused(_)), "{refused:?}");
        assert_eq!(refused.to_string(), Failure::NotConnected.to_string());
        let answer = client(Reach::Anywhere).get(&url, 100).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    }

    #[tokio::test]
    async fn redirects_are_not_followed_and_answers_are_cut() {
        let url = answering(
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 5\r\nconnection: close\r\n\r\n12345",
        )
        .await;
        let answer = client(Reach::Anywhere).post(&url, &[("x-a", "b".to_owned())], Vec::new(), 3).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str(), answer.is_success()), (302, "123", false));
    }

    #[tokio::test]
    async fn a_status_counts_though_the_body_is_cut() {
        let url = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nok").await;
        let answer = client(Reach::Anywhere).get(&url, 100).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    }

    #[tokio::test]
    async fn failures_name_no_address() {
        let closed = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port())
        };
        let failed = client(Reach::Anywhere).get(&Url::parse(&closed).unwrap(), 10).await.unwrap_err();
        assert_eq!(failed, Failure::NotConnected);
        let garbage = answering("no http at all\r\n\r\n").await;
        assert_eq!(client(Reach::Anywhere).get(&garbage, 10).await.unwrap_err(), Failure::Broken);
    }
}
