//! `yuantus healthcheck`: whether the server of this machine answers, for supervisors whose images hold no HTTP client.
//! Not a client of other machines: no TLS, no redirects.

use std::io::{Error as IoError, ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use clap::Args;
use url::Url;

use crate::config::Loaded;
use crate::error::{Error, Result};

const PATH: &str = "/api/v1/health";
/// For connecting and for the answer together.
const LIMIT: Duration = Duration::from_secs(3);
/// A status line is much shorter; a peer that sends no end of line is not waited for.
const LONGEST_STATUS_LINE: usize = 256;

#[derive(Debug, Args)]
pub struct Healthcheck {
    /// Ask this address instead of the configured one: http://HOST:PORT, with a path if it is not /api/v1/health
    #[arg(long)]
    url: Option<Url>,
}

impl Healthcheck {
    /// Fails with `Unavailable` unless the server answers 200 in time. `load` is called only when no address is given.
    pub fn run(self, load: impl FnOnce() -> Result<Loaded>) -> Result<()> {
        let target = match self.url {
            Some(url) => Target::of(&url)?,
            None => {
                let server = load()?.config.server;
                Target { host: reachable(server.bare_host()), port: server.port, path: PATH.to_owned() }
            }
        };
        let status = target
            .ask()
            .map_err(|error| Error::unavailable(format!("{} does not answer", target.display())).caused_by(error))?;
        match status {
            200 => Ok(()),
            other => Err(Error::unavailable(format!("{} answers {other}", target.display()))),
        }
    }
}

/// What is asked.
#[derive(Debug, PartialEq)]
struct Target {
    /// Without brackets.
    host: String,
    port: u16,
    path: String,
}

impl Target {
    fn of(url: &Url) -> Result<Self> {
        let (Some(host), Some(port), "http") = (url.host_str(), url.port_or_known_default(), url.scheme()) else {
            return Err(Error::bad_request(format!("{url} is not of the form http://HOST:PORT")));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let path = if url.path() == "/" { PATH } else { url.path() };
        Ok(Self { host, port, path: path.to_owned() })
    }

    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn display(&self) -> String {
        format!("http://{}{}", self.authority(), self.path)
    }

    /// The status of the answer.
    fn ask(&self) -> std::io::Result<u16> {
        let deadline = Instant::now() + LIMIT;
        let mut stream = self.connect(deadline)?;
        stream.set_write_timeout(Some(left(deadline)?))?;
        let (path, authority) = (&self.path, self.authority());
        let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        while !answer.contains(&b'\n') && answer.len() < LONGEST_STATUS_LINE {
            let mut part = [0; LONGEST_STATUS_LINE];
            stream.set_read_timeout(Some(left(deadline)?))?;
            match stream.read(&mut part)? {
                0 => break,
                count => answer.extend_from_slice(&part[..count]),
            }
        }
        status(&answer).ok_or_else(|| IoError::new(ErrorKind::InvalidData, "the answer is not HTTP"))
    }

    /// A name may stand for several addresses, of which one is listened on.
    fn connect(&self, deadline: Instant) -> std::io::Result<TcpStream> {
        let mut refused = IoError::new(ErrorKind::NotFound, "the host has no address");
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(deadline)?) {
                Ok(stream) => return Ok(stream),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

/// A server that listens on all addresses is asked on the loopback one.
fn reachable(host: &str) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(all)) if all.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(all)) if all.is_unspecified() => "::1".to_owned(),
        _ => host.to_owned(),
    }
}

fn left(deadline: Instant) -> std::io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(IoError::new(ErrorKind::TimedOut, "no answer in time")) } else { Ok(left) }
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|&byte| byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn ask_server_that_says(answer: &'static str) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap();
            for part in answer.as_bytes().chunks(7) {
                stream.write_all(part).unwrap();
            }
            String::from_utf8(request[..count].to_vec()).unwrap()
        });
        let asked = Healthcheck { url: Some(Url::parse(&url).unwrap()) }.run(|| unreachable!("nothing to load"));
        assert!(server.join().unwrap().starts_with("GET /api/v1/health HTTP/1.1\r\n"));
        asked
    }

    #[test]
    fn only_an_answer_of_200_is_healthy() {
        assert!(ask_server_that_says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").is_ok());
        let refused = ask_server_that_says("HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err();
        assert!(refused.message().ends_with("answers 503"), "{}", refused.message());
        assert!(ask_server_that_says("220 mail.example.com ESMTP\r\n").is_err());
        assert!(ask_server_that_says("").is_err());
    }

    #[test]
    fn a_port_that_nobody_listens_on_is_told_at_once() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let target = Target { host: "127.0.0.1".to_owned(), port: free.port(), path: PATH.to_owned() };
        assert_eq!(target.ask().unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_server_that_never_answers_is_left_after_the_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let started = Instant::now();
        assert!(Target::of(&url).unwrap().ask().is_err());
        assert!(started.elapsed() < LIMIT + Duration::from_secs(2), "{:?}", started.elapsed());
    }

    #[test]
    fn addresses_are_understood_as_people_write_them() {
        let target = |url: &str| Target::of(&Url::parse(url).unwrap());
        assert_eq!(target("http://localhost:7910").unwrap().display(), "http://localhost:7910/api/v1/health");
        assert_eq!(target("http://[::1]:7910/ready").unwrap().display(), "http://[::1]:7910/ready");
        assert!(target("https://plm.example.com").is_err());
        assert!(target("file:///etc").is_err());
    }

    #[test]
    fn all_addresses_become_the_loopback_one() {
        let hosts = ["0.0.0.0", "::", "127.0.0.2", "plm.example.com"];
        assert_eq!(hosts.map(reachable), ["127.0.0.1", "::1", "127.0.0.2", "plm.example.com"]);
    }
}
