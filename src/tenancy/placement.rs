//! Which database a tenant/org belongs in. Pure: ids and templates in, URLs and keys out.

use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use url::Url;

use super::registry::Placement;
use crate::config::{DatabaseUrl, Secret, TenancyMode};
use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId};

/// PostgreSQL cuts longer names silently, which would let two tenants meet.
const MAX_POSTGRES_NAME: usize = 63;
const PLAIN_NAMES: &str =
    "A database is named plainly: on PostgreSQL by at most 63 letters without % and /, on SQLite by a path without ..";
/// Hex digits of the hash that stands for the tail of a shortened name.
const HASH_DIGITS: usize = 16;

/// The key of a product database: a tenant, and its organisation where each has a database of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub tenant: String,
    /// Empty where all organisations of the tenant share one database.
    pub org: String,
}

impl Place {
    /// Single mode's database before a tenant has claimed it; no tenant can bear an empty name.
    pub(super) fn single_unclaimed() -> Self {
        Self { tenant: String::new(), org: String::new() }
    }

    /// A template in the making.
    pub(super) fn template(name: &str) -> Self {
        Self { tenant: String::new(), org: name.to_owned() }
    }
}

/// The configured rule of placement.
#[derive(Debug, Clone)]
pub struct PlacementRules {
    mode: TenancyMode,
    /// Holds `{tenant_id}` and `{org_id}` as the mode demands; a plain URL in single mode.
    template: String,
}

impl PlacementRules {
    pub fn new(mode: TenancyMode, template: impl Into<String>) -> Self {
        Self { mode, template: template.into() }
    }

    /// How the names of all databases of the template begin, the same for every tenant.
    pub(super) fn common_prefix(&self) -> &str {
        let fixed = self.template.split('{').next().unwrap_or_default();
        fixed.rsplit('/').next().unwrap_or_default()
    }

    /// The key under which the database of an organisation is placed.
    pub fn place(&self, tenant: &TenantId, org: &OrgId) -> Place {
        let org = if self.mode == TenancyMode::DbPerTenantOrg { org.to_string() } else { String::new() };
        Place { tenant: tenant.to_string(), org }
    }

    /// The database that the template gives to a place.
    pub fn from_template(&self, place: &Place) -> Result<DatabaseUrl> {
        let text = self.template.replace("{tenant_id}", &place.tenant).replace("{org_id}", &place.org);
        match parse(&text)? {
            DatabaseUrl::Postgres { url } => Ok(DatabaseUrl::Postgres { url: with_safe_name(&url)? }),
            sqlite => Ok(sqlite),
        }
    }

    /// The database of a recorded placement: its own URL, else the template's.
    pub fn target(&self, placement: &Placement) -> Result<DatabaseUrl> {
        match &placement.database_url {
            Some(url) => parse(url.expose()),
            None => self.from_template(&placement.place()),
        }
    }

    /// A database that an operator names for one place.
    ///
    /// Fails with `BadRequest` when two spellings of it could pass for two databases.
    pub(super) fn named(&self, url: &Secret) -> Result<DatabaseUrl> {
        let target = DatabaseUrl::parse(url.expose())
            .map_err(|allowed| Error::bad_request(format!("The database URL is not usable; allowed: {allowed}")))?;
        let plain = match &target {
            DatabaseUrl::Sqlite { path } => !path.components().any(|part| part == Component::ParentDir),
            DatabaseUrl::Postgres { url } => {
                let name = parse_url(url)?.path().trim_start_matches('/').to_owned();
                name.len() <= MAX_POSTGRES_NAME && !name.contains(['%', '/'])
            }
        };
        if plain { Ok(target) } else { Err(Error::bad_request(PLAIN_NAMES)) }
    }

    /// Single mode's one database.
    pub fn single_target(&self) -> Result<DatabaseUrl> {
        if self.mode != TenancyMode::Single {
            return Err(Error::bad_request("A tenant is needed: only single mode has one database for all"));
        }
        parse(&self.template)
    }
}

fn parse(text: &str) -> Result<DatabaseUrl> {
    DatabaseUrl::parse(text).map_err(|reason| Error::config(format!("A database URL is wrong: {reason}")))
}

/// Names one physical database, without credentials: two placements with the same key would share data.
pub fn database_key(target: &DatabaseUrl) -> Result<String> {
    match target {
        DatabaseUrl::Sqlite { path } => {
            let path = real_path(path)
                .map_err(|error| Error::internal("The path of a database is not usable").caused_by(error))?;
            Ok(format!("sqlite:{}", path.display()))
        }
        DatabaseUrl::Postgres { url } => {
            let url = parse_url(url)?;
            // The driver lets parameters win over the address.
            let parameter = |names: &[&str]| {
                let given = url.query_pairs().filter(|(name, _)| names.contains(&name.as_ref())).last();
                given.map(|(_, value)| value.into_owned())
            };
            let host = parameter(&["host", "hostaddr"]).or_else(|| url.host_str().map(str::to_owned));
            let host = host.map_or_else(|| LOCAL.to_owned(), |host| known_host(&host));
            let port = parameter(&["port"]).or_else(|| url.port().map(|port| port.to_string()));
            Ok(format!("postgresql:{host}:{}{}", port.as_deref().unwrap_or("5432"), url.path()))
        }
    }
}

