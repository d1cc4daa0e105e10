//! What a change means for the binaries that are running while it is made.

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// One change of a list, and whether binaries that do not know it go on working.
pub struct Change {
    migration: Box<dyn MigrationTrait>,
    readable_from: Option<&'static str>,
}

impl Change {
    /// Adds what older binaries need not know of: a table, an optional column or one with a default, an index.
    pub fn expand(migration: impl MigrationTrait + 'static) -> Self {
        Self { migration: Box::new(migration), readable_from: None }
    }

    /// Takes away or reshapes what older binaries use. `readable_from` is the oldest change that a binary must know to
    /// work with the database afterwards: the one whose release stopped using what is taken away.
    pub fn contract(migration: impl MigrationTrait + 'static, readable_from: &'static str) -> Self {
        Self { migration: Box::new(migration), readable_from: Some(readable_from) }
    }

    pub fn into_migration(self) -> Box<dyn MigrationTrait> {
        self.migration
    }
}

/// The changes of one kind of database, oldest first.
pub trait ChangeList: MigratorTrait {
    fn changes() -> Vec<Change>;
}

/// The change that brings a database to the present schema; recorded as its schema version.
pub fn latest<M: MigratorTrait>() -> String {
    M::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default()
}

/// The names of all changes, oldest first.
pub fn names<M: MigratorTrait>() -> Vec<String> {
    M::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// The oldest change that a binary must know to work with a database at the present schema.
pub fn readable_from<L: ChangeList>() -> String {
    let names = names::<L>();
    let position = |name: &str| names.iter().position(|known| known == name).unwrap_or(names.len().saturating_sub(1));
    let oldest = L::changes().iter().filter_map(|change| change.readable_from).map(position).max().unwrap_or(0);
    names.into_iter().nth(oldest).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{identity, tenant};

    fn check<L: ChangeList>() {
        let names = names::<L>();
        assert!(names.is_sorted(), "the schema version is the greatest name: {names:?}");
        for (position, change) in L::changes().iter().enumerate() {
            if let Some(wanted) = change.readable_from {
                let known = names.iter().position(|name| name == wanted);
                assert!(known.is_some_and(|known| known <= position), "{}: {wanted}", names[position]);
            }
        }
    }

    #[test]
    fn names_are_in_order_and_contractions_refer_to_earlier_changes() {
        check::<identity::Migrator>();
        check::<tenant::Migrator>();
    }
}
