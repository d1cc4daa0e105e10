//! The worker as a whole, over real databases.

use std::collections::HashSet;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::*;
use crate::context::Ctx;
use crate::db::Tx;
use crate::error::Result;
use crate::jobs::testing::{Installation, jobs, record_event};
use crate::jobs::{Event, Job, JobRecord, NewJob, Status, Task, TenantCheck, enqueue};

/// Notes whose job ran, after the wait in the payload. `{"panic": true}` panics.
#[derive(Clone)]
struct Work {
    done: Arc<Mutex<Vec<String>>>,
    started: Arc<tokio::sync::Semaphore>,
    stopped: Arc<tokio::sync::Semaphore>,
}

impl Work {
    fn new() -> Self {
        let none = || Arc::new(tokio::sync::Semaphore::new(0));
        Self { done: Arc::default(), started: none(), stopped: none() }
    }

    async fn started(&self) {
        timeout(Duration::from_secs(10), self.started.acquire()).await.unwrap().unwrap().forget();
    }
}

#[async_trait]
impl Job for Work {
    fn name(&self) -> &'static str {
        "work"
    }

    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        self.started.add_permits(1);
        task.report(30, "under way");
        let (stop, stopped) = (task.stopped().clone(), self.stopped.clone());
        tokio::spawn(async move {
            stop.cancelled().await;
            stopped.add_permits(1);
        });
        assert!(task.payload["panic"].is_null(), "the job breaks");
        sleep(Duration::from_millis(task.payload["wait"].as_u64().unwrap_or(0))).await;
        self.done.lock().unwrap().push(ctx.tenant.to_string());
        Ok(json!(ctx.org))
    }
}

/// Makes a job of each event.
struct Follow;

#[async_trait]
impl Subscriber for Follow {
    fn name(&self) -> &'static str {
        "follow"
    }

    fn wants(&self, _: &str) -> bool {
        true
    }

    async fn handle(&self, ctx: &Ctx, tx: &Tx, _: &Event) -> Result<()> {
        enqueue(tx, ctx, NewJob::new("work", json!({}))).await.map(|_| ())
    }
}

async fn add(ctx: &Ctx, payload: Value) {
    let tx = ctx.begin().await.unwrap();
    enqueue(&tx, ctx, NewJob::new("work", payload)).await.unwrap();
    tx.commit().await.unwrap();
}

struct Running {
    shutdown: CancellationToken,
    handle: JoinHandle<()>,
}

impl Running {
    fn start(at: &Installation, work: &Work, settings: WorkerSettings) -> Self {
        let shutdown = CancellationToken::new();
        let registry = Registry::default().with(work.clone()).with(TenantCheck);
        let worker = Worker::new(at.tenancy.clone(), registry, vec![Arc::new(Follow)], settings);
        Self { handle: tokio::spawn(worker.run(shutdown.clone())), shutdown }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        timeout(Duration::from_secs(10), self.handle).await.unwrap().unwrap();
    }
}

fn quick() -> WorkerSettings {
    WorkerSettings {
        poll_interval: Duration::from_millis(20),
        sweep_delay: Duration::ZERO,
        ..WorkerSettings::default()
    }
}

