//! Who sees and changes a line: its own set, and those of both its ends.

use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::context::Ctx;
use crate::db::Sql;
use crate::db::dialect::statement;
use crate::domain::permission::Action;
use crate::domain::revision;
use crate::domain::testing::TestOrg;
use crate::error::{Kind, Result};

/// Gives `viewer` and `engineer` what a set called `name` says, and nobody else anything.
pub(super) async fn make_set(org: &TestOrg, name: &str, grants: &[(&str, [bool; 4])]) {
    let tx = org.ctx.begin().await.unwrap();
    let set = "INSERT INTO permissions (id, name) VALUES ($1, $1)";
    tx.execute_raw(statement(&tx, set, vec![name.into()])).await.unwrap();
    for (role, [get, update, delete, discover]) in grants {
        let entry = "INSERT INTO permission_entries (id, permission_id, identity_id, can_create, can_get, can_update, can_delete, can_discover) \
                     VALUES ($1 || ':' || $2, $1, $2, TRUE, $3, $4, $5, $6)";
        let values =
            vec![name.into(), (*role).into(), (*get).into(), (*update).into(), (*delete).into(), (*discover).into()];
        tx.execute_raw(statement(&tx, entry, values)).await.unwrap();
    }
    revision::raise(&tx).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn put_under(org: &TestOrg, table: &str, id: impl Into<sea_orm::Value>, set: &str) {
    let tx = org.ctx.begin().await.unwrap();
    let sql = format!("UPDATE {table} SET permission_id = $2 WHERE id = $1");
    tx.execute_raw(statement(&tx, sql, vec![id.into(), set.into()])).await.unwrap();
    revision::raise(&tx).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn part(ctx: &Ctx, number: &str) -> Uuid {
    run(ctx, "Part", AmlAction::Add, None, json!({ "item_number": number })).await.unwrap().items[0].item.id
}

pub(super) async fn line(ctx: &Ctx, parent: Uuid, child: Uuid) -> Uuid {
    let ends = json!({ "source_id": parent, "related_id": child });
    run(ctx, "Part BOM", AmlAction::Add, None, ends).await.unwrap().items[0].item.id
}

pub(super) async fn run(
    ctx: &Ctx,
    kind: &str,
    action: AmlAction,
    id: Option<Uuid>,
    values: serde_json::Value,
) -> Result<Applied> {
    let properties = values.as_object().cloned().unwrap();
    apply(ctx, AmlItem { item_type: kind.into(), action, id, properties, ..AmlItem::default() }).await
}

async fn refusal(ctx: &Ctx, kind: &str, action: AmlAction, id: Uuid, values: serde_json::Value) -> Option<Kind> {
    run(ctx, kind, action, Some(id), values).await.err().map(|error| error.kind())
}

#[tokio::test]
async fn a_line_is_seen_only_with_both_its_ends() {
    let org = TestOrg::new().await;
    make_set(&org, "Secret", &[("engineer", [true, true, true, true])]).await;
    let (open, hidden) = (part(&org.ctx, "OPEN").await, part(&org.ctx, "HIDDEN").await);
    let (other, secret) = (part(&org.ctx, "OTHER").await, part(&org.ctx, "SECRET").await);
    let seen = line(&org.ctx, open, other).await;
    let lines = [line(&org.ctx, open, hidden).await, line(&org.ctx, secret, other).await];
    for part in [hidden, secret] {
        put_under(&org, "items", part, "Secret").await;
    }
    let (viewer, engineer) = (org.as_user(7, &["viewer"]), org.as_user(8, &["engineer"]));
    for line in lines {
        get_item(&engineer, "Part BOM", &line.to_string()).await.unwrap();
        let error = get_item(&viewer, "Part BOM", &line.to_string()).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::NotFound, format!("Item {line} not found").as_str()));
        for (action, values) in [
            (AmlAction::Get, json!({})),
            (AmlAction::Update, json!({ "quantity": 2 })),
            (AmlAction::Update, json!({})),
            (AmlAction::Dummy, json!({})),
            (AmlAction::Delete, json!({})),
        ] {
            assert_eq!(refusal(&viewer, "Part BOM", action, line, values).await, Some(Kind::NotFound), "{action:?}");
        }
    }
    let listed =
        |ctx: Ctx| async move { run(&ctx, "Part BOM", AmlAction::Get, None, json!({})).await.unwrap().items.len() };
    assert_eq!((listed(viewer.clone()).await, listed(engineer).await), (1, 3));
    assert_eq!(refusal(&viewer, "Part BOM", AmlAction::Update, seen, json!({ "quantity": 2 })).await, None);
}

