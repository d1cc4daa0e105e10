//! What many tenants cost: making them, opening them, bringing them to the present schema. Each figure stands beside the
//! naive way, measured in the same run.
//!
//! `cargo bench --bench tenancy`, or only parts: `cargo bench --bench tenancy -- provision open fleet postgres`. The part
//! `postgres` needs YUANTUS_BENCH_POSTGRES_URL (`postgresql://user:password@host:port`, a role with CREATEDB);
//! `scripts/test-servers.sh start` prints one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use migration::{MigratorTrait, tenant::Migrator};
use sea_orm::{ConnectionTrait, Database};
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::domain::identity::ensure_org;
use yuantus::types::{OrgId, TenantId};

const BINARY: &str = env!("CARGO_BIN_EXE_yuantus");

fn main() {
    yuantus::storage::install_transport();
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|name| name == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let postgres = std::env::var("YUANTUS_BENCH_POSTGRES_URL").ok();
    if wanted("provision") {
        runtime.block_on(provision("SQLite", &Site::sqlite(), 100));
    }
    if wanted("open") {
        runtime.block_on(open_many(&Site::sqlite(), 2000));
    }
    if wanted("noop") {
        runtime.block_on(nothing_to_do(&Site::sqlite(), 10_000));
    }
    if wanted("fleet") {
        runtime.block_on(fleet("SQLite", &Site::sqlite(), 1000, 40));
    }
    if wanted("postgres") {
        let Some(url) = postgres else {
            println!("postgres: skipped, YUANTUS_BENCH_POSTGRES_URL is not set");
            return;
        };
        runtime.block_on(provision("PostgreSQL", &Site::postgres(&url), 50));
        runtime.block_on(fleet("PostgreSQL", &Site::postgres(&url), 200, 20));
        runtime.block_on(through_a_cap(&Site::postgres(&url), &url, 500, 50));
    }
}

/// A fresh installation.
struct Site {
    folder: tempfile::TempDir,
    pairs: Vec<(String, String)>,
}

impl Site {
    fn sqlite() -> Self {
        Self::with(&[])
    }