async fn eventually(ctx: &Ctx, what: impl Fn(&[JobRecord]) -> bool) -> Vec<JobRecord> {
    for _ in 0..500 {
        let found = jobs(ctx).await;
        if what(&found) {
            return found;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come about: {:?}", jobs(ctx).await);
}

fn all_done(jobs: &[JobRecord]) -> bool {
    !jobs.is_empty() && jobs.iter().all(|job| job.status == Status::Completed)
}

#[tokio::test(flavor = "multi_thread")]
async fn work_from_before_the_start_is_found_and_a_commit_wakes_the_worker() {
    let (at, work) = (Installation::with(&["acme"]).await, Work::new());
    let ctx = at.ctx("acme").await;
    add(&ctx, json!({})).await;
    let worker = Running::start(&at, &work, quick());
    eventually(&ctx, all_done).await;

    record_event(&ctx, "item.created", "Part/1").await;
    let found = eventually(&ctx, |jobs| jobs.len() == 2 && all_done(jobs)).await;
    assert_eq!(found[0].result, Some(json!("org-1")));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_many_jobs_does_not_hold_up_another() {
    let (at, work) = (Installation::with(&["busy", "calm"]).await, Work::new());
    let (busy, calm) = (at.ctx("busy").await, at.ctx("calm").await);
    for _ in 0..50 {
        add(&busy, json!({ "wait": 100 })).await;
    }
    let worker = Running::start(&at, &work, quick());
    work.started().await;
    add(&calm, json!({})).await;
    eventually(&calm, all_done).await;
    assert!(work.done.lock().unwrap().len() < 25);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tenant_is_served_with_few_databases_open() {
    let tenants: Vec<String> = (0..8).map(|number| format!("t{number}")).collect();
    let names: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let (at, work) = (Installation::bounded(&names, 3).await, Work::new());
    for name in &names {
        add(&at.ctx(name).await, json!({})).await;
    }
    let worker = Running::start(&at, &work, quick());
    for name in &names {
        eventually(&at.ctx(name).await, all_done).await;
    }
    let served: HashSet<String> = work.done.lock().unwrap().iter().cloned().collect();
    assert_eq!((served.len(), work.done.lock().unwrap().len()), (8, 8));
    assert!(at.tenancy.pool_statistics().open <= 3);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_closes_what_it_opened_and_nothing_else() {
    let (at, work) = (Installation::with(&["acme", "idle"]).await, Work::new());
    let ctx = at.ctx("acme").await;
    let places = at.tenancy.served_places().await.unwrap();
    at.tenancy.close_unused(&places[1].place()).await;
    let before = at.tenancy.pool_statistics();
    let worker = Running::start(&at, &work, quick());
    for _ in 0..200 {
        if at.tenancy.pool_statistics().opens > before.opens {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    worker.stop().await;
    let after = at.tenancy.pool_statistics();
    assert_eq!((before.open, after.open, after.opens), (1, 1, before.opens + 1));
    assert!(at.tenancy.is_open(&places[0].place()));
    drop(ctx);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_is_left_alone() {
    let (at, work) = (Installation::with(&["acme", "held"]).await, Work::new());
    let (acme, held) = (at.ctx("acme").await, at.ctx("held").await);
    at.suspend("held").await;
    add(&held, json!({})).await;
    let worker = Running::start(&at, &work, quick());
    add(&acme, json!({})).await;
    eventually(&acme, all_done).await;
    add(&held, json!({})).await;
    sleep(Duration::from_millis(100)).await;
    worker.stop().await;
    assert!(jobs(&held).await.iter().all(|job| job.status == Status::Pending));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failed_attempt() {
    let (at, work) = (Installation::with(&["acme"]).await, Work::new());
    let ctx = at.ctx("acme").await;
    let worker = Running::start(&at, &work, quick());
    add(&ctx, json!({ "panic": true })).await;
    let found = eventually(&ctx, |jobs| jobs[0].last_error.is_some()).await;
    let job = &found[0];
    assert_eq!(
        (job.status, job.attempt_count, job.last_error.as_deref()),
        (Status::Pending, 1, Some("The job panicked"))
    );
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_renewed_while_its_job_runs() {
    let (at, work) = (Installation::with(&["acme"]).await, Work::new());
    let ctx = at.ctx("acme").await;
    add(&ctx, json!({ "wait": 1000 })).await;
    let settings = WorkerSettings { lease: Duration::from_millis(300), ..quick() };
    let workers = [Running::start(&at, &work, settings), Running::start(&at, &work, settings)];
    let found = eventually(&ctx, all_done).await;
    assert_eq!((found[0].attempt_count, work.done.lock().unwrap().len()), (1, 1));
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_lets_the_running_job_finish_and_begins_no_other() {
    let (at, work) = (Installation::with(&["acme"]).await, Work::new());
    let ctx = at.ctx("acme").await;
    for _ in 0..2 {
        add(&ctx, json!({ "wait": 300 })).await;
    }
    let worker = Running::start(&at, &work, WorkerSettings { concurrency: 1, ..quick() });
    work.started().await;
    worker.stop().await;
    let mut found: Vec<Status> = jobs(&ctx).await.into_iter().map(|job| job.status).collect();
    found.sort_by_key(|status| status.as_str());
    assert_eq!(found, [Status::Completed, Status::Pending]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_outlasts_the_grace_time_is_put_back() {
    let (at, work) = (Installation::with(&["acme"]).await, Work::new());
    let ctx = at.ctx("acme").await;
    add(&ctx, json!({ "wait": 60_000 })).await;
    let worker = Running::start(&at, &work, WorkerSettings { grace: Duration::from_millis(50), ..quick() });
    work.started().await;
    worker.stop().await;
    let job = jobs(&ctx).await.remove(0);
    assert_eq!((job.status, job.attempt_count, job.worker_id), (Status::Pending, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_can_be_checked() {
    let (at, work) = (Installation::with(&["acme"]).await, Work::new());
    let ctx = at.ctx("acme").await;
    let tx = ctx.begin().await.unwrap();
    enqueue(&tx, &ctx, NewJob::new("tenant.check", json!({}))).await.unwrap();
    tx.commit().await.unwrap();
    let worker = Running::start(&at, &work, quick());
    let found = eventually(&ctx, all_done).await;
    let result = found[0].result.clone().unwrap();
    assert_eq!((&result["ok"], &result["rows"]["jobs"]), (&json!(true), &json!(1)));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_says_how_far_it_is_and_learns_that_it_was_called_off() {
    let (at, work) = (Installation::with(&["acme"]).await, Work::new());
    let ctx = at.ctx("acme").await;
    add(&ctx, json!({ "wait": 600_000 })).await;
    let settings = WorkerSettings { lease: Duration::from_secs(1), ..quick() };
    let worker = Running::start(&at, &work, settings);
    let found = eventually(&ctx, |jobs| jobs[0].progress == 30).await;
    assert_eq!(found[0].progress_message.as_deref(), Some("under way"));
    let tx = ctx.begin().await.unwrap();
    crate::jobs::cancel(&tx, &ctx, found[0].id).await.unwrap();
    tx.commit().await.unwrap();
    timeout(Duration::from_secs(10), work.stopped.acquire()).await.unwrap().unwrap().forget();
    worker.stop().await;
    let job = jobs(&ctx).await.remove(0);
    assert_eq!((job.status, work.done.lock().unwrap().len()), (Status::Cancelled, 0));
}
