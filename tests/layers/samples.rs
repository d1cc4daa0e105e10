//! Small samples of source that the checker must refuse, and some that it must not.

use crate::violations;

/// What `text` in `file` breaks, as `line: message` without the file.
fn broken(file: &str, text: &str) -> Vec<String> {
    let prefix = format!("src/{file}:");
    violations(file, text).into_iter().map(|found| found.trim_start_matches(&prefix).to_owned()).collect()
}

#[track_caller]
fn refused(file: &str, text: &str, expected: &str) {
    assert_eq!(broken(file, text), [expected], "{file}: {text}");
}

#[track_caller]
fn accepted(file: &str, text: &str) {
    assert_eq!(broken(file, text), Vec::<String>::new(), "{file}: {text}");
}

#[test]
fn an_import_from_a_lower_row_is_refused() {
    refused("db/tx.rs", "\nuse crate::tenancy::Pools;", "2: `db` (row 2) uses `tenancy` (row 3)");
    refused("types/ids.rs", "fn f() { crate::app::build() }", "1: `types` (row 0) uses `app` (row 5)");
    refused("domain/bom/queries.rs", "use crate::api::v1;", "1: `domain` (row 4) uses `api` (row 6)");
}

#[test]
fn an_import_from_the_own_row_or_above_is_accepted() {
    accepted("storage/keys.rs", "use crate::error::Result; use crate::telemetry::metrics;");
    accepted("cli/start.rs", "use crate::{api, app::App, worker::runner};");
}

#[test]
fn each_name_of_a_group_is_checked_on_its_own_line() {
    let text = "use crate::{\n    error::{Error, Result},\n    domain::{self, bom::tree},\n    api::*,\n};";
    assert_eq!(
        broken("db/page.rs", text),
        [
            "3: `db` (row 2) uses `domain` (row 4)",
            "3: `db` (row 2) uses `domain` (row 4)",
            "4: `db` (row 2) uses `api` (row 6)"
        ]
    );
}

#[test]
fn a_relative_path_is_followed() {
    refused("db/tx.rs", "use super::super::app::App;", "1: `db` (row 2) uses `app` (row 5)");
    refused("config/mod.rs", "mod deep { use super::super::jobs; }", "1: `config` (row 1) uses `jobs` (row 3)");
    accepted("db/tx.rs", "use super::page::Page; use self::inner::Lock;");
}

