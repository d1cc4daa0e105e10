//! An open database and its write transactions.
//!
//! Reads go straight to the pool. Writes begin with [`Db::begin`]: on SQLite the transaction takes the write lock at once
//! (a deferred one that turns into a write fails under concurrency), and writers of one process queue fairly in front of it.
//! Locks by name ([`Db::begin_holding`]) are queued for in the process too: who waits for one holds no connection.

use std::any::{Any, TypeId};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::dialect;
use crate::error::Result;

/// An open database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    connection: DatabaseConnection,
    /// SQLite admits one writer at a time: waiting here is fair and costs nothing, waiting in SQLite is polling.
    writers: Option<Arc<Mutex<()>>>,
    /// By the name of a lock. The names come from the model, so they are few.
    turns: Arc<std::sync::Mutex<HashMap<String, Arc<Mutex<()>>>>>,
    listener: Option<Listener>,
    /// What callers remember of this database while it is open, one value per type.
    memory: Arc<std::sync::Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>,
}

/// Told of commits that asked for it.
#[derive(Clone)]
struct Listener(Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Listener")
    }
}

/// Rows one by one, for what may be more than the memory should hold.
impl sea_orm::StreamTrait for Db {
    type Stream<'a>
        = <DatabaseConnection as sea_orm::StreamTrait>::Stream<'a>
    where
        Self: 'a;

    fn get_database_backend(&self) -> DbBackend {
        sea_orm::StreamTrait::get_database_backend(&self.connection)
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        sea_orm::StreamTrait::stream_raw(&self.connection, statement)
    }
}

impl Db {
    pub(super) fn new(connection: DatabaseConnection, one_writer: bool) -> Self {
        let writers = one_writer.then(Arc::default);
        Self { connection, writers, turns: Arc::default(), listener: None, memory: Arc::default() }
    }

    /// Calls `listener` after each commit of an announced transaction (see [`Tx::announce`]). It must not block.
    #[must_use]
    pub fn with_listener(mut self, listener: impl Fn() + Send + Sync + 'static) -> Self {
        self.listener = Some(Listener(Arc::new(listener)));
        self
    }

    /// Starts a write transaction. Dropping it without [`Tx::commit`] rolls it back.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_holding(&BTreeSet::new()).await
    }

    /// The same with locks held until it ends, all taken here and in the order of their names, so that no two transactions
    /// wait for each other's.
    pub async fn begin_holding(&self, locks: &BTreeSet<String>) -> Result<Tx> {
        let mut turns = Vec::new();
        if let Some(writers) = &self.writers {
            turns.push(writers.clone().lock_owned().await);
        } else {
            for name in locks {
                turns.push(self.turn(name).lock_owned().await);
            }
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = self.connection.begin_with_options(options).await?;
        let tx = Tx { inner, _turns: turns, listener: self.listener.clone(), announced: AtomicBool::new(false) };
        for name in locks {
            dialect::lock(&tx, name).await?;
        }
        Ok(tx)
    }

    fn turn(&self, name: &str) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(name.to_owned()).or_default().clone()
    }

    /// What was last remembered of this type; forgotten when the database is closed.
    pub fn recall<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.get(&TypeId::of::<T>()).cloned().and_then(|value| value.downcast().ok())
    }

    /// What is remembered of this type, which begins empty: everyone who asks has the same.
    pub fn recall_or_default<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || -> Arc<dyn Any + Send + Sync> { Arc::<T>::default() };
        let value = memory.entry(TypeId::of::<T>()).or_insert_with(fresh).clone();
        value.downcast().unwrap_or_default()
    }

    /// Remembers a value in the place of the last one of its type.
    pub fn remember<T: Any + Send + Sync>(&self, value: Arc<T>) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), value);
    }

    /// Forgets what is remembered of this type; answers with what that was.
    pub fn forget<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.remove(&TypeId::of::<T>()).and_then(|value| value.downcast().ok())
    }

    pub(super) fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Closes every connection; later calls fail.
    pub async fn close(&self) -> Result<()> {
        self.connection.clone().close().await?;
        Ok(())
    }

    /// Answers if the database does.
    pub async fn ping(&self) -> Result<()> {
        self.connection.ping().await?;
        Ok(())
    }
}

/// A write transaction; nothing of it is seen by others before [`Tx::commit`].
#[derive(Debug)]
pub struct Tx {
    // Declared first, so that the roll-back of a dropped transaction precedes the next writer's turn.
    inner: DatabaseTransaction,
    _turns: Vec<OwnedMutexGuard<()>>,
    listener: Option<Listener>,
    announced: AtomicBool,
}

impl Tx {
    /// Makes everything durable, or fails and leaves nothing.
    pub async fn commit(self) -> Result<()> {
        self.inner.commit().await?;
        if let Some(Listener(tell)) = self.listener.filter(|_| self.announced.into_inner()) {
            tell();
        }
        Ok(())
    }

    /// This transaction leaves work for later: whoever listens to the database learns of it once it is committed.
    pub fn announce(&self) {
        self.announced.store(true, Ordering::Relaxed);
    }

    /// Runs a part that may fail by itself: its changes are undone then, and the transaction goes on.
    ///
    /// The outer result fails when the transaction as a whole can no longer be used.
    pub async fn attempt<T>(&self, part: impl Future<Output = Result<T>>) -> Result<Result<T>> {
        self.inner.execute_unprepared("SAVEPOINT part").await?;
        let done = part.await;
        if done.is_err() {
            self.inner.execute_unprepared("ROLLBACK TO SAVEPOINT part").await?;
        }
        self.inner.execute_unprepared("RELEASE SAVEPOINT part").await?;
        Ok(done)
    }

    pub(super) fn inner(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

macro_rules! delegate_connection {
    ($name:ty, $field:ident) => {
        #[async_trait::async_trait]
        impl ConnectionTrait for $name {
            fn get_database_backend(&self) -> DbBackend {
                self.$field.get_database_backend()
            }
            async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
                self.$field.execute_raw(statement).await
            }
            async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
                self.$field.execute_unprepared(sql).await
            }
            async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
                self.$field.query_one_raw(statement).await
            }
            async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
                self.$field.query_all_raw(statement).await
            }
        }
    };
}

delegate_connection!(Db, connection);
delegate_connection!(Tx, inner);
