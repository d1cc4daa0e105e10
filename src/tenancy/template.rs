//! The template that new product databases are copied from: of the present schema, with the seeded model in it.
//!
//! One per server and version. It saves the time of migrating and seeding; where there is none, both are done.

use std::time::Duration;

use migration::{MigratorTrait, latest, tenant::Migrator};
use moka::future::Cache;
use sha2::{Digest, Sha256};

use super::{Place, Tenancy, database_key};
use crate::config::{DatabaseUrl, TenancyMode};
use crate::db;
use crate::error::Result;

/// How long a template is believed to be there, and one that cannot be made is not tried again.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Longer than making one takes; another process that makes it is waited for as long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Letters kept of the common prefix of all databases, so that the whole name stays within PostgreSQL's limit.
const PREFIX_LETTERS: usize = 24;
/// How the names of SQLite templates begin.
const FILE_FAMILY: &str = "product_";

/// Which templates are known to be there, and which are known to be impossible, by database key.
pub(super) struct Templates(Cache<String, bool>);

impl Default for Templates {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(1000).time_to_live(REMEMBERED).build())
    }
}

/// A template's place, and how the names of all versions of it begin.
struct Named {
    target: DatabaseUrl,
    family: String,
}

impl Tenancy {
    /// The template for a database to be made, itself made when missing; none where there cannot be one.
    pub(super) async fn template_for(&self, target: &DatabaseUrl) -> Option<DatabaseUrl> {
        // One database is not worth a template.
        if self.settings.mode == TenancyMode::Single {
            return None;
        }
        let found = self.ensure_template(target).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(error = %error.chain(), "no template can be named");
            None
        })
    }

    async fn ensure_template(&self, target: &DatabaseUrl) -> Result<Option<DatabaseUrl>> {
        let named = self.template_named(target)?;
        let key = database_key(&named.target)?;
        let there = self.templates.0.get_with(key, self.made(&named)).await;
        Ok(there.then_some(named.target))
    }

    async fn made(&self, named: &Named) -> bool {
        let made = db::ensure_template(&named.target, &named.family, |draft| self.fill_template(draft));
        match tokio::time::timeout(PATIENCE, made).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(template = ?named.target, error = %error.chain(), "a template cannot be made");
                false
            }
            Err(_) => {
                tracing::warn!(template = ?named.target, "a template cannot be made in time");
                false
            }
        }
    }

    /// Migrates, seeds and closes the template in the making.
    async fn fill_template(&self, draft: DatabaseUrl) -> Result<()> {
        let limits = db::Limits { max_connections: 1, ..self.settings.database_limits };
        let place = Place::template(&database_key(&draft)?);
        let database = self.pools.get(&place, || db::connect_or_create(&draft, limits)).await?;
        let filled = async {
            db::upgrade::<Migrator>(&database).await?;
            (self.seed)(database.clone(), self.settings.platform_tenant.clone()).await
        };
        let filled = filled.await;
        let closed = database.close().await;
        drop(database);
        self.pools.close_unused(&place).await;
        filled.and(closed)
    }

    fn template_named(&self, target: &DatabaseUrl) -> Result<Named> {
        let version = format!("{:04}_{}", Migrator::migrations().len(), hash(&latest::<Migrator>()));
        match target {
            DatabaseUrl::Sqlite { .. } => {
                let path = self.settings.template_folder.join(format!("{FILE_FAMILY}{version}.db"));
                Ok(Named { target: DatabaseUrl::Sqlite { path }, family: FILE_FAMILY.to_owned() })
            }
            DatabaseUrl::Postgres { url } => {
                // The prefix is followed by an id in every tenant's database, and no id begins with an underscore.
                let prefix: String =
                    self.rules.common_prefix().chars().filter(char::is_ascii).take(PREFIX_LETTERS).collect();
                let family = format!("{prefix}_template_{}_", hash(&self.settings.installation));
                let url = db::with_database(url, &format!("{family}{version}"))?;
                Ok(Named { target: DatabaseUrl::Postgres { url }, family })
            }
        }
    }
}

/// Eight hex digits.
fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