/// Names the engine that keeps a database: one server, or the SQLite of this binary.
pub(super) fn server(target: &DatabaseUrl) -> Result<String> {
    match target {
        DatabaseUrl::Sqlite { .. } => Ok("sqlite".to_owned()),
        DatabaseUrl::Postgres { url } => {
            let url = parse_url(url)?;
            Ok(format!("{}:{}", url.host_str().unwrap_or("localhost"), url.port().unwrap_or(5432)))
        }
    }
}

const LOCAL: &str = "localhost";

/// One spelling for the names of this machine, so that two of them do not pass for two servers.
fn known_host(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if ["127.0.0.1", "::1", "[::1]"].contains(&host.as_str()) { LOCAL.to_owned() } else { host }
}

/// The absolute path without symbolic links, as far as it exists.
fn real_path(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
        }
    }
    Ok(path)
}

fn parse_url(url: &str) -> Result<Url> {
    Url::parse(url).map_err(|error| Error::config("A database URL is not a URL").caused_by(error))
}

/// Shortens a name that PostgreSQL would cut, keeping it unique by a hash of the whole.
fn with_safe_name(url: &str) -> Result<String> {
    let mut url = parse_url(url)?;
    let name = url.path().trim_start_matches('/').to_owned();
    if name.len() > MAX_POSTGRES_NAME {
        url.set_path(&shortened(&name));
    }
    Ok(url.into())
}

fn shortened(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let hash: String = digest.iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    let keep: String = name.chars().take(MAX_POSTGRES_NAME - HASH_DIGITS - 3).collect();
    // Three underscores: ids hold none and templates join by two, so no full name can equal a shortened one.
    format!("{keep}___{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(tenant: &str, org: &str) -> Place {
        Place { tenant: tenant.to_owned(), org: org.to_owned() }
    }

    fn postgres() -> PlacementRules {
        PlacementRules::new(TenancyMode::DbPerTenantOrg, "postgresql://u:p@db:5433/yt__{tenant_id}__{org_id}")
    }

    #[test]
    fn ids_that_differ_only_by_separators_have_databases_of_their_own() {
        let rules = postgres();
        let keys: std::collections::HashSet<String> =
            [("a-b", "c"), ("a", "b-c"), ("a", "b"), ("ab", ""), ("a--b", "c")]
                .iter()
                .map(|(tenant, org)| database_key(&rules.from_template(&place(tenant, org)).unwrap()).unwrap())
                .collect();
        assert_eq!(keys.len(), 5);
    }

    #[test]
    fn long_names_are_shortened_with_a_hash_and_stay_apart() {
        let rules = postgres();
        let (a, b) = ("x".repeat(62) + "a", "x".repeat(62) + "b");
        let one = database_key(&rules.from_template(&place(&a, "org")).unwrap()).unwrap();
        let two = database_key(&rules.from_template(&place(&b, "org")).unwrap()).unwrap();
        assert_ne!(one, two);
        assert!(one.rsplit('/').next().unwrap().len() <= MAX_POSTGRES_NAME, "{one}");
    }

    #[test]
    fn a_key_holds_no_credentials() {
        let key = database_key(&postgres().from_template(&place("acme", "org-1")).unwrap()).unwrap();
        assert_eq!(key, "postgresql:db:5433/yt__acme__org-1");
    }

    #[test]
    fn spellings_of_one_database_have_one_key() {
        let key = |text: &str| database_key(&DatabaseUrl::parse(text).unwrap()).unwrap();
        let first = key("postgresql://u:p@localhost/x");
        for same in [
            "postgres://other@127.0.0.1:5432/x",
            "postgresql+psycopg://LOCALHOST/x?sslmode=disable",
            "postgresql://[::1]/x",
            "postgresql://elsewhere:1/x?host=localhost&port=5432",
        ] {
            assert_eq!(key(same), first, "{same}");
        }
        for other in ["postgresql://db/x", "postgresql://localhost:5433/x", "postgresql://localhost/y"] {
            assert_ne!(key(other), first, "{other}");
        }
    }

    #[test]
    fn organisations_share_a_database_where_the_mode_says_so() {
        let rules = PlacementRules::new(TenancyMode::DbPerTenant, "sqlite:///t/{tenant_id}.db");
        let (tenant, one, two) =
            (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap(), OrgId::new("org-2").unwrap());
        assert_eq!(rules.place(&tenant, &one), rules.place(&tenant, &two));
    }
}
