//! `[database]`: where the databases lie and how many connections they get. It connects to none of them.

use std::fmt;

use serde::Deserialize;

use super::check::{Check, require, unset_if_empty, within};
use super::database_url::DatabaseUrl;
use super::secret::redact;
use super::tenancy::TenancyMode;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The product database in mode single.
    #[serde(deserialize_with = "unset_if_empty")]
    pub url: Option<String>,
    /// The product databases in the other modes, with `{tenant_id}` and `{org_id}`.
    #[serde(deserialize_with = "unset_if_empty")]
    pub url_template: Option<String>,
    /// The control database.
    #[serde(deserialize_with = "unset_if_empty")]
    pub identity_url: Option<String>,
    pub max_connections_per_database: u32,
    pub max_connections_total: u32,
    pub acquire_timeout_seconds: u64,
    pub statement_timeout_seconds: u64,
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Database")
            .field("url", &self.url.as_deref().map(redact))
            .field("url_template", &self.url_template.as_deref().map(redact))
            .field("identity_url", &self.identity_url.as_deref().map(redact))
            .field("max_connections_per_database", &self.max_connections_per_database)
            .field("max_connections_total", &self.max_connections_total)
            .field("acquire_timeout_seconds", &self.acquire_timeout_seconds)
            .field("statement_timeout_seconds", &self.statement_timeout_seconds)
            .finish()
    }
}

impl Database {
    pub(super) fn validate(&self, mode: TenancyMode) -> Check {
        plain_url("database.url", self.url.as_deref())?;
        plain_url("database.identity_url", self.identity_url.as_deref())?;
        match (&self.url, &self.url_template, mode) {
            (None, Some(_), TenancyMode::Single) => {
                let allowed = "a database URL: tenancy.mode single reads this key, not database.url_template";
                require(false, "database.url", allowed)?;
            }
            (Some(_), None, TenancyMode::DbPerTenant | TenancyMode::DbPerTenantOrg) => {
                let allowed =
                    format!("a database URL with placeholders: tenancy.mode {mode} does not read database.url");
                require(false, "database.url_template", allowed)?;
            }
            (_, Some(template), TenancyMode::DbPerTenant | TenancyMode::DbPerTenantOrg) => {
                check_template(template, mode)?;
            }
            _ => {}
        }
        let (each, total) = (self.max_connections_per_database, self.max_connections_total);
        within("database.max_connections_per_database", each.into(), 1..=1000)?;
        within("database.max_connections_total", total.into(), 1..=10_000)?;
        let allowed = "no more than database.max_connections_total";
        require(each <= total, "database.max_connections_per_database", allowed)?;
        within("database.acquire_timeout_seconds", self.acquire_timeout_seconds, 1..=300)?;
        within("database.statement_timeout_seconds", self.statement_timeout_seconds, 1..=3600)
    }
}

fn plain_url(key: &'static str, text: Option<&str>) -> Check {
    let Some(text) = text else { return Ok(()) };
    require(!text.contains(['{', '}']), key, "a database URL without placeholders")?;
    let problem = DatabaseUrl::parse(text).err();
    require(problem.is_none(), key, problem.unwrap_or_default())
}

const TENANT: &str = "{tenant_id}";
const ORG: &str = "{org_id}";

fn check_template(template: &str, mode: TenancyMode) -> Check {
    let key = "database.url_template";
    let sample = template.replace(TENANT, "t").replace(ORG, "o");
    require(!sample.contains(['{', '}']), key, "no placeholders but {tenant_id} and {org_id}")?;
    let problem = DatabaseUrl::parse(&sample).err();
    require(problem.is_none(), key, problem.unwrap_or_default())?;
    let place = place_of(template);
    require(
        place.contains(TENANT),
        key,
        format!("{TENANT} in the name of the database, since tenancy.mode is {mode}"),
    )?;
    if mode == TenancyMode::DbPerTenant {
        return require(!template.contains(ORG), key, format!("no {ORG}, since tenancy.mode is {mode}"));
    }
    require(place.contains(ORG), key, format!("{ORG} in the name of the database, since tenancy.mode is {mode}"))?;
    let allowed = format!("{TENANT} and {ORG} apart by a character that no id has, such as _ or /");
    require(tells_apart(place), key, allowed)
}

/// What names the database: the path. Login, host and parameters may be the same for all, or overridden by each other.
fn place_of(template: &str) -> &str {
    if template.starts_with("sqlite") {
        return template;
    }
    let rest = template.split_once("://").map_or(template, |(_, rest)| rest);
    let address = rest.split('?').next().unwrap_or(rest);
    address.split_once('/').map_or("", |(_, path)| path)
}

