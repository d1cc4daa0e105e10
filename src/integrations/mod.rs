//! The outside services that this installation is configured with, each behind a circuit breaker. What is asked of them
//! belongs to the areas that use them.

use std::time::{Duration, Instant};

use url::Url;

use crate::config;
use crate::outbound::{Answer, Breaker, BreakerRules, Client, Failure, Reach, Snapshot};

/// What a service is for, as capabilities list it.
const PURPOSES: [(&str, &str); 5] = [
    ("athena", "Engineering changes and documents in Athena"),
    ("cad_ml", "Classification of drawings and models"),
    ("dedup_vision", "Search for similar drawings"),
    ("cad_extractor", "Attributes out of CAD files"),
    ("cad_connector", "Conversion of CAD files"),
];

/// Where each service says that it works, below its base address.
const HEALTH_PATH: &str = "health";
const HEALTH_BODY: usize = 1024;

/// All services, configured or not.
pub struct Integrations {
    /// In the order of [`PURPOSES`].
    services: [Service; 5],
    client: Client,
}

struct Service {
    name: &'static str,
    purpose: &'static str,
    base: Option<Url>,
    breaker: Breaker,
}

/// What a service can be used for, and how its breaker stands. No addresses.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceView {
    pub name: &'static str,
    pub purpose: &'static str,
    pub configured: bool,
    /// Only of a configured one.
    pub breaker: Option<Snapshot>,
}

/// The health of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceHealth {
    pub view: ServiceView,
    /// None where it is not configured.
    pub ok: Option<bool>,
    pub error_code: Option<&'static str>,
    pub error_type: Option<&'static str>,
    pub summary: Option<String>,
    pub elapsed: Option<Duration>,
}

impl Integrations {
    pub fn new(config: &config::Integrations) -> Self {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let rules = BreakerRules {
            enabled: config.breaker_enabled,
            failure_threshold: count(config.breaker_failure_threshold),
            window: Duration::from_secs(config.breaker_window_seconds),
            recovery: Duration::from_secs(config.breaker_recovery_seconds),
            max_recovery: Duration::from_secs(config.breaker_max_recovery_seconds),
        };
        let bases = [
            &config.athena_base_url,
            &config.cad_ml_base_url,
            &config.dedup_vision_base_url,
            &config.cad_extractor_base_url,
            &config.cad_connector_base_url,
        ];
        let service = |index: usize| {
            let (name, purpose) = PURPOSES[index];
            let base = bases[index].as_deref().and_then(|base| Url::parse(base).ok());
            Service { name, purpose, base, breaker: Breaker::new(rules) }
        };
        Self {
            services: std::array::from_fn(service),
            client: Client::new(Reach::Anywhere, Duration::from_secs(config.health_timeout_seconds)),
        }
    }

    pub fn services(&self) -> [ServiceView; 5] {
        self.services.each_ref().map(Service::view)
    }

    /// Asks every configured service at once; takes no longer than the slowest, which the configured time bounds.
    pub async fn health(&self) -> [ServiceHealth; 5] {
        let [a, b, c, d, e] = self.services.each_ref().map(|service| service.health(&self.client));
        tokio::join!(a, b, c, d, e).into()
    }
}

impl Service {
    fn view(&self) -> ServiceView {
        let breaker = self.base.is_some().then(|| self.breaker.snapshot(Instant::now()));
        ServiceView { name: self.name, purpose: self.purpose, configured: self.base.is_some(), breaker }
    }

    async fn health(&self, client: &Client) -> ServiceHealth {
        let Some(base) = &self.base else { return self.answer(None, None, None) };
        if !self.breaker.admit(Instant::now()) {
            let summary = "left alone for a while after repeated failures".to_owned();
            return self.answer(Some(false), Some(("upstream_circuit_open", "CircuitOpen", summary)), None);
        }
        let began = Instant::now();
        let fault = fault(client.get(&below(base, HEALTH_PATH), HEALTH_BODY).await);
        match &fault {
            None => self.breaker.succeeded(),
            Some((_, kind, _)) => self.breaker.failed(Instant::now(), kind),
        }
        self.answer(Some(fault.is_none()), fault, Some(began.elapsed()))
    }

    fn answer(&self, ok: Option<bool>, fault: Option<Fault>, elapsed: Option<Duration>) -> ServiceHealth {
        let (error_code, error_type, summary) = match fault {
            Some((code, kind, summary)) => (Some(code), Some(kind), Some(summary)),
            None => (None, None, None),
        };
        ServiceHealth { view: self.view(), ok, error_code, error_type, summary, elapsed }
    }
}

/// Code, type and summary, as clients know them.
type Fault = (&'static str, &'static str, String);

fn fault(result: Result<Answer, Failure>) -> Option<Fault> {
    let (code, kind) = match result {
        Ok(answer) if answer.is_success() => return None,
        Ok(answer) => {
            let summary = format!("upstream answered {}", answer.status);
            return Some(("upstream_http_error", "HTTPStatusError", summary));
        }
        Err(Failure::TimedOut) => ("upstream_timeout", "TimeoutError"),
        Err(Failure::NotConnected | Failure::Refused(_)) => ("upstream_request_error", "ConnectError"),
        Err(Failure::Broken) => ("upstream_request_error", "ProtocolError"),
    };
    Some((code, kind, format!("upstream request failed ({kind})")))
}

/// A path below a base address, whether or not that ends with a slash.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_hang_below_the_base_address() {
        for (base, expected) in [
            ("http://athena:8080", "http://athena:8080/health"),
            ("http://athena:8080/", "http://athena:8080/health"),
            ("https://x.example/a/b/?k=1", "https://x.example/a/b/health"),
        ] {
            assert_eq!(below(&Url::parse(base).unwrap(), HEALTH_PATH).as_str(), expected);
        }
    }

    #[tokio::test]
    async fn what_is_not_configured_is_neither_well_nor_ill_and_what_fails_is_left_alone() {
        let pairs = [
            ("YUANTUS_ATHENA_BASE_URL", "http://127.0.0.1:1"),
            ("YUANTUS_INTEGRATIONS__BREAKER_FAILURE_THRESHOLD", "2"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let services = Integrations::new(&config::Config::load_from(None, pairs).unwrap().config.integrations);
        for code in ["upstream_request_error", "upstream_request_error", "upstream_circuit_open"] {
            let health = services.health().await;
            let (athena, other) = (&health[0], &health[1]);
            assert_eq!((athena.view.name, athena.ok, athena.error_code), ("athena", Some(false), Some(code)));
            assert!(!athena.summary.as_deref().unwrap().contains("127.0.0.1"));
            assert_eq!((other.ok, other.error_code, other.view.configured), (None, None, false));
        }
        assert_eq!(services.services()[0].breaker.as_ref().unwrap().state, "open");
    }
}
