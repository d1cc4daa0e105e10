//! The model as administrators change it, on SQLite; `tests/it` does the same on every backend.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::*;
use crate::context::Ctx;
use crate::db::dialect::statement;
use crate::domain::meta::{AmlAction, AmlItem, Applied, Property, Turns, Write, apply, get_item_type};
use crate::domain::testing::TestOrg;
use crate::error::{Error, Kind, Result};

fn named(name: &str, change: PropertyChange) -> NewProperty {
    NewProperty { name: name.to_owned(), change }
}

fn of_type(data_type: &str) -> PropertyChange {
    PropertyChange { data_type: Some(data_type.to_owned()), ..PropertyChange::default() }
}

async fn make(ctx: &Ctx, id: &str, properties: Vec<NewProperty>) -> Result<crate::domain::meta::ItemType> {
    let given = NewType {
        id: id.to_owned(),
        revision_scheme: "A-Z".to_owned(),
        accepts_undeclared: true,
        properties,
        ..NewType::default()
    };
    create_item_type(ctx, given).await
}

async fn add(ctx: &Ctx, kind: &str, values: Value) -> Result<Applied> {
    let properties = values.as_object().cloned().unwrap();
    apply(ctx, AmlItem { item_type: kind.into(), action: AmlAction::Add, properties, ..AmlItem::default() }).await
}

async fn property_of(ctx: &Ctx, kind: &str, name: &str) -> Property {
    get_item_type(ctx, kind).await.unwrap().property(name).unwrap().clone()
}

async fn change_named(ctx: &Ctx, kind: &str, name: &str, change: PropertyChange) -> Result<Property> {
    let id = property_of(ctx, kind, name).await.id.to_string();
    change_property(ctx, kind, &id, change).await
}

fn fields(error: &Error) -> Vec<String> {
    error.problems().iter().map(|problem| problem.loc[1..].join(".")).collect()
}

#[tokio::test]
async fn a_property_that_makes_no_sense_is_refused_by_field() {
    let org = TestOrg::new().await;
    make(&org.ctx, "Tool", Vec::new()).await.unwrap();
    let text = |value: &str| Some(Some(value.to_owned()));
    let table = [
        ("", of_type("string"), "name"),
        (" x", of_type("string"), "name"),
        ("a\"b", of_type("string"), "name"),
        ("a\u{200b}", of_type("string"), "name"),
        ("id", of_type("string"), "name"),
        ("state", of_type("integer"), "data_type"),
        ("p", of_type("varchar"), "data_type"),
        ("p", PropertyChange { length: Some(Some(0)), ..of_type("string") }, "length"),
        ("p", PropertyChange { length: Some(Some(-1)), ..of_type("string") }, "length"),
        ("p", PropertyChange { length: Some(Some(5)), ..of_type("integer") }, "length"),
        ("p", PropertyChange { pattern: text("("), ..of_type("string") }, "pattern"),
        ("p", PropertyChange { pattern: text("a"), ..of_type("float") }, "pattern"),
        ("p", PropertyChange { minimum: Some(Some(1.0)), ..of_type("string") }, "minimum"),
        ("p", PropertyChange { minimum: Some(Some(2.0)), maximum: Some(Some(1.0)), ..of_type("float") }, "maximum"),
        ("p", PropertyChange { choices: Some(Some(vec![])), ..of_type("string") }, "choices"),
        ("p", PropertyChange { choices: Some(Some(vec![json!(1)])), ..of_type("string") }, "choices.0"),
        ("p", PropertyChange { choices: Some(Some(vec![json!("a"), json!("a")])), ..of_type("string") }, "choices.1"),
        ("p", PropertyChange { choices: Some(Some(vec![json!(true)])), ..of_type("boolean") }, "choices"),
        ("p", PropertyChange { data_source_id: text("Nope"), ..of_type("item") }, "data_source_id"),
        ("p", PropertyChange { default_value: text("x"), ..of_type("integer") }, "default_value"),
        ("p", PropertyChange { default_value: text("\0"), ..of_type("string") }, "default_value"),
        (
            "p",
            PropertyChange { default_value: text("9"), maximum: Some(Some(5.0)), ..of_type("integer") },
            "default_value",
        ),
        ("p", PropertyChange { default_expression: text("tomorrow"), ..of_type("date") }, "default_value_expression"),
        ("p", PropertyChange { default_expression: text("user_id"), ..of_type("date") }, "default_value_expression"),
        ("p", PropertyChange { is_unique: Some(true), ..of_type("string") }, "is_unique"),
        ("p", PropertyChange { is_indexed: Some(true), ..of_type("json") }, "is_indexed"),
        ("p", PropertyChange { ui_options: Some(Some(json!({"a": "\0"}))), ..of_type("string") }, "ui_options"),
    ];
    for (name, change, field) in table {
        let error = add_property(&org.ctx, "Tool", named(name, change.clone())).await.expect_err(field);
        assert_eq!((error.kind(), fields(&error)), (Kind::Invalid, vec![field.to_owned()]), "{name} {change:?}");
    }
    assert!(get_item_type(&org.ctx, "Tool").await.unwrap().properties.is_empty());
}