#[test]
fn comments_and_strings_are_not_code() {
    accepted(
        "db/tx.rs",
        "// use crate::app::App;\n/* crate::api::x /* nested */ crate::api::y */\n//! crate::app::App",
    );
    accepted("db/tx.rs", r##"const A: &str = "crate::app::App \" crate::api"; const B: &str = r#"crate::" app::"#;"##);
    refused("db/tx.rs", "const Q: char = '\"';\nuse crate::app::App;", "2: `db` (row 2) uses `app` (row 5)");
    refused("db/tx.rs", "fn f<'a>(_: &'a str) {}\nuse crate::app::App;", "2: `db` (row 2) uses `app` (row 5)");
}

#[test]
fn an_area_uses_only_areas_to_its_left() {
    accepted("domain/bom/tree.rs", "use crate::domain::meta; use crate::domain::bom::model::Line;");
    let expected = "1: `domain::bom` uses `domain::eco`, which is not to its left";
    refused("domain/bom/tree.rs", "use crate::domain::eco::commands;", expected);
    refused("domain/bom/tree.rs", "use super::super::eco::commands;", expected);
    refused(
        "domain/audit.rs",
        "use crate::domain::quota;",
        "1: `domain::audit` uses `domain::quota`, which is not to its left",
    );
}

#[test]
fn nobody_uses_the_repo_of_another_area() {
    accepted("domain/meta/commands.rs", "use super::repo; use crate::domain::meta::repo::find;");
    refused("domain/bom/tree.rs", "use crate::domain::meta::repo;", "1: reaches into the repo of `domain::meta`");
    refused(
        "domain/bom/tree.rs",
        "use crate::domain::meta;\nfn f() { meta::repo::find() }",
        "2: reaches into the repo of `domain::meta`",
    );
    refused(
        "domain/bom/tree.rs",
        "use crate::domain::meta as m;\nfn f() { m::repo::find() }",
        "2: reaches into the repo of `domain::meta`",
    );
    refused("app.rs", "use crate::domain::meta::{model, repo::items};", "1: reaches into the repo of `domain::meta`");
}

#[test]
fn entities_stay_below_the_interfaces() {
    accepted("domain/meta/repo.rs", "use crate::entity::tenant::item;");
    for from in ["api/v1/bom.rs", "web/mod.rs", "worker/runner.rs", "cli/seed.rs"] {
        let module = from.split('/').next().unwrap();
        let expected = format!("1: `{module}` uses `entity`: entities do not leave their area");
        refused(from, "use crate::entity::tenant::item;", &expected);
    }
}

#[test]
fn queries_are_written_in_repo_modules_only() {
    accepted("domain/meta/repo.rs", "use sea_orm::EntityTrait;");
    accepted("domain/meta/repo/items.rs", "use sea_orm::EntityTrait;");
    let expected = "1: `sea_orm` is used only in entity, db, tenancy, jobs, plugins, context, domain repo";
    refused("domain/meta/commands.rs", "use sea_orm::EntityTrait;", expected);
    refused("domain/meta/repository.rs", "fn f(_: &sea_orm::DbErr) {}", expected);
    refused("api/v1/bom.rs", "use ::sea_orm as orm;", expected);
}

#[test]
fn outside_crates_stay_where_they_belong() {
    refused("domain/file/repo.rs", "use opendal::Operator;", "1: `opendal` is used only in storage");
    refused("app.rs", "use poem::Route;", "1: `poem` is used only in api, web");
    refused("types/ids.rs", "#[derive(poem_openapi::Object)] struct A;", "1: `poem_openapi` is used only in api, web");
    refused("worker/runner.rs", "use clap;", "1: `clap` is used only in cli, main");
    accepted("storage/operator.rs", "use opendal::Operator;");
}

#[test]
fn the_environment_is_read_by_the_configuration_only() {
    let expected = "1: `std::env` is used only in config, cli, main";
    refused("telemetry/logging.rs", "fn f() { std::env::var(\"X\"); }", expected);
    refused("app.rs", "use std::{env, fs};", expected);
    accepted("config/mod.rs", "use std::env;");
    accepted("app.rs", "const ROOT: &str = env!(\"CARGO_PKG_NAME\"); use std::fs;");
}

#[test]
fn only_the_dialect_tells_one_database_from_the_other() {
    let expected =
        "1: `DbBackend` is used only in db/dialect.rs and db/fulltext.rs: nothing else branches on the database";
    refused("tenancy/pools.rs", "use sea_orm::{ConnectionTrait, DbBackend};", expected);
    refused("jobs/lease.rs", "fn f(b: DbBackend) {}", expected);
    refused("db/tx.rs", "fn f() { g(DbBackend::Sqlite) }", &expected.replace("DbBackend`", "DbBackend::Sqlite`"));
    accepted("db/tx.rs", "use sea_orm::DbBackend; fn f() -> DbBackend { g() }");
    accepted("db/dialect.rs", "use sea_orm::DatabaseBackend; fn f() { DatabaseBackend::Sqlite; }");
}

#[test]
fn tests_may_use_outside_crates_but_keep_the_import_order() {
    let text =
        "fn f() {}\n#[cfg(test)]\nmod tests { use super::*; use sea_orm::Database; fn g() { std::env::temp_dir(); } }";
    accepted("domain/meta/commands.rs", text);
    let after = format!("{text}\nuse opendal::Operator;");
    refused("domain/meta/commands.rs", &after, "4: `opendal` is used only in storage");
    refused("db/tx.rs", "#[cfg(test)] mod tests { use crate::app::App; }", "1: `db` (row 2) uses `app` (row 5)");
    accepted("domain/bom/import/commit_tests.rs", "use sea_orm::Database;");
    refused("domain/bom/tree_tests.rs", "use crate::app::App;", "1: `domain` (row 4) uses `app` (row 5)");
}

#[test]
fn what_the_tests_of_all_areas_share_stands_on_both_sides_of_the_line() {
    accepted("domain/testing.rs", "use crate::domain::meta::seed_model; use crate::tenancy::Tenancy;");
    accepted("domain/audit/mod.rs", "#[cfg(test)] mod tests { use crate::domain::testing::TestOrg; }");
    let expected = "1: reaches into the repo of `domain::meta`";
    refused("domain/testing.rs", "use crate::domain::meta::repo::items;", expected);
    refused("domain/testing.rs", "use crate::app::App;", "1: `domain` (row 4) uses `app` (row 5)");
}

#[test]
fn a_module_that_no_table_knows_is_refused() {
    refused("utils.rs", "", "1: module `utils` has no row; give it one here and in docs/ARCHITECTURE.md");
    refused(
        "domain/stock/mod.rs",
        "",
        "1: product area `stock` has no place in the line; give it one here and in docs/ARCHITECTURE.md",
    );
    accepted("lib.rs", "pub mod api; pub mod error;");
    accepted("domain/mod.rs", "pub mod bom;");
}
