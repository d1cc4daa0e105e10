//! `[plugins]`: whether plugins start with the server. Which ones there are is found out by the host of plugins.

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    pub autoload: bool,
}

#[cfg(test)]
mod tests {
    use super::super::tests::with;

    #[test]
    fn plugins_start_unless_switched_off() {
        assert!(with(&[]).plugins.autoload);
        assert!(!with(&[("YUANTUS_PLUGINS_AUTOLOAD", "0")]).plugins.autoload);
    }
}