    fn postgres(url: &str) -> Self {
        let name = format!("bench_{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
        let control = format!("{url}/{name}__control");
        let template = format!("{url}/{name}__{{tenant_id}}__{{org_id}}");
        Self::with(&[("YUANTUS_IDENTITY_DATABASE_URL", &control), ("YUANTUS_DATABASE_URL_TEMPLATE", &template)])
    }

    fn with(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let base = [("YUANTUS_ENVIRONMENT", "dev"), ("YUANTUS_DATA_DIR", &data)];
        let pairs = base.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self { folder, pairs }
    }

    async fn app(&self, more: &[(&str, &str)]) -> Arc<App> {
        let more = more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let loaded = Config::load_from(None, self.pairs.iter().cloned().chain(more)).unwrap();
        Arc::new(App::build(loaded.config, ControlSchema::AsConfigured).await.unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).env_clear().envs(self.pairs.iter().cloned()).current_dir(self.folder.path());
        command
    }

    fn run(&self, args: &[&str]) -> Duration {
        let began = Instant::now();
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        began.elapsed()
    }
}

fn ids(number: usize) -> (TenantId, OrgId) {
    (TenantId::new(format!("t{number}")).unwrap(), OrgId::new("org-1").unwrap())
}

fn percentile(times: &mut [Duration], share: f64) -> Duration {
    times.sort();
    times[((times.len() - 1) as f64 * share) as usize]
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Making a tenant's database, beside migrating an empty one from nothing.
async fn provision(engine: &str, site: &Site, count: usize) {
    let app = site.app(&[]).await;
    let ctx = app.platform("bench");
    let mut ours = Vec::new();
    for number in 0..count {
        let (tenant, org) = ids(number);
        ensure_org(&ctx, &tenant, &org).await.unwrap();
        let began = Instant::now();
        app.tenancy.provision(&tenant, &org).await.unwrap();
        ours.push(began.elapsed());
    }
    let first = ours.remove(0);
    let naive = naive_provision(site, 10).await;
    let p50 = percentile(&mut ours, 0.5);
    println!(
        "provision {engine}: p50 {p50:.1?}, p99 {:.1?} over {count} (the first, which makes the template, {first:.1?}); \
         migrating an empty database {naive:.1?}; ratio {:.2}",
        percentile(&mut ours, 0.99),
        p50.as_secs_f64() / naive.as_secs_f64()
    );
    app.close().await;
}

/// The raw baseline: create a database, run every migration.
async fn naive_provision(site: &Site, count: usize) -> Duration {
    let template =
        site.pairs.iter().find(|(key, _)| key == "YUANTUS_DATABASE_URL_TEMPLATE").map(|(_, url)| url.clone());
    let mut times = Vec::new();
    for number in 0..count {
        let began = Instant::now();
        let url = match &template {
            None => format!("sqlite://{}/naive{number}.db?mode=rwc", site.folder.path().display()),
            Some(template) => {
                let url = template.replace("{tenant_id}", "naive").replace("{org_id}", &number.to_string());
                let (server, name) = url.rsplit_once('/').unwrap();
                let maintenance = Database::connect(format!("{server}/postgres")).await.unwrap();
                maintenance.execute_unprepared(&format!("CREATE DATABASE \"{name}\"")).await.unwrap();
                maintenance.close().await.unwrap();
                url
            }
        };
        let database = Database::connect(url).await.unwrap();
        Migrator::up(&database, None).await.unwrap();
        database.close().await.unwrap();
        times.push(began.elapsed());
    }
    percentile(&mut times, 0.5)
}

/// Touching every tenant of one node once, then a few of them in turn.
async fn open_many(site: &Site, count: usize) {
    let app = site.app(&[("YUANTUS_TENANCY__MAX_OPEN_DATABASES", "200")]).await;
    make_tenants(&app, count).await;
    app.tenancy.close_idle().await;
    let before = resident_mib();
    let mut cold = Vec::new();
    for number in 0..count {
        let (tenant, org) = ids(number);
        let began = Instant::now();
        app.tenancy.open(&tenant, &org).await.unwrap().ping().await.unwrap();
        cold.push(began.elapsed());
    }
    let after = resident_mib();
    let mut warm = Vec::new();
    for turn in 0..2000 {
        let (tenant, org) = ids(turn % 200);
        let began = Instant::now();
        app.tenancy.open(&tenant, &org).await.unwrap().ping().await.unwrap();
        warm.push(began.elapsed());
    }
    let raw = raw_open(site, count.min(200)).await;
    let p99 = percentile(&mut cold, 0.99);
    println!(
        "open {count} SQLite tenants in a row: cold p50 {:.1?}, p99 {p99:.1?}; opening the bare files p50 {raw:.1?}; then 200 in \
         turn p50 {:.1?}, p99 {:.1?}; RSS {before} → {after} → {} MiB, {:?}",
        percentile(&mut cold, 0.5),
        percentile(&mut warm, 0.5),
        percentile(&mut warm, 0.99),
        resident_mib(),
        app.tenancy.pool_statistics()
    );
    app.close().await;
}

async fn make_tenants(app: &Arc<App>, count: usize) {
    let ctx = app.platform("bench");
    for number in 0..count {
        let (tenant, org) = ids(number);
        ensure_org(&ctx, &tenant, &org).await.unwrap();
        app.tenancy.provision(&tenant, &org).await.unwrap();
    }
}

async fn raw_open(site: &Site, count: usize) -> Duration {
    let mut times = Vec::new();
    for number in 0..count {
        let file = site.folder.path().join(format!("tenants/t{number}/org-1.db"));
        let began = Instant::now();
        let database = Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
        database.ping().await.unwrap();
        times.push(began.elapsed());
        database.close().await.unwrap();
    }
    percentile(&mut times, 0.5)
}

/// `db upgrade --all` when every one of many registered tenants is up to date, beside asking each database.
async fn nothing_to_do(site: &Site, count: usize) {
    let app = site.app(&[]).await;
    make_tenants(&app, 200).await;
    let version = migration::latest::<Migrator>();
    let control = Database::connect(format!("sqlite://{}/control.db", site.folder.path().display())).await.unwrap();
    // Registered only: that nothing of theirs is opened is the point.
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 200 UNION ALL SELECT i + 1 FROM n WHERE i < {count} - 1) \
         INSERT INTO tenants (id, name, is_active, state, created_at, updated_at) \
         SELECT 'r' || i, 'r', 1, 'active', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00' FROM n"
    );
    control.execute_unprepared(&sql).await.unwrap();
    let columns = "tenant_id, org_id, database_key, state, step, schema_version, created_at, updated_at";
    let sql = format!(
        "INSERT INTO placements ({columns}) SELECT id, 'org-1', 'nowhere:' || id, 'ready', 'seeded', '{version}', created_at, \
         updated_at FROM tenants WHERE id LIKE 'r%'"
    );
    control.execute_unprepared(&sql).await.unwrap();
    control.close().await.unwrap();
    app.close().await;
    let ours = site.run(&["db", "upgrade", "--all"]);
    let began = Instant::now();
    for number in 0..200 {
        let file = site.folder.path().join(format!("tenants/t{number}/org-1.db"));
        let database = Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
        Migrator::get_pending_migrations(&database).await.unwrap();
        database.close().await.unwrap();
    }
    let naive = began.elapsed().mul_f64(count as f64 / 200.0);
    println!(
        "db upgrade --all, nothing to do for {count} tenants: {ours:.1?} (a whole process); asking each SQLite database: {naive:.1?}, \
         from 200; ratio {:.3}",
        ours.as_secs_f64() / naive.as_secs_f64()
    );
}

