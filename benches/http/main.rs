//! What a client gets over HTTP, with authentication and the check of rights: items by id and by number, items added, searches,
//! files, and a mixed load over a long time. Each rate stands beside the raw query on the same database, in the same run.
//!
//! `cargo bench --bench http`, or only parts: `cargo bench --bench http -- get add search files soak`. Needs `wrk` (Debian's package).
//! PostgreSQL joins in with YUANTUS_BENCH_POSTGRES_URL, as in `tenancy`; S3 in `files` with the variables of the test servers. The soak takes YUANTUS_BENCH_SOAK_MINUTES (30).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;
mod load;
mod raw;
mod site;

use std::time::Duration;

use load::{Wrk, script};
use site::{Running, Site};

const PARTS: usize = 10_000;
const SEARCHED: usize = 100_000;
/// Connections of the client, and tasks of the raw query.
const CLIENTS: usize = 16;
const TIME: Duration = Duration::from_secs(10);

fn main() {
    yuantus::storage::install_transport();
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|name| name == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let postgres = std::env::var("YUANTUS_BENCH_POSTGRES_URL").ok();
    let sites = || {
        let second = postgres.as_deref().map(|url| ("PostgreSQL", Site::postgres(url)));
        std::iter::once(("SQLite", Site::sqlite())).chain(second)
    };
    for (engine, site) in sites() {
        if wanted("get") || wanted("add") {
            runtime.block_on(async {
                let running = site.start(PARTS).await;
                if wanted("get") {
                    get(engine, &running).await;
                }
                if wanted("add") {
                    add(engine, &running).await;
                }
            });
        }
    }
    for (engine, site) in sites() {
        if wanted("search") {
            runtime.block_on(async { search(engine, &site.start(SEARCHED).await).await });
        }
    }
    if wanted("files") {
        runtime.block_on(files::files());
    }
    if wanted("soak") {
        runtime.block_on(async { soak(&Site::sqlite().start(PARTS).await).await });
    }
}

/// One item by its id and by its number.
async fn get(engine: &str, at: &Running) {
    let by_id = raw::rate(at, raw::Lookup::ById, CLIENTS, TIME).await;
    let by_number = raw::rate(at, raw::Lookup::ByNumber, CLIENTS, TIME).await;
    let floor = Wrk::run(at, &script::path(at, "/health"), CLIENTS, TIME).await;
    let ids = Wrk::run(at, &script::items(at), CLIENTS, TIME).await;
    let numbers = Wrk::run(at, &script::numbers(at), CLIENTS, TIME).await;
    println!("get {engine}: an answer without a database {floor}");
    println!("get {engine}: by id {ids}; raw query {by_id:.0}/s; ratio {:.2}", ids.rate / by_id);
    println!("get {engine}: by number {numbers}; raw query {by_number:.0}/s; ratio {:.2}", numbers.rate / by_number);
}

/// Items added, each with its number, audit row, event and place in the search index.
async fn add(engine: &str, at: &Running) {
    let disk = raw::syncs_per_second(&at.folder());
    let before = raw::count(at).await;
    let added = Wrk::run(at, &script::adds(at), CLIENTS, TIME).await;
    let caught_up = at.settle().await;
    let stored = raw::count(at).await - before;
    println!(
        "add {engine}: {added}, {stored} stored; indexed {caught_up:.1?} after the last; the disk syncs {disk:.0}/s by itself"
    );
}

async fn search(engine: &str, at: &Running) {
    for (what, words) in
        [("a number", "N-012345"), ("a word", "bracket"), ("part of a number", "2345"), ("Chinese", "支架")]
    {
        let found = Wrk::run(at, &script::search(at, words), 2, TIME / 2).await;
        println!("search {engine}, {SEARCHED} items, {what}: {found}");
    }
}

/// Mixed load; the memory of the server must not grow.
async fn soak(at: &Running) {
    let minutes = std::env::var("YUANTUS_BENCH_SOAK_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let script = script::mixed(at);
    let mut memory = Vec::new();
    for minute in 0..minutes {
        let load = Wrk::run(at, &script, CLIENTS, Duration::from_secs(60)).await;
        memory.push(at.resident_mib());
        println!("soak, minute {}: {load}; resident memory {} MiB", minute + 1, memory[minute]);
    }
    let settled = memory.get(minutes / 3).copied().unwrap_or_default();
    println!("soak: resident memory {settled} MiB after a third of the time, {} MiB at the end", memory[minutes - 1]);
}
