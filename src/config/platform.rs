//! `[platform]`: who may manage all tenants.

use serde::Deserialize;

use crate::types::TenantId;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    pub admin_enabled: bool,
    pub tenant_id: TenantId,
}

#[cfg(test)]
mod tests {
    use super::super::tests::refusal;

    #[test]
    fn the_platform_tenant_has_a_valid_id() {
        let message = refusal(&[("YUANTUS_PLATFORM_TENANT_ID", "Plat_form")]);
        assert!(message.starts_with("platform.tenant_id = \"Plat_form\" (YUANTUS_PLATFORM_TENANT_ID)"), "{message}");
        assert!(message.contains("1 to 63 characters"), "{message}");
    }
}
