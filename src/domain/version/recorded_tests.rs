//! What check-outs leave in the audit and the outbox, and what refused ones do not.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{CheckIn, NewCheckOut, Undo, check_in, check_out, init_version, undo_check_out};
use crate::context::Ctx;
use crate::db::dialect::statement;
use crate::domain::meta::{Item, Model, Turns, Values, Write, add_item};
use crate::domain::testing::TestOrg;
use crate::error::Kind;

async fn add_part(ctx: &Ctx) -> Item {
    let model = Model::load(ctx).await.unwrap();
    let kind = model.item_type("Part").unwrap();
    let write = Write::begin(ctx, &model, Turns::default().numbering(kind, &Values::new())).await.unwrap();
    let item = add_item(&write, kind, Values::new()).await.unwrap();
    write.commit().await.unwrap();
    item
}

/// The actions on versions in the audit and the topics in the outbox, each with who and which item.
async fn recorded(ctx: &Ctx) -> (Vec<(String, Option<i64>)>, Vec<(String, Value)>) {
    let audit = "SELECT action, actor_id FROM audit_events WHERE subject_type = 'Version' ORDER BY id";
    let outbox = "SELECT topic, payload FROM outbox WHERE subject LIKE 'Version/%' ORDER BY id";
    let audit = ctx.db.query_all_raw(statement(&*ctx.db, audit, vec![])).await.unwrap();
    let outbox = ctx.db.query_all_raw(statement(&*ctx.db, outbox, vec![])).await.unwrap();
    let audit = audit.iter().map(|row| (row.try_get("", "action").unwrap(), row.try_get("", "actor_id").unwrap()));
    let outbox = outbox.iter().map(|row| {
        let payload: Value = row.try_get("", "payload").unwrap();
        (row.try_get("", "topic").unwrap(), payload["item_id"].clone())
    });
    (audit.collect(), outbox.collect())
}

#[tokio::test]
async fn what_happens_to_a_version_is_recorded_once_and_a_refusal_not_at_all() {
    let org = TestOrg::new().await;
    let (anna, ben, chief) = (org.as_user(2, &[]), org.as_user(3, &[]), org.as_user(4, &["admin"]));
    let id = add_part(&org.ctx).await.id.to_string();
    check_out(&anna, &id, NewCheckOut::default()).await.unwrap();
    check_out(&anna, &id, NewCheckOut::default()).await.unwrap();
    let refused = check_out(&ben, &id, NewCheckOut::default()).await.unwrap_err();
    assert_eq!(refused.code_name(), Some("VERSION_CHECKED_OUT"));
    assert_eq!(check_in(&ben, &id, CheckIn::default()).await.unwrap_err().kind(), Kind::Conflict);
    let wrong = json!({"item_number": 5.5, "cost": []}).as_object().cloned();
    let wrong = CheckIn { properties: wrong, ..CheckIn::default() };
    assert_eq!(check_in(&anna, &id, wrong).await.unwrap_err().kind(), Kind::Invalid);
    check_in(&anna, &id, CheckIn::default()).await.unwrap();
    check_out(&ben, &id, NewCheckOut::default()).await.unwrap();
    let force = Undo { force: true, ..Undo::default() };
    assert_eq!(undo_check_out(&anna, &id, force.clone()).await.unwrap_err().kind(), Kind::Forbidden);
    undo_check_out(&chief, &id, force).await.unwrap();

    let (audit, outbox) = recorded(&org.ctx).await;
    let expected = [
        ("version.created", 2),
        ("version.checked_out", 2),
        ("version.checked_in", 2),
        ("version.checked_out", 3),
        ("version.checkout_undone", 4),
    ];
    assert_eq!(audit, expected.map(|(action, actor)| (action.to_owned(), Some(actor))));
    assert_eq!(outbox, expected.map(|(action, _)| (action.to_owned(), json!(id))));
}

#[tokio::test]
async fn an_anonymous_check_out_belongs_to_nobody_in_particular() {
    let org = TestOrg::new().await;
    let anna = org.as_user(2, &[]);
    let id = add_part(&org.ctx).await.id.to_string();
    // As the program itself, which has no user's id.
    let out = check_out(&org.ctx, &id, NewCheckOut::default()).await.unwrap();
    assert!(out.version.lock.is_some_and(|lock| lock.by.is_none() && lock.holder().starts_with("an anonymous user")));
    assert_eq!(check_out(&anna, &id, NewCheckOut::default()).await.unwrap_err().kind(), Kind::Conflict);
    check_in(&org.ctx, &id, CheckIn::default()).await.unwrap();
    assert!(init_version(&anna, &id).await.unwrap().version.lock.is_none());
}
