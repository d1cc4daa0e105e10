//! Lists of changes as later releases might have them: today's, and some more.

use std::io::Write;
use std::time::Duration;

use async_trait::async_trait;
use migration::{Change, ChangeList, MigratorTrait, identity, tenant};
use sea_orm::DynIden;
use sea_orm_migration::prelude::*;

/// Declares a change that runs some SQL and, perhaps, takes its time.
macro_rules! change {
    ($name:ident, $title:literal, [$($sql:literal),+], $pause:expr) => {
        pub struct $name;

        impl MigrationName for $name {
            fn name(&self) -> &str {
                $title
            }
        }

        #[async_trait]
        impl MigrationTrait for $name {
            fn use_transaction(&self) -> Option<bool> {
                Some(true)
            }

            async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                for sql in [$($sql),+] {
                    manager.get_connection().execute_unprepared(sql).await?;
                }
                announce();
                tokio::time::sleep($pause).await;
                Ok(())
            }
        }
    };
}

/// For a process that waits to see this one in the middle of a change.
fn announce() {
    let mut out = std::io::stdout();
    let _ = out.write_all(b"\nmigrating\n").and_then(|()| out.flush());
}

/// Declares a list: those of a base, then more.
macro_rules! list {
    ($name:ident, $base:ty, [$($change:expr),+]) => {
        pub struct $name;

        impl ChangeList for $name {
            fn changes() -> Vec<Change> {
                let mut changes = <$base>::changes();
                changes.extend([$($change),+]);
                changes
            }
        }

        #[async_trait]
        impl MigratorTrait for $name {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                Self::changes().into_iter().map(Change::into_migration).collect()
            }

            fn migration_table_name() -> DynIden {
                <$base>::migration_table_name()
            }
        }
    };
}

const NO_PAUSE: Duration = Duration::ZERO;

change!(Adds, "m8001_adds", ["CREATE TABLE gadgets (id text)"], NO_PAUSE);
change!(Lingers, "m8001_adds", ["CREATE TABLE gadgets (id text)"], Duration::from_millis(300));
change!(TakesForever, "m8001_adds", ["CREATE TABLE gadgets (id text)"], Duration::from_secs(100));
// Fails where the table `trap` is there already, after it has changed something.
change!(Trapped, "m8001_adds", ["CREATE TABLE gadgets (id text)", "CREATE TABLE trap (id text)"], NO_PAUSE);
change!(Removes, "m8002_removes", ["DROP TABLE gadgets"], NO_PAUSE);

list!(Expanded, tenant::Migrator, [Change::expand(Adds)]);
list!(ExpandedSlowly, tenant::Migrator, [Change::expand(Lingers)]);
list!(ExpandedForever, tenant::Migrator, [Change::expand(TakesForever)]);
list!(WithTrap, tenant::Migrator, [Change::expand(Trapped)]);
list!(Contracted, tenant::Migrator, [Change::expand(Adds), Change::contract(Removes, "m8001_adds")]);

list!(ExpandedControl, identity::Migrator, [Change::expand(Adds)]);
list!(ContractedControl, identity::Migrator, [Change::expand(Adds), Change::contract(Removes, "m8001_adds")]);
