//! The queue, the outbox and the worker on each database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::context::{Actor, Ctx, now};
use yuantus::db::Tx;
use yuantus::domain::audit::{self, Change};
use yuantus::domain::identity::{NewTenant, create_tenant};
use yuantus::error::{Error, Kind, Result};
use yuantus::jobs::{
    Event, NewJob, Progress, Registry, Site, Status, Subscriber, TenantCheck, cancel, enqueue, find, outbox, put_back,
    queue, tidy,
};
use yuantus::types::{OrgId, TenantId};
use yuantus::worker::{Worker, WorkerSettings};

use crate::support::{Installation, on_every_backend};

on_every_backend!(
    many_workers_take_each_job_once,
    a_lost_lease_is_taken_over,
    requests_with_one_key_make_one_job,
    a_subscriber_that_breaks_its_statement_spoils_nothing_else,
    a_commit_leads_to_a_finished_job,
    old_traces_are_deleted,
    a_failing_job_is_given_up_and_put_back,
    progress_is_written_while_the_lease_is_held,
    a_job_that_was_called_off_is_not_put_back_beside_its_run,
);

const LEASE: Duration = Duration::from_secs(60);

/// An organisation of a fresh installation.
struct Org {
    app: App,
    ctx: Ctx,
}

impl Org {
    async fn new(at: &Installation) -> Self {
        let config = Config::load_from(None, at.environment.clone()).unwrap().config;
        let app = App::build(config, ControlSchema::AsConfigured).await.unwrap();
        let new = NewTenant {
            id: "acme".to_owned(),
            name: None,
            is_active: true,
            org_id: Some("org-1".to_owned()),
            admin: None,
        };
        create_tenant(&app.platform("test"), new).await.unwrap();
        let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
        let ctx = Ctx::open(&app.tenancy, Actor::System { name: "test" }, tenant, org, None).await.unwrap();
        Self { app, ctx }
    }

    async fn site(&self) -> Site {
        let places = self.app.tenancy.served_places().await.unwrap();
        Site::open(&self.app.tenancy, &places[0]).await.unwrap()
    }

    async fn claim(&self, worker: &str, at: chrono::DateTime<chrono::Utc>) -> Option<queue::Claimed> {
        queue::claim(&self.ctx.db, worker, &["work"], at, LEASE).await.unwrap()
    }

    /// The end of a test: open connections would keep the databases from being dropped.
    async fn close(self) {
        drop(self.ctx);
        self.app.close().await;
    }
}

