//! The connection manager: open product databases keyed by place, bounded in number.
//!
//! A database is opened once however many ask at the same time, stays open while someone holds a lease, and is closed when
//! idle: after a while, or at once when another tenant needs its place (least recently used first).

use std::collections::HashMap;
use std::future::Future;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OnceCell, OwnedSemaphorePermit, Semaphore};

use super::{Place, WakeUps, lock};
use crate::db::Db;
use crate::error::{Error, Result};

/// How often a waiter looks for a database that became idle unnoticed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Bounds of the set of open databases.
#[derive(Debug, Clone, Copy)]
pub struct PoolLimits {
    /// How many product databases may be open at once.
    pub max_open: usize,
    /// How long a caller waits for a place before "unavailable".
    pub wait: Duration,
    /// How long an unused database stays open.
    pub idle: Duration,
}

/// What the connection manager has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolStatistics {
    pub open: usize,
    pub opens: u64,
    pub evictions: u64,
    pub waits: u64,
}

#[derive(Default)]
struct Counters {
    opens: AtomicU64,
    evictions: AtomicU64,
    waits: AtomicU64,
}

/// One open (or opening) database.
struct Slot {
    db: OnceCell<Db>,
    leases: AtomicUsize,
    last_used: Mutex<Instant>,
    /// Rung when the last lease ends: someone may be waiting for the place.
    idle: Arc<Notify>,
    _place: OwnedSemaphorePermit,
}

/// A product database on loan; it is not closed while any clone of the lease lives.
#[derive(Clone)]
pub struct TenantDb {
    db: Db,
    _lease: Arc<Lease>,
}

impl Deref for TenantDb {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

struct Lease {
    slot: Arc<Slot>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        *lock(&self.slot.last_used) = Instant::now();
        if self.slot.leases.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.slot.idle.notify_one();
        }
    }
}

/// The open product databases of this process.
pub struct Pools {
    limits: PoolLimits,
    places: Arc<Semaphore>,
    slots: Mutex<HashMap<Place, Arc<Slot>>>,
    idle: Arc<Notify>,
    counters: Counters,
    wakeups: Arc<WakeUps>,
}