/// A real one-table migration over all tenants, beside one process per tenant.
async fn fleet(engine: &str, site: &Site, count: usize, sampled: usize) {
    let app = site.app(&[]).await;
    make_tenants(&app, count).await;
    app.close().await;
    step_back(site, count).await;
    let began = Instant::now();
    for number in 0..sampled {
        site.run(&["db", "upgrade", "--all", "--tenant", &format!("t{number}")]);
    }
    let naive = began.elapsed().mul_f64(count as f64 / sampled as f64);
    let left = count - sampled;
    let ours = site.run(&["db", "upgrade", "--all"]).mul_f64(count as f64 / left as f64);
    println!(
        "db upgrade --all, one table for {count} {engine} tenants: {ours:.2?}; one process per tenant: {naive:.2?}, from {sampled}; \
         {:.1} times faster",
        naive.as_secs_f64() / ours.as_secs_f64()
    );
}

/// Takes the last migration of every tenant back, in the databases and in the control database's book.
async fn step_back(site: &Site, count: usize) {
    let template =
        site.pairs.iter().find(|(key, _)| key == "YUANTUS_DATABASE_URL_TEMPLATE").map(|(_, url)| url.clone());
    for number in 0..count {
        let url = match &template {
            None => format!("sqlite://{}", site.folder.path().join(format!("tenants/t{number}/org-1.db")).display()),
            Some(template) => template.replace("{tenant_id}", &format!("t{number}")).replace("{org_id}", "org-1"),
        };
        let database = Database::connect(url).await.unwrap();
        Migrator::down(&database, Some(1)).await.unwrap();
        database.close().await.unwrap();
    }
    let names: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let control = match site.pairs.iter().find(|(key, _)| key == "YUANTUS_IDENTITY_DATABASE_URL") {
        None => format!("sqlite://{}/control.db", site.folder.path().display()),
        Some((_, url)) => url.clone(),
    };
    let control = Database::connect(control).await.unwrap();
    let sql = format!("UPDATE placements SET schema_version = '{}'", names[names.len() - 2]);
    control.execute_unprepared(&sql).await.unwrap();
    control.close().await.unwrap();
}

/// Many PostgreSQL tenants at work at once through few connections.
async fn through_a_cap(site: &Site, url: &str, count: usize, cap: i64) {
    let cap_text = cap.to_string();
    let settings = [
        ("YUANTUS_DATABASE__MAX_CONNECTIONS_TOTAL", cap_text.as_str()),
        ("YUANTUS_DATABASE__MAX_CONNECTIONS_PER_DATABASE", "2"),
        ("YUANTUS_DATABASE__ACQUIRE_TIMEOUT_SECONDS", "60"),
    ];
    let app = site.app(&settings).await;
    make_tenants(&app, count).await;
    let name = site.pairs[2].1.rsplit('/').next().unwrap().split("__").next().unwrap().to_owned();
    let watcher = Database::connect(format!("{url}/postgres")).await.unwrap();
    let began = Instant::now();
    let work = (0..count * 4).map(|turn| {
        let app = app.clone();
        tokio::spawn(async move {
            let (tenant, org) = ids(turn % count);
            let database = app.tenancy.open(&tenant, &org).await.unwrap();
            database.query_all_raw(statement("SELECT id FROM item_types")).await.unwrap();
        })
    });
    let work: Vec<_> = work.collect();
    let mut most = 0;
    while work.iter().any(|task| !task.is_finished()) {
        let sql = format!("SELECT count(*) AS n FROM pg_stat_activity WHERE datname LIKE '{name}%'");
        let row = watcher.query_one_raw(statement(&sql)).await.unwrap().unwrap();
        most = most.max(row.try_get::<i64>("", "n").unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut failed = 0;
    for task in work {
        failed += usize::from(task.await.is_err());
    }
    println!(
        "{} requests of {count} PostgreSQL tenants through at most {cap} connections: {:.2?}, {failed} failed, most connections seen \
         {most}, {:?}",
        count * 4,
        began.elapsed(),
        app.tenancy.pool_statistics()
    );
    assert!(failed == 0 && most <= cap);
    app.close().await;
}

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql)
}