/// Whether two pairs of ids always give two names. They do when a stretch of letters that may occur in ids holds one of
/// the placeholders alone: that id can be read back, and then the other. `{tenant_id}-{org_id}` fails: `a-b` + `c` would
/// meet `a` + `b-c`.
fn tells_apart(place: &str) -> bool {
    const T: char = '\u{1}';
    const O: char = '\u{2}';
    let text = place.replace(TENANT, &T.to_string()).replace(ORG, &O.to_string());
    let in_id = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    text.split(|letter| !in_id(letter) && letter != T && letter != O)
        .any(|stretch| stretch.contains(T) != stretch.contains(O))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};
    use super::*;

    fn template(text: &str, mode: &str) -> String {
        refusal(&[("YUANTUS_DATABASE_URL_TEMPLATE", text), ("YUANTUS_TENANCY_MODE", mode)])
    }

    #[test]
    fn templates_fit_the_mode() {
        for (text, mode, expected) in [
            ("postgresql://h/y_{tenant_id}", "db-per-tenant-org", "{org_id} in the name"),
            ("postgresql://h/y_{org_id}", "db-per-tenant-org", "{tenant_id} in the name"),
            ("postgresql://{tenant_id}__{org_id}@h/y", "db-per-tenant-org", "{tenant_id} in the name"),
            (
                "postgresql://h/y?application_name=@/{tenant_id}__{org_id}",
                "db-per-tenant-org",
                "{tenant_id} in the name",
            ),
            ("postgresql://h/y#{tenant_id}__{org_id}", "db-per-tenant-org", "without #"),
            ("postgresql://h/y{tenant_id}__{org_id}?dbname=y", "db-per-tenant-org", "dbname"),
            ("postgresql://h/y_{tenant_id}__{org_id}", "db-per-tenant", "no {org_id}"),
            ("postgresql://h/y", "db-per-tenant", "{tenant_id} in the name"),
            ("postgresql://h/y_{tenant}__{org_id}", "db-per-tenant-org", "no placeholders but"),
            ("mysql://h/y_{tenant_id}__{org_id}", "db-per-tenant-org", "postgresql://"),
            ("postgresql://h/y_{tenant_id}", "single", "tenancy.mode single reads this key"),
        ] {
            let message = template(text, mode);
            assert!(message.starts_with("database.url") && message.contains(expected), "{message}");
        }
        let text = "postgresql+psycopg://u:p@h:5432/yuantus__{tenant_id}__{org_id}";
        assert_eq!(with(&[("YUANTUS_DATABASE_URL_TEMPLATE", text)]).database.url_template.as_deref(), Some(text));
    }

    #[test]
    fn templates_never_lead_two_organisations_to_one_database() {
        for (place, apart) in [
            ("{tenant_id}__{org_id}", true),
            ("{tenant_id}/{org_id}.db", true),
            ("{org_id}_x_{tenant_id}", true),
            ("{tenant_id}/{tenant_id}-{org_id}.db", true),
            ("{tenant_id}-{org_id}", false),
            ("{tenant_id}{org_id}", false),
            ("{tenant_id}-and-{org_id}.db", false),
        ] {
            assert_eq!(tells_apart(place), apart, "{place}");
        }
        assert!(template("sqlite:///data/{tenant_id}-{org_id}.db", "db-per-tenant-org").contains("apart by"));
    }

    #[test]
    fn urls_are_refused_without_showing_their_password() {
        for text in ["mysql://u:hunter2@h/y", "u:hunter2@h/y", "host=h password=hunter2", "postgres://u:hunter2@h/{x}"]
        {
            for name in ["YUANTUS_DATABASE_URL", "YUANTUS_IDENTITY_DATABASE_URL"] {
                let message = refusal(&[(name, text), ("YUANTUS_TENANCY_MODE", "single")]);
                assert!(message.contains(name) && !message.contains("hunter2"), "{message}");
            }
        }
    }

    #[test]
    fn one_url_is_not_enough_for_many_databases() {
        let message = refusal(&[("YUANTUS_DATABASE_URL", "postgresql://h/y")]);
        assert!(message.starts_with("database.url_template = \"\" (default)"), "{message}");
    }

    #[test]
    fn one_database_gets_no_more_connections_than_all() {
        let message = refusal(&[("YUANTUS_DATABASE__MAX_CONNECTIONS_TOTAL", "3")]);
        assert!(message.starts_with("database.max_connections_per_database = 4"), "{message}");
    }
}
