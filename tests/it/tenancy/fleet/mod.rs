//! Migrations of all databases, with lists of changes that only these tests know and, as the older binary, the program.

mod lists;
mod rollout;
pub mod support;
mod verify;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use migration::tenant::Migrator;
use serde_json::json;
use yuantus::tenancy::Outcome::{AlreadyCurrent, Behind, Failed, NotStarted, Upgraded};
use yuantus::tenancy::{Canary, Plan, Stop};
use yuantus::types::TenantId;

use self::lists::{Expanded, ExpandedForever, ExpandedSlowly, WithTrap};
use self::support::{inside, json, lose, plan, results, run, run_in_control, state, tenancy, text};
use crate::support::world::create_tenant;
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_change_reaches_every_database_and_what_is_up_to_date_is_not_opened,
    a_failed_database_is_unchanged_says_why_and_is_the_only_one_taken_next,
    the_rest_waits_for_the_first_ones,
    too_many_failures_stop_the_run,
    one_tenant_can_be_upgraded_alone,
    a_lost_database_is_reported_and_not_made_anew,
    two_runs_at_once_make_each_change_once,
    a_killed_migration_leaves_the_old_schema,
    ten_thousand_databases_that_are_up_to_date_take_no_time,
    the_command_says_what_it_would_do_and_refuses_what_makes_no_sense,
);

async fn a_change_reaches_every_database_and_what_is_up_to_date_is_not_opened(at: Installation) {
    for tenant in ["acme", "umbra"] {
        create_tenant(&at, tenant);
    }
    assert!(at.cli(&["tenant", "suspend", "umbra"]).status.success());
    let fleet = tenancy(&at).await;
    let preview = fleet.preview_fleet::<Expanded>(None).await.unwrap();
    assert_eq!(results(&preview), [("acme/org-1", Behind), ("umbra/org-1", Behind)]);
    let report = fleet.upgrade_fleet::<Expanded>(&Plan { parallel: 4, ..plan() }, &|_| {}).await.unwrap();
    assert_eq!(results(&report), [("acme/org-1", Upgraded), ("umbra/org-1", Upgraded)]);
    // Opening one would fail now.
    lose(&at, "acme").await;
    let again = fleet.upgrade_fleet::<Expanded>(&plan(), &|_| {}).await.unwrap();
    assert!(again.databases.is_empty());
    assert_eq!(again.before.up_to_date, 2);
}

async fn a_failed_database_is_unchanged_says_why_and_is_the_only_one_taken_next(at: Installation) {
    for tenant in ["acme", "midas", "umbra"] {
        create_tenant(&at, tenant);
    }
    run(&at, "midas", "CREATE TABLE trap (id text)").await;
    let before = state(&at, "midas").await;
    let fleet = tenancy(&at).await;
    let report = fleet.upgrade_fleet::<WithTrap>(&plan(), &|_| {}).await.unwrap();
    assert_eq!(results(&report), [("acme/org-1", Upgraded), ("midas/org-1", Failed), ("umbra/org-1", Upgraded)]);
    assert_eq!(report.databases[1].from, report.databases[1].to);
    assert_eq!(state(&at, "midas").await, before);
    let status = json(&at.cli(&["db", "status", "--all", "--json"]));
    let failed = &status["databases"][1];
    assert_eq!(failed["schema_version"], migration::latest::<Migrator>());
    assert!(failed["error"].as_str().unwrap().contains("trap"), "{failed}");

    run(&at, "midas", "DROP TABLE trap").await;
    let again = fleet.upgrade_fleet::<WithTrap>(&plan(), &|_| {}).await.unwrap();
    assert_eq!(results(&again), [("midas/org-1", Upgraded)]);
    let status = json(&at.cli(&["db", "status", "--all", "--json"]));
    assert!(status["databases"][1].get("error").is_none(), "{status}");
}

