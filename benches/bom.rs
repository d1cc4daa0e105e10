//! What a BOM of 111,110 lines in five levels costs: a level, all of it exploded with quantities, where a part is used, beside
//! the bare recursive query in the same run, and a comparison with another of its size; a BOM of 1,110 lines as a whole tree; and
//! a workbook of 10,000 lines on its way in.
//!
//! `cargo bench --bench bom`, or one part: `cargo bench --bench bom -- sqlite`, and of that imports alone: `-- sqlite import`. The part `postgres` needs
//! YUANTUS_BENCH_POSTGRES_URL, as in `search`. YUANTUS_BENCH_ITEMS changes how many items stand beside the BOM (1,000,000).
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "bom_parts/import.rs"]
mod import;
mod support;

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};
use support::{app, on_engines, organisation};
use uuid::Uuid;
use yuantus::context::Ctx;
use yuantus::domain::bom::compare::{CompareQuery, Side, compare};
use yuantus::domain::bom::{self, TreeRequest};

const ROUNDS: usize = 9;
/// Children of each part, by level: five levels of ten make 111,110 lines.
const WIDTH: usize = 10;
const LEVELS: usize = 5;

fn main() {
    on_engines(measure);
}

async fn measure(engine: &'static str, postgres: Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), postgres.as_deref()).await;
    let ctx = organisation(&app).await;
    import::measure(engine, &ctx).await;
    if std::env::args().any(|arg| arg == "import") {
        drop(ctx);
        return app.close().await;
    }
    let others: usize = std::env::var("YUANTUS_BENCH_ITEMS").map_or(1_000_000, |many| many.parse().unwrap());
    let began = Instant::now();
    let large = fill(&ctx, "L", LEVELS).await;
    let small = fill(&ctx, "S", 3).await;
    beside(&ctx, others).await;
    ctx.db.execute_unprepared("ANALYZE").await.unwrap();
    println!("{engine}: {others} items beside, written in {:.1?}", began.elapsed());

    let bare = time(async || bare_explode(&ctx, large.root).await).await;
    let level = time(async || tree(&ctx, large.root, 1).await).await;
    println!("{engine}: one level of 10 lines {}", shown(&level));
    let explode = time(async || flat(&ctx, large.root).await).await;
    let ratio = explode[explode.len() / 2].as_secs_f64() / bare[bare.len() / 2].as_secs_f64();
    println!(
        "{engine}: {} lines exploded and rolled up {}; bare recursive query {}; ratio {ratio:.2}",
        large.lines,
        shown(&explode),
        shown(&bare)
    );
    let full = time(async || tree(&ctx, large.root, 10).await).await;
    println!("{engine}: {} lines as a tree {}", large.lines, shown(&full));
    let used = time(async || above(&ctx, large.leaf).await).await;
    println!("{engine}: where used to the top {}", shown(&used));
    let same = time(async || compared(&ctx, large.root, large.root, 0).await).await;
    println!("{engine}: {} lines compared with as many that are the same {}", large.lines, shown(&same));
    let other = fill(&ctx, "O", LEVELS).await;
    let apart = time(async || compared(&ctx, large.root, other.root, large.lines + other.lines).await).await;
    println!("{engine}: {} lines compared with as many that all differ {}", large.lines, shown(&apart));
    let began = Instant::now();
    let mut trees = 0;
    while began.elapsed() < Duration::from_secs(5) {
        tree(&ctx, small.root, 10).await;
        trees += 1;
    }
    let rate = f64::from(trees) / began.elapsed().as_secs_f64();
    println!("{engine}: {} lines as a tree {rate:.0}/s, one after the other", small.lines);
    drop(ctx);
    app.close().await;
}

/// A BOM: its root, one of its last parts, and how many lines it has.
struct Filled {
    root: Uuid,
    leaf: Uuid,
    lines: usize,
}

/// Writes a BOM in which every part has ten children, straight into the tables.
async fn fill(ctx: &Ctx, prefix: &str, levels: usize) -> Filled {
    let root = Uuid::now_v7();
    let mut rows = Rows::new(ctx);
    rows.part(root, format!("{prefix}-ROOT")).await;
    let (mut level, mut lines) = (vec![root], 0);
    for depth in 1..=levels {
        let mut next = Vec::new();
        for parent in level {
            for child in 0..WIDTH {
                let id = Uuid::now_v7();
                rows.part(id, format!("{prefix}-{depth}-{:06}", next.len())).await;
                rows.line(parent, id, child + 1).await;
                next.push(id);
                lines += 1;
            }
        }
        level = next;
    }
    rows.flush().await;
    Filled { root, leaf: level[level.len() / 2], lines }
}

async fn beside(ctx: &Ctx, many: usize) {
    let mut rows = Rows::new(ctx);
    for index in 0..many {
        rows.part(Uuid::now_v7(), format!("X-{index:07}")).await;
    }
    rows.flush().await;
}

/// Rows of items, written a thousand at a time.
struct Rows<'a> {
    ctx: &'a Ctx,
    rows: Vec<[sea_orm::Value; 6]>,
}

