//! Several workers and several processes on one installation: who hears of work, who runs it, in which turns, and what is left
//! of a worker that is killed.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::context::{Actor, Ctx};
use yuantus::domain::identity::{NewTenant, create_tenant};
use yuantus::error::Result;
use yuantus::jobs::{Job, JobRecord, NewJob, Registry, Status, Task, enqueue, find};
use yuantus::types::{OrgId, TenantId};
use yuantus::worker::{Worker, WorkerSettings};

use crate::support::{Installation, on_every_backend};

on_every_backend!(
    the_job_of_a_killed_worker_runs_again_once,
    two_worker_processes_run_each_job_once,
    a_bell_is_heard_in_another_process_and_opens_no_other_database,
    a_hint_that_was_lost_is_found_by_the_sweep,
    a_tenant_with_many_jobs_does_not_delay_anothers_first,
    workers_give_signs_of_life,
);

/// Names the settings of the installation to a worker process.
const SETTINGS: &str = "WORKER_PROCESS_SETTINGS";
const NEVER: Duration = Duration::from_secs(24 * 3600);

async fn app(environment: &[(String, String)]) -> App {
    let config = Config::load_from(None, environment.to_vec()).unwrap().config;
    App::build(config, ControlSchema::AsConfigured).await.unwrap()
}

async fn add_tenant(app: &App, id: &str) -> Ctx {
    let new =
        NewTenant { id: id.to_owned(), name: None, is_active: true, org_id: Some("org-1".to_owned()), admin: None };
    create_tenant(&app.platform("test"), new).await.unwrap();
    let (tenant, org) = (TenantId::new(id).unwrap(), OrgId::new("org-1").unwrap());
    Ctx::open(&app.tenancy, Actor::System { name: "test" }, tenant, org, None).await.unwrap()
}

