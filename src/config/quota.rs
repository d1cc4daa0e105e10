//! `[quota]`: what happens at a tenant's limits. The limits themselves are data of the tenant.

use serde::Deserialize;

use super::choice::choice;

choice! {
    /// What happens at a limit.
    QuotaMode {
        Disabled = "disabled",
        /// The request succeeds and carries a warning.
        Soft = "soft",
        /// The request is refused.
        Enforce = "enforce",
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    pub mode: QuotaMode,
    /// Whether the superusers of a tenant may change its limits themselves; the platform's may in any case.
    pub self_service: bool,
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};
    use super::QuotaMode;

    #[test]
    fn the_established_words_are_read() {
        for (text, mode) in
            [("disabled", QuotaMode::Disabled), ("soft", QuotaMode::Soft), ("enforce", QuotaMode::Enforce)]
        {
            assert_eq!(with(&[("YUANTUS_QUOTA_MODE", text)]).quota.mode, mode);
        }
        assert!(!with(&[("YUANTUS_QUOTA__SELF_SERVICE", "false")]).quota.self_service);
        assert!(refusal(&[("YUANTUS_QUOTA_MODE", "hard")]).ends_with("allowed is disabled, soft, enforce"));
    }
}
