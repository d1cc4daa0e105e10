//! The indexes of properties: made beside writers, used by queries, mended after a crash.

use futures::future::join_all;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::context::{Actor, Ctx};
use yuantus::db::{Sql, property_index};
use yuantus::domain::identity::{NewTenant, create_tenant};
use yuantus::domain::meta::{
    AmlAction, AmlItem, IndexStatus, ItemType, NewProperty, NewType, Property, PropertyChange, PropertyIndexJob, apply,
    change_property, create_item_type, get_item_type,
};
use yuantus::error::Result;
use yuantus::jobs::{Job, Task};
use yuantus::types::{OrgId, TenantId};

use crate::support::{Backend, Installation, on_every_backend};

on_every_backend!(
    a_query_that_names_type_and_property_uses_the_index,
    a_flag_set_while_writers_are_at_work_holds_nobody_up,
    what_a_crash_left_behind_is_made_anew,
);

async fn organisation(at: &Installation) -> (App, Ctx) {
    let config = Config::load_from(None, at.environment.clone()).unwrap().config;
    let app = App::build(config, ControlSchema::AsConfigured).await.unwrap();
    let new =
        NewTenant { id: "acme".to_owned(), name: None, is_active: true, org_id: Some("org-1".to_owned()), admin: None };
    create_tenant(&app.platform("test"), new).await.unwrap();
    let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
    let ctx = Ctx::open(&app.tenancy, Actor::System { name: "test" }, tenant, org, None).await.unwrap();
    (app, ctx)
}

async fn make(ctx: &Ctx, properties: &[(&str, &str, PropertyChange)]) -> ItemType {
    let property = |(name, data_type, change): &(&str, &str, PropertyChange)| NewProperty {
        name: (*name).to_owned(),
        change: PropertyChange { data_type: Some((*data_type).to_owned()), ..change.clone() },
    };
    let given = NewType {
        id: "To'ol".to_owned(),
        revision_scheme: "A-Z".to_owned(),
        accepts_undeclared: true,
        properties: properties.iter().map(property).collect(),
        ..NewType::default()
    };
    create_item_type(ctx, given).await.unwrap()
}

fn indexed() -> PropertyChange {
    PropertyChange { is_indexed: Some(true), ..PropertyChange::default() }
}

async fn add(ctx: &Ctx, values: Value) -> Result<()> {
    let properties = values.as_object().cloned().unwrap();
    let item = AmlItem { item_type: "To'ol".into(), action: AmlAction::Add, properties, ..AmlItem::default() };
    apply(ctx, item).await.map(|_| ())
}

async fn run_job(ctx: &Ctx) -> Value {
    let task = Task { id: Uuid::nil(), payload: json!({}), attempt: 1, created_by: None, reporter: Default::default() };
    PropertyIndexJob.run(ctx.clone(), task).await.unwrap()
}

async fn property(ctx: &Ctx, name: &str) -> Property {
    get_item_type(ctx, "To'ol").await.unwrap().property(name).unwrap().clone()
}

async fn a_query_that_names_type_and_property_uses_the_index(at: Installation) {
    let (app, ctx) = organisation(&at).await;
    let text = PropertyChange { length: Some(Some(40)), ..indexed() };
    make(&ctx, &[("se'rial", "string", text), ("count", "integer", indexed()), ("flag", "boolean", indexed())]).await;
    for index in 0..400 {
        add(&ctx, json!({"se'rial": format!("S-{index}"), "count": index, "flag": index == 7})).await.unwrap();
    }
    let made = run_job(&ctx).await;
    assert_eq!(made["made"].as_array().unwrap().len(), 3, "{made}");
    assert_eq!(run_job(&ctx).await, json!({"made": [], "dropped": [], "failed": []}), "nothing is left to do");
    let db = &*ctx.db;
    if at.backend == Backend::PostgresS3 {
        // As the server does by itself after a while.
        db.execute_unprepared("ANALYZE items").await.unwrap();
    }
    for (name, value) in [("se'rial", json!("S-7")), ("count", json!(7.0)), ("flag", json!(true))] {
        let condition = |sql: &mut Sql| property_index::push_equals(db, sql, ("i", "To'ol"), name, &value);
        let mut sql = Sql::new("SELECT i.id FROM items i WHERE ");
        condition(&mut sql);
        assert_eq!(db.query_all_raw(sql.statement(db)).await.unwrap().len(), 1, "{name}");
        let explain = if at.backend == Backend::PostgresS3 { "EXPLAIN " } else { "EXPLAIN QUERY PLAN " };
        let mut sql = Sql::new(format!("{explain}SELECT i.id FROM items i WHERE "));
        condition(&mut sql);
        let rows = db.query_all_raw(sql.statement(db)).await.unwrap();
        let column = if at.backend == Backend::PostgresS3 { "QUERY PLAN" } else { "detail" };
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
        let index = format!("px_i_{}", property(&ctx, name).await.id.simple());
        assert!(plan.join("\n").contains(&index), "{name}: {plan:?}");
        // A get that uses it finds what one that compares everything finds.
        let properties = json!({ name: value }).as_object().cloned().unwrap();
        let wanted = AmlItem { item_type: "To'ol".into(), action: AmlAction::Get, properties, ..AmlItem::default() };
        assert_eq!(apply(&ctx, wanted).await.unwrap().items.len(), 1, "{name}");
    }
    drop(ctx);
    app.close().await;
}

