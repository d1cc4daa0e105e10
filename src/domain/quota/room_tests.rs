//! Room, set aside and given back, over a real control database and a real product database.

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;

use super::limits::{Amounts, LimitsChange};
use super::repo;
use super::{QUOTA_EXCEEDED, Request, remaining_bytes, require_room, reserve, set_tenant_quota, take_turn};
use crate::config::QuotaMode;
use crate::context::{Ctx, PlatformCtx};
use crate::db::{Sql, Tx};
use crate::domain::testing::TestOrg;
use crate::error::Error;
use crate::tenancy::Place;

const FILE: Request = Request { files: 1, bytes: 10, jobs: 0 };

async fn limit(org: &TestOrg, files: Option<i64>, bytes: Option<i64>) {
    let change = LimitsChange { max_files: Some(files), max_storage_bytes: Some(bytes), ..LimitsChange::default() };
    let ctx = PlatformCtx::local(org.tenancy.clone(), "test");
    set_tenant_quota(&ctx, org.ctx.tenant.as_str(), None, change).await.unwrap();
}

async fn enforced(files: i64) -> TestOrg {
    let org = TestOrg::limited(QuotaMode::Enforce).await;
    limit(&org, Some(files), None).await;
    org
}

fn place(ctx: &Ctx) -> Place {
    Place { tenant: ctx.tenant.to_string(), org: ctx.org.to_string() }
}

/// The row of a file of ten bytes.
async fn insert_file(tx: &Tx) {
    let sha = uuid::Uuid::new_v4().simple().to_string();
    let mut sql = Sql::new("INSERT INTO objects (sha256, size, touched_at) VALUES (");
    sql.bind(sha.clone()).push(", 10, ").bind(crate::context::now()).push(")");
    tx.execute_raw(sql.statement(tx)).await.unwrap();
    let mut sql = Sql::new(
        "INSERT INTO files (id, sha256, size, filename, file_type, mime_type, document_type, conversion_status, created_at) VALUES (",
    );
    sql.bind(uuid::Uuid::now_v7())
        .push(", ")
        .bind(sha)
        .push(", 10, 'a.txt', 'txt', 'text/plain', 'document', 'pending', ");
    sql.bind(crate::context::now()).push(")");
    tx.execute_raw(sql.statement(tx)).await.unwrap();
}

async fn upload(ctx: &Ctx) -> Result<(), Error> {
    let room = reserve(ctx, FILE).await?;
    let tx = ctx.begin().await?;
    insert_file(&tx).await;
    room.settle(tx).await
}

async fn commit_file(ctx: &Ctx) {
    let tx = ctx.begin().await.unwrap();
    insert_file(&tx).await;
    tx.commit().await.unwrap();
}

async fn delete_files(ctx: &Ctx) {
    let tx = ctx.begin().await.unwrap();
    tx.execute_unprepared("DELETE FROM files").await.unwrap();
    tx.commit().await.unwrap();
}

async fn taken(ctx: &Ctx) -> (i64, i64) {
    let control = ctx.accounts().unwrap();
    let taken = repo::usage::taken(control.control(), &ctx.tenant, ctx.now()).await.unwrap();
    (taken.files, taken.storage_bytes)
}

fn refused(error: &Error) -> (Option<&'static str>, i64, i64) {
    let resource = &error.details_value().unwrap()["resources"][0];
    (error.code_name(), resource["used"].as_i64().unwrap(), resource["remaining"].as_i64().unwrap())
}

#[tokio::test]
async fn what_is_set_aside_is_given_back_or_kept() {
    let org = enforced(2).await;
    let ctx = &org.ctx;
    let first = reserve(ctx, FILE).await.unwrap();
    assert!(first.is_needed());
    upload(ctx).await.unwrap();
    assert_eq!(taken(ctx).await, (2, 20));
    let error = reserve(ctx, FILE).await.unwrap_err();
    assert_eq!(refused(&error), (Some(QUOTA_EXCEEDED), 2, 0));
    first.release().await;
    assert_eq!(taken(ctx).await, (1, 10));
    // A transaction that is not committed takes nothing.
    let tx = ctx.begin().await.unwrap();
    insert_file(&tx).await;
    drop(tx);
    upload(ctx).await.unwrap();
    assert_eq!(taken(ctx).await, (2, 20));
    require_room(ctx, FILE).await.unwrap_err();
    require_room(ctx, Request::default()).await.unwrap();
}