async fn add(ctx: &Ctx, payload: Value) -> Uuid {
    let tx = ctx.begin().await.unwrap();
    let id = enqueue(&tx, ctx, NewJob::new("work", payload)).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Rings for what was committed so far, as a server does within moments.
async fn ring(app: &App) {
    app.tenancy.flush_wakeups().await.unwrap();
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    for _ in 0..3000 {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come about: {what}");
}

async fn done(ctx: &Ctx, id: Uuid) -> JobRecord {
    until("the job is done", || async {
        let job = find(ctx, id).await.unwrap();
        (job.status == Status::Completed).then_some(job)
    })
    .await
}

/// Rows of the bell.
async fn places_with_work(app: &App) -> i64 {
    let control = app.tenancy.control();
    let sql = "SELECT COUNT(*) AS n FROM pending_work";
    let row = control.query_one_raw(Statement::from_string(control.get_database_backend(), sql)).await.unwrap();
    row.unwrap().try_get("", "n").unwrap()
}

// Workers in processes of their own.

/// Writes when it begins and ends to the file `log`, and ends once the file `gate` is there.
struct Gated;

#[async_trait]
impl Job for Gated {
    fn name(&self) -> &'static str {
        "work"
    }

    async fn run(&self, _: Ctx, task: Task) -> Result<Value> {
        let path = |name: &str| PathBuf::from(task.payload[name].as_str().unwrap());
        note(&path("log"), &format!("start {} {}", task.attempt, task.id));
        while !path("gate").exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        note(&path("log"), &format!("end {} {}", task.attempt, task.id));
        Ok(json!(task.attempt))
    }
}

fn note(log: &Path, line: &str) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn lines(log: &Path) -> Vec<String> {
    std::fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// Not a test: what [`Process`] runs.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is started as a process by other tests"]
async fn worker_process() {
    let Ok(settings) = std::env::var(SETTINGS) else { return };
    let environment: Vec<(String, String)> = serde_json::from_str(&settings).unwrap();
    let app = app(&environment).await;
    let settings = WorkerSettings { sweep_delay: NEVER, ..WorkerSettings::from(&app.config.worker) };
    Worker::new(app.tenancy.clone(), Registry::default().with(Gated), Vec::new(), settings)
        .run(CancellationToken::new())
        .await;
}

/// A worker in a process of its own; killed when dropped.
struct Process(Child);

impl Process {
    fn start(at: &Installation) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["backends::workers::worker_process", "--exact", "--ignored", "--nocapture"])
            .env(SETTINGS, serde_json::to_string(&at.environment).unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Process {
    /// SIGKILL: no chance to give anything back.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Short leases, so that a test need not wait long for their end.
fn hurried(at: &mut Installation) {
    at.set("YUANTUS_WORKER__LEASE_SECONDS", "3");
    at.set("YUANTUS_WORKER__POLL_INTERVAL_MS", "50");
}

async fn the_job_of_a_killed_worker_runs_again_once(mut at: Installation) {
    hurried(&mut at);
    let app = app(&at.environment).await;
    let ctx = add_tenant(&app, "acme").await;
    let (log, gate) = (at.folder().join("log"), at.folder().join("gate"));
    let id = add(&ctx, json!({"log": log, "gate": gate})).await;
    ring(&app).await;
    let first = Process::start(&at);
    until("the first worker begins", || async { (lines(&log).len() == 1).then_some(()) }).await;
    let second = Process::start(&at);
    drop(first);
    until("the second worker takes over", || async { (lines(&log).len() == 2).then_some(()) }).await;
    std::fs::write(&gate, "").unwrap();
    let job = done(&ctx, id).await;
    until("nothing is left to do", || async { (places_with_work(&app).await == 0).then_some(()) }).await;
    drop(second);
    assert_eq!(lines(&log), [format!("start 1 {id}"), format!("start 2 {id}"), format!("end 2 {id}")]);
    assert_eq!((job.attempt_count, job.result), (2, Some(json!(2))));
    drop(ctx);
    app.close().await;
}

async fn two_worker_processes_run_each_job_once(mut at: Installation) {
    hurried(&mut at);
    let app = app(&at.environment).await;
    let ctx = add_tenant(&app, "acme").await;
    let (log, gate) = (at.folder().join("log"), at.folder().join("gate"));
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(add(&ctx, json!({"log": log, "gate": gate})).await);
    }
    ring(&app).await;
    let processes = [Process::start(&at), Process::start(&at)];
    // Both have all the jobs that they have room for, two each: the first leaves the others to the second.
    until("both work", || async { (lines(&log).len() == 4).then_some(()) }).await;
    std::fs::write(&gate, "").unwrap();
    let mut workers = HashSet::new();
    for id in &ids {
        let job = done(&ctx, *id).await;
        assert_eq!(job.attempt_count, 1);
        workers.insert(job.worker_id.unwrap());
    }
    drop(processes);
    let starts: Vec<String> = lines(&log).into_iter().filter(|line| line.starts_with("start")).collect();
    assert_eq!((starts.len(), starts.iter().collect::<HashSet<_>>().len()), (30, 30));
    assert_eq!(workers.len(), 2);
    drop(ctx);
    app.close().await;
}

// Workers of other applications in this process, which share nothing with the one that commits.

/// Notes whose job it began, and goes on by one permit.
#[derive(Clone)]
struct Turns {
    begun: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
}

impl Turns {
    fn new(permits: usize) -> Self {
        Self { begun: Arc::default(), gate: Arc::new(Semaphore::new(permits)) }
    }

    fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }
}

#[async_trait]
impl Job for Turns {
    fn name(&self) -> &'static str {
        "work"
    }

    async fn run(&self, ctx: Ctx, _: Task) -> Result<Value> {
        self.begun.lock().unwrap().push(ctx.tenant.to_string());
        self.gate.acquire().await.unwrap().forget();
        Ok(Value::Null)
    }
}

struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(app: &App, turns: &Turns, settings: WorkerSettings) -> Self {
        let shutdown = CancellationToken::new();
        let registry = Registry::default().with(turns.clone());
        let worker = Worker::new(app.tenancy.clone(), registry, Vec::new(), settings);
        Self { task: tokio::spawn(worker.run(shutdown.clone())), shutdown }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

/// Hears bells and does not sweep.
fn by_bell() -> WorkerSettings {
    WorkerSettings { poll_interval: Duration::from_millis(30), sweep_delay: NEVER, ..WorkerSettings::default() }
}

async fn a_bell_is_heard_in_another_process_and_opens_no_other_database(at: Installation) {
    let server = app(&at.environment).await;
    let ctx = add_tenant(&server, "acme").await;
    for idle in ["idle-1", "idle-2"] {
        drop(add_tenant(&server, idle).await);
    }
    // What setting up the tenants left is not this test's business.
    let (other, turns) = (app(&at.environment).await, Turns::new(1000));
    ring(&server).await;
    let worker = Running::start(&other, &turns, by_bell());
    until("it is quiet", || async { (places_with_work(&server).await == 0).then_some(()) }).await;
    worker.stop().await;
    for place in other.tenancy.served_places().await.unwrap() {
        other.tenancy.close_unused(&place.place()).await;
    }
    let opened = other.tenancy.pool_statistics().opens;

    // Rung while no worker runs, and while one does.
    let before = add(&ctx, json!({})).await;
    ring(&server).await;
    let worker = Running::start(&other, &turns, by_bell());
    done(&ctx, before).await;
    let passing_on = tokio::spawn({
        let tenancy = server.tenancy.clone();
        async move { tenancy.pass_on_wakeups().await }
    });
    let during = add(&ctx, json!({})).await;
    done(&ctx, during).await;
    until("it is quiet", || async { (places_with_work(&server).await == 0).then_some(()) }).await;
    assert_eq!(other.tenancy.pool_statistics().opens - opened, 1);
    passing_on.abort();
    worker.stop().await;
    other.close().await;
    drop(ctx);
    server.close().await;
}

async fn a_hint_that_was_lost_is_found_by_the_sweep(at: Installation) {
    let server = app(&at.environment).await;
    let ctx = add_tenant(&server, "acme").await;
    drop(add_tenant(&server, "idle").await);
    let id = add(&ctx, json!({})).await;
    // The server ends between the commit and the bell.
    assert_eq!(places_with_work(&server).await, 0);
    let (other, turns) = (app(&at.environment).await, Turns::new(1));
    let settings = WorkerSettings { sweep_delay: Duration::ZERO, ..by_bell() };
    let worker = Running::start(&other, &turns, settings);
    done(&ctx, id).await;
    worker.stop().await;
    other.close().await;
    drop(ctx);
    server.close().await;
}

async fn a_tenant_with_many_jobs_does_not_delay_anothers_first(at: Installation) {
    let app = app(&at.environment).await;
    let (busy, calm) = (add_tenant(&app, "busy").await, add_tenant(&app, "calm").await);
    for _ in 0..100 {
        add(&busy, json!({})).await;
    }
    for concurrency in [1, 2] {
        let turns = Turns::new(0);
        let worker = Running::start(&app, &turns, WorkerSettings { concurrency, grace: Duration::ZERO, ..by_bell() });
        until("the many begin", || async { (!turns.begun().is_empty()).then_some(()) }).await;
        // Several rounds: it is never just luck.
        for _ in 0..3 {
            let before = turns.begun().len();
            let first = add(&calm, json!({})).await;
            let others = until("the first of the calm one begins", || async {
                let begun = turns.begun();
                let at = begun.iter().skip(before).position(|tenant| tenant == "calm");
                if at.is_none() && begun.len() > before + 10 {
                    panic!("ten others came first: {begun:?}");
                }
                if at.is_none() && turns.gate.available_permits() == 0 {
                    turns.gate.add_permits(1);
                }
                at
            })
            .await;
            // Some may: the bell takes its moment, in which this test itself lets others begin.
            assert!(others <= 10, "{others} others came first");
            turns.gate.add_permits(2);
            done(&calm, first).await;
        }
        worker.stop().await;
    }
    drop((busy, calm));
    app.close().await;
}

async fn workers_give_signs_of_life(at: Installation) {
    let app = app(&at.environment).await;
    assert_eq!(app.tenancy.pulse().await.unwrap().alive, 0);
    let running = [1, 2].map(|_| Running::start(&app, &Turns::new(0), by_bell()));
    until("both are alive", || async { (app.tenancy.pulse().await.unwrap().alive == 2).then_some(()) }).await;
    let signs = app.tenancy.workers().await.unwrap();
    assert!(signs.iter().all(|sign| sign.concurrency == 2 && sign.running == 0));
    for worker in running {
        worker.stop().await;
    }
    assert!(app.tenancy.workers().await.unwrap().is_empty());
    app.close().await;
}
