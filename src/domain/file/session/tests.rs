//! What the API's tests do not reach: the job, processes that died at the worst moment, and the sweep.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::io::AsyncReadExt;

use super::claim::{Turn, take};
use super::job::{CompleteUpload, NAME};
use super::model::{NewSession, Session, SessionState};
use super::{Completion, abort, begin, complete, finish, list_parts, put_part, require_session, sweep_sessions};
use crate::context::{Ctx, now};
use crate::domain::file::model::{FileRules, NewFile, Uploaded};
use crate::domain::file::repo::sessions as repo;
use crate::domain::file::upload::{Arrived, keep};
use crate::domain::testing::TestOrg;
use crate::error::Kind;
use crate::jobs::queue::{self, Claimed};
use crate::jobs::{self, Job, Status};

const PART: usize = 8 << 20;

struct World {
    org: TestOrg,
    rules: FileRules,
}

impl World {
    async fn new() -> Self {
        let rules = FileRules {
            max_bytes: 1 << 30,
            previews: true,
            link_life: Duration::from_secs(60),
            upload_life: Duration::from_secs(3600),
            verify_in_request: 1 << 30,
        };
        Self { org: TestOrg::new().await, rules }
    }

    fn user(&self) -> Ctx {
        self.org.as_user(7, &[])
    }

    /// An upload whose parts have all arrived.
    async fn sent(&self, content: &[u8]) -> Session {
        let ctx = self.user();
        let file = NewFile { filename: "housing.step".to_owned(), ..NewFile::default() };
        let new = NewSession { file, size: content.len() as u64, sha256: None };
        let session = begin(&ctx, &self.rules, new).await.unwrap();
        for (part, number) in content.chunks(PART).zip(1..) {
            put_part(&ctx, &session, number, None, part).await.unwrap();
        }
        session
    }

    async fn complete(&self, session: &Session) -> Completion {
        complete(&self.user(), &self.rules, &session.id.to_string(), &[]).await.unwrap()
    }

    async fn change(&self, session: &Session, change: impl FnOnce(&mut Session)) {
        let ctx = &self.org.ctx;
        let tx = ctx.begin().await.unwrap();
        let mut row = repo::find_locked(&tx, ctx, session.id).await.unwrap().unwrap();
        change(&mut row);
        repo::update(&tx, ctx, &row).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn row(&self, session: &Session) -> Option<Session> {
        repo::find(&*self.org.ctx.db, &self.org.ctx, session.id).await.unwrap()
    }

    async fn claim_job(&self) -> Claimed {
        let lease = Duration::from_secs(60);
        queue::claim(&self.org.ctx.db, "w", &[NAME], now(), lease).await.unwrap().unwrap()
    }

    /// Runs a job and writes how it ended; whether it was put off.
    async fn run(&self, claimed: &Claimed) -> bool {
        let (job, db) = (CompleteUpload::new(self.rules), &self.org.ctx.db);
        let ended = job.run(self.org.ctx.clone(), claimed.task.clone()).await;
        if let Some(until) = claimed.task.reporter.is_put_off() {
            assert!(queue::release(db, &claimed.lease, until).await.unwrap());
            return true;
        }
        match ended {
            Ok(result) => assert!(queue::complete(db, &claimed.lease, now(), result).await.unwrap()),
            Err(error) => assert!(queue::fail(db, &claimed.lease, now(), &error).await.unwrap()),
        }
        false
    }

    async fn read(&self, uploaded: &Uploaded) -> Vec<u8> {
        let mut content = Vec::new();
        let blob = self.org.ctx.store.get(&uploaded.file.sha256.edition(0)).await.unwrap();
        blob.into_reader().read_to_end(&mut content).await.unwrap();
        content
    }
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 31 % 251) as u8).collect()
}

fn done(completion: Completion) -> Uploaded {
    match completion {
        Completion::Done(uploaded) => *uploaded,
        Completion::Working(session) => panic!("{session:?}"),
    }
}

fn working(completion: Completion) -> Session {
    match completion {
        Completion::Working(session) => *session,
        Completion::Done(uploaded) => panic!("{uploaded:?}"),
    }
}

