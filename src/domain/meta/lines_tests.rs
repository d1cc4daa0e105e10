//! What hangs on what: lines of hidden items, lines of lines, and what refers to a line.

use serde_json::{Value, json};
use uuid::Uuid;

use super::rights_tests::{line, make_set, part, put_under, run};
use super::*;
use crate::context::Ctx;
use crate::domain::lifecycle::{Guards, TransitionChange, update_transition};
use crate::domain::testing::TestOrg;
use crate::error::{Error, Kind, Result};

const ALL: [bool; 4] = [true, true, true, true];

/// A type of relationships, of parts unless it says otherwise.
async fn relationship(ctx: &Ctx, id: &str, source: &str, lifecycle: Option<String>) {
    let given = NewType {
        id: id.to_owned(),
        is_relationship: true,
        revision_scheme: "A-Z".to_owned(),
        source_type: Some(source.to_owned()),
        related_type: Some("Part".to_owned()),
        lifecycle_map_id: lifecycle,
        accepts_undeclared: true,
        ..NewType::default()
    };
    create_item_type(ctx, given).await.unwrap();
}

async fn relate(ctx: &Ctx, kind: &str, source: Uuid, related: Uuid) -> Result<Uuid> {
    let ends = json!({ "source_id": source, "related_id": related });
    Ok(run(ctx, kind, AmlAction::Add, None, ends).await?.items[0].item.id)
}

async fn delete(ctx: &Ctx, kind: &str, id: Uuid) -> Result<Applied> {
    run(ctx, kind, AmlAction::Delete, Some(id), json!({})).await
}

async fn promote(ctx: &Ctx, kind: &str, id: Uuid, state: &str) -> Result<Applied> {
    run(ctx, kind, AmlAction::Promote, Some(id), json!({ "state": state })).await
}

fn told(error: &Error) -> (Kind, Option<&str>) {
    (error.kind(), error.code_name())
}

fn details(error: &Error) -> &Value {
    error.details_value().unwrap()
}

const IN_USE: (Kind, Option<&str>) = (Kind::Conflict, Some("ITEM_IN_USE"));

/// An organisation, an engineer in it, and what is secret to that one.
async fn with_secrets() -> (TestOrg, Ctx) {
    let org = TestOrg::new().await;
    make_set(&org, "Secret", &[("chief", ALL)]).await;
    let engineer = org.as_user(8, &["engineer"]);
    (org, engineer)
}

#[tokio::test]
async fn a_line_to_something_hidden_is_no_item_to_start_from() {
    let (org, engineer) = with_secrets().await;
    let (open, hidden) = (part(&org.ctx, "OPEN").await, part(&org.ctx, "HIDDEN").await);
    let line = line(&org.ctx, open, hidden).await;
    put_under(&org, "items", hidden, "Secret").await;
    let model = Model::load(&engineer).await.unwrap();
    assert_eq!(require_item(&engineer, &model, line).await.unwrap_err().kind(), Kind::NotFound);
    let model = Model::load(&org.ctx).await.unwrap();
    assert_eq!(require_item(&org.ctx, &model, line).await.unwrap().id, line);
}

#[tokio::test]
async fn a_refusal_to_delete_counts_all_users_and_names_those_that_may_be_seen() {
    let (org, engineer) = with_secrets().await;
    let child = part(&org.ctx, "C").await;
    let (one, other, secret) =
        (part(&org.ctx, "ONE").await, part(&org.ctx, "OTHER").await, part(&org.ctx, "SECRET").await);
    let hidden = line(&org.ctx, one, child).await;
    let shown = line(&org.ctx, other, child).await;
    line(&org.ctx, secret, child).await;
    for id in [hidden, secret] {
        put_under(&org, "items", id, "Secret").await;
    }
    let error = delete(&engineer, "Part", child).await.unwrap_err();
    assert_eq!(told(&error), IN_USE);
    let named = json!({ "id": other, "type": "Part", "number": "OTHER", "name": null, "relationship_id": shown,
                        "relationship": "Part BOM" });
    assert_eq!(details(&error), &json!({ "count": 3, "used_by": [named] }));
}

#[tokio::test]
async fn an_item_does_not_take_hidden_lines_along() {
    let (org, engineer) = with_secrets().await;
    let (parent, child, seen) = (part(&org.ctx, "P").await, part(&org.ctx, "C").await, part(&org.ctx, "S").await);
    line(&org.ctx, parent, child).await;
    line(&org.ctx, parent, seen).await;
    put_under(&org, "items", child, "Secret").await;
    let error = delete(&engineer, "Part", parent).await.unwrap_err();
    assert_eq!(told(&error), (Kind::Conflict, Some("HIDDEN_RELATIONSHIPS")));
    assert_eq!(details(&error), &json!({ "count": 1 }));
    delete(&org.ctx, "Part", parent).await.unwrap();
}

