//! `[server]`: where the server listens and what a request may take. Nothing of what it serves.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use super::check::{Check, require, unset_if_empty, web_url, within};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub host: String,
    /// 0 takes any free port.
    pub port: u16,
    pub tenant_header: String,
    pub org_header: String,
    pub request_timeout_seconds: u64,
    pub shutdown_grace_seconds: u64,
    pub max_body_bytes: u64,
    #[serde(deserialize_with = "unset_if_empty")]
    pub public_url: Option<String>,
    pub metrics_enabled: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
}

impl Server {
    /// Whether only this machine can reach the server. A name other than `localhost` may resolve to anything.
    pub fn is_loopback(&self) -> bool {
        let host = self.bare_host();
        host.parse::<IpAddr>().map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
    }

    /// The host without the brackets that an IPv6 address may carry.
    pub fn bare_host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }

    pub(super) fn validate(&self) -> Check {
        let name = |host: &str| {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        };
        let host = self.bare_host();
        require(host.parse::<IpAddr>().is_ok() || name(&self.host), "server.host", "an IP address or a host name")?;
        require(is_header(&self.tenant_header), "server.tenant_header", HEADER)?;
        require(is_header(&self.org_header), "server.org_header", HEADER)?;
        let differ = !self.tenant_header.eq_ignore_ascii_case(&self.org_header);
        require(differ, "server.org_header", "a header that differs from server.tenant_header")?;
        within("server.request_timeout_seconds", self.request_timeout_seconds, 1..=3600)?;
        within("server.shutdown_grace_seconds", self.shutdown_grace_seconds, 0..=3600)?;
        within("server.max_body_bytes", self.max_body_bytes, 1024..=1 << 30)?;
        let known = self.trusted_proxies.iter().all(|proxy| network(proxy).is_some());
        require(known, "server.trusted_proxies", "addresses and networks, such as 10.0.0.2 and 172.16.0.0/12")?;
        web_url("server.public_url", self.public_url.as_deref())
    }

    /// The networks of the trusted proxies.
    pub fn trusted_networks(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|proxy| network(proxy)).collect()
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

const HEADER: &str = "the name of an HTTP header";

/// A `token` of RFC 9110, section 5.6.2.
fn is_header(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};

    #[test]
    fn loopback_is_recognised_in_all_spellings() {
        for (host, loopback) in [
            ("127.0.0.1", true),
            ("127.8.0.1", true),
            ("::1", true),
            ("[::1]", true),
            ("LocalHost", true),
            ("0.0.0.0", false),
            ("::", false),
            ("plm.example.com", false),
        ] {
            assert_eq!(with(&[("YUANTUS_HOST", host)]).server.is_loopback(), loopback, "{host}");
        }
    }

    #[test]
    fn hosts_headers_and_addresses_are_checked() {
        for (name, value, key) in [
            ("YUANTUS_HOST", "", "server.host"),
            ("YUANTUS_HOST", "a b", "server.host"),
            ("YUANTUS_HOST", "127.0.0.1:80", "server.host"),
            ("YUANTUS_TENANT_HEADER", "x tenant", "server.tenant_header"),
            ("YUANTUS_ORG_HEADER", "", "server.org_header"),
            ("YUANTUS_ORG_HEADER", "X-Tenant-ID", "server.org_header"),
            ("YUANTUS_SERVER__PUBLIC_URL", "plm.example.com", "server.public_url"),
            ("YUANTUS_SERVER__MAX_BODY_BYTES", "0", "server.max_body_bytes"),
            ("YUANTUS_PORT", "65536", "server.port"),
            ("YUANTUS_PORT", "-1", "server.port"),
        ] {
            let message = refusal(&[(name, value)]);
            assert!(message.starts_with(&format!("{key} = ")) && message.contains(name), "{message}");
        }
        assert_eq!(with(&[("YUANTUS_PORT", "0")]).server.port, 0);
    }
}
