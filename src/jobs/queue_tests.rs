//! The queue under contention, lost leases, failures and repeated requests.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::queue::{Claimed, claim, complete, extend, fail, outlook, release};
use super::testing::{Installation, jobs};
use super::*;
use crate::context::now;
use crate::error::Kind;

const LEASE: Duration = Duration::from_secs(60);
const TYPES: [&str; 1] = ["work"];

async fn add(ctx: &Ctx, job: NewJob) -> Uuid {
    let tx = ctx.begin().await.unwrap();
    let id = enqueue(&tx, ctx, job).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn work() -> NewJob {
    NewJob::new("work", json!({}))
}

async fn claim_at(ctx: &Ctx, worker: &str, at: chrono::DateTime<Utc>) -> Option<Claimed> {
    claim(&ctx.db, worker, &TYPES, at, LEASE).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_workers_take_each_of_a_hundred_jobs_once() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    for _ in 0..100 {
        add(&ctx, work()).await;
    }
    let workers = (0..64).map(|number| {
        let ctx = ctx.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Some(claimed) = claim_at(&ctx, &format!("w{number}"), now()).await {
                assert!(complete(&ctx.db, &claimed.lease, now(), json!(number)).await.unwrap());
                taken.push(claimed.lease.job);
            }
            taken
        })
    });
    let taken: Vec<Uuid> =
        futures::future::join_all(workers).await.into_iter().flat_map(|worker| worker.unwrap()).collect();
    assert_eq!((taken.len(), taken.iter().collect::<HashSet<_>>().len()), (100, 100));
    assert!(jobs(&ctx).await.iter().all(|job| job.status == Status::Completed && job.attempt_count == 1));
}

#[tokio::test]
async fn urgent_jobs_run_first_and_later_ones_wait_for_their_time() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let usual = add(&ctx, work()).await;
    let urgent = add(&ctx, NewJob { priority: 5, ..work() }).await;
    let tomorrow = now() + TimeDelta::days(1);
    let later = add(&ctx, NewJob { priority: 1, run_at: Some(tomorrow), ..work() }).await;
    add(&ctx, NewJob::new("of-another-binary", json!({}))).await;

    let mut order = Vec::new();
    for time in [now(), now(), now(), tomorrow] {
        let lease = claim_at(&ctx, "w", time).await.map(|claimed| claimed.lease);
        if let Some(lease) = &lease {
            complete(&ctx.db, lease, time, json!(null)).await.unwrap();
        }
        order.push(lease.map(|lease| lease.job));
    }
    assert_eq!(order, [Some(urgent), Some(usual), None, Some(later)]);
}

#[tokio::test]
async fn a_lost_lease_is_taken_over_and_its_old_owner_changes_nothing() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let id = add(&ctx, work()).await;
    let start = now();
    let old = claim_at(&ctx, "a", start).await.unwrap().lease;
    assert!(claim_at(&ctx, "b", start + TimeDelta::seconds(59)).await.is_none());
    assert!(extend(&ctx.db, &old, start + TimeDelta::seconds(30), LEASE).await.unwrap());
    assert!(claim_at(&ctx, "b", start + TimeDelta::seconds(61)).await.is_none());

    let late = start + TimeDelta::seconds(91);
    let new = claim_at(&ctx, "a", late).await.unwrap().lease;

    assert_eq!((new.job, new.attempt), (id, 2));
    assert!(!extend(&ctx.db, &old, late, LEASE).await.unwrap());
    assert!(!complete(&ctx.db, &old, late, json!("old")).await.unwrap());
    assert!(!fail(&ctx.db, &old, late, &Error::internal("old")).await.unwrap());
    assert!(!release(&ctx.db, &old, late).await.unwrap());
    assert!(complete(&ctx.db, &new, late, json!("new")).await.unwrap());
    assert_eq!(find(&ctx, id).await.unwrap().result, Some(json!("new")));
}

#[tokio::test]
async fn a_job_whose_last_attempt_is_lost_has_failed() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let id = add(&ctx, NewJob { max_attempts: 1, ..work() }).await;
    claim_at(&ctx, "a", now()).await.unwrap();
    assert!(claim_at(&ctx, "b", now() + TimeDelta::hours(1)).await.is_none());
    assert_eq!(find(&ctx, id).await.unwrap().status, Status::Failed);
}

#[tokio::test]
async fn a_failing_job_is_tried_again_later_and_later_and_then_given_up() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let id = add(&ctx, work()).await;
    let (mut time, mut waits) = (now(), Vec::new());
    for attempt in 1..=3 {
        let claimed = claim_at(&ctx, "w", time).await.unwrap();
        assert_eq!(claimed.task.attempt, attempt);
        assert!(fail(&ctx.db, &claimed.lease, time, &Error::unavailable("no luck")).await.unwrap());
        let job = find(&ctx, id).await.unwrap();
        waits.push((job.status, (job.scheduled_at - time).num_seconds()));
        assert!(claim_at(&ctx, "w", time).await.is_none());
        time = job.scheduled_at.max(time);
    }
    assert!(matches!(waits[0], (Status::Pending, 4..=6)), "{waits:?}");
    assert!(matches!(waits[1], (Status::Pending, 8..=12)), "{waits:?}");
    let job = find(&ctx, id).await.unwrap();
    assert_eq!((job.status, job.last_error.as_deref()), (Status::Failed, Some("no luck")));
    assert!(job.completed_at.is_some());
}

