//! What searching costs among 100,000 items, beside the bare query of the engine in the same run, and how fast items are
//! added while the index follows.
//!
//! `cargo bench --bench search`, or one part: `cargo bench --bench search -- sqlite`. The part `postgres` needs
//! YUANTUS_BENCH_POSTGRES_URL (`postgresql://user:password@host:port`, a role with CREATEDB);
//! `scripts/test-servers.sh start` prints one. YUANTUS_BENCH_ITEMS changes the number of items.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use support::{app, on_engines, organisation};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use yuantus::app::App;
use yuantus::context::Ctx;
use yuantus::domain::meta::{self, AmlAction, AmlItem, Model, Turns, Write};
use yuantus::domain::search::{Filters, Indexes, Kind, Plan, rebuild, search_items, status};
use yuantus::types::PageRequest;
use yuantus::worker::{Worker, WorkerSettings};

const ADDED: usize = 5000;
const ROUNDS: usize = 200;

fn main() {
    on_engines(measure);
}

async fn measure(engine: &'static str, postgres: Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), postgres.as_deref()).await;
    let ctx = organisation(&app).await;
    let items: usize = std::env::var("YUANTUS_BENCH_ITEMS").map_or(100_000, |many| many.parse().unwrap());

    let began = Instant::now();
    fill(&ctx, items).await;
    println!("{engine}: {items} items written in {:.1?}", began.elapsed());
    let began = Instant::now();
    let plan = Plan { id: Uuid::now_v7(), kind: Kind::Item, scope: None, reset: false, limit: None, batch: 500 };
    let done = rebuild(&ctx, &Indexes::standard(), &plan, &|_| {}).await.unwrap();
    let rate = done.indexed as f64 / began.elapsed().as_secs_f64();
    println!("{engine}: {} indexed anew in {:.1?}, {rate:.0}/s", done.indexed, began.elapsed());
    // What filling recorded is in the index already.
    ctx.db.execute_unprepared("UPDATE outbox SET delivered_at = created_at").await.unwrap();
    ctx.db.execute_unprepared("ANALYZE").await.unwrap();

    for (name, queries) in classes(items) {
        let bare = bare(&ctx, postgres.is_some(), &queries).await;
        let ours = ours(&ctx, &queries).await;
        println!("{engine}: {name:16} {ours}   bare {bare}");
    }
    add_with_index(engine, &app, &ctx).await;
    drop(ctx);
    app.close().await;
}

const ADJECTIVES: [&str; 20] = [
    "left",
    "right",
    "upper",
    "lower",
    "hardened",
    "zinc",
    "stainless",
    "short",
    "long",
    "outer",
    "inner",
    "welded",
    "milled",
    "turned",
    "cast",
    "flat",
    "round",
    "hollow",
    "threaded",
    "coated",
];
const NOUNS: [&str; 25] = [
    "bracket", "bolt", "washer", "bearing", "housing", "flange", "spacer", "gasket", "shaft", "pulley", "lever",
    "cover", "frame", "bushing", "spring", "clamp", "hinge", "rivet", "sleeve", "coupling", "gear", "piston", "valve",
    "nozzle", "manifold",
];
const CHINESE: [&str; 20] = [
    "轴承座",
    "六角螺栓",
    "垫圈",
    "法兰盘",
    "齿轮箱",
    "液压缸",
    "活塞杆",
    "密封圈",
    "弹簧",
    "联轴器",
    "皮带轮",
    "支架",
    "外壳",
    "阀体",
    "喷嘴",
    "导轨",
    "滑块",
    "销轴",
    "铆钉",
    "衬套",
];

fn number(index: usize) -> String {
    format!("P-{:03}-{index:06}", index % 997)
}

async fn fill(ctx: &Ctx, items: usize) {
    let model = Model::load(ctx).await.unwrap();
    let kind = model.item_type("Part").unwrap();
    for batch in (0..items).collect::<Vec<_>>().chunks(1000) {
        let write = Write::begin(ctx, &model, Turns::default()).await.unwrap();
        for &index in batch {
            let (adjective, noun) = (ADJECTIVES[index % 20], NOUNS[(index / 7) % 25]);
            let chinese = if index % 3 == 0 { CHINESE[(index / 3) % 20] } else { "" };
            let values = json!({
                "item_number": number(index),
                "name": format!("{adjective} {noun} M{}x{} {chinese}", 2 + index % 20, 10 + index % 90),
                "description": format!("{noun} for assembly {} with drawing D{:05}", index % 500, index % 30_011),
                "weight": (index % 1000) as f64 / 10.0,
            });
            meta::add_item(&write, kind, values.as_object().cloned().unwrap()).await.unwrap();
        }
        write.commit().await.unwrap();
    }
}

