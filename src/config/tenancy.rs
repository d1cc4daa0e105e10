//! `[tenancy]`: which organisations share a database. Not where the databases lie: that is `[database]`.

use serde::Deserialize;

use super::check::{Check, unset_if_empty, within};
use super::choice::choice;
use crate::types::TenantId;

choice! {
    /// Which organisations share a database.
    TenancyMode {
        DbPerTenantOrg = "db-per-tenant-org",
        DbPerTenant = "db-per-tenant",
        /// One database holds one tenant's product data.
        Single = "single",
    }
}

choice! {
    /// What opening a database does when its schema is behind.
    SchemaMode {
        /// Migrates it.
        CreateAll = "create_all",
        /// Refuses it.
        Migrations = "migrations",
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenancy {
    pub mode: TenancyMode,
    pub schema_mode: SchemaMode,
    /// None: the first tenant other than the platform's claims the single database.
    #[serde(deserialize_with = "unset_if_empty")]
    pub single_tenant: Option<TenantId>,
    pub max_open_databases: u32,
    pub idle_seconds: u64,
}

impl Tenancy {
    pub(super) fn validate(&self) -> Check {
        within("tenancy.max_open_databases", self.max_open_databases.into(), 1..=100_000)?;
        within("tenancy.idle_seconds", self.idle_seconds, 1..=86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};
    use super::*;

    #[test]
    fn the_established_words_are_read() {
        let tenancy = with(&[("YUANTUS_TENANCY_MODE", "db-per-tenant"), ("YUANTUS_SCHEMA_MODE", "migrations")]).tenancy;
        assert_eq!((tenancy.mode, tenancy.schema_mode), (TenancyMode::DbPerTenant, SchemaMode::Migrations));
        assert_eq!(TenancyMode::DbPerTenantOrg.to_string(), "db-per-tenant-org");
    }

    #[test]
    fn the_single_tenant_is_an_id_other_than_the_platforms() {
        let name = "YUANTUS_TENANCY__SINGLE_TENANT";
        assert_eq!(with(&[(name, "")]).tenancy.single_tenant, None);
        assert_eq!(with(&[(name, "acme")]).tenancy.single_tenant.unwrap().as_str(), "acme");
        for bad in ["Acme", "platform"] {
            assert!(refusal(&[(name, bad)]).starts_with("tenancy.single_tenant = "), "{bad}");
        }
    }
}