#[tokio::test]
async fn the_set_of_a_line_decides_beside_that_of_its_source() {
    let org = TestOrg::new().await;
    let all = [true, true, true, true];
    make_set(&org, "Lines", &[("engineer", [true, true, false, true]), ("remover", [true, false, true, true])]).await;
    make_set(&org, "Frozen", &[("engineer", [true, false, false, true]), ("remover", all)]).await;
    let (parent, child) = (part(&org.ctx, "P").await, part(&org.ctx, "C").await);
    let one = line(&org.ctx, parent, child).await;
    put_under(&org, "item_types", "Part BOM", "Lines").await;
    let (engineer, remover) = (org.as_user(7, &["engineer"]), org.as_user(8, &["remover"]));
    let quantity = || json!({ "quantity": 2 });
    let forbidden = Some(Kind::Forbidden);
    assert_eq!(refusal(&engineer, "Part BOM", AmlAction::Update, one, quantity()).await, None);
    assert_eq!(refusal(&engineer, "Part BOM", AmlAction::Delete, one, json!({})).await, forbidden);
    assert_eq!(refusal(&remover, "Part BOM", AmlAction::Update, one, quantity()).await, forbidden);
    put_under(&org, "items", parent, "Frozen").await;
    assert_eq!(refusal(&engineer, "Part BOM", AmlAction::Update, one, quantity()).await, forbidden);
    assert_eq!(refusal(&remover, "Part BOM", AmlAction::Delete, one, json!({})).await, None);
}

#[tokio::test]
async fn who_may_not_read_an_item_does_nothing_else_with_it() {
    let org = TestOrg::new().await;
    make_set(&org, "Blind", &[("viewer", [false, true, true, false]), ("guest", [false, true, true, true])]).await;
    let (blind, child) = (part(&org.ctx, "BLIND").await, part(&org.ctx, "C").await);
    put_under(&org, "items", blind, "Blind").await;
    for (role, expected) in [("viewer", Kind::NotFound), ("guest", Kind::Forbidden)] {
        let ctx = org.as_user(7, &[role]);
        for (action, values) in [
            (AmlAction::Update, json!({ "name": "x" })),
            (AmlAction::Update, json!({})),
            (AmlAction::Promote, json!({ "state": "Review" })),
            (AmlAction::Dummy, json!({})),
            (AmlAction::Delete, json!({})),
        ] {
            assert_eq!(refusal(&ctx, "Part", action, blind, values).await, Some(expected), "{role} {action:?}");
        }
        let ends = json!({ "source_id": blind, "related_id": child });
        let added = run(&ctx, "Part BOM", AmlAction::Add, None, ends).await.unwrap_err();
        assert_eq!(added.kind(), expected);
    }
}

#[tokio::test]
async fn what_is_hidden_takes_no_place_in_a_get() {
    let org = TestOrg::new().await;
    make_set(&org, "Secret", &[("engineer", [true, true, true, true])]).await;
    let model = Model::load(&org.ctx).await.unwrap();
    let kind = model.item_type("Part").unwrap();
    let write = Write::begin(&org.ctx, &model, Turns::default()).await.unwrap();
    let mut hidden = Vec::new();
    for index in 0..1100 {
        let values = json!({ "item_number": format!("P-{index:04}") }).as_object().cloned().unwrap();
        hidden.push(add_item(&write, kind, values).await.unwrap().id);
    }
    write.commit().await.unwrap();
    for id in hidden {
        put_under(&org, "items", id, "Secret").await;
    }
    part(&org.ctx, "LAST").await;
    let numbers = |applied: Applied| applied.items.iter().map(|view| view.number.clone().unwrap()).collect::<Vec<_>>();
    let found = run(&org.as_user(7, &["viewer"]), "Part", AmlAction::Get, None, json!({})).await.unwrap();
    assert_eq!((found.truncated, numbers(found)), (false, vec!["LAST".to_owned()]));
    let all = run(&org.as_user(8, &["engineer"]), "Part", AmlAction::Get, None, json!({})).await.unwrap();
    assert_eq!((all.truncated, all.items.len()), (true, 1000));
}