#[tokio::test]
async fn a_dropped_reservation_is_given_back_by_itself() {
    let org = enforced(1).await;
    drop(reserve(&org.ctx, FILE).await.unwrap());
    for _ in 0..1000 {
        if taken(&org.ctx).await == (0, 0) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it is not given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_as_many_win_as_there_is_room() {
    let org = enforced(7).await;
    for _ in 0..6 {
        upload(&org.ctx).await.unwrap();
    }
    // What was deleted is found out beside those who come at once.
    delete_files(&org.ctx).await;
    for _ in 0..4 {
        upload(&org.ctx).await.unwrap();
    }
    let tries = (0..20).map(|_| {
        let ctx = org.ctx.clone();
        tokio::spawn(async move { upload(&ctx).await.is_ok() })
    });
    let won = futures::future::join_all(tries).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
    assert_eq!((won, taken(&org.ctx).await), (3, (7, 70)));
}

#[tokio::test]
async fn nobody_is_refused_for_what_was_deleted() {
    let org = enforced(1).await;
    upload(&org.ctx).await.unwrap();
    upload(&org.ctx).await.unwrap_err();
    delete_files(&org.ctx).await;
    assert_eq!(taken(&org.ctx).await, (1, 10), "deleting tells nobody");
    require_room(&org.ctx, FILE).await.unwrap();
    upload(&org.ctx).await.unwrap();
    upload(&org.ctx).await.unwrap_err();
}

/// Sets room aside as a process does that dies before it gives it back.
async fn abandon(ctx: &Ctx) -> uuid::Uuid {
    let accounts = ctx.accounts().unwrap();
    let amounts = Amounts { files: 1, storage_bytes: 10, ..Amounts::default() };
    let then = ctx.now() - TimeDelta::hours(1);
    let tx = repo::begin(accounts.control(), &ctx.tenant).await.unwrap();
    let id = repo::reservations::insert(&tx, &place(ctx), amounts, then, then).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn what_a_dead_process_set_aside_is_found_out() {
    for committed in [true, false] {
        let org = enforced(2).await;
        upload(&org.ctx).await.unwrap();
        abandon(&org.ctx).await;
        if committed {
            commit_file(&org.ctx).await;
        }
        assert_eq!(taken(&org.ctx).await, (2, 20), "until it is counted it is used");
        assert_eq!(upload(&org.ctx).await.is_err(), committed);
        assert_eq!(taken(&org.ctx).await, (2, 20));
    }
}

#[tokio::test]
async fn a_count_beside_work_under_way_keeps_no_less_than_there_is() {
    let org = enforced(9).await;
    let ctx = &org.ctx;
    let accounts = ctx.accounts().unwrap();
    let placement = org.tenancy.served_place(&place(ctx)).await.unwrap().unwrap();
    for committed in [false, true] {
        let room = reserve(ctx, FILE).await.unwrap();
        let tx = ctx.begin().await.unwrap();
        insert_file(&tx).await;
        let before = taken(ctx).await.0;
        if committed {
            tx.commit().await.unwrap();
            super::count_place(&accounts, &placement).await.unwrap();
            assert!(taken(ctx).await.0 >= before);
            room.settle(ctx.begin().await.unwrap()).await.unwrap();
        } else {
            super::count_place(&accounts, &placement).await.unwrap();
            assert_eq!(taken(ctx).await.0, before);
            room.settle(tx).await.unwrap();
        }
        assert!(taken(ctx).await.0 >= before);
    }
    // With nothing under way the next count is exact again.
    super::count_place(&accounts, &placement).await.unwrap();
    assert_eq!(taken(ctx).await, (2, 20));
}

#[tokio::test]
async fn a_process_that_only_seemed_dead_adds_what_it_used() {
    let org = enforced(9).await;
    let ctx = &org.ctx;
    let accounts = ctx.accounts().unwrap();
    let room = reserve(ctx, FILE).await.unwrap();
    let tx = accounts.control().begin().await.unwrap();
    tx.execute_unprepared("DELETE FROM quota_reservations").await.unwrap();
    tx.commit().await.unwrap();
    let tx = ctx.begin().await.unwrap();
    insert_file(&tx).await;
    room.settle(tx).await.unwrap();
    assert_eq!(taken(ctx).await, (1, 10));
}

#[tokio::test]
async fn without_a_limit_that_concerns_it_nothing_is_written() {
    let org = TestOrg::limited(QuotaMode::Enforce).await;
    let change = LimitsChange { max_users: Some(Some(1)), max_active_jobs: Some(Some(1)), ..LimitsChange::default() };
    let platform = PlatformCtx::local(org.tenancy.clone(), "test");
    set_tenant_quota(&platform, "acme", None, change).await.unwrap();
    assert!(!reserve(&org.ctx, FILE).await.unwrap().is_needed());
    assert_eq!(remaining_bytes(&org.ctx).await.unwrap(), None);
    let room = reserve(&org.ctx, Request { jobs: 1, ..FILE }).await.unwrap();
    assert!(room.is_needed());
    reserve(&org.ctx, Request { jobs: 1, ..Request::default() }).await.unwrap_err();
    // Disabled, a limit means nothing.
    let free = TestOrg::new().await;
    limit(&free, Some(0), Some(0)).await;
    assert!(!reserve(&free.ctx, FILE).await.unwrap().is_needed());
    require_room(&free.ctx, FILE).await.unwrap();
}

#[tokio::test]
async fn a_limit_that_only_warns_names_what_was_passed() {
    let org = TestOrg::limited(QuotaMode::Soft).await;
    limit(&org, Some(1), Some(15)).await;
    upload(&org.ctx).await.unwrap();
    assert_eq!(org.ctx.notices.quota_warnings(), Vec::<String>::new());
    upload(&org.ctx).await.unwrap();
    assert_eq!(org.ctx.notices.quota_warnings(), ["files 2/1", "storage_bytes 20/15"]);
    assert_eq!((taken(&org.ctx).await, remaining_bytes(&org.ctx).await.unwrap()), ((2, 20), None));
}

#[tokio::test]
async fn limits_are_met_from_the_moment_they_are_set() {
    let org = enforced(9).await;
    for _ in 0..3 {
        upload(&org.ctx).await.unwrap();
    }
    limit(&org, Some(2), None).await;
    let error = upload(&org.ctx).await.unwrap_err();
    assert_eq!(refused(&error), (Some(QUOTA_EXCEEDED), 3, 0));
    limit(&org, None, None).await;
    // Nobody adds this up,
    upload(&org.ctx).await.unwrap();
    limit(&org, Some(5), Some(45)).await;
    // and yet it counts when there is a limit again.
    assert_eq!(remaining_bytes(&org.ctx).await.unwrap(), Some(5));
    let error = upload(&org.ctx).await.unwrap_err();
    assert_eq!(refused(&error), (Some(QUOTA_EXCEEDED), 40, 5));
}

#[tokio::test]
async fn as_many_jobs_have_a_turn_as_may_run() {
    let org = TestOrg::limited(QuotaMode::Enforce).await;
    let platform = PlatformCtx::local(org.tenancy.clone(), "test");
    let accounts = org.ctx.accounts().unwrap();
    let change = LimitsChange { max_processing_jobs: Some(Some(2)), ..LimitsChange::default() };
    set_tenant_quota(&platform, "acme", None, change).await.unwrap();
    let here = place(&org.ctx);
    let there = Place { org: "org-2".to_owned(), ..here.clone() };
    let first = take_turn(&accounts, &here).await.unwrap().unwrap();
    let _second = take_turn(&accounts, &there).await.unwrap().unwrap();
    assert!(take_turn(&accounts, &here).await.unwrap().is_none());
    first.release().await;
    let third = take_turn(&accounts, &here).await.unwrap();
    assert!(third.is_some_and(|turn| turn.is_needed()));
}
