//! Databases that are not what their version says.

use super::support::{json, lose, run, run_in_control, text};
use crate::support::world::create_tenant;
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    databases_as_expected_verify_and_each_difference_is_named,
    a_wrong_record_is_named_and_mended,
    single_mode_verifies_its_one_database,
);

async fn databases_as_expected_verify_and_each_difference_is_named(at: Installation) {
    for tenant in ["acme", "umbra", "zeta"] {
        create_tenant(&at, tenant);
    }
    let well = at.cli(&["db", "verify", "--all"]);
    assert!(well.status.success(), "{}{}", text(&well.stdout), text(&well.stderr));
    assert!(text(&well.stdout).contains("4 as expected"), "{}", text(&well.stdout));
    for sql in [
        "ALTER TABLE jobs ADD COLUMN extra text",
        "ALTER TABLE jobs DROP COLUMN lease_until",
        "DROP INDEX ix_jobs_dedupe_key",
        "CREATE UNIQUE INDEX stray ON jobs (worker_id)",
        "DROP TABLE permission_entries",
        "CREATE TABLE strange (id integer)",
    ] {
        run(&at, "umbra", sql).await;
    }
    lose(&at, "zeta").await;
    let found = at.cli(&["db", "verify", "--all"]);
    assert_eq!(found.status.code(), Some(1));
    let printed = text(&found.stdout);
    for difference in [
        "umbra/org-1: jobs: column extra is not expected",
        "umbra/org-1: jobs: column lease_until is missing",
        "umbra/org-1: jobs: index ix_jobs_dedupe_key is missing",
        "umbra/org-1: jobs: index stray is not expected",
        "umbra/org-1: permission_entries: the table is missing",
        "umbra/org-1: strange: the table is not expected",
        "zeta/org-1: could not be compared: The organisation's database is missing",
        "2 as expected, 1 different, 1 could not be compared",
    ] {
        assert!(printed.contains(difference), "{difference}\n{printed}");
    }
    assert!(!printed.contains("acme"), "{printed}");
    assert!(at.cli(&["db", "verify", "--tenant", "acme"]).status.success());
    let umbra = at.cli(&["db", "verify", "--tenant", "umbra", "--json"]);
    assert_eq!(json(&umbra)["databases"][1]["differences"].as_array().unwrap().len(), 6);
}

async fn a_wrong_record_is_named_and_mended(at: Installation) {
    create_tenant(&at, "acme");
    run_in_control(&at, "UPDATE placements SET schema_version = 'm0001_permissions'").await;
    let found = at.cli(&["db", "verify", "--all"]);
    assert_eq!(found.status.code(), Some(1));
    assert!(text(&found.stdout).contains("the record said m0001_permissions"), "{}", text(&found.stdout));
    assert!(at.cli(&["db", "verify", "--all"]).status.success());
    run_in_control(&at, "CREATE TABLE strange (id integer)").await;
    let found = at.cli(&["db", "verify"]);
    assert!(text(&found.stdout).contains("control: strange: the table is not expected"), "{}", text(&found.stdout));
}

async fn single_mode_verifies_its_one_database(mut at: Installation) {
    at.set("YUANTUS_TENANCY_MODE", "single");
    at.environment.retain(|(key, _)| key != "YUANTUS_DATABASE_URL_TEMPLATE");
    // Control and product in one database, as a small installation has it.
    let one = at.setting("YUANTUS_DATABASE_URL").unwrap().to_owned();
    at.set("YUANTUS_IDENTITY_DATABASE_URL", one);
    create_tenant(&at, "acme");
    assert!(at.cli(&["db", "upgrade"]).status.success());
    let well = at.cli(&["db", "verify", "--json"]);
    assert!(well.status.success(), "{}{}", text(&well.stdout), text(&well.stderr));
    assert_eq!(json(&well)["as_expected"], 2);
}