/// What the database shows of all items, beside what the model says of each.
async fn assert_the_database_agrees(ctx: &Ctx) -> usize {
    let model = Model::load(ctx).await.unwrap();
    let mut sql = Sql::new("SELECT i.id FROM items i WHERE ");
    visible(&mut sql, &model, "i");
    sql.push(" ORDER BY i.id");
    let rows = ctx.db.query_all_raw(sql.statement(&*ctx.db)).await.unwrap();
    let shown: Vec<Uuid> = rows.iter().map(|row| row.try_get("", "id").unwrap()).collect();
    let mut expected = Vec::new();
    for item in repo::items::every(&*ctx.db).await.unwrap() {
        let ends = repo::items::ends_of(&*ctx.db, std::slice::from_ref(&item)).await.unwrap();
        if model.allow(&item, Action::Get) && ends.iter().all(|end| model.allow(end, Action::Get)) {
            expected.push(item.id);
        }
    }
    assert_eq!(shown, expected, "{:?}", ctx.actor);
    shown.len()
}

#[tokio::test]
async fn the_database_shows_exactly_what_a_get_allows() {
    let org = TestOrg::new().await;
    let get = [true, false, false, false];
    make_set(&org, "Viewers", &[("viewer", get)]).await;
    make_set(&org, "Creators", &[("Creator", get), ("engineer", get)]).await;
    make_set(&org, "Owners", &[("Owner", get), ("8", get)]).await;
    make_set(&org, "Nobody", &[]).await;
    let (seven, eight) = (org.as_user(7, &["viewer"]), org.as_user(8, &["engineer"]));
    let mut parts = Vec::new();
    for (index, set) in ["Viewers", "Creators", "Owners", "Nobody", ""].into_iter().enumerate() {
        for (who, ctx) in [("seven", &seven), ("eight", &eight)] {
            let id = part(ctx, &format!("{index}-{who}")).await;
            parts.push((id, set));
        }
    }
    for (from, to) in (0..9).map(|index| (index, index + 1)) {
        line(&org.ctx, parts[from].0, parts[to].0).await;
    }
    for (id, set) in parts.iter().filter(|(_, set)| !set.is_empty()) {
        put_under(&org, "items", *id, set).await;
    }
    let tx = org.ctx.begin().await.unwrap();
    let owner = "UPDATE items SET owner_id = 7 WHERE id = $1";
    tx.execute_raw(statement(&tx, owner, vec![parts[4].0.into()])).await.unwrap();
    tx.commit().await.unwrap();

    let mut anonymous = org.ctx.clone();
    anonymous.actor = crate::context::Actor::Anonymous { trusted: false };
    let everyone = [org.ctx.clone(), seven, eight, org.as_user(9, &[]), anonymous];
    let mut seen = Vec::new();
    for ctx in &everyone {
        seen.push(assert_the_database_agrees(ctx).await);
    }
    assert_eq!(seen, [19, 9, 10, 3, 3]);

    // The set of a state goes before that of an item, and a type's before the default.
    let model = Model::load(&org.ctx).await.unwrap();
    let draft = model.lifecycles().states().find(|state| state.name == "Draft" && state.is_start).unwrap().id;
    put_under(&org, "item_types", "Part BOM", "Nobody").await;
    for ctx in &everyone[1..] {
        assert_the_database_agrees(ctx).await;
    }
    put_under(&org, "lifecycle_states", draft, "Creators").await;
    for ctx in &everyone {
        assert_the_database_agrees(ctx).await;
    }
}