#[tokio::test]
async fn what_no_repetition_mends_fails_at_once() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let id = add(&ctx, work()).await;
    let claimed = claim_at(&ctx, "w", now()).await.unwrap();
    let error = claimed.task.input::<Vec<u8>>().unwrap_err();
    fail(&ctx.db, &claimed.lease, now(), &error).await.unwrap();
    assert_eq!(find(&ctx, id).await.unwrap().status, Status::Failed);
}

#[tokio::test]
async fn an_interrupted_attempt_does_not_count() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let id = add(&ctx, work()).await;
    let claimed = claim_at(&ctx, "w", now()).await.unwrap();
    assert!(release(&ctx.db, &claimed.lease, now()).await.unwrap());
    let job = find(&ctx, id).await.unwrap();
    assert_eq!((job.status, job.attempt_count, job.worker_id), (Status::Pending, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_with_one_key_make_one_job_until_it_is_finished() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let requests = (0..20).map(|_| {
        let ctx = ctx.clone();
        tokio::spawn(async move { add(&ctx, work().once("reindex")).await })
    });
    let ids: HashSet<Uuid> = futures::future::join_all(requests).await.into_iter().map(|id| id.unwrap()).collect();
    assert_eq!((ids.len(), jobs(&ctx).await.len()), (1, 1));

    let claimed = claim_at(&ctx, "w", now()).await.unwrap();
    assert!(ids.contains(&add(&ctx, work().once("reindex")).await));
    complete(&ctx.db, &claimed.lease, now(), json!(null)).await.unwrap();
    assert!(!ids.contains(&add(&ctx, work().once("reindex")).await));
}

#[tokio::test]
async fn a_job_exists_only_if_its_transaction_is_committed() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let tx = ctx.begin().await.unwrap();
    enqueue(&tx, &ctx, work()).await.unwrap();
    drop(tx);
    assert!(jobs(&ctx).await.is_empty());
}

#[tokio::test]
async fn a_cancelled_job_is_not_taken_and_a_running_one_loses_its_lease() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    let running = add(&ctx, work()).await;
    let lease = claim_at(&ctx, "w", now()).await.unwrap().lease;
    let waiting = add(&ctx, work()).await;
    let tx = ctx.begin().await.unwrap();
    for id in [running, waiting] {
        cancel(&tx, &ctx, id).await.unwrap();
    }
    assert_eq!(cancel(&tx, &ctx, waiting).await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(cancel(&tx, &ctx, Uuid::new_v4()).await.unwrap_err().kind(), Kind::NotFound);
    tx.commit().await.unwrap();
    assert!(claim_at(&ctx, "w", now()).await.is_none());
    assert!(!complete(&ctx.db, &lease, now(), json!(1)).await.unwrap());
}

#[tokio::test]
async fn the_outlook_tells_what_is_due_and_what_comes_next() {
    let at = Installation::with(&["acme"]).await;
    let ctx = at.ctx("acme").await;
    assert_eq!(outlook(&ctx.db, &TYPES, now()).await.unwrap(), queue::Outlook::default());
    let soon = now() + TimeDelta::seconds(30);
    add(&ctx, NewJob { run_at: Some(soon), ..work() }).await;
    testing::record_event(&ctx, "item.created", "Part/1").await;

    let seen = outlook(&ctx.db, &TYPES, now()).await.unwrap();
    assert_eq!(seen, queue::Outlook { events_due: true, jobs_due: false, next: Some(soon) });
    assert!(outlook(&ctx.db, &TYPES, soon).await.unwrap().jobs_due);
    assert!(!outlook(&ctx.db, &["other"], soon).await.unwrap().jobs_due);

    let lease = claim_at(&ctx, "w", soon).await.unwrap();
    let lost = soon + TimeDelta::seconds(60);
    let seen = outlook(&ctx.db, &TYPES, soon).await.unwrap();
    assert_eq!((seen.jobs_due, seen.next), (false, Some(lost)), "{lease:?}");
    assert!(outlook(&ctx.db, &TYPES, lost).await.unwrap().jobs_due);
}

#[tokio::test]
async fn traces_of_finished_work_go_after_their_time_and_unfinished_work_never() {
    let at = Installation::with(&["acme"]).await;
    let (ctx, site) = (at.ctx("acme").await, at.site("acme").await);
    let done = add(&ctx, work()).await;
    let lease = claim_at(&ctx, "w", now()).await.unwrap().lease;
    complete(&ctx.db, &lease, now(), json!(null)).await.unwrap();
    let waiting = add(&ctx, work()).await;
    let delivered = testing::record_event(&ctx, "item.created", "Part/1").await;
    outbox::deliver(&site, &[], now(), 10).await.unwrap();
    let undelivered = testing::record_event(&ctx, "item.created", "Part/2").await;

    assert_eq!(tidy(&ctx.db, now() + TimeDelta::days(6)).await.unwrap(), 0);
    assert_eq!(tidy(&ctx.db, now() + TimeDelta::days(8)).await.unwrap(), 1);
    assert_eq!(tidy(&ctx.db, now() + TimeDelta::days(31)).await.unwrap(), 1);

    assert_eq!(find(&ctx, done).await.unwrap_err().kind(), Kind::NotFound);
    assert!(find(&ctx, waiting).await.is_ok());
    assert!(testing::event(&ctx, delivered).await.is_none());
    assert!(testing::event(&ctx, undelivered).await.is_some());
}