#[tokio::test]
async fn values_that_are_there_are_met_by_every_new_rule() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    make(ctx, "Tool", vec![named("size", of_type("string")), named("code", of_type("string"))]).await.unwrap();
    let first = add(ctx, "Tool", json!({"size": "12", "code": "AB", "extra": 5})).await.unwrap().items[0].item.id;
    add(ctx, "Tool", json!({"size": "7.5", "code": "C"})).await.unwrap();
    let set = |change: PropertyChange| change;
    // (property, change, whether it passes)
    let table = [
        ("size", set(of_type("integer")), false),
        ("size", set(of_type("float")), false),
        ("size", set(PropertyChange { length: Some(Some(2)), ..Default::default() }), false),
        ("size", set(PropertyChange { length: Some(Some(3)), ..Default::default() }), true),
        ("code", set(PropertyChange { pattern: Some(Some("[A-Z]{2}".into())), ..Default::default() }), false),
        ("code", set(PropertyChange { pattern: Some(Some("[A-Z]+".into())), ..Default::default() }), true),
        ("code", set(PropertyChange { choices: Some(Some(vec![json!("AB")])), ..Default::default() }), false),
        (
            "code",
            set(PropertyChange { choices: Some(Some(vec![json!("AB"), json!("C")])), ..Default::default() }),
            true,
        ),
        ("code", set(PropertyChange { is_required: Some(true), ..Default::default() }), true),
    ];
    for (name, change, passes) in table {
        let done = change_named(ctx, "Tool", name, change.clone()).await;
        match done {
            Ok(_) => assert!(passes, "{name} {change:?}"),
            Err(error) => {
                assert!(!passes, "{name} {change:?}: {error}");
                assert_eq!(error.code_name(), Some("VALUES_DO_NOT_FIT"), "{error}");
                assert!(!error.details_value().unwrap()["items"].as_array().unwrap().is_empty());
            }
        }
    }
    // An undeclared value becomes the property's, or stands in its way.
    let error = add_property(ctx, "Tool", named("extra", of_type("boolean"))).await.unwrap_err();
    assert_eq!(error.details_value().unwrap()["items"][0]["id"], json!(first));
    add_property(ctx, "Tool", named("extra", of_type("integer"))).await.unwrap();
    let missing = PropertyChange { is_required: Some(true), ..of_type("string") };
    let error = add_property(ctx, "Tool", named("maker", missing)).await.unwrap_err();
    assert_eq!(error.details_value().unwrap()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_the_new_type_reads_without_loss_is_rewritten() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    let properties = ["string", "float", "date", "integer"].map(|kind| named(kind, of_type(kind)));
    make(ctx, "Tool", properties.into()).await.unwrap();
    let values = json!({"string": "12", "float": 3.0, "date": "2026-11-24", "integer": 4});
    let id = add(ctx, "Tool", values).await.unwrap().items[0].item.id.to_string();
    for (name, to, stored) in [
        ("string", "integer", json!(12)),
        ("float", "integer", json!(3)),
        ("date", "datetime", json!("2026-11-24T00:00:00Z")),
        ("integer", "string", json!("4")),
    ] {
        change_named(ctx, "Tool", name, of_type(to)).await.unwrap();
        let item = crate::domain::meta::get_item(ctx, "Tool", &id).await.unwrap().item;
        assert_eq!(item.properties[name], stored, "{name} to {to}");
    }
    let sql = "SELECT COUNT(*) AS many FROM audit_events WHERE action = 'item.updated'";
    let row = ctx.db.query_one_raw(statement(&*ctx.db, sql, vec![])).await.unwrap().unwrap();
    assert_eq!(row.try_get::<i64>("", "many").unwrap(), 4, "each rewritten item is told");
}

#[tokio::test]
async fn more_than_twenty_items_in_the_way_are_not_all_named() {
    let org = TestOrg::new().await;
    make(&org.ctx, "Tool", Vec::new()).await.unwrap();
    for index in 0..25 {
        add(&org.ctx, "Tool", json!({"note": format!("n{index}")})).await.unwrap();
    }
    let error = add_property(&org.ctx, "Tool", named("note", of_type("integer"))).await.unwrap_err();
    let details = error.details_value().unwrap();
    assert_eq!((details["items"].as_array().unwrap().len(), &details["more"]), (20, &json!(true)));
}