async fn a_flag_set_while_writers_are_at_work_holds_nobody_up(at: Installation) {
    let (app, ctx) = organisation(&at).await;
    let text = PropertyChange { length: Some(Some(40)), ..PropertyChange::default() };
    let serial = make(&ctx, &[("serial", "string", text)]).await.properties[0].clone();
    let writers = (0..8).map(|writer| {
        let ctx = ctx.clone();
        tokio::spawn(async move {
            let (mut written, mut refused) = (0, Vec::new());
            for index in 0..30 {
                match add(&ctx, json!({"serial": format!("S-{writer}-{index}")})).await {
                    Ok(()) => written += 1,
                    Err(error) => refused.push(error.code_name()),
                }
            }
            (written, refused)
        })
    });
    let writers: Vec<_> = writers.collect();
    let unique = PropertyChange { is_unique: Some(true), ..PropertyChange::default() };
    change_property(&ctx, "To'ol", &serial.id.to_string(), unique).await.unwrap();
    run_job(&ctx).await;
    for done in join_all(writers).await {
        let (written, refused) = done.unwrap();
        // One that began in the very moment of the change may be asked to try again.
        assert!(written >= 28 && refused.iter().all(|code| *code == Some("WRITE_CONFLICT")), "{written} {refused:?}");
    }
    assert_eq!(property(&ctx, "serial").await.index_status, Some(IndexStatus::Ready));
    let rivals = (0..16).map(|_| add(&ctx, json!({"serial": "same"})));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(rivals).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 15));
    assert!(lost.iter().all(|refused| refused.as_ref().unwrap_err().code_name() == Some("DUPLICATE_VALUE")));
    drop(ctx);
    app.close().await;
}

async fn what_a_crash_left_behind_is_made_anew(at: Installation) {
    let (app, ctx) = organisation(&at).await;
    let text = PropertyChange { length: Some(Some(40)), is_unique: Some(true), ..PropertyChange::default() };
    let serial = make(&ctx, &[("serial", "string", text)]).await.properties[0].clone();
    let db = &*ctx.db;
    let name = format!("px_u_{}", serial.id.simple());
    if at.backend == Backend::PostgresS3 {
        for _ in 0..2 {
            add(&ctx, json!({"serial": "twin"})).await.unwrap();
        }
        let sql = format!(
            "CREATE UNIQUE INDEX CONCURRENTLY {name} ON items ((properties -> 'serial')) WHERE item_type_id = 'To''ol'"
        );
        db.execute_unprepared(&sql).await.unwrap_err();
        let invalid = format!(
            "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = '{name}' AND NOT i.indisvalid"
        );
        assert!(db.query_one_raw(Sql::new(&invalid).statement(db)).await.unwrap().is_some(), "a build left its ruin");
        db.execute_unprepared("DELETE FROM items").await.unwrap();
        run_job(&ctx).await;
        assert!(db.query_one_raw(Sql::new(&invalid).statement(db)).await.unwrap().is_none());
    } else {
        // Made, but the process ended before it could say so; and one of a property that is gone.
        db.execute_unprepared(&format!(
            "CREATE UNIQUE INDEX {name} ON items ((properties ->> '$.\"serial\"')) WHERE item_type_id = 'To''ol'"
        ))
        .await
        .unwrap();
    }
    let orphan = format!("px_i_{}", Uuid::nil().simple());
    db.execute_unprepared(&format!("CREATE INDEX {orphan} ON items (state)")).await.unwrap();
    let done = run_job(&ctx).await;
    assert_eq!(done["dropped"], json!([orphan]));
    assert_eq!(property(&ctx, "serial").await.index_status, Some(IndexStatus::Ready));
    add(&ctx, json!({"serial": "twin"})).await.unwrap();
    assert_eq!(add(&ctx, json!({"serial": "twin"})).await.unwrap_err().code_name(), Some("DUPLICATE_VALUE"));
    drop(ctx);
    app.close().await;
}