async fn add(ctx: &Ctx, job: NewJob) -> Uuid {
    let tx = ctx.begin().await.unwrap();
    let id = enqueue(&tx, ctx, job).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn work() -> NewJob {
    NewJob::new("work", json!({}))
}

async fn change(ctx: &Ctx, subject: &str) {
    let tx = ctx.begin().await.unwrap();
    let change = Change {
        action: "item.created",
        subject_type: "Part".to_owned(),
        subject_id: subject.to_owned(),
        before: None,
        after: None,
    };
    audit::record(ctx, &tx, vec![change]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn many_workers_take_each_job_once(at: Installation) {
    let org = Org::new(&at).await;
    for _ in 0..100 {
        add(&org.ctx, work()).await;
    }
    let workers = (0..64).map(|number| {
        let db = org.ctx.db.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Some(claimed) = queue::claim(&db, &format!("w{number}"), &["work"], now(), LEASE).await.unwrap() {
                assert!(queue::complete(&db, &claimed.lease, now(), json!(number)).await.unwrap());
                taken.push(claimed.lease.job);
            }
            taken
        })
    });
    let taken: Vec<Uuid> =
        futures::future::join_all(workers).await.into_iter().flat_map(|worker| worker.unwrap()).collect();
    assert_eq!((taken.len(), taken.iter().collect::<HashSet<_>>().len()), (100, 100));
    assert_eq!(find(&org.ctx, taken[0]).await.unwrap().status, Status::Completed);
    org.close().await;
}

async fn a_lost_lease_is_taken_over(at: Installation) {
    let org = Org::new(&at).await;
    let (db, start) = (&org.ctx.db, now());
    let id = add(&org.ctx, work()).await;
    let old = org.claim("a", now()).await.unwrap().lease;
    let seen = queue::outlook(db, &["work"], start).await.unwrap();
    assert!(!seen.jobs_due && seen.next > Some(start + LEASE - Duration::from_secs(1)));
    let late = now() + LEASE;
    assert!(queue::outlook(db, &["work"], late).await.unwrap().jobs_due);
    let new = org.claim("b", late).await.unwrap().lease;
    assert!(!queue::complete(db, &old, late, json!("old")).await.unwrap());
    assert!(queue::release(db, &new, late).await.unwrap());
    let again = org.claim("c", late).await.unwrap().lease;
    assert!(queue::complete(db, &again, late, json!("new")).await.unwrap());
    let job = find(&org.ctx, id).await.unwrap();
    assert_eq!((job.attempt_count, job.result), (2, Some(json!("new"))));
    org.close().await;
}

async fn requests_with_one_key_make_one_job(at: Installation) {
    let org = Org::new(&at).await;
    let requests = (0..20).map(|_| {
        let ctx = org.ctx.clone();
        tokio::spawn(async move { add(&ctx, work().once("reindex")).await })
    });
    let ids: HashSet<Uuid> = futures::future::join_all(requests).await.into_iter().map(|id| id.unwrap()).collect();
    assert_eq!(ids.len(), 1);
    assert!(org.claim("w", now()).await.is_some());
    assert!(org.claim("w", now()).await.is_none());
    org.close().await;
}

/// Enqueues a job for each part, and breaks a constraint for the part named `bad`.
struct Follow;

#[async_trait]
impl Subscriber for Follow {
    fn name(&self) -> &'static str {
        "follow"
    }

    fn wants(&self, topic: &str) -> bool {
        topic == "item.created"
    }

    async fn handle(&self, ctx: &Ctx, tx: &Tx, event: &Event) -> Result<()> {
        use sea_orm::ConnectionTrait;
        let job = if event.subject == "Part/check" { NewJob::new("tenant.check", json!({})) } else { work() };
        enqueue(tx, ctx, job).await?;
        if event.subject == "Part/bad" {
            tx.execute_unprepared("INSERT INTO jobs (id) VALUES (NULL)").await?;
        }
        Ok(())
    }
}

async fn a_subscriber_that_breaks_its_statement_spoils_nothing_else(at: Installation) {
    let org = Org::new(&at).await;
    let site = org.site().await;
    // What setting up the organisation recorded.
    while outbox::deliver(&site, &[], now(), 100).await.unwrap().delivered > 0 {}
    for subject in ["1", "bad", "bad", "2"] {
        change(&org.ctx, subject).await;
    }
    let subscribers: [Arc<dyn Subscriber>; 1] = [Arc::new(Follow)];
    let both = [outbox::deliver(&site, &subscribers, now(), 100), outbox::deliver(&site, &subscribers, now(), 100)];
    let done = futures::future::try_join_all(both).await.unwrap();
    assert_eq!(done.iter().map(|done| (done.delivered, done.failed)).max(), Some((2, 1)));
    assert_eq!(done.iter().map(|done| done.delivered).sum::<usize>(), 2);
    let mut jobs = 0;
    while org.claim("w", now()).await.is_some() {
        jobs += 1;
    }
    assert_eq!(jobs, 2);
    drop(site);
    org.close().await;
}

async fn a_commit_leads_to_a_finished_job(at: Installation) {
    let org = Org::new(&at).await;
    let shutdown = CancellationToken::new();
    let registry = Registry::default().with(TenantCheck);
    let settings = WorkerSettings::from(&org.app.config.worker);
    let worker = Worker::new(org.app.tenancy.clone(), registry, vec![Arc::new(Follow)], settings);
    let worker = tokio::spawn(worker.run(shutdown.clone()));
    let id = add(&org.ctx, NewJob::new("tenant.check", json!({}))).await;
    let mut job = find(&org.ctx, id).await.unwrap();
    for _ in 0..500 {
        if job.status == Status::Completed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        job = find(&org.ctx, id).await.unwrap();
    }
    let result = job.result.unwrap();
    assert_eq!((&result["ok"], &result["rows"]["jobs"]), (&json!(true), &json!(1)));
    shutdown.cancel();
    worker.await.unwrap();
    org.close().await;
}

