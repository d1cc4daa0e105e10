//! `[audit]`: whether requests are recorded, and for how long.

use serde::Deserialize;

use super::check::{Check, within};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    pub enabled: bool,
    /// 0 keeps rows of any age.
    pub retention_days: u32,
    /// 0 keeps any number of rows.
    pub retention_max_rows: u64,
    pub prune_interval_seconds: u64,
}

impl Audit {
    pub(super) fn validate(&self) -> Check {
        within("audit.retention_days", self.retention_days.into(), 0..=36_500)?;
        within("audit.prune_interval_seconds", self.prune_interval_seconds, 1..=86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};

    #[test]
    fn zero_keeps_everything_and_a_negative_age_is_refused() {
        let audit = with(&[]).audit;
        assert_eq!((audit.retention_days, audit.retention_max_rows), (0, 0));
        for (age, allowed) in [
            ("-1", "a whole number, 0 or more"),
            ("36501", "a whole number from 0 to 36500"),
            ("4294967296", "a whole number from 0 to 4294967295"),
        ] {
            let message = format!("audit.retention_days = {age} (YUANTUS_AUDIT_RETENTION_DAYS): allowed is {allowed}");
            assert_eq!(refusal(&[("YUANTUS_AUDIT_RETENTION_DAYS", age)]), message);
        }
    }
}