#[tokio::test]
async fn a_long_upload_is_completed_by_a_job_in_the_name_of_its_sender() {
    let mut world = World::new().await;
    world.rules.verify_in_request = 0;
    let content = bytes(PART + 3);
    let session = world.sent(&content).await;
    let job = working(world.complete(&session).await).job_id.unwrap();
    // While it waits, completing again says the same, and no part is taken.
    assert_eq!(working(world.complete(&session).await).job_id, Some(job));
    let shown = require_session(&world.user(), &session.id.to_string()).await.unwrap();
    assert_eq!(shown.state, SessionState::Verifying);
    let late = put_part(&world.user(), &shown, 1, None, &content[..PART]).await.unwrap_err();
    assert_eq!(late.code_name(), Some("UPLOAD_NOT_OPEN"));

    let claimed = world.claim_job().await;
    assert!(!world.run(&claimed).await);
    let uploaded = done(world.complete(&session).await);
    assert_eq!((uploaded.file.created_by_id, uploaded.duplicate), (Some(7), false));
    assert!(world.read(&uploaded).await == content);
    assert!(world.org.ctx.store.stored_parts(&session.upload()).await.unwrap().is_empty());
    assert_eq!(jobs::find(&world.org.ctx, job).await.unwrap().status, Status::Completed);
}

#[tokio::test]
async fn a_job_that_finds_a_part_gone_gives_up_and_the_upload_takes_parts_again() {
    let mut world = World::new().await;
    world.rules.verify_in_request = 0;
    let session = world.sent(&bytes(5)).await;
    working(world.complete(&session).await);
    world.org.ctx.store.discard_parts(&session.upload()).await.unwrap();
    assert!(!world.run(&world.claim_job().await).await);

    let shown = require_session(&world.user(), &session.id.to_string()).await.unwrap();
    assert_eq!(shown.state, SessionState::Open);
    let parts = list_parts(&world.user(), &shown, 1, 10).await.unwrap();
    assert_eq!((parts.len(), parts[0].stored), (1, None));
    put_part(&world.user(), &shown, 1, None, &bytes(5)[..]).await.unwrap();
    working(world.complete(&session).await);
    assert!(!world.run(&world.claim_job().await).await);
    done(world.complete(&session).await);
}

#[tokio::test]
async fn an_upload_that_was_given_up_leaves_its_job_without_work() {
    let mut world = World::new().await;
    world.rules.verify_in_request = 0;
    let session = world.sent(&bytes(5)).await;
    working(world.complete(&session).await);
    abort(&world.user(), &session.id.to_string()).await.unwrap();
    assert!(!world.run(&world.claim_job().await).await);
    assert!(world.row(&session).await.is_none());
}

#[tokio::test]
async fn a_job_waits_for_who_reads_already() {
    let mut world = World::new().await;
    world.rules.verify_in_request = 0;
    let session = world.sent(&bytes(5)).await;
    working(world.complete(&session).await);
    world.change(&session, |row| row.claimed_until = Some(now() + TimeDelta::seconds(50))).await;
    assert!(world.run(&world.claim_job().await).await);
    let refused = abort(&world.user(), &session.id.to_string()).await.unwrap_err();
    assert_eq!(refused.code_name(), Some("UPLOAD_VERIFYING"));
}

#[tokio::test]
async fn completing_goes_on_after_a_process_that_died_while_it_read() {
    let world = World::new().await;
    let session = world.sent(b"solid").await;
    let Turn::Mine(_) = take(&world.user(), session.id, None).await.unwrap() else { panic!("nobody else reads") };
    let Turn::Busy(_) = take(&world.user(), session.id, None).await.unwrap() else { panic!("it is claimed") };
    // A minute later.
    world.change(&session, |row| row.claimed_until = Some(now() - TimeDelta::seconds(1))).await;
    let shown = require_session(&world.user(), &session.id.to_string()).await.unwrap();
    assert_eq!(shown.state, SessionState::Open);
    assert_eq!(world.read(&done(world.complete(&session).await)).await, b"solid");
}