async fn old_traces_are_deleted(at: Installation) {
    let org = Org::new(&at).await;
    let (db, site) = (&org.ctx.db, org.site().await);
    let id = add(&org.ctx, work()).await;
    let lease = org.claim("w", now()).await.unwrap().lease;
    queue::complete(db, &lease, now(), json!(null)).await.unwrap();
    change(&org.ctx, "1").await;
    while outbox::deliver(&site, &[], now(), 100).await.unwrap().delivered > 0 {}
    assert_eq!(tidy(db, now()).await.unwrap(), 0);
    assert!(tidy(db, now() + Duration::from_secs(31 * 24 * 3600)).await.unwrap() >= 2);
    assert!(find(&org.ctx, id).await.is_err());
    drop(site);
    org.close().await;
}

async fn a_failing_job_is_given_up_and_put_back(at: Installation) {
    let org = Org::new(&at).await;
    let db = &org.ctx.db;
    let id = add(&org.ctx, NewJob { max_attempts: 2, ..work() }).await;
    let (mut time, mut seen) = (now(), Vec::new());
    let mut old = None;
    for _ in 0..2 {
        let lease = org.claim("w", time).await.unwrap().lease;
        assert!(queue::fail(db, &lease, time, &Error::unavailable("no luck")).await.unwrap());
        let job = find(&org.ctx, id).await.unwrap();
        seen.push((job.status, job.scheduled_at > time, job.last_error));
        assert!(org.claim("w", time).await.is_none());
        (time, old) = (time + Duration::from_secs(60), Some(lease));
    }
    let why = Some("no luck".to_owned());
    assert_eq!(seen, [(Status::Pending, true, why.clone()), (Status::Failed, false, why)]);

    let tx = org.ctx.begin().await.unwrap();
    put_back(&tx, &org.ctx, id).await.unwrap();
    assert_eq!(put_back(&tx, &org.ctx, id).await.unwrap_err().kind(), Kind::Conflict);
    tx.commit().await.unwrap();
    // Its attempts begin anew, and whoever failed before has no say in them.
    let first = org.claim("w", time).await.unwrap().lease;
    queue::release(db, &first, time).await.unwrap();
    for _ in 0..2 {
        let lease = org.claim("w", time).await.unwrap().lease;
        let stale = old.replace(lease.clone()).unwrap();
        assert!(!queue::complete(db, &stale, time, json!("stale")).await.unwrap());
        queue::fail(db, &lease, time, &Error::unavailable("no luck")).await.unwrap();
        time += Duration::from_secs(60);
    }
    assert_eq!(find(&org.ctx, id).await.unwrap().status, Status::Failed);
    org.close().await;
}

async fn progress_is_written_while_the_lease_is_held(at: Installation) {
    let org = Org::new(&at).await;
    let (db, start) = (&org.ctx.db, now());
    let id = add(&org.ctx, work()).await;
    let progress = |percent, message: &str| Progress { percent, message: Some(message.to_owned()) };
    let old = org.claim("a", now()).await.unwrap().lease;
    assert!(queue::report(db, &old, now(), LEASE, progress(40, "half 一半")).await.unwrap());
    let job = find(&org.ctx, id).await.unwrap();
    assert_eq!((job.progress, job.progress_message.as_deref()), (40, Some("half 一半")));
    // The report prolonged the lease.
    assert!(org.claim("b", start + LEASE).await.is_none());
    let late = now() + LEASE;
    let new = org.claim("b", late).await.unwrap().lease;
    assert!(!queue::report(db, &old, late, LEASE, progress(90, "old")).await.unwrap());
    let job = find(&org.ctx, id).await.unwrap();
    assert_eq!((job.progress, job.progress_message), (0, None));
    assert!(queue::complete(db, &new, late, json!(1)).await.unwrap());
    assert_eq!(find(&org.ctx, id).await.unwrap().progress, 100);
    org.close().await;
}

async fn a_job_that_was_called_off_is_not_put_back_beside_its_run(at: Installation) {
    let org = Org::new(&at).await;
    let id = add(&org.ctx, work()).await;
    let (db, start) = (&org.ctx.db, now());
    let lease = org.claim("a", start).await.unwrap().lease;
    let tx = org.ctx.begin().await.unwrap();
    cancel(&tx, &org.ctx, id).await.unwrap();
    put_back(&tx, &org.ctx, id).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!queue::extend(db, &lease, now(), LEASE).await.unwrap());
    // The run may not have noticed yet.
    assert!(org.claim("b", start + LEASE - Duration::from_secs(1)).await.is_none());
    assert!(org.claim("b", start + LEASE).await.is_some());
    org.close().await;
}
