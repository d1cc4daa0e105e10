//! Short forms for the column shapes that the changes share.

use sea_orm_migration::prelude::*;

/// A required short text.
pub fn text(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().not_null();
    column
}

/// An optional short text.
pub fn text_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text().null();
    column
}

pub fn uuid(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid().not_null();
    column
}

pub fn uuid_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid().null();
    column
}

pub fn bigint(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().not_null();
    column
}

pub fn bigint_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().null();
    column
}

pub fn integer(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.integer().not_null();
    column
}

pub fn integer_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.integer().null();
    column
}

pub fn flag(name: &'static str, default: bool) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.boolean().not_null().default(default);
    column
}

/// A moment, in UTC.
pub fn moment(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.timestamp_with_time_zone().not_null();
    column
}

pub fn moment_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.timestamp_with_time_zone().null();
    column
}

pub fn json(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.json_binary().not_null();
    column
}

pub fn json_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.json_binary().null();
    column
}

/// An index named after its table and columns, unique or not.
pub fn index(table: &'static str, columns: &[&'static str], unique: bool) -> IndexCreateStatement {
    let mut statement = Index::create();
    statement.name(format!("ix_{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        statement.col(*column);
    }
    if unique {
        statement.unique();
    }
    statement
}

/// Runs statements in one message to the server: of a small change, most of the time is spent on the way.
pub async fn run_together(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(&statements.join(";\n")).await?;
    Ok(())
}

/// Declares a migration: creates tables with their indexes, and drops them in reverse.
macro_rules! create_tables {
    ($(#[$doc:meta])* tables: [$($table:expr),+ $(,)?], indexes: [$($index:expr),* $(,)?], names: [$($name:literal),+ $(,)?]) => {
        #[derive(sea_orm_migration::prelude::DeriveMigrationName)]
        pub struct Migration;

        #[async_trait::async_trait]
        impl sea_orm_migration::MigrationTrait for Migration {
            fn use_transaction(&self) -> Option<bool> {
                Some(true)
            }

            async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                let backend = manager.get_database_backend();
                let statements = [$(backend.build(&$table).sql,)+ $(backend.build(&$index).sql,)*];
                crate::schema::run_together(manager, &statements).await
            }

            async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                let mut names = [$($name),+];
                names.reverse();
                for name in names {
                    manager.drop_table(Table::drop().table(name).to_owned()).await?;
                }
                Ok(())
            }
        }
    };
}
pub(crate) use create_tables;
