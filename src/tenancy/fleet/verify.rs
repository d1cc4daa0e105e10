//! Whether databases really have the schema that their version stands for.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use migration::{ChangeList, identity, names, tenant};
use serde::Serialize;
use tokio::sync::Mutex;

use super::{Event, Told, indexes, missing, open_existing, records};
use crate::db::{Db, Inspected, applied, expected_schema, real_schema};
use crate::error::Result;
use crate::tenancy::Tenancy;
use crate::tenancy::placement::server;
use crate::tenancy::registry::{self, Placement};
use crate::types::TenantId;

/// One database compared with what it should be.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    pub database: String,
    pub version: Option<String>,
    /// Each in words; empty when all is as expected.
    pub differences: Vec<String>,
    /// The database is newer than this binary, which cannot know what to expect.
    pub newer: bool,
    /// Why it could not be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Verified {
    pub fn is_well(&self) -> bool {
        self.differences.is_empty() && self.error.is_none()
    }
}

/// What was found in one database.
#[derive(Default)]
struct Found {
    version: Option<String>,
    differences: Vec<String>,
    newer: bool,
}

/// Expected schemas by server, list and version: made once for each, since a server decides how it spells them.
#[derive(Default)]
struct Expectations(Mutex<HashMap<(String, String, String), Arc<Inspected>>>);

impl Expectations {
    async fn get<L: ChangeList>(&self, db: &Db, server: &str, version: &str) -> Result<Arc<Inspected>> {
        let key = (server.to_owned(), L::migration_table_name().to_string(), version.to_owned());
        let mut made = self.0.lock().await;
        if let Some(expected) = made.get(&key) {
            return Ok(expected.clone());
        }
        let expected = Arc::new(expected_schema::<L>(db, version).await?);
        made.insert(key, expected.clone());
        Ok(expected)
    }
}

impl Tenancy {
    /// Compares the control database with what its changes make.
    pub async fn verify_control(&self) -> Verified {
        let expectations = Expectations::default();
        let compared = compare::<identity::Migrator, tenant::Migrator>(&self.control, "", &expectations).await;
        verified("control".to_owned(), compared)
    }

    /// Compares ready product databases, or one tenant's, with what their changes make. Failures are in the result.
    pub async fn verify_fleet<L: ChangeList>(
        &self,
        of: Option<&TenantId>,
        parallel: usize,
        told: Told<'_>,
    ) -> Result<Vec<Verified>> {
        self.survey::<L>(of).await?;
        let placements = records::ready_ones(&self.control, of).await?;
        told(Event::Begin(placements.len()));
        let expectations = Expectations::default();
        let visit = |placement: Placement| {
            let expectations = &expectations;
            async move {
                let done = verified(placement.name(), self.verify_place::<L>(&placement, expectations).await);
                told(Event::Done(&done.database));
                done
            }
        };
        let parallel = parallel.clamp(1, self.most_at_once());
        let mut done: Vec<Verified> = stream::iter(placements).map(visit).buffer_unordered(parallel).collect().await;
        done.sort_by(|one, other| one.database.cmp(&other.database));
        Ok(done)
    }

    async fn verify_place<L: ChangeList>(&self, placement: &Placement, expectations: &Expectations) -> Result<Found> {
        let target = self.rules.target(placement)?;
        let database = open_existing(&target, self.one_connection()).await?;
        let found = compare::<L, identity::Migrator>(&database, &server(&target)?, expectations).await;
        let found = match found {
            Ok(found) => self.check_record::<L>(placement, &database, found).await,
            Err(error) => Err(error),
        };
        database.close().await?;
        found
    }

    /// A record that is wrong would keep a database from being migrated, so it is mended as well as named.
    async fn check_record<L: ChangeList>(
        &self,
        placement: &Placement,
        database: &Db,
        mut found: Found,
    ) -> Result<Found> {
        if found.version != placement.schema_version {
            let schema = crate::db::schema::<L>(database).await?.ok_or_else(missing)?;
            let recorded = placement.schema_version.as_deref().unwrap_or("none");
            found.differences.push(format!("the record said {recorded}; it says {} now", schema.version));
            registry::record_version(&self.control, &placement.place(), &schema).await?;
        }
        Ok(found)
    }
}

fn verified(database: String, found: Result<Found>) -> Verified {
    let (found, error) = match found {
        Ok(found) => (found, None),
        Err(error) => (Found::default(), Some(error.chain())),
    };
    Verified { database, version: found.version, differences: found.differences, newer: found.newer, error }
}

/// Compares with the changes of `L`, and with those of `Other` where both share a database (single mode).
async fn compare<L: ChangeList, Other: ChangeList>(
    db: &Db,
    server: &str,
    expectations: &Expectations,
) -> Result<Found> {
    let mut found = Found::default();
    let mut expected = Inspected::default();
    let version = expect::<L>(db, server, expectations, &mut expected, &mut found).await?;
    found.version = Some(version.ok_or_else(missing)?);
    expect::<Other>(db, server, expectations, &mut expected, &mut found).await?;
    if !found.newer {
        let real = real_schema(db).await?;
        indexes::expect(db, &real, &mut expected).await?;
        found.differences.extend(real.differences(&expected));
    }
    Ok(found)
}

/// Adds what a list's changes make, up to the latest one in the database; says which that is.
async fn expect<L: ChangeList>(
    db: &Db,
    server: &str,
    expectations: &Expectations,
    expected: &mut Inspected,
    found: &mut Found,
) -> Result<Option<String>> {
    let applied = applied::<L>(db).await?;
    let Some(version) = applied.last().cloned() else { return Ok(None) };
    let known = names::<L>();
    let Some(position) = known.iter().position(|name| *name == version) else {
        found.newer = true;
        return Ok(Some(version));
    };
    let skipped = known.iter().take(position).filter(|name| !applied.contains(name));
    found.differences.extend(skipped.map(|name| format!("{name} was never made, and later changes were")));
    expected.merge(expectations.get::<L>(db, server, &version).await?.as_ref());
    Ok(Some(version))
}