#[tokio::test]
async fn what_hangs_on_a_line_or_refers_to_it_keeps_it() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    relationship(ctx, "Note", "Part BOM", None).await;
    let change = PropertyChange { data_type: Some("item".to_owned()), ..PropertyChange::default() };
    add_property(ctx, "Part", NewProperty { name: "origin".to_owned(), change }).await.unwrap();
    let (parent, child, other) = (part(ctx, "P").await, part(ctx, "C").await, part(ctx, "O").await);
    let one = line(ctx, parent, child).await;
    let note = relate(ctx, "Note", one, other).await.unwrap();
    for (kind, id) in [("Part BOM", one), ("Part", parent)] {
        let error = delete(ctx, kind, id).await.unwrap_err();
        assert_eq!((told(&error), &details(&error)["used_by"][0]["relationship_id"]), (IN_USE, &json!(note)), "{kind}");
    }
    delete(ctx, "Note", note).await.unwrap();
    let referring = run(ctx, "Part", AmlAction::Update, Some(other), json!({ "origin": one })).await;
    referring.unwrap();
    for (kind, id) in [("Part BOM", one), ("Part", parent)] {
        let error = delete(ctx, kind, id).await.unwrap_err();
        assert_eq!((told(&error), &details(&error)["used_by"][0]["id"]), (IN_USE, &json!(other)), "{kind}");
    }
    run(ctx, "Part", AmlAction::Update, Some(other), json!({ "origin": null })).await.unwrap();
    // What goes along is in nobody's way.
    run(ctx, "Part", AmlAction::Update, Some(parent), json!({ "origin": one })).await.unwrap();
    delete(ctx, "Part", parent).await.unwrap();
}

#[tokio::test]
async fn a_line_is_promoted_by_who_may_change_its_source() {
    let org = TestOrg::new().await;
    let lifecycle = Model::load(&org.ctx).await.unwrap().item_type("Part").unwrap().lifecycle_map_id;
    relationship(&org.ctx, "Link", "Part", lifecycle.map(|map| map.to_string())).await;
    make_set(&org, "Fixed", &[("engineer", [true, false, false, true])]).await;
    let engineer = org.as_user(8, &["engineer"]);
    let (one, other) = (part(&org.ctx, "ONE").await, part(&org.ctx, "OTHER").await);
    let fixed = relate(&org.ctx, "Link", one, other).await.unwrap();
    let released = relate(&org.ctx, "Link", other, one).await.unwrap();
    put_under(&org, "items", one, "Fixed").await;
    let error = promote(&engineer, "Link", fixed, "Review").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Forbidden);
    for state in ["Review", "Released"] {
        promote(&org.ctx, "Part", other, state).await.unwrap();
    }
    let error = promote(&org.ctx, "Link", released, "Review").await.unwrap_err();
    assert_eq!(told(&error), (Kind::Conflict, Some("STATE_LOCKED")));
    promote(&org.ctx, "Link", fixed, "Review").await.unwrap();
}

#[tokio::test]
async fn what_hangs_on_a_line_is_bound_by_all_above_it() {
    let (org, engineer) = with_secrets().await;
    relationship(&org.ctx, "Note", "Part BOM", None).await;
    let (parent, child, hidden) = (part(&org.ctx, "P").await, part(&org.ctx, "C").await, part(&org.ctx, "H").await);
    let (plain, dark) = (line(&org.ctx, parent, child).await, line(&org.ctx, parent, hidden).await);
    put_under(&org, "items", hidden, "Secret").await;
    let note = relate(&engineer, "Note", plain, child).await.unwrap();
    assert_eq!(relate(&engineer, "Note", dark, child).await.unwrap_err().kind(), Kind::NotFound);
    for state in ["Review", "Released"] {
        promote(&org.ctx, "Part", parent, state).await.unwrap();
    }
    let locked = (Kind::Conflict, Some("STATE_LOCKED"));
    assert_eq!(told(&relate(&org.ctx, "Note", plain, hidden).await.unwrap_err()), locked);
    assert_eq!(told(&delete(&org.ctx, "Note", note).await.unwrap_err()), locked);
}

#[tokio::test]
async fn a_cycle_through_something_hidden_does_not_name_it() {
    let (org, engineer) = with_secrets().await;
    let (top, middle, low) = (part(&org.ctx, "T").await, part(&org.ctx, "M").await, part(&org.ctx, "L").await);
    line(&org.ctx, top, middle).await;
    line(&org.ctx, middle, low).await;
    put_under(&org, "items", middle, "Secret").await;
    let error = relate(&engineer, "Part BOM", low, top).await.unwrap_err();
    assert_eq!(details(&error)["cycle_path"], json!([low, top, null, low]));
    assert_eq!(error.message(), format!("Cycle detected: {low} -> {top} -> (hidden) -> {low}"));
}

