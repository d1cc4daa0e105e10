//! `[logging]`: what is logged and how it is written.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::check::{Check, require};
use super::choice::choice;

choice! {
    /// How log lines are written.
    LogFormat {
        /// Text at a terminal, else JSON.
        Auto = "auto",
        Text = "text",
        Json = "json",
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    /// A directive of `EnvFilter`.
    pub level: String,
    pub format: LogFormat,
}

impl Logging {
    pub(super) fn validate(&self) -> Check {
        let fine =
            EnvFilter::try_new(&self.level).is_ok() && !self.level.is_empty() && bare_words_are_levels(&self.level);
        require(
            fine,
            "logging.level",
            "off, error, warn, info, debug or trace, or per module, such as info,yuantus=debug",
        )
    }
}

/// `EnvFilter` takes a lone unknown word for a module and would log everything of it; here it is a slip: `inof`.
fn bare_words_are_levels(directive: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    directive.contains('[')
        || directive
            .split(',')
            .map(str::trim)
            .all(|part| part.contains('=') || LEVELS.iter().any(|level| level.eq_ignore_ascii_case(part)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};

    #[test]
    fn levels_are_directives_and_slips_are_refused() {
        let name = "YUANTUS_LOGGING__LEVEL";
        for good in ["debug", "INFO", "info,yuantus=debug,sqlx=warn", "warn,yuantus[request{tenant=a}]=trace"] {
            assert_eq!(with(&[(name, good)]).logging.level, good);
        }
        for bad in ["", "inof", "info,yuantus=loud", "yuantus"] {
            assert!(refusal(&[(name, bad)]).starts_with("logging.level = "), "{bad}");
        }
    }
}
