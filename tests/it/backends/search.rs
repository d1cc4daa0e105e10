//! The search index on each database: filled after an upgrade, made anew in pieces, and open to other kinds of documents.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use migration::MigratorTrait;
use migration::tenant::Migrator;
use sea_orm::Database;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::context::{Actor, Ctx, now};
use yuantus::db::{Db, Sql, Tx, upgrade};
use yuantus::domain::identity::{NewTenant, create_tenant};
use yuantus::domain::meta::{AmlAction, AmlItem, Model, apply};
use yuantus::domain::search::{
    Document, EcoFields, Filters, Indexer, Indexes, Kind, Plan, Reindex, rebuild, reindex, search_ecos, search_items,
    stage_aging, state_trend, status, summary,
};
use yuantus::error::Result;
use yuantus::types::{OrgId, PageRequest, TenantId};
use yuantus::worker::{Worker, WorkerSettings};

use crate::support::{Installation, on_every_backend};

on_every_backend!(
    items_from_before_the_index_are_indexed_without_anyones_doing,
    a_rebuild_that_was_interrupted_goes_on,
    other_kinds_are_searched_and_counted_through_their_indexer,
);

const PAGE: PageRequest = PageRequest { limit: 20, offset: 0 };

struct Org {
    app: App,
    ctx: Ctx,
}

impl Org {
    async fn with_parts(at: &Installation, parts: usize) -> Self {
        let config = Config::load_from(None, at.environment.clone()).unwrap().config;
        let app = App::build(config, ControlSchema::AsConfigured).await.unwrap();
        let new = NewTenant {
            id: "acme".to_owned(),
            name: None,
            is_active: true,
            org_id: Some("org-1".to_owned()),
            admin: None,
        };
        create_tenant(&app.platform("test"), new).await.unwrap();
        let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
        let ctx = Ctx::open(&app.tenancy, Actor::System { name: "test" }, tenant, org, None).await.unwrap();
        for index in 0..parts {
            let properties = json!({"item_number": format!("OLD-{index}"), "name": "lever"});
            let item = AmlItem {
                item_type: "Part".to_owned(),
                action: AmlAction::Add,
                id: None,
                properties: properties.as_object().cloned().unwrap(),
                ..AmlItem::default()
            };
            apply(&ctx, item).await.unwrap();
        }
        Self { app, ctx }
    }

    async fn found(&self, query: &str) -> u64 {
        let filters = Filters::default();
        search_items(&self.ctx, &Indexes::standard(), query, filters, PAGE).await.unwrap().total
    }

    async fn close(self) {
        drop(self.ctx);
        self.app.close().await;
    }
}