#[tokio::test]
async fn completing_goes_on_after_a_process_that_died_behind_the_file() {
    let world = World::new().await;
    let session = world.sent(b"solid").await;
    let Turn::Mine(held) = take(&world.user(), session.id, None).await.unwrap() else { panic!("nobody else reads") };
    let whole = finish::whole(&world.user(), &held, &[]).await.unwrap();
    let content = world.org.ctx.store.receive_parts(&held.upload(), &whole, u64::MAX).await.unwrap();
    let kept = keep(&world.user(), &world.rules, Arrived::in_parts(content), held.file.clone()).await.unwrap();
    world.change(&session, |row| row.claimed_until = Some(now() - TimeDelta::seconds(1))).await;

    let uploaded = done(world.complete(&session).await);
    assert_eq!((uploaded.file.id, uploaded.duplicate), (kept.file.id, true));
    assert_eq!(done(world.complete(&session).await).file.id, kept.file.id);
}

#[tokio::test]
async fn whoever_lost_the_claim_ends_nothing() {
    let world = World::new().await;
    let session = world.sent(b"solid").await;
    let Turn::Mine(held) = take(&world.user(), session.id, None).await.unwrap() else { panic!("nobody else reads") };
    let whole = finish::whole(&world.user(), &held, &[]).await.unwrap();
    world.change(&session, |row| row.claim = Some(uuid::Uuid::new_v4())).await;
    let error = finish::finish(&world.user(), &world.rules, &held, &whole).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert_eq!(world.row(&session).await.unwrap().state, SessionState::Verifying);
}

#[tokio::test]
async fn two_that_complete_at_once_get_one_file() {
    let world = World::new().await;
    let session = world.sent(&bytes(2 * PART)).await;
    let both = tokio::join!(world.complete(&session), world.complete(&session));
    let (one, other) = (done(both.0), done(both.1));
    assert_eq!((one.file.id, one.duplicate), (other.file.id, other.duplicate));
}

#[tokio::test]
async fn old_uploads_are_swept_with_their_parts_and_others_stay() {
    let world = World::new().await;
    let ctx = &world.org.ctx;
    let (open, complete) = (world.sent(b"open").await, world.sent(b"complete").await);
    let (ending, read, recent) = (world.sent(b"ending").await, world.sent(b"read").await, world.sent(b"recent").await);
    let file = done(world.complete(&complete).await);
    let past = now() - TimeDelta::seconds(1);
    for session in [&open, &complete, &read] {
        world.change(session, |row| row.expires_at = past).await;
    }
    world.change(&ending, |row| row.state = SessionState::Ending).await;
    world.change(&read, |row| row.claimed_until = Some(now() + TimeDelta::seconds(50))).await;
    let late = super::complete(&world.user(), &world.rules, &open.id.to_string(), &[]).await.err().unwrap();
    assert_eq!(late.code_name(), Some("UPLOAD_EXPIRED"));

    assert_eq!(sweep_sessions(ctx).await.unwrap(), 3);
    for session in [&open, &complete, &ending] {
        assert!(world.row(session).await.is_none());
        assert!(ctx.store.stored_parts(&session.upload()).await.unwrap().is_empty());
    }
    for session in [&read, &recent] {
        assert_eq!(ctx.store.stored_parts(&world.row(session).await.unwrap().upload()).await.unwrap().len(), 1);
    }
    assert_eq!(world.read(&file).await, b"complete");
    assert_eq!(sweep_sessions(ctx).await.unwrap(), 0);
}

#[tokio::test]
async fn a_file_that_was_deleted_is_not_answered() {
    let world = World::new().await;
    let session = world.sent(b"solid").await;
    let uploaded = done(world.complete(&session).await);
    crate::domain::file::delete_file(&world.user(), &uploaded.file.id.to_string()).await.unwrap();
    let gone = complete(&world.user(), &world.rules, &session.id.to_string(), &[]).await.err().unwrap();
    assert_eq!(gone.kind(), Kind::NotFound);
}
