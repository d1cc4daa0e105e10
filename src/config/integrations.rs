//! `[integrations]`: outside services that Yuantus can use, each optional.

use serde::Deserialize;

use super::check::{Check, unset_if_empty, web_url, within};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integrations {
    #[serde(deserialize_with = "unset_if_empty")]
    pub athena_base_url: Option<String>,
    #[serde(deserialize_with = "unset_if_empty")]
    pub cad_ml_base_url: Option<String>,
    #[serde(deserialize_with = "unset_if_empty")]
    pub dedup_vision_base_url: Option<String>,
    #[serde(deserialize_with = "unset_if_empty")]
    pub cad_extractor_base_url: Option<String>,
    #[serde(deserialize_with = "unset_if_empty")]
    pub cad_connector_base_url: Option<String>,
    pub health_timeout_seconds: u64,
    pub breaker_enabled: bool,
    pub breaker_failure_threshold: u64,
    pub breaker_window_seconds: u64,
    pub breaker_recovery_seconds: u64,
    pub breaker_max_recovery_seconds: u64,
}

impl Integrations {
    pub(super) fn validate(&self) -> Check {
        web_url("integrations.athena_base_url", self.athena_base_url.as_deref())?;
        web_url("integrations.cad_ml_base_url", self.cad_ml_base_url.as_deref())?;
        web_url("integrations.dedup_vision_base_url", self.dedup_vision_base_url.as_deref())?;
        web_url("integrations.cad_extractor_base_url", self.cad_extractor_base_url.as_deref())?;
        web_url("integrations.cad_connector_base_url", self.cad_connector_base_url.as_deref())?;
        within("integrations.health_timeout_seconds", self.health_timeout_seconds, 1..=30)?;
        within("integrations.breaker_failure_threshold", self.breaker_failure_threshold, 1..=1000)?;
        within("integrations.breaker_window_seconds", self.breaker_window_seconds, 1..=3600)?;
        within("integrations.breaker_recovery_seconds", self.breaker_recovery_seconds, 1..=3600)?;
        within("integrations.breaker_max_recovery_seconds", self.breaker_max_recovery_seconds, 1..=86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};

    #[test]
    fn services_are_optional_and_have_established_names() {
        assert!(with(&[]).integrations.athena_base_url.is_none());
        let set = with(&[("YUANTUS_CAD_ML_BASE_URL", "http://cad-ml:8001")]).integrations;
        assert_eq!(set.cad_ml_base_url.as_deref(), Some("http://cad-ml:8001"));
        assert!(refusal(&[("YUANTUS_ATHENA_BASE_URL", "athena:1")]).contains("integrations.athena_base_url"));
    }
}