#[tokio::test]
async fn what_items_rest_on_does_not_change_under_them() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    let given = NewType {
        id: "Tool".into(),
        revision_scheme: "1-9".into(),
        number_property: Some("tool_no".into()),
        ..NewType::default()
    };
    let kind = create_item_type(ctx, given).await.unwrap();
    assert_eq!((kind.properties[0].name.as_str(), kind.properties[0].is_required), ("tool_no", true));
    let drawn = add(ctx, "Tool", json!({})).await.unwrap();
    assert_eq!(drawn.items[0].number.as_deref(), Some("TOOL-000001"));
    let change = |change: TypeChange| async { change_item_type(ctx, "Tool", change).await };
    let error = change(TypeChange { number_property: Some(None), ..Default::default() }).await.unwrap_err();
    assert_eq!(error.code_name(), Some("ITEMS_EXIST"));
    let ends = Some(Some("Part".to_owned()));
    let relationship = TypeChange {
        is_relationship: Some(true),
        number_property: Some(None),
        source_type: ends.clone(),
        related_type: ends,
        ..Default::default()
    };
    assert_eq!(change(relationship).await.unwrap_err().code_name(), Some("ITEMS_EXIST"));
    change(TypeChange { label: Some("Werkzeug".into()), is_versionable: Some(true), ..Default::default() })
        .await
        .unwrap();
    let id = kind.properties[0].id.to_string();
    assert_eq!(delete_property(ctx, "Tool", &id).await.unwrap_err().code_name(), Some("PROPERTY_IN_USE"));
    assert_eq!(change_property(ctx, "Tool", &id, of_type("integer")).await.unwrap_err().kind(), Kind::Invalid);
    assert_eq!(delete_item_type(ctx, "Tool").await.unwrap_err().code_name(), Some("ITEMS_EXIST"));
    for seeded in ["Part", "Document", "Part BOM"] {
        assert_eq!(delete_item_type(ctx, seeded).await.unwrap_err().code_name(), Some("SEEDED_TYPE"));
    }
    let unnumbered = TypeChange { number_property: Some(None), ..Default::default() };
    assert_eq!(change_item_type(ctx, "Part", unnumbered).await.unwrap_err().code_name(), Some("SEEDED_TYPE"));
    let quantity = property_of(ctx, "Part BOM", "quantity").await.id.to_string();
    assert_eq!(delete_property(ctx, "Part BOM", &quantity).await.unwrap_err().code_name(), Some("PROPERTY_IN_USE"));
}

#[tokio::test]
async fn a_closed_type_keeps_the_properties_of_its_values() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    make(ctx, "Tool", vec![named("size", of_type("integer"))]).await.unwrap();
    add(ctx, "Tool", json!({"size": 1, "note": "x"})).await.unwrap();
    let close = TypeChange { accepts_undeclared: Some(false), ..Default::default() };
    let error = change_item_type(ctx, "Tool", close.clone()).await.unwrap_err();
    assert_eq!(error.details_value().unwrap()["items"][0]["property"], "note");
    add_property(ctx, "Tool", named("note", of_type("string"))).await.unwrap();
    change_item_type(ctx, "Tool", close).await.unwrap();
    assert_eq!(fields(&add(ctx, "Tool", json!({"other": 1})).await.unwrap_err()), ["properties.other"]);
    let note = property_of(ctx, "Tool", "note").await.id.to_string();
    assert_eq!(delete_property(ctx, "Tool", &note).await.unwrap_err().code_name(), Some("VALUES_DO_NOT_FIT"));
    change_item_type(ctx, "Tool", TypeChange { accepts_undeclared: Some(true), ..Default::default() }).await.unwrap();
    delete_property(ctx, "Tool", &note).await.unwrap();
}

#[tokio::test]
async fn a_write_that_began_before_a_change_of_its_type_is_refused() {
    let org = TestOrg::new().await;
    let ctx = &org.ctx;
    make(ctx, "Tool", Vec::new()).await.unwrap();
    let stale = crate::domain::meta::Model::load(ctx).await.unwrap();
    add_property(ctx, "Tool", named("size", PropertyChange { is_required: Some(true), ..of_type("integer") }))
        .await
        .unwrap();
    let refused = Write::begin(ctx, &stale, Turns::default()).await.err().unwrap();
    assert_eq!((refused.kind(), refused.code_name()), (Kind::Unavailable, Some("WRITE_CONFLICT")));
    let model = crate::domain::meta::Model::load(ctx).await.unwrap();
    // How far an index is concerns no item.
    let tx = ctx.begin().await.unwrap();
    tx.execute_unprepared("UPDATE properties SET index_status = 'building'").await.unwrap();
    crate::domain::revision::raise(&tx).await.unwrap();
    tx.commit().await.unwrap();
    drop(model);
    let mut stale = stale;
    let write = Write::begin_fresh(ctx, &mut stale, |_| Ok(Turns::default())).await.unwrap();
    assert!(write.model.item_type("Tool").unwrap().property("size").is_some(), "it goes on by the model of now");
}