/// Several queries of each kind, so that no single one is what is measured.
fn classes(items: usize) -> Vec<(&'static str, Vec<String>)> {
    let some = |each: &dyn Fn(usize) -> String| (0..ROUNDS).map(|round| each(round * 7919 % items)).collect();
    vec![
        ("number", some(&number)),
        ("number's beginning", some(&|index| number(index)[..9].to_owned())),
        ("substring", some(&|index| number(index)[6..].to_owned())),
        ("rare words", some(&|index| format!("{} d{:05}", NOUNS[(index / 7) % 25], index % 30_011))),
        ("two words", some(&|index| format!("{} {}", ADJECTIVES[index % 20], NOUNS[(index / 7) % 25]))),
        ("common word", some(&|index| NOUNS[index % 25].to_owned())),
        ("Chinese, 3 signs", some(&|index| ["轴承座", "法兰盘", "齿轮箱", "液压缸"][index % 4].to_owned())),
        ("Chinese, 2 signs", some(&|index| ["轴承", "螺栓", "垫圈", "阀体"][index % 4].to_owned())),
        ("Chinese, 1 sign", some(&|index| ["轴", "圈", "阀", "销"][index % 4].to_owned())),
        ("slip in a word", some(&|index| format!("manifodl {}", index % 20))),
        ("nothing there", some(&|index| format!("qqzz{index}"))),
    ]
}

fn figures(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    format!("p50 {:7.2} ms  p99 {:7.2} ms", at(0.5), at(0.99))
}

async fn ours(ctx: &Ctx, queries: &[String]) -> String {
    let mut times = Vec::new();
    let mut total = 0;
    for query in queries {
        let began = Instant::now();
        let page = PageRequest::new(20, 0, 200).unwrap();
        let found = search_items(ctx, &Indexes::standard(), query, Filters::default(), page).await.unwrap();
        times.push(began.elapsed());
        total += found.total;
    }
    format!("{}  {:6} found on average", figures(times), total / queries.len() as u64)
}

/// The engine's own index alone: no ranking, no rights, no total.
async fn bare(ctx: &Ctx, postgres: bool, queries: &[String]) -> String {
    let mut times = Vec::new();
    for query in queries {
        let query = query.to_lowercase();
        let grams: Vec<String> = query
            .split(' ')
            .flat_map(|word| {
                let signs: Vec<char> = word.chars().collect();
                let short = signs.len() < 3;
                let whole = short.then(|| word.to_owned());
                signs.windows(3).map(|gram| gram.iter().collect::<String>()).chain(whole).collect::<Vec<_>>()
            })
            .collect();
        let quoted = |quote: &str, between: &str| {
            grams.iter().map(|gram| format!("{quote}{gram}{quote}")).collect::<Vec<_>>().join(between)
        };
        let (sql, value) = if postgres {
            let sql = "SELECT row_id FROM search_terms WHERE terms @@ CAST($1 AS tsquery) LIMIT 20";
            (sql, quoted("'", " & "))
        } else {
            let sql = "SELECT rowid FROM search_trigrams WHERE search_trigrams MATCH $1 LIMIT 20";
            (sql, quoted("\"", " AND "))
        };
        let began = Instant::now();
        let statement = Statement::from_sql_and_values(ctx.db.get_database_backend(), sql, [value.into()]);
        ctx.db.query_all_raw(statement).await.unwrap();
        times.push(began.elapsed());
    }
    figures(times)
}

/// Items added one by one, each in a transaction of its own, while the worker of the process indexes them.
async fn add_with_index(engine: &str, app: &Arc<App>, ctx: &Ctx) {
    let alone = add_many(ctx, "A").await;
    println!("{engine}: {ADDED} items added one by one, nobody listening: {alone:.0}/s");
    while status(ctx, &Indexes::standard(), Kind::Item).await.unwrap().pending != Some(0) {
        ctx.db.execute_unprepared("UPDATE outbox SET delivered_at = created_at").await.unwrap();
    }
    let shutdown = CancellationToken::new();
    let settings = WorkerSettings::from(&app.config.worker);
    let worker = Worker::new(app.tenancy.clone(), app.jobs.clone(), app.subscribers.clone(), settings);
    let worker = tokio::spawn(worker.run(shutdown.clone()));
    let began = Instant::now();
    let rate = add_many(ctx, "B").await;
    while status(ctx, &Indexes::standard(), Kind::Item).await.unwrap().pending != Some(0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let whole = ADDED as f64 / began.elapsed().as_secs_f64();
    println!(
        "{engine}: {ADDED} items added one by one while the index follows: {rate:.0}/s, {whole:.0}/s until all were indexed"
    );
    shutdown.cancel();
    worker.await.unwrap();
}

async fn add_many(ctx: &Ctx, prefix: &str) -> f64 {
    let began = Instant::now();
    let writers = (0..8).map(|writer| {
        let (ctx, prefix) = (ctx.clone(), prefix.to_owned());
        tokio::spawn(async move {
            for index in 0..ADDED / 8 {
                let properties = json!({"item_number": format!("{prefix}-{writer}-{index}"), "name": "added bracket"});
                let item = AmlItem {
                    item_type: "Part".to_owned(),
                    action: AmlAction::Add,
                    id: None,
                    properties: properties.as_object().cloned().unwrap(),
                    ..AmlItem::default()
                };
                meta::apply(&ctx, item).await.unwrap();
            }
        })
    });
    futures::future::join_all(writers.collect::<Vec<_>>()).await;
    ADDED as f64 / began.elapsed().as_secs_f64()
}
