//! `[webhooks]`: how events leave the installation, and where they may go.

use serde::Deserialize;

use super::check::{Check, within};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    pub allow_private_addresses: bool,
    pub timeout_seconds: u64,
    pub max_attempts: u64,
    pub disable_after_hours: u64,
    pub delivery_log_days: u64,
}

impl Webhooks {
    pub(super) fn validate(&self) -> Check {
        within("webhooks.timeout_seconds", self.timeout_seconds, 1..=60)?;
        within("webhooks.max_attempts", self.max_attempts, 1..=100)?;
        within("webhooks.disable_after_hours", self.disable_after_hours, 1..=8760)?;
        within("webhooks.delivery_log_days", self.delivery_log_days, 1..=3650)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};

    #[test]
    fn private_addresses_are_refused_unless_allowed() {
        assert!(!with(&[]).webhooks.allow_private_addresses);
        assert!(with(&[("YUANTUS_WEBHOOKS__ALLOW_PRIVATE_ADDRESSES", "true")]).webhooks.allow_private_addresses);
    }

    #[test]
    fn a_delivery_has_an_end() {
        for name in ["TIMEOUT_SECONDS", "MAX_ATTEMPTS", "DISABLE_AFTER_HOURS", "DELIVERY_LOG_DAYS"] {
            let name = format!("YUANTUS_WEBHOOKS__{name}");
            assert!(refusal(&[(&name, "0")]).contains(&name));
        }
    }
}
