//! Search: full text over items, files and change orders, in the tenant's own database.
//!
//! The index follows the outbox, so it is a moment behind; what may be read and in which state it is is always asked of the
//! documents themselves. What a kind consists of is told by its [`Indexer`].

mod closeness;
mod document;
mod files;
mod find;
mod fold;
mod highlight;
mod index;
mod indexer;
mod items;
mod query;
mod rebuild;
mod reindex;
mod repo;
mod reports;
mod status;
mod subscriber;

pub use document::{Document, EcoFields, FileFields, Kind};
pub use find::{DocumentHit, Hits, ItemHit, MOST_HITS, search_ecos, search_files, search_items};
pub use indexer::{Filters, Indexer, Indexes};
pub use rebuild::{DEFAULT_BATCH, MOST_IN_BATCH, Plan, Progress, rebuild};
pub use reindex::{Reindex, ReindexJob, Reindexed, reindex, reindex_now};
pub use reports::{Count, DayCount, StageAge, StateTrend, Summary, stage_aging, state_trend, summary};
pub use status::{IndexStatus, RebuildStatus, status};
pub use subscriber::SearchIndex;

#[cfg(test)]
mod reindex_tests;