async fn items_from_before_the_index_are_indexed_without_anyones_doing(at: Installation) {
    let org = Org::with_parts(&at, 5).await;
    let url = at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap();
    let older = Database::connect(url.replace("{tenant_id}", "acme").replace("{org_id}", "org-1")).await.unwrap();
    let names = migration::names::<Migrator>();
    let steps = names.len() - names.iter().position(|name| name.starts_with("m0013")).unwrap();
    Migrator::down(&older, Some(steps as u32)).await.unwrap();
    older.close().await.unwrap();
    // The outbox of an older version delivered its events to nobody.
    use sea_orm::ConnectionTrait;
    org.ctx.db.execute_unprepared("UPDATE outbox SET delivered_at = created_at").await.unwrap();
    upgrade::<Migrator>(&org.ctx.db).await.unwrap();
    assert_eq!(org.found("lever").await, 0);

    let shutdown = CancellationToken::new();
    let settings = WorkerSettings::from(&org.app.config.worker);
    let worker = Worker::new(org.app.tenancy.clone(), org.app.jobs.clone(), org.app.subscribers.clone(), settings);
    let worker = tokio::spawn(worker.run(shutdown.clone()));
    for _ in 0..1000 {
        if org.found("lever").await == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(org.found("lever").await, 5);
    shutdown.cancel();
    worker.await.unwrap();
    org.close().await;
}

async fn a_rebuild_that_was_interrupted_goes_on(at: Installation) {
    let org = Org::with_parts(&at, 7).await;
    let indexes = Indexes::standard();
    let asked = Reindex { scope: None, reset: true, limit: None, batch: 2, background: true };
    let id = reindex(&org.ctx, &indexes, Kind::Item, asked).await.unwrap().job_id.unwrap();
    let plan = Plan { id, kind: Kind::Item, scope: None, reset: true, limit: None, batch: 2 };
    let stop = CancellationToken::new();
    let cut = |progress: yuantus::domain::search::Progress| {
        if progress.indexed >= 2 {
            stop.cancel();
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = rebuild(&org.ctx, &indexes, &plan, &cut) => panic!("it was not interrupted"),
    }
    let half = status(&org.ctx, &indexes, Kind::Item).await.unwrap();
    let standing = half.rebuild.unwrap();
    assert!(standing.indexed >= 2 && standing.indexed < 7 && standing.finished_at.is_none(), "{standing:?}");
    let mut seen = Vec::new();
    let told = std::sync::Mutex::new(&mut seen);
    let tell = |progress: yuantus::domain::search::Progress| told.lock().unwrap().push(progress.indexed);
    let done = rebuild(&org.ctx, &indexes, &plan, &tell).await.unwrap();
    assert_eq!((done.indexed, done.total), (7, 7), "nothing is indexed twice");
    assert!(seen[0] >= 2);
    assert_eq!(org.found("lever").await, 7);
    // One that is done has nothing left to do.
    assert_eq!(rebuild(&org.ctx, &indexes, &plan, &|_| {}).await.unwrap().indexed, 7);
    assert_eq!(org.found("lever").await, 7);
    let whole = status(&org.ctx, &indexes, Kind::Item).await.unwrap();
    assert!(whole.documents == Some(7) && whole.rebuild.unwrap().finished_at.is_some());
    org.close().await;
}

/// Three change orders, one of which nobody may see.
struct SomeEcos;

impl SomeEcos {
    fn all() -> Vec<Document> {
        let eco = |number: u128, name: &str, state: &str, stage: &str, days: i64| Document {
            id: Uuid::from_u128(number),
            type_id: Some("bom".to_owned()),
            state: Some(state.to_owned()),
            stage: Some(stage.to_owned()),
            number: Some(name.to_owned()),
            name: None,
            text: format!("{name} thicker flange {state}"),
            fields: serde_json::to_value(EcoFields {
                name: name.to_owned(),
                search_text: format!("{name} thicker flange {state}"),
                priority: Some("high".to_owned()),
                ..EcoFields::default()
            })
            .ok(),
            created_at: now() - TimeDelta::days(days),
            updated_at: None,
        };
        vec![
            eco(1, "E-1", "draft", "s-1", 0),
            eco(2, "E-2", "approved", "s-2", 2),
            eco(3, "E-3", "approved", "s-2", 4),
            eco(4, "E-4", "hidden", "s-2", 1),
        ]
    }
}

#[async_trait]
impl Indexer for SomeEcos {
    fn kind(&self) -> Kind {
        Kind::Eco
    }

    fn topics(&self) -> &'static [&'static str] {
        &["eco."]
    }

    async fn load(&self, _: &Ctx, _: &Tx, ids: &[Uuid]) -> Result<Vec<Document>> {
        Ok(Self::all().into_iter().filter(|eco| ids.contains(&eco.id)).collect())
    }

    async fn page(&self, _: &Ctx, _: &Tx, _: Option<&str>, after: Option<Uuid>, most: u64) -> Result<Vec<Document>> {
        let after = after.unwrap_or_default();
        Ok(Self::all().into_iter().filter(|eco| eco.id > after).take(most as usize).collect())
    }

    async fn count(&self, _: &Db, _: Option<&str>) -> Result<u64> {
        Ok(4)
    }

    fn admits(&self, sql: &mut Sql, _: &Model, filters: &Filters) {
        sql.push("d.state <> 'hidden'");
        if let Some(state) = &filters.state {
            sql.push(" AND d.state = ").bind(state.as_str());
        }
    }

    fn is_gone(&self, sql: &mut Sql) {
        sql.push("FALSE");
    }
}

async fn other_kinds_are_searched_and_counted_through_their_indexer(at: Installation) {
    let org = Org::with_parts(&at, 1).await;
    let (ctx, indexes) = (&org.ctx, Indexes::standard().with(SomeEcos));
    let plan = Plan { id: Uuid::now_v7(), kind: Kind::Eco, scope: None, reset: false, limit: None, batch: 3 };
    rebuild(ctx, &indexes, &plan, &|_| {}).await.unwrap();
    let found = search_ecos(ctx, &indexes, "flange", None, PAGE).await.unwrap();
    let names: Vec<_> =
        found.hits.iter().map(|hit| (hit.fields.name.as_str(), hit.fields.priority.as_deref())).collect();
    assert_eq!(names, [("E-1", Some("high")), ("E-2", Some("high")), ("E-3", Some("high"))]);
    assert_eq!(search_ecos(ctx, &indexes, "", Some("draft".to_owned()), PAGE).await.unwrap().total, 1);
    assert_eq!(search_ecos(ctx, &indexes, "hidden", None, PAGE).await.unwrap().total, 0);
    assert_eq!(org.found("flange").await, 0, "kinds are apart");

    let counted = summary(ctx, &indexes).await.unwrap();
    let pairs = |counts: &[yuantus::domain::search::Count]| {
        counts.iter().map(|row| (row.key.clone(), row.count)).collect::<Vec<_>>()
    };
    assert_eq!(counted.ecos, 3);
    assert_eq!(pairs(&counted.ecos_by_state), [("approved".to_owned(), 2), ("draft".to_owned(), 1)]);
    assert_eq!(pairs(&counted.ecos_by_stage), [("s-2".to_owned(), 2), ("s-1".to_owned(), 1)]);
    let ages = stage_aging(ctx, &indexes).await.unwrap();
    let seen: Vec<_> = ages
        .iter()
        .map(|age| (age.stage.as_str(), age.count, age.average_days.round(), age.most_days.round()))
        .collect();
    assert_eq!(seen, [("s-2", 2, 3.0, 4.0), ("s-1", 1, 0.0, 0.0)]);
    let trend = state_trend(ctx, &indexes, 3).await.unwrap();
    let day = |days: i64| (now() - TimeDelta::days(days)).date_naive().to_string();
    let seen: Vec<_> = trend.counts.iter().map(|day| (day.date.clone(), day.state.as_str(), day.count)).collect();
    assert_eq!(seen, [(day(2), "approved", 1), (day(0), "draft", 1)]);
    assert_eq!(trend.start.to_string(), day(2));
    // Nobody vouches for them: they are there, and not shown.
    assert_eq!(search_ecos(ctx, &Indexes::standard(), "flange", None, PAGE).await.unwrap().total, 0);
    org.close().await;
}
