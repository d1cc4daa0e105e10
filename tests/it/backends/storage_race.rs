//! Collecting without any grace, again and again, while many bring and remove the same contents: no file is ever without its
//! content.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio_util::sync::CancellationToken;
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::context::{Actor, Ctx};
use yuantus::domain::file::{CollectRules, collect};
use yuantus::storage::ContentHash;
use yuantus::types::{OrgId, TenantId};

use crate::support::client::Client;
use crate::support::contents::{object, without_grace};
use crate::support::files::{bring, put};
use crate::support::world::World;
use crate::support::{Installation, on_every_backend};

on_every_backend!(no_file_is_ever_without_its_content);

const UPLOADERS: usize = 8;
const ROUNDS: usize = 12;

/// Two that every uploader brings: one written at once, one staged.
fn contents() -> [Vec<u8>; 2] {
    [vec![7; 10_000], (0..5_000_000_u32).map(|index| (index % 251) as u8).collect()]
}

async fn no_file_is_ever_without_its_content(mut at: Installation) {
    without_grace(&mut at);
    let world = World::start(at).await;
    let config = Config::load_from(None, world.at.environment.clone()).unwrap().config;
    let app = App::build(config, ControlSchema::AsConfigured).await.unwrap();
    let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
    let ctx = Ctx::open(&app.tenancy, Actor::System { name: "test" }, tenant, org, None).await.unwrap();
    let (done, removed, looked) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));

    let uploads = async {
        let uploaders = (0..UPLOADERS).map(|number| bring_and_remove(world.admin.clone(), number));
        futures::future::join_all(uploaders).await;
        done.store(true, Ordering::Release);
    };
    let collecting = async {
        while !done.load(Ordering::Acquire) {
            removed.fetch_add(collect_now(&ctx).await, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let looking = async {
        while !done.load(Ordering::Acquire) {
            looked.fetch_add(every_file_has_its_content(&ctx).await, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::join!(uploads, collecting, looking);
    // Otherwise nothing was raced.
    assert!(removed.into_inner() > 0 && looked.into_inner() > 0);

    for content in contents() {
        bring(&world.admin, "last.bin", &content).await;
        collect_now(&ctx).await;
        assert!(std::fs::read(object(&world.at, &content)).unwrap() == content);
    }
    every_file_has_its_content(&ctx).await;
    drop(ctx);
    app.close().await;
}

async fn collect_now(ctx: &Ctx) -> u64 {
    let rules = CollectRules { grace: Duration::ZERO, unattached: false, dry_run: false };
    match collect(ctx, &rules, &CancellationToken::new(), &|| {}).await {
        Ok(collected) => {
            assert_eq!(collected.failed, 0);
            collected.contents
        }
        // SQLite was busy for long.
        Err(error) => {
            assert_eq!(error.kind(), yuantus::error::Kind::Unavailable, "{}", error.chain());
            0
        }
    }
}

/// Holds the files' rows meanwhile: who removes one waits.
async fn every_file_has_its_content(ctx: &Ctx) -> u64 {
    let Ok(tx) = ctx.begin().await else { return 0 };
    let lock = if tx.get_database_backend() == DbBackend::Postgres { " FOR KEY SHARE OF f" } else { "" };
    let sql = "SELECT f.sha256, o.edition FROM files f JOIN objects o ON o.sha256 = f.sha256";
    let statement = Statement::from_string(tx.get_database_backend(), format!("{sql}{lock}"));
    let rows = tx.query_all_raw(statement).await.unwrap();
    for row in &rows {
        let hash: ContentHash = row.try_get::<String>("", "sha256").unwrap().parse().unwrap();
        let object = hash.edition(row.try_get::<i32>("", "edition").unwrap().try_into().unwrap());
        assert!(ctx.store.exists(&object).await.unwrap(), "a file without its content: {object}");
    }
    rows.len() as u64
}

async fn bring_and_remove(client: Client, number: usize) {
    let contents = contents();
    for round in 0..ROUNDS {
        // The large one seldom, or the small one would hardly be raced.
        let content = &contents[usize::from((round + number).is_multiple_of(5))];
        let reply = put(&client, "raced.bin", content).await;
        match reply.status.as_u16() {
            200 => {
                let file = reply.json()["id"].as_str().unwrap().to_owned();
                let removed = client.delete(&format!("/file/{file}")).await;
                assert!([200, 404, 503].contains(&removed.status.as_u16()), "{removed:?}");
            }
            // Collected, or removed by another, at this moment: to be sent again.
            503 => assert!(reply.headers.contains_key("retry-after"), "{reply:?}"),
            _ => panic!("{reply:?}"),
        }
    }
}
