//! `[auth]`: whether and how callers prove who they are. Not who may do what.

use serde::Deserialize;

use super::check::{Check, require, unset_if_empty, within};
use super::choice::choice;
use super::secret::Secret;

choice! {
    /// Whether requests need a token.
    AuthMode {
        Required = "required",
        /// A token counts when it is sent.
        Optional = "optional",
        Disabled = "disabled",
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub mode: AuthMode,
    /// None: one is generated and kept under `data_dir`.
    #[serde(deserialize_with = "unset_if_empty")]
    pub jwt_secret_key: Option<Secret>,
    pub access_token_ttl_seconds: u64,
    pub login_max_failures_per_account: u32,
    pub login_max_failures_per_address: u32,
    pub login_window_seconds: u64,
}

impl Auth {
    pub(super) fn validate(&self) -> Check {
        within("auth.access_token_ttl_seconds", self.access_token_ttl_seconds, 1..=31_536_000)?;
        let failures = 1..=1_000_000;
        within("auth.login_max_failures_per_account", self.login_max_failures_per_account.into(), failures.clone())?;
        within("auth.login_max_failures_per_address", self.login_max_failures_per_address.into(), failures)?;
        within("auth.login_window_seconds", self.login_window_seconds, 1..=86_400)
    }

    /// What holds outside dev: a key nobody else knows, and no open door to the network.
    pub(super) fn validate_strictly(&self, loopback: bool) -> Check {
        if let Some(key) = self.jwt_secret_key.as_ref().map(Secret::expose) {
            let rule = "outside environment dev";
            let long = format!("32 bytes or more {rule}, or nothing, to have one generated");
            require(key.len() >= SECRET_BYTES, "auth.jwt_secret_key", long)?;
            let own = format!("a secret of your own {rule}, not a well-known default");
            require(!is_well_known(key), "auth.jwt_secret_key", own)?;
        }
        let open = self.mode != AuthMode::Required && !loopback;
        require(!open, "auth.mode", "required on a host that is not loopback, outside environment dev")
    }
}

/// The output of SHA-256; a shorter key makes HS256 weaker than it could be (RFC 7518, section 3.2).
const SECRET_BYTES: usize = 32;

/// Texts of examples and tutorials. Case and separators do not count.
fn is_well_known(key: &str) -> bool {
    const ANYWHERE: [&str; 6] = ["changeme", "changethis", "devsecret", "yoursecret", "replaceme", "topsecret"];
    const AT_START: [&str; 5] = ["secret", "password", "default", "example", "test"];
    let plain: String = key.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
    ANYWHERE.iter().any(|text| plain.contains(text)) || AT_START.iter().any(|text| plain.starts_with(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};
    use super::*;

    const GOOD: &str = "q8Zr2v-0bT6w_Lk4sXy1NcPdJm9EhUaF";

    #[test]
    fn outside_dev_short_and_well_known_keys_are_refused_and_not_shown() {
        for key in ["k", &GOOD[1..], "Change-Me-0123456789-0123456789-0123", "SECRET__secret__SECRET__secret__SECRET"] {
            let message = refusal(&[("YUANTUS_JWT_SECRET_KEY", key)]);
            assert!(message.starts_with("auth.jwt_secret_key = \"********\" (YUANTUS_JWT_SECRET_KEY)"), "{message}");
            with(&[("YUANTUS_JWT_SECRET_KEY", key), ("YUANTUS_ENVIRONMENT", "dev")]);
        }
        for key in ["yuantus-dev-secret-0123456789-0123456789", "please_CHANGE_ME_0123456789012345678901"] {
            assert!(is_well_known(key), "{key}");
        }
        assert_eq!(with(&[("YUANTUS_JWT_SECRET_KEY", GOOD)]).auth.jwt_secret_key, Some(Secret::new(GOOD)));
    }

    #[test]
    fn outside_dev_open_access_stays_on_this_machine() {
        let wide = ("YUANTUS_HOST", "0.0.0.0");
        for mode in ["disabled", "optional"] {
            let open = ("YUANTUS_AUTH_MODE", mode);
            assert!(refusal(&[open, wide]).starts_with(&format!("auth.mode = \"{mode}\" (YUANTUS_AUTH_MODE)")));
            with(&[open]);
            with(&[open, wide, ("YUANTUS_ENVIRONMENT", "dev")]);
        }
        with(&[wide]);
    }

    #[test]
    fn an_unknown_mode_lists_the_known_ones() {
        assert_eq!(
            refusal(&[("YUANTUS_AUTH_MODE", "off")]),
            "auth.mode = \"off\" (YUANTUS_AUTH_MODE): allowed is required, optional, disabled"
        );
    }
}
