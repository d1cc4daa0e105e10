//! Values that this process has reserved of counters that may leave gaps: writers take them from memory, and do not wait
//! for each other. What is reserved and not used when the database is closed leaves a gap.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex as Lock, PoisonError};

use tokio::sync::Mutex;

use super::sequence::Sequence;
use crate::context::Ctx;
use crate::db::Db;
use crate::domain::meta::repo;
use crate::error::Result;

/// How many values are reserved at once.
pub(super) const BLOCK: usize = 32;
/// So many counters are remembered; beyond, what is reserved of them is given up.
const MOST_COUNTERS: usize = 1000;

type Block = Arc<Mutex<Reserved>>;

/// The blocks of one database, by type and prefix.
#[derive(Default)]
struct Blocks(Lock<HashMap<(String, String), Block>>);

#[derive(Default)]
struct Reserved {
    /// Of which numbering they are; those of an earlier one are void.
    generation: i64,
    values: VecDeque<i64>,
}

impl Reserved {
    fn of(&mut self, sequence: &Sequence) -> &mut VecDeque<i64> {
        if self.generation != sequence.generation {
            self.generation = sequence.generation;
            self.values.clear();
        }
        &mut self.values
    }
}

fn block(db: &Db, kind: &str, prefix: &str) -> Block {
    let blocks = db.recall_or_default::<Blocks>();
    let mut blocks = blocks.0.lock().unwrap_or_else(PoisonError::into_inner);
    if blocks.len() >= MOST_COUNTERS {
        blocks.clear();
    }
    blocks.entry((kind.to_owned(), prefix.to_owned())).or_default().clone()
}

/// Takes values of a counter, reserving more in a transaction of its own where there are too few. Not to be called within
/// a transaction: a database with one writer would wait for itself.
pub(super) async fn take(ctx: &Ctx, kind: &str, sequence: &Sequence, prefix: &str, many: usize) -> Result<Vec<i64>> {
    let block = block(&ctx.db, kind, prefix);
    let mut reserved = block.lock().await;
    let values = reserved.of(sequence);
    if values.len() < many {
        let missing = (many - values.len()).max(BLOCK);
        let tx = ctx.begin().await?;
        let first = repo::numbering::advance(&tx, kind, sequence, prefix, missing).await?;
        tx.commit().await?;
        values.extend(first..first.saturating_add(i64::try_from(missing).unwrap_or(i64::MAX)));
    }
    Ok(values.drain(..many).collect())
}

/// A value that is reserved already, if there is one and nobody is reserving at this moment: waits for nothing.
pub(super) fn take_reserved(db: &Db, kind: &str, sequence: &Sequence, prefix: &str) -> Option<i64> {
    let block = block(db, kind, prefix);
    let mut reserved = block.try_lock().ok()?;
    reserved.of(sequence).pop_front()
}

/// The value that this process would take next.
pub(super) async fn peek(db: &Db, kind: &str, sequence: &Sequence, prefix: &str) -> Option<i64> {
    let block = block(db, kind, prefix);
    let mut reserved = block.lock().await;
    reserved.of(sequence).front().copied()
}
