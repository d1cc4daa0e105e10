//! Every write of rights, lifecycles and numbering leaves its audit row and its event and makes remembered models stale;
//! what is refused or changes nothing leaves no trace.

use sea_orm::ConnectionTrait;
use serde_json::json;

use super::*;
use crate::context::Ctx;
use crate::db::Sql;
use crate::domain::lifecycle::{
    Guards, NewTransition, StateChange, TransitionChange, add_state, add_transition, create_lifecycle,
    delete_lifecycle, delete_state, delete_transition, rename_lifecycle, update_state, update_transition,
};
use crate::domain::permission::{
    AccessChange, add_access, create_set, delete_set, remove_access, rename_set, update_access,
};
use crate::domain::revision;
use crate::domain::testing::TestOrg;
use crate::error::{Kind, Result};

/// The newest action of the audit, the newest topic of the outbox, how many of each, and the revision of the model.
async fn traces(ctx: &Ctx) -> (Vec<String>, Vec<String>, i64) {
    let mut found = Vec::new();
    for sql in ["SELECT action AS name FROM audit_events ORDER BY id", "SELECT topic AS name FROM outbox ORDER BY id"] {
        let rows = ctx.db.query_all_raw(Sql::new(sql).statement(&*ctx.db)).await.unwrap();
        found.push(rows.iter().map(|row| row.try_get::<String>("", "name").unwrap()).collect::<Vec<_>>());
    }
    let outbox = found.pop().unwrap();
    (found.pop().unwrap(), outbox, revision::current(&ctx.db).await.unwrap())
}

/// Runs a write that must leave one audit row, one event and a higher revision.
async fn leaves<T>(ctx: &Ctx, action: &str, write: impl Future<Output = Result<T>>) -> T {
    let before = traces(ctx).await;
    let done = write.await.unwrap();
    let after = traces(ctx).await;
    assert_eq!(after.0[before.0.len()..], [action]);
    assert_eq!(after.1[before.1.len()..], [action]);
    assert!(after.2 > before.2, "{action} leaves remembered models as they are");
    done
}

async fn leaves_nothing<T>(ctx: &Ctx, write: impl Future<Output = Result<T>>) -> Result<T> {
    let before = traces(ctx).await;
    let done = write.await;
    assert_eq!(traces(ctx).await, before);
    done
}

#[tokio::test]
async fn a_permission_set_leaves_its_traces() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    leaves(ctx, "model.permission_created", create_set(ctx, "Set", "Set")).await;
    let get = AccessChange { get: Some(true), ..AccessChange::default() };
    leaves(ctx, "model.permission_access_added", add_access(ctx, "Set", "viewer", get)).await;
    leaves_nothing(ctx, update_access(ctx, "Set", "Set:viewer", get)).await.unwrap();
    let update = AccessChange { update: Some(true), ..AccessChange::default() };
    leaves(ctx, "model.permission_access_updated", update_access(ctx, "Set", "Set:viewer", update)).await;
    leaves_nothing(ctx, rename_set(ctx, "Set", Some("Set"))).await.unwrap();
    leaves(ctx, "model.permission_updated", rename_set(ctx, "Set", Some("Name"))).await;
    let viewer = org.as_user(7, &["viewer"]);
    assert_eq!(leaves_nothing(ctx, create_set(&viewer, "Mine", "Mine")).await.unwrap_err().kind(), Kind::Forbidden);
    assert_eq!(leaves_nothing(ctx, create_set(ctx, "Set", "x")).await.unwrap_err().kind(), Kind::Conflict);
    leaves(ctx, "model.permission_access_removed", remove_access(ctx, "Set", "Set:viewer")).await;
    leaves(ctx, "model.permission_deleted", delete_set(ctx, "Set")).await;
}

#[tokio::test]
async fn a_lifecycle_leaves_its_traces() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    let made = leaves(ctx, "model.lifecycle_created", create_lifecycle(ctx, "Trial", None)).await;
    let map = &made.id.to_string();
    leaves(ctx, "model.lifecycle_updated", rename_lifecycle(ctx, map, Some("Test"))).await;
    let named = |name: &str| StateChange { name: Some(name.into()), ..StateChange::default() };
    let done = leaves(ctx, "model.lifecycle_state_created", add_state(ctx, map, named("Done"))).await;
    let state = &done.id.to_string();
    leaves(ctx, "model.lifecycle_state_updated", update_state(ctx, map, state, named("Over"))).await;
    leaves_nothing(ctx, update_state(ctx, map, state, named("Over"))).await.unwrap();
    let (from, to) = (made.states[0].id.to_string(), state.clone());
    let step = NewTransition { action: "finish".into(), from, to, role: None, guards: Guards::default() };
    let step = leaves(ctx, "model.lifecycle_transition_created", add_transition(ctx, map, step)).await;
    let step = &step.id.to_string();
    let change = TransitionChange { role: Some(Some("chief".into())), ..TransitionChange::default() };
    leaves(ctx, "model.lifecycle_transition_updated", update_transition(ctx, map, step, change)).await;
    leaves(ctx, "model.lifecycle_transition_deleted", delete_transition(ctx, map, step)).await;
    leaves(ctx, "model.lifecycle_state_deleted", delete_state(ctx, map, state)).await;
    let start = made.states[0].id.to_string();
    assert!(leaves_nothing(ctx, delete_state(ctx, map, &start)).await.is_err());
    leaves(ctx, "model.lifecycle_deleted", delete_lifecycle(ctx, map)).await;
}

#[tokio::test]
async fn numbering_and_access_leave_their_traces() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    let change = || NumberingChange { padding: Some(4), ..NumberingChange::default() };
    leaves(ctx, "model.numbering_updated", set_numbering(ctx, "Part", change())).await;
    let viewer = org.as_user(7, &["viewer"]);
    let refused = leaves_nothing(ctx, set_numbering(&viewer, "Part", change())).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Forbidden);

    let part = AmlItem { item_type: "Part".into(), action: AmlAction::Add, ..AmlItem::default() };
    let part = apply(ctx, part).await.unwrap().items[0].item.id;
    let owner = || ItemAccessChange { owner_id: Some(Some(7)), ..ItemAccessChange::default() };
    let before = traces(ctx).await;
    change_item_access(ctx, "Part", &part.to_string(), owner()).await.unwrap();
    let after = traces(ctx).await;
    assert_eq!(after.0[before.0.len()..], ["item.access_changed"]);
    assert_eq!(after.1[before.1.len()..], ["item.access_changed"]);
    leaves_nothing(ctx, change_item_access(ctx, "Part", &part.to_string(), owner())).await.unwrap();

    // A promotion that is refused leaves nothing of its step.
    let properties = json!({ "state": "Released" }).as_object().cloned().unwrap();
    let promote = AmlItem {
        item_type: "Part".into(),
        action: AmlAction::Promote,
        id: Some(part),
        properties,
        ..AmlItem::default()
    };
    leaves_nothing(ctx, apply(ctx, promote)).await.unwrap_err();
    assert_eq!(item_history(ctx, "Part", &part.to_string(), 1, 50).await.unwrap().total, 0);
}
