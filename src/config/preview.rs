//! `[preview]`: pictures of files, and what drawing one may take.

use serde::Deserialize;

use super::check::{Check, within};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    pub enabled: bool,
    pub max_bytes: u64,
    pub memory_bytes: u64,
    pub cpu_seconds: u64,
    pub seconds: u64,
}

impl Preview {
    pub(super) fn validate(&self) -> Check {
        within("preview.max_bytes", self.max_bytes, 1..=64 << 30)?;
        // The program itself takes a part of it.
        within("preview.memory_bytes", self.memory_bytes, 256 << 20..=64 << 30)?;
        within("preview.cpu_seconds", self.cpu_seconds, 1..=3600)?;
        within("preview.seconds", self.seconds, 1..=7200)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};

    #[test]
    fn drawing_is_bounded() {
        for name in ["MAX_BYTES", "MEMORY_BYTES", "CPU_SECONDS", "SECONDS"] {
            let name = format!("YUANTUS_PREVIEW__{name}");
            assert!(refusal(&[(&name, "0")]).contains(&name));
        }
    }

    #[test]
    fn previews_can_be_switched_off() {
        assert!(with(&[]).preview.enabled);
        assert!(!with(&[("YUANTUS_PREVIEW__ENABLED", "false")]).preview.enabled);
    }
}