#[tokio::test]
async fn defaults_say_when_and_who() {
    let org = TestOrg::new().await;
    let word = |kind: &str, word: &str| PropertyChange { default_expression: Some(Some(word.into())), ..of_type(kind) };
    let properties = vec![
        named("day", word("date", "today")),
        named("at", word("datetime", "now")),
        named("by", word("integer", "user_id")),
        named("as_text", word("string", "user_id")),
    ];
    make(&org.ctx, "Tool", properties).await.unwrap();
    let user = org.as_user(7, &["engineer"]);
    let item = add(&user, "Tool", json!({"as_text": "given"})).await.unwrap().items[0].item.clone();
    assert_eq!((&item.properties["by"], &item.properties["as_text"]), (&json!(7), &json!("given")));
    assert_eq!(item.properties["day"], json!(item.created_on.date_naive().to_string()));
    assert!(item.properties["at"].as_str().unwrap().ends_with('Z'));
    let by_program = add(&org.ctx, "Tool", json!({})).await.unwrap().items[0].item.clone();
    assert!(!by_program.properties.contains_key("by"), "nobody in particular");
}

#[tokio::test]
async fn the_model_is_administrators_to_change() {
    let org = TestOrg::new().await;
    make(&org.ctx, "Tool", vec![named("size", of_type("integer"))]).await.unwrap();
    let size = property_of(&org.ctx, "Tool", "size").await.id.to_string();
    let user = org.as_user(7, &["engineer"]);
    let refusals = [
        make(&user, "Mine", Vec::new()).await.err(),
        change_item_type(&user, "Tool", TypeChange::default()).await.err(),
        assign_permission(&user, "Tool", "Default".into()).await.err(),
        delete_item_type(&user, "Tool").await.err(),
        add_property(&user, "Tool", named("x", of_type("string"))).await.err(),
        change_property(&user, "Tool", &size, PropertyChange::default()).await.err(),
        delete_property(&user, "Tool", &size).await.err(),
        refresh_item_type(&user, "Tool").await.err(),
        forget_model(&user).await.err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.map(|error| error.kind()), Some(Kind::Forbidden));
    }
    assert_eq!(list_item_types(&user).await.unwrap().len(), 9);
}

#[tokio::test]
async fn what_the_caller_may_not_see_cannot_be_referred_to() {
    let org = TestOrg::new().await;
    let target = PropertyChange { data_source_id: Some(Some("Part".into())), ..of_type("item") };
    make(&org.ctx, "Tool", vec![named("part", target)]).await.unwrap();
    let part = add(&org.ctx, "Part", json!({"item_number": "P"})).await.unwrap().items[0].item.id;
    let user = org.as_user(7, &["engineer"]);
    let tool = add(&user, "Tool", json!({"part": part})).await.unwrap().items[0].item.id;
    let tx = org.ctx.begin().await.unwrap();
    tx.execute_unprepared("INSERT INTO permissions (id, name) VALUES ('Secret', 'Secret')").await.unwrap();
    let hide = "UPDATE items SET permission_id = 'Secret' WHERE id = $1";
    tx.execute_raw(statement(&tx, hide, vec![part.into()])).await.unwrap();
    crate::domain::revision::raise(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let hidden = add(&user, "Tool", json!({"part": part})).await.unwrap_err();
    let absent = add(&user, "Tool", json!({"part": uuid::Uuid::nil()})).await.unwrap_err();
    assert_eq!(fields(&hidden), ["properties.part"]);
    assert_eq!(hidden.problems(), absent.problems(), "hidden and absent are told alike");
    add(&org.ctx, "Tool", json!({"part": part})).await.unwrap();
    // What was right when it was written stays.
    let properties = json!({"note": "x", "part": part}).as_object().cloned().unwrap();
    let update = AmlItem {
        item_type: "Tool".into(),
        action: AmlAction::Update,
        id: Some(tool),
        properties,
        ..AmlItem::default()
    };
    apply(&user, update).await.unwrap();
}