#[tokio::test]
async fn nested_in_another_item_a_hidden_line_is_not_told_from_none() {
    let (org, engineer) = with_secrets().await;
    let (mine, other, hidden) = (part(&org.ctx, "MINE").await, part(&org.ctx, "O").await, part(&org.ctx, "H").await);
    let (dark, plain) = (line(&org.ctx, other, hidden).await, line(&org.ctx, other, mine).await);
    put_under(&org, "items", hidden, "Secret").await;
    let nested = async |id: Uuid| {
        let line =
            AmlItem { item_type: "Part BOM".into(), action: AmlAction::Update, id: Some(id), ..AmlItem::default() };
        let (item_type, action) = ("Part".into(), AmlAction::Dummy);
        let given = AmlItem { item_type, action, id: Some(mine), relationships: vec![line], ..AmlItem::default() };
        apply(&engineer, given).await.unwrap_err()
    };
    for id in [dark, Uuid::from_u128(7)] {
        let error = nested(id).await;
        assert_eq!((error.kind(), error.message()), (Kind::NotFound, format!("Item {id} not found").as_str()));
    }
    assert_eq!(nested(plain).await.kind(), Kind::Invalid);
}

#[tokio::test]
async fn what_is_nested_is_done_or_refused() {
    let org = TestOrg::new().await;
    relationship(&org.ctx, "Note", "Part BOM", None).await;
    let (parent, child) = (part(&org.ctx, "P").await, part(&org.ctx, "C").await);
    let note = || AmlItem {
        item_type: "Note".into(),
        action: AmlAction::Add,
        properties: json!({ "related_id": child }).as_object().cloned().unwrap(),
        ..AmlItem::default()
    };
    for action in [AmlAction::Get, AmlAction::Delete, AmlAction::Promote] {
        let item_type = "Part".into();
        let given = AmlItem { item_type, action, id: Some(parent), relationships: vec![note()], ..AmlItem::default() };
        let error = apply(&org.ctx, given).await.unwrap_err();
        assert_eq!(error.problems()[0].loc, ["body", "relationships"], "{action:?}");
    }
    let given = AmlItem {
        item_type: "Part BOM".into(),
        action: AmlAction::Add,
        properties: json!({ "source_id": parent, "related_id": child }).as_object().cloned().unwrap(),
        relationships: vec![note()],
        ..AmlItem::default()
    };
    apply(&org.ctx, given).await.unwrap();
    assert_eq!(run(&org.ctx, "Note", AmlAction::Get, None, json!({})).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn who_has_seen_an_item_before_its_access_or_a_type_of_it_changed_is_told() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    let of_type = |name: &str| PropertyChange { data_type: Some(name.to_owned()), ..PropertyChange::default() };
    let property = NewProperty { name: "size".to_owned(), change: of_type("string") };
    let property = add_property(ctx, "Part", property).await.unwrap();
    let id = part(ctx, "P").await;
    run(ctx, "Part", AmlAction::Update, Some(id), json!({ "size": "12" })).await.unwrap();
    let tag = async || ETag::of(&get_item(ctx, "Part", &id.to_string()).await.unwrap().item).to_string();
    let first = tag().await;
    let change = ItemAccessChange { owner_id: Some(Some(8)), ..ItemAccessChange::default() };
    let changed = change_item_access(ctx, "Part", &id.to_string(), change).await.unwrap();
    let second = tag().await;
    assert_ne!(first, second);
    assert_eq!(ETag::of(&changed.item).to_string(), second);
    change_property(ctx, "Part", &property.id.to_string(), of_type("integer")).await.unwrap();
    assert_ne!(second, tag().await);
}

#[tokio::test]
async fn a_guard_names_no_child_through_a_hidden_line() {
    let (org, engineer) = with_secrets().await;
    let (parent, child, other) = (part(&org.ctx, "P").await, part(&org.ctx, "C").await, part(&org.ctx, "O").await);
    let dark = line(&org.ctx, parent, child).await;
    line(&org.ctx, parent, other).await;
    put_under(&org, "items", dark, "Secret").await;
    let model = Model::load(&org.ctx).await.unwrap();
    let draft = require_item(&org.ctx, &model, parent).await.unwrap().current_state.unwrap();
    let (step, state) = model.lifecycles().steps_from(draft).next().unwrap();
    let change = TransitionChange {
        guards: Some(Guards { children_released: true, ..Guards::default() }),
        ..TransitionChange::default()
    };
    update_transition(&org.ctx, &state.map_id.to_string(), &step.id.to_string(), change).await.unwrap();
    let (_, steps) = next_steps(&engineer, "Part", &parent.to_string()).await.unwrap();
    let reason = steps.iter().flat_map(|step| &step.reasons).find(|reason| reason.guard == "children_released");
    let reason = &reason.unwrap().details;
    assert_eq!(reason["count"], 2);
    let named: Vec<&Value> = reason["children"].as_array().unwrap().iter().map(|child| &child["number"]).collect();
    assert_eq!(named, ["O"]);
}
