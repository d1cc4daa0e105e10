//! What becomes of a preview when the file is not to blame.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::model::FileRules;
use super::super::{NewFile, Uploaded, delete_file, keep, receive};
use super::{PreviewJob, PreviewRules, conversion_summary, request_preview};
use crate::context::now;
use crate::domain::testing::TestOrg;
use crate::error::{Kind, Result};
use crate::jobs::Job;
use crate::jobs::queue::{self, Claimed};
use crate::preview::{Bounds, Renderer};

const RULES: FileRules = FileRules {
    max_bytes: 1 << 20,
    previews: true,
    link_life: Duration::from_secs(60),
    upload_life: Duration::from_secs(60),
    verify_in_request: 1 << 20,
};

fn rules(enabled: bool) -> PreviewRules {
    let bounds = Bounds { memory_bytes: 1 << 30, cpu_seconds: 10 };
    // There is no such program.
    let renderer = Renderer::new("/nowhere/yuantus", bounds, Duration::from_secs(10));
    PreviewRules { enabled, max_bytes: 1 << 20, renderer }
}

async fn bring(org: &TestOrg) -> Uploaded {
    let content = Cursor::new(b"\x89PNG\r\n\x1a\n picture".to_vec());
    let arrived = receive(&org.ctx, &RULES, None, content).await.unwrap();
    let new = NewFile { filename: "photo.png".to_owned(), generate_preview: true, ..NewFile::default() };
    keep(&org.ctx, &RULES, arrived, new).await.unwrap()
}

async fn claim(org: &TestOrg, hours: i64) -> Option<Claimed> {
    let (at, lease) = (now() + TimeDelta::hours(hours), Duration::from_secs(60));
    queue::claim(&org.ctx.db, "w", &["file_preview"], at, lease).await.unwrap()
}

async fn run(org: &TestOrg, rules: PreviewRules, claimed: &Claimed) -> Result<Value> {
    let ended = PreviewJob::new(Arc::new(rules)).run(org.ctx.clone(), claimed.task.clone()).await;
    let db = &org.ctx.db;
    match &ended {
        Ok(result) => queue::complete(db, &claimed.lease, now(), result.clone()).await.unwrap(),
        Err(error) => queue::fail(db, &claimed.lease, now(), error).await.unwrap(),
    };
    ended
}

#[tokio::test]
async fn what_is_not_the_files_fault_is_tried_again_and_told_in_the_end() {
    let org = TestOrg::new().await;
    let file = bring(&org).await.file.id.to_string();
    for attempt in 1..=super::ask::ATTEMPTS {
        let before = conversion_summary(&org.ctx, &file).await.unwrap().file;
        assert_eq!((before.conversion.as_str(), before.conversion_error), ("queued", None), "attempt {attempt}");
        let claimed = claim(&org, i64::from(attempt)).await.unwrap();
        assert_eq!(run(&org, rules(true), &claimed).await.unwrap_err().kind(), Kind::Unavailable);
    }
    let told = conversion_summary(&org.ctx, &file).await.unwrap();
    assert_eq!((told.file.conversion.as_str(), told.jobs[0].status.as_str()), ("failed", "failed"));
    assert!(told.file.conversion_error.unwrap().contains("does not start"));
    // Put back by an operator or asked for again, it begins anew.
    let (file, asked) = request_preview(&org.ctx, &rules(true), &file).await.unwrap();
    assert!(asked.is_new && file.conversion.as_str() == "queued" && file.conversion_error.is_none());
}

#[tokio::test]
async fn a_content_that_the_storage_does_not_give_is_asked_for_again() {
    let org = TestOrg::new().await;
    let file = bring(&org).await.file;
    org.ctx.store.delete(&file.sha256.edition(0)).await.unwrap();
    let claimed = claim(&org, 0).await.unwrap();
    assert_eq!(run(&org, rules(true), &claimed).await.unwrap_err().kind(), Kind::Unavailable);
    assert!(claim(&org, 1).await.is_some());
}

#[tokio::test]
async fn a_file_that_is_gone_needs_no_preview() {
    let org = TestOrg::new().await;
    let file = bring(&org).await.file.id.to_string();
    delete_file(&org.ctx, &file).await.unwrap();
    let claimed = claim(&org, 0).await.unwrap();
    assert_eq!(run(&org, rules(true), &claimed).await.unwrap(), json!({ "status": "deleted" }));
}

#[tokio::test]
async fn a_job_that_waits_when_previews_are_switched_off_does_nothing() {
    let org = TestOrg::new().await;
    let file = bring(&org).await.file.id.to_string();
    let claimed = claim(&org, 0).await.unwrap();
    run(&org, rules(false), &claimed).await.unwrap();
    assert_eq!(conversion_summary(&org.ctx, &file).await.unwrap().file.conversion.as_str(), "pending");
}

#[tokio::test]
async fn a_preview_that_fails_is_recorded_with_its_event() {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let org = TestOrg::new().await;
    let uploaded = bring(&org).await;
    let large = PreviewRules { max_bytes: 1, ..rules(true) };
    let claimed = claim(&org, 0).await.unwrap();
    assert_eq!(uploaded.jobs, [claimed.lease.job]);
    assert_eq!(run(&org, large, &claimed).await.unwrap_err().kind(), Kind::BadRequest);
    assert!(claim(&org, 24).await.is_none(), "tried again");
    use crate::entity::tenant::{audit_event, outbox_event};
    let audits = audit_event::Entity::find().filter(audit_event::Column::Action.eq("file.converted"));
    let audits = audits.all(&*org.ctx.db).await.unwrap();
    let after = audits[0].after.clone().unwrap();
    assert_eq!((audits.len(), after["conversion_status"].as_str()), (1, Some("failed")));
    assert_eq!(audits[0].subject_id, uploaded.file.id.to_string());
    let events = outbox_event::Entity::find().filter(outbox_event::Column::Topic.eq("file.converted"));
    assert_eq!(events.all(&*org.ctx.db).await.unwrap().len(), 1);
}