impl<'a> Rows<'a> {
    fn new(ctx: &'a Ctx) -> Self {
        Self { ctx, rows: Vec::new() }
    }

    async fn part(&mut self, id: Uuid, number: String) {
        let properties =
            serde_json::json!({"item_number": number, "name": format!("Part {number}"), "weight": 1.5, "cost": 2});
        self.push([
            id.into(),
            "Part".into(),
            number.into(),
            None::<Uuid>.into(),
            None::<Uuid>.into(),
            properties.into(),
        ])
        .await;
    }

    async fn line(&mut self, parent: Uuid, child: Uuid, quantity: usize) {
        let properties = serde_json::json!({"quantity": quantity, "uom": "EA", "find_num": format!("{quantity}0")});
        let key = format!("{parent}|{child}|EA");
        self.push([
            Uuid::now_v7().into(),
            "Part BOM".into(),
            key.into(),
            Some(parent).into(),
            Some(child).into(),
            properties.into(),
        ])
        .await;
    }

    async fn push(&mut self, row: [sea_orm::Value; 6]) {
        self.rows.push(row);
        if self.rows.len() == 1000 {
            self.flush().await;
        }
    }

    async fn flush(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        let mut values: Vec<sea_orm::Value> = Vec::new();
        let mut tuples = Vec::new();
        for row in self.rows.drain(..) {
            let first = values.len();
            let place = |index: usize| format!("${}", first + index);
            tuples.push(format!(
                "({}, {}, {}, {}, {}, {}, {}, 1, TRUE, 'Active', {}, 0)",
                place(1),
                place(2),
                place(3),
                place(4),
                place(5),
                place(6),
                place(7),
                place(8)
            ));
            values.extend(row);
            values.push(Uuid::now_v7().into());
            values.push(chrono::Utc::now().into());
        }
        let text = format!(
            "INSERT INTO items (id, item_type_id, unique_key, source_id, related_id, properties, config_id, generation, \
             is_current, state, created_on, change_count) VALUES {}",
            tuples.join(", ")
        );
        let db = &*self.ctx.db;
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), text, values)).await.unwrap();
    }
}

/// Five rounds at least, in order of their times.
async fn time(mut work: impl AsyncFnMut()) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        work().await;
        times.push(began.elapsed());
    }
    times.sort();
    times
}

fn shown(times: &[Duration]) -> String {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    format!("p50 {:.1} ms, worst {:.1} ms", ms(times[times.len() / 2]), ms(times[times.len() - 1]))
}

async fn tree(ctx: &Ctx, root: Uuid, depth: i32) {
    let request = TreeRequest { depth, ..TreeRequest::default() };
    let children = bom::tree(ctx, &root.to_string(), request, |tree| Ok(tree.root.children.len())).await.unwrap();
    assert_eq!(children, WIDTH);
}

async fn flat(ctx: &Ctx, root: Uuid) {
    let request = TreeRequest { depth: 10, ..TreeRequest::default() };
    let total = bom::tree(ctx, &root.to_string(), request, |tree| Ok(count(&tree.root))).await.unwrap();
    assert!(total > 100_000);
}

fn count(node: &bom::BomNode) -> usize {
    node.children.iter().map(|line| 1 + count(&line.child)).sum()
}

async fn compared(ctx: &Ctx, left: Uuid, right: Uuid, differences: usize) {
    let side = |root: Uuid| Side::Item { id: root.to_string(), as_of: None };
    let query = CompareQuery { line_key: "child_config".to_owned(), max_levels: 10, ..CompareQuery::default() };
    let options = query.options().unwrap();
    let rows = compare(ctx, side(left), side(right), options, |found| Ok(found.0.rows.len())).await.unwrap();
    assert_eq!(rows, differences);
}

async fn above(ctx: &Ctx, leaf: Uuid) {
    let found = bom::where_used(ctx, &leaf.to_string(), 10).await.unwrap();
    assert_eq!(found.uses.len(), LEVELS);
}

/// The quantities multiplied on the way, as the engine does it: nothing decoded but sums.
async fn bare_explode(ctx: &Ctx, root: Uuid) {
    let db = &*ctx.db;
    let quantity = match db.get_database_backend() {
        sea_orm::DbBackend::Sqlite => "CAST(json_extract(i.properties, '$.quantity') AS REAL)",
        _ => "CAST(i.properties->>'quantity' AS numeric)",
    };
    let text = format!(
        "WITH RECURSIVE down(id, total) AS (SELECT i.related_id, {quantity} FROM items i WHERE i.source_id = $1 AND \
         i.item_type_id = 'Part BOM' UNION ALL SELECT i.related_id, d.total * {quantity} FROM down d CROSS JOIN items i \
         WHERE i.source_id = d.id AND i.item_type_id = 'Part BOM') SELECT id, SUM(total) AS total FROM down GROUP BY id"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), text, [root.into()]);
    assert!(db.query_all_raw(statement).await.unwrap().len() > 100_000);
}
