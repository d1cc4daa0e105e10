//! The raw baseline: the same row by a bare query on the same database, and what the disk can do by itself.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::{PgPool, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sea_orm::sqlx::{self, Row};
use uuid::Uuid;

use crate::site::{Running, number_of};

/// As many as the server has for one database.
const CONNECTIONS: u32 = 4;

#[derive(Clone, Copy)]
pub enum Lookup {
    ById,
    ByNumber,
}

impl Lookup {
    fn sql(self) -> &'static str {
        match self {
            Self::ById => "SELECT * FROM items WHERE id = $1",
            Self::ByNumber => "SELECT * FROM items WHERE item_type_id = 'Part' AND unique_key = $1",
        }
    }
}

enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    async fn open(url: &str) -> Self {
        match url.strip_prefix("sqlite:///") {
            Some(path) => {
                let url = format!("sqlite://{path}");
                Self::Sqlite(SqlitePoolOptions::new().max_connections(CONNECTIONS).connect(&url).await.unwrap())
            }
            None => Self::Postgres(PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await.unwrap()),
        }
    }

    /// Reads one row with all its columns decoded from the wire.
    async fn read(&self, lookup: Lookup, id: Uuid, number: &str) {
        match (self, lookup) {
            (Self::Sqlite(pool), Lookup::ById) => {
                let row = sqlx::query(lookup.sql()).bind(id).fetch_one(pool).await.unwrap();
                assert_eq!(row.get::<Uuid, _>("id"), id);
            }
            (Self::Sqlite(pool), Lookup::ByNumber) => {
                sqlx::query(lookup.sql()).bind(number).fetch_one(pool).await.unwrap();
            }
            (Self::Postgres(pool), Lookup::ById) => {
                let row = sqlx::query(lookup.sql()).bind(id).fetch_one(pool).await.unwrap();
                assert_eq!(row.get::<Uuid, _>("id"), id);
            }
            (Self::Postgres(pool), Lookup::ByNumber) => {
                sqlx::query(lookup.sql()).bind(number).fetch_one(pool).await.unwrap();
            }
        }
    }

    async fn number(&self, sql: &'static str) -> i64 {
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }
}

/// Rows per second by `tasks` at once.
pub async fn rate(at: &Running, lookup: Lookup, tasks: usize, time: Duration) -> f64 {
    let pool = Arc::new(Pool::open(at.database()).await);
    let ids: Arc<Vec<Uuid>> = Arc::new(at.ids.iter().map(|id| id.parse().unwrap()).collect());
    let done = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let (pool, ids, done) = (pool.clone(), ids.clone(), done.clone());
            tokio::spawn(async move {
                let mut at = task * 611;
                while began.elapsed() < time {
                    at = (at + 7919) % ids.len();
                    pool.read(lookup, ids[at], &number_of(at)).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

pub async fn count(at: &Running) -> i64 {
    Pool::open(at.database()).await.number("SELECT COUNT(*) FROM items").await
}

/// Events that nobody has acted on yet.
pub async fn undelivered(at: &Running) -> i64 {
    Pool::open(at.database()).await.number("SELECT COUNT(*) FROM outbox WHERE delivered_at IS NULL").await
}

/// How often the disk makes a small write durable in a second.
pub fn syncs_per_second(folder: &Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("syncs")).unwrap();
    let began = Instant::now();
    let mut syncs = 0;
    while began.elapsed() < Duration::from_secs(2) {
        file.write_all(&[0; 4096]).unwrap();
        file.sync_data().unwrap();
        syncs += 1;
    }
    f64::from(syncs) / began.elapsed().as_secs_f64()
}