async fn the_rest_waits_for_the_first_ones(at: Installation) {
    for tenant in ["acme", "midas", "umbra"] {
        create_tenant(&at, tenant);
    }
    run(&at, "acme", "CREATE TABLE trap (id text)").await;
    let fleet = tenancy(&at).await;
    let careful = Plan { canary: Some(Canary::Percent(10)), parallel: 4, ..plan() };
    let stopped = fleet.upgrade_fleet::<WithTrap>(&careful, &|_| {}).await.unwrap();
    assert_eq!(results(&stopped), [("acme/org-1", Failed), ("midas/org-1", NotStarted), ("umbra/org-1", NotStarted)]);
    assert_eq!(stopped.stopped, Some(Stop::CanaryFailed));
    run(&at, "acme", "DROP TABLE trap").await;
    let done = fleet.upgrade_fleet::<WithTrap>(&careful, &|_| {}).await.unwrap();
    assert_eq!((done.count(Upgraded), done.stopped), (3, None));
}

async fn too_many_failures_stop_the_run(at: Installation) {
    for tenant in ["acme", "midas", "umbra", "zeta"] {
        create_tenant(&at, tenant);
    }
    for tenant in ["acme", "midas"] {
        run(&at, tenant, "CREATE TABLE trap (id text)").await;
    }
    let fleet = tenancy(&at).await;
    let report = fleet.upgrade_fleet::<WithTrap>(&Plan { max_failures: 2, ..plan() }, &|_| {}).await.unwrap();
    let outcomes: Vec<_> = results(&report).into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [Failed, Failed, NotStarted, NotStarted]);
    assert_eq!(report.stopped, Some(Stop::TooManyFailures));
}

async fn one_tenant_can_be_upgraded_alone(at: Installation) {
    for tenant in ["acme", "umbra"] {
        create_tenant(&at, tenant);
    }
    let fleet = tenancy(&at).await;
    let one = |tenant: &str| Plan { tenant: Some(TenantId::new(tenant).unwrap()), ..plan() };
    let report = fleet.upgrade_fleet::<Expanded>(&one("umbra"), &|_| {}).await.unwrap();
    assert_eq!(results(&report), [("umbra/org-1", Upgraded)]);
    assert!(fleet.upgrade_fleet::<Expanded>(&one("nobody"), &|_| {}).await.is_err());
    let rest = fleet.upgrade_fleet::<Expanded>(&plan(), &|_| {}).await.unwrap();
    assert_eq!(results(&rest), [("acme/org-1", Upgraded)]);
}

async fn a_lost_database_is_reported_and_not_made_anew(at: Installation) {
    create_tenant(&at, "acme");
    lose(&at, "acme").await;
    let fleet = tenancy(&at).await;
    for _ in 0..2 {
        let report = fleet.upgrade_fleet::<Expanded>(&plan(), &|_| {}).await.unwrap();
        assert_eq!(results(&report), [("acme/org-1", Failed)]);
        assert!(report.databases[0].error.as_ref().unwrap().contains("missing"), "{report:?}");
    }
}

async fn two_runs_at_once_make_each_change_once(at: Installation) {
    for tenant in ["acme", "umbra"] {
        create_tenant(&at, tenant);
    }
    let (one, other) = (tenancy(&at).await, tenancy(&at).await);
    let plan = plan();
    let (one, other) = tokio::join!(
        one.upgrade_fleet::<ExpandedSlowly>(&plan, &|_| {}),
        other.upgrade_fleet::<ExpandedSlowly>(&plan, &|_| {})
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.count(Failed) + other.count(Failed), 0, "{one:?} {other:?}");
    assert_eq!(one.count(Upgraded) + other.count(Upgraded), 2, "{one:?} {other:?}");
    assert!(one.count(AlreadyCurrent) + other.count(AlreadyCurrent) > 0, "they met: {one:?} {other:?}");
}

