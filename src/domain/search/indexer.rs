//! How areas put their documents into the index. A kind is searchable from the moment its indexer stands in
//! [`Indexes::standard`].

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::document::{Document, Kind};
use super::files::FileIndexer;
use super::items::ItemIndexer;
use crate::context::Ctx;
use crate::db::{Db, Sql, Tx};
use crate::domain::meta::Model;
use crate::error::{Error, Result};

/// What is asked of documents besides their text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    pub type_id: Option<String>,
    pub state: Option<String>,
    pub released_only: bool,
    /// The words that are looked for, where it depends on them what the caller may find.
    pub words: Vec<String>,
}

/// One kind of documents.
#[async_trait]
pub trait Indexer: Send + Sync {
    fn kind(&self) -> Kind;

    /// How the topics begin that tell of changes: `item.`, `eco.`.
    fn topics(&self) -> &'static [&'static str];

    /// The documents among these that exist now.
    async fn load(&self, ctx: &Ctx, tx: &Tx, ids: &[Uuid]) -> Result<Vec<Document>>;

    /// The next documents in the order of their ids; `scope` limits them to a type of items or documents, or a
    /// state of change orders.
    async fn page(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        scope: Option<&str>,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<Vec<Document>>;

    async fn count(&self, db: &Db, scope: Option<&str>) -> Result<u64>;

    /// Fails where a scope names nothing.
    fn require_scope(&self, _model: &Model, _scope: &str) -> Result<()> {
        Ok(())
    }

    /// Pushes a condition that holds for the index's rows `d` that fit the filters and that the caller may read.
    fn admits(&self, sql: &mut Sql, model: &Model, filters: &Filters);

    /// Pushes a condition that holds for rows `d` whose document is no more.
    fn is_gone(&self, sql: &mut Sql);
}

/// The kinds that are indexed.
#[derive(Clone, Default)]
pub struct Indexes(Vec<Arc<dyn Indexer>>);

impl Indexes {
    /// Every kind that the product has.
    pub fn standard() -> Self {
        Self::default().with(ItemIndexer).with(FileIndexer)
    }

    #[must_use]
    pub fn with(mut self, indexer: impl Indexer + 'static) -> Self {
        self.0.push(Arc::new(indexer));
        self
    }

    pub fn of(&self, kind: Kind) -> Option<&dyn Indexer> {
        self.0.iter().find(|indexer| indexer.kind() == kind).map(|indexer| &**indexer)
    }

    /// The kinds that are indexed, in their order.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.0.iter().map(|indexer| indexer.kind())
    }

    /// The indexer whom an event concerns.
    pub fn concerned(&self, topic: &str) -> Option<&dyn Indexer> {
        let concerns = |indexer: &&Arc<dyn Indexer>| indexer.topics().iter().any(|begin| topic.starts_with(begin));
        self.0.iter().find(concerns).map(|indexer| &**indexer)
    }

    pub fn require(&self, kind: Kind) -> Result<&dyn Indexer> {
        self.of(kind).ok_or_else(|| Error::not_found(format!("There is no index {}", kind.index())))
    }
}

/// Pushes what [`Indexer::admits`] says; nothing is admitted that no indexer vouches for.
pub fn push_admitted(sql: &mut Sql, indexer: Option<&dyn Indexer>, model: &Model, filters: &Filters) {
    match indexer {
        Some(indexer) => indexer.admits(sql, model, filters),
        None => {
            sql.push("FALSE");
        }
    }
}