impl Pools {
    pub fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            places: Arc::new(Semaphore::new(limits.max_open)),
            slots: Mutex::default(),
            idle: Arc::default(),
            counters: Counters::default(),
            wakeups: Arc::default(),
        }
    }

    /// The database of a place, opened by `open` unless it is open already.
    ///
    /// Fails with `Unavailable` when every place is in use for longer than the limit, or as `open` does.
    pub async fn get<F, Fut>(&self, place: &Place, open: F) -> Result<TenantDb>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Db>>,
    {
        let lease = self.lease(place).await?;
        let opened = lease.slot.db.get_or_try_init(|| async {
            self.counters.opens.fetch_add(1, Ordering::Relaxed);
            let (wakeups, place) = (self.wakeups.clone(), place.clone());
            Ok(open().await?.with_listener(move || wakeups.wake(&place)))
        });
        match opened.await {
            Ok(db) => Ok(TenantDb { db: db.clone(), _lease: Arc::new(lease) }),
            Err(error) => {
                drop(lease);
                self.forget_unopened(place);
                Err(error)
            }
        }
    }

    async fn lease(&self, place: &Place) -> Result<Lease> {
        if let Some(lease) = self.existing(place) {
            return Ok(lease);
        }
        if let Ok(permit) = self.places.clone().try_acquire_owned() {
            return Ok(self.occupy(place, permit));
        }
        self.counters.waits.fetch_add(1, Ordering::Relaxed);
        match tokio::time::timeout(self.limits.wait, self.lease_when_free(place)).await {
            Ok(lease) => lease,
            Err(_) => Err(Error::unavailable("Every database connection is in use").retry_after(1)),
        }
    }

    fn existing(&self, place: &Place) -> Option<Lease> {
        lock(&self.slots).get(place).map(take)
    }

    /// Another caller may have made the slot while this one waited; its permit is then given back.
    fn occupy(&self, place: &Place, permit: OwnedSemaphorePermit) -> Lease {
        let mut slots = lock(&self.slots);
        let slot = slots.entry(place.clone()).or_insert_with(|| {
            Arc::new(Slot {
                db: OnceCell::new(),
                leases: AtomicUsize::new(0),
                last_used: Mutex::new(Instant::now()),
                idle: self.idle.clone(),
                _place: permit,
            })
        });
        take(slot)
    }

    async fn lease_when_free(&self, place: &Place) -> Result<Lease> {
        loop {
            if let Some(lease) = self.existing(place) {
                return Ok(lease);
            }
            self.evict_least_recently_used().await;
            // Asked before waiting: a bell that rang earlier must not lead to a second eviction.
            if let Ok(permit) = self.places.clone().try_acquire_owned() {
                return Ok(self.occupy(place, permit));
            }
            tokio::select! {
                // A free place first: an old announcement of an idle database must not cost another one its place.
                biased;
                permit = self.places.clone().acquire_owned() => {
                    let permit = permit.map_err(|_| Error::unavailable("The server is shutting down"))?;
                    return Ok(self.occupy(place, permit));
                }
                // A database is idle now and can make room.
                () = self.idle.notified() => {}
                // It may have been another waiter's to take: look again.
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn evict_least_recently_used(&self) {
        let victim = {
            let mut slots = lock(&self.slots);
            let oldest = slots
                .iter()
                .filter(|(_, slot)| slot.leases.load(Ordering::Acquire) == 0)
                .min_by_key(|(_, slot)| *lock(&slot.last_used))
                .map(|(place, _)| place.clone());
            oldest.and_then(|place| slots.remove(&place))
        };
        if let Some(slot) = victim {
            self.counters.evictions.fetch_add(1, Ordering::Relaxed);
            close(slot).await;
        }
    }

    /// Closes every database that nobody has used for the idle time.
    pub async fn close_idle(&self) {
        let idle: Vec<Arc<Slot>> = {
            let mut slots = lock(&self.slots);
            let stale = |slot: &Arc<Slot>| {
                slot.leases.load(Ordering::Acquire) == 0 && lock(&slot.last_used).elapsed() >= self.limits.idle
            };
            slots.extract_if(|_, slot| stale(slot)).map(|(_, slot)| slot).collect()
        };
        for slot in idle {
            close(slot).await;
        }
    }

    pub fn is_open(&self, place: &Place) -> bool {
        lock(&self.slots).contains_key(place)
    }

    /// Closes one database unless it is in use.
    pub async fn close_unused(&self, place: &Place) {
        let unused = {
            let mut slots = lock(&self.slots);
            let unused = slots.get(place).is_some_and(|slot| slot.leases.load(Ordering::Acquire) == 0);
            if unused { slots.remove(place) } else { None }
        };
        if let Some(slot) = unused {
            close(slot).await;
        }
    }

    /// Closes everything; for the end of the process.
    pub async fn close_all(&self) {
        self.places.close();
        let slots: Vec<Arc<Slot>> = lock(&self.slots).drain().map(|(_, slot)| slot).collect();
        for slot in slots {
            close(slot).await;
        }
    }

    fn forget_unopened(&self, place: &Place) {
        let mut slots = lock(&self.slots);
        if slots.get(place).is_some_and(|slot| !slot.db.initialized() && slot.leases.load(Ordering::Acquire) == 0) {
            slots.remove(place);
        }
    }

    pub fn wakeups(&self) -> &Arc<WakeUps> {
        &self.wakeups
    }

    pub fn statistics(&self) -> PoolStatistics {
        PoolStatistics {
            open: lock(&self.slots).len(),
            opens: self.counters.opens.load(Ordering::Relaxed),
            evictions: self.counters.evictions.load(Ordering::Relaxed),
            waits: self.counters.waits.load(Ordering::Relaxed),
        }
    }
}

/// Counted while the map is locked, so that eviction, which looks under the same lock, never sees a slot between two owners.
fn take(slot: &Arc<Slot>) -> Lease {
    slot.leases.fetch_add(1, Ordering::AcqRel);
    Lease { slot: slot.clone() }
}

async fn close(slot: Arc<Slot>) {
    if let Some(db) = slot.db.get()
        && let Err(error) = db.close().await
    {
        tracing::warn!(error = %error.chain(), "a product database did not close cleanly");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DatabaseUrl;
    use crate::db::{Limits, connect_or_create};

    fn limits(max_open: usize) -> PoolLimits {
        PoolLimits { max_open, wait: Duration::from_millis(200), idle: Duration::ZERO }
    }

    fn place(tenant: &str) -> Place {
        Place { tenant: tenant.to_owned(), org: String::new() }
    }

    async fn open(folder: &std::path::Path, tenant: &str) -> Result<Db> {
        let target = DatabaseUrl::Sqlite { path: folder.join(format!("{tenant}.db")) };
        let second = Duration::from_secs(1);
        let limits =
            Limits { max_connections: 1, acquire_timeout: second, idle_timeout: second, statement_timeout: second };
        connect_or_create(&target, limits).await
    }

    #[tokio::test]
    async fn many_callers_open_a_database_once() {
        let folder = tempfile::tempdir().unwrap();
        let pools = Pools::new(limits(4));
        let key = place("acme");
        let calls = (0..20).map(|_| pools.get(&key, || open(folder.path(), "acme")));
        for db in futures::future::join_all(calls).await {
            db.unwrap().ping().await.unwrap();
        }
        assert_eq!(pools.statistics().opens, 1);
    }

    #[tokio::test]
    async fn the_least_recently_used_idle_database_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let pools = Pools::new(limits(2));
        for tenant in ["a", "b", "c", "a"] {
            pools.get(&place(tenant), || open(folder.path(), tenant)).await.unwrap().ping().await.unwrap();
        }
        let seen = pools.statistics();
        assert_eq!((seen.open, seen.opens, seen.evictions), (2, 4, 2));
    }

    #[tokio::test]
    async fn a_full_house_refuses_after_the_wait_and_serves_when_a_lease_ends() {
        let folder = tempfile::tempdir().unwrap();
        let pools = Pools::new(limits(1));
        let held = pools.get(&place("a"), || open(folder.path(), "a")).await.unwrap();
        let refused = pools.get(&place("b"), || open(folder.path(), "b")).await.err().unwrap();
        assert_eq!(refused.kind(), crate::error::Kind::Unavailable);
        drop(held);
        pools.get(&place("b"), || open(folder.path(), "b")).await.unwrap();
    }

    #[tokio::test]
    async fn a_failed_open_leaves_no_trace() {
        let pools = Pools::new(limits(1));
        let failed = pools.get(&place("a"), || async { Err(Error::unavailable("no")) }).await;
        assert!(failed.is_err());
        assert_eq!(pools.statistics().open, 0);
    }

    #[tokio::test]
    async fn idle_databases_are_closed_and_used_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let pools = Pools::new(limits(4));
        let held = pools.get(&place("a"), || open(folder.path(), "a")).await.unwrap();
        drop(pools.get(&place("b"), || open(folder.path(), "b")).await.unwrap());
        pools.close_idle().await;
        assert_eq!(pools.statistics().open, 1);
        held.ping().await.unwrap();
    }
}