async fn a_killed_migration_leaves_the_old_schema(at: Installation) {
    create_tenant(&at, "acme");
    let before = state(&at, "acme").await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tenancy::fleet::a_process_that_migrates_until_it_is_killed", "--ignored", "--nocapture"])
        .env("CHILD_CONTROL", at.setting("YUANTUS_IDENTITY_DATABASE_URL").unwrap())
        .env("CHILD_TEMPLATE", at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "migrating"), "the change has begun");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(state(&at, "acme").await, before);
    let fleet = tenancy(&at).await;
    let report = fleet.upgrade_fleet::<Expanded>(&plan(), &|_| {}).await.unwrap();
    assert_eq!(results(&report), [("acme/org-1", Upgraded)]);
}

/// Started by the test above, in a process of its own; by itself it does nothing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other process of another test"]
async fn a_process_that_migrates_until_it_is_killed() {
    let (Ok(control), Ok(template)) = (std::env::var("CHILD_CONTROL"), std::env::var("CHILD_TEMPLATE")) else { return };
    inside(&control, &template).await.upgrade_fleet::<ExpandedForever>(&plan(), &|_| {}).await.unwrap();
}

async fn ten_thousand_databases_that_are_up_to_date_take_no_time(at: Installation) {
    assert!(at.cli(&["db", "upgrade"]).status.success());
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
    let moment = "'2026-01-01 00:00:00+00:00'";
    let tenants = format!(
        "INSERT INTO tenants (id, name, state, created_at, updated_at)
         {numbers} SELECT 't' || i, 'T', 'active', {moment}, {moment} FROM n"
    );
    let placements = format!(
        "INSERT INTO placements
             (tenant_id, org_id, database_key, state, step, schema_version, created_at, updated_at)
         {numbers} SELECT 't' || i, 'org-1', 'nowhere:' || i, 'ready', 'seeded', '{}', {moment}, {moment} FROM n",
        migration::latest::<Migrator>()
    );
    run_in_control(&at, &tenants).await;
    run_in_control(&at, &placements).await;
    let began = std::time::Instant::now();
    let done = at.cli(&["db", "upgrade", "--all", "--json"]);
    assert_eq!(json(&done)["summary"]["up_to_date"], 10_000);
    // Benches measure; this is for a way that opens each of them, which would take minutes.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

async fn the_command_says_what_it_would_do_and_refuses_what_makes_no_sense(at: Installation) {
    let nothing = at.cli(&["db", "upgrade", "--all", "--dry-run"]);
    let on_sqlite = at.setting("YUANTUS_IDENTITY_DATABASE_URL").unwrap().starts_with("sqlite");
    assert_eq!(nothing.status.success(), !on_sqlite, "a file that is not there is not made");
    create_tenant(&at, "acme");
    run_in_control(&at, "UPDATE placements SET schema_version = 'm0001_permissions'").await;
    let dry = json(&at.cli(&["db", "upgrade", "--all", "--dry-run", "--json"]));
    assert_eq!((&dry["summary"]["behind"], &dry["databases"][0]["result"]), (&json!(1), &json!("behind")));
    let status = text(&at.cli(&["db", "status", "--all"]).stdout);
    assert!(status.contains("0 up to date, 1 behind; run: yuantus db upgrade --all"), "{status}");
    let script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/mt_migrate.sh"))
        .args(["--canary", "50%", "--parallel", "2", "--json"])
        .current_dir(at.folder())
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .envs(at.environment.iter().cloned())
        .env("YUANTUS_BIN", env!("CARGO_BIN_EXE_yuantus"))
        .output()
        .unwrap();
    // Its real version was the present one, and only the record was behind.
    assert_eq!(json(&script)["databases"][0]["result"], "already_current");
    let unknown = at.cli(&["db", "upgrade", "--tenant", "nobody"]);
    assert_eq!(unknown.status.code(), Some(1));
    for senseless in [&["db", "upgrade", "--canary", "1"][..], &["db", "upgrade", "--all", "--canary", "101%"]] {
        assert_eq!(at.cli(senseless).status.code(), Some(2), "{senseless:?}");
    }
}
