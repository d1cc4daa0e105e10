//! Numbers of items: drawn one after the other, each once.
//!
//! A gap-free sequence is drawn in the transaction of its item, one writer at a time: a draw that is rolled back is drawn
//! again. One that may leave gaps is drawn from blocks that each process reserves, and nobody waits.

mod blocks;
mod sequence;
mod settings;
mod template;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

pub use sequence::Sequence;
pub use settings::{Counter, Numbering, NumberingChange, Preview, get_numbering, preview_number, set_numbering};

use super::model::{ItemType, Model};
use super::repo;
use super::values::{Values, is_blank, normalise, with_defaults};
use super::write::Write;
use crate::context::Ctx;
use crate::error::Result;

/// A sequence whose next numbers were all given by hand is skipped past, but not without end.
const MOST_SKIPPED: usize = 100_000;
/// So many numbers are looked for by one query.
const LOOK_AHEAD: usize = 2000;

/// Whether an item that is added with these values draws its number.
pub fn draws_number(kind: &ItemType, given: &Values) -> bool {
    let Some(property) = &kind.number_property else { return false };
    let number = given.get(property).or_else(|| given.get("number").filter(|mirror| !mirror.is_null()));
    is_blank(number)
}

/// Whether somebody else may take the number that is drawn for these values before the item is stored.
pub(super) fn may_be_drawn_twice(write: &Write<'_>, kind: &ItemType, given: &Values) -> bool {
    draws_number(kind, given) && !write.model.sequence(&kind.id).gap_free
}

/// Values that were taken for one write before it began, by type and prefix.
#[derive(Debug, Default)]
pub(super) struct TakenValues(Mutex<HashMap<(String, String), VecDeque<i64>>>);

impl TakenValues {
    fn next(&self, kind: &str, prefix: &str) -> Option<i64> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get_mut(&(kind.to_owned(), prefix.to_owned())).and_then(VecDeque::pop_front)
    }
}

/// Takes values for items that a write will add, of those types whose numbers may leave gaps. What cannot be told yet is
/// drawn when it is.
pub(super) async fn take(ctx: &Ctx, model: &Model, wanted: &[(String, Values)]) -> Result<TakenValues> {
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (id, values) in wanted {
        let (Ok(kind), sequence) = (model.item_type(id), model.sequence(id)) else { continue };
        if sequence.gap_free {
            continue;
        }
        let whole = normalise(kind, values.clone()).and_then(|values| with_defaults(ctx, kind, values));
        if let Ok(prefix) = whole.and_then(|values| sequence.prefix_of(&values, ctx.now())) {
            *counts.entry((id, prefix)).or_default() += 1;
        }
    }
    let mut taken = HashMap::new();
    for ((id, prefix), many) in counts {
        let values = blocks::take(ctx, id, &model.sequence(id), &prefix, many).await?;
        taken.insert((id.to_owned(), prefix), values.into());
    }
    Ok(TakenValues(Mutex::new(taken)))
}

/// The next free number of a type, for an item with these values.
pub(super) async fn draw(write: &Write<'_>, kind: &ItemType, values: &Values) -> Result<String> {
    let sequence = write.model.sequence(&kind.id);
    if sequence.gap_free {
        write.require_numbering(kind)?;
    }
    let prefix = sequence.prefix_of(values, write.ctx.now())?;
    let mut skipped = 0;
    while skipped < MOST_SKIPPED {
        let (value, is_counted) = next_value(write, kind, &sequence, &prefix).await?;
        let number = sequence.number(kind, &prefix, value)?;
        if !repo::items::key_exists(&write.tx, &kind.id, &number).await? {
            return Ok(number);
        }
        skipped += 1;
        if is_counted {
            // The counter stands behind this value, and is held until the write ends.
            let taken = taken_from(write, kind, &sequence, &prefix, value.saturating_add(1)).await?;
            skipped += taken;
            if taken > 0 {
                repo::numbering::advance(&write.tx, &kind.id, &sequence, &prefix, taken).await?;
            }
        }
    }
    let next = sequence.number(kind, &prefix, 1)?;
    Err(sequence::exhausted(kind, &next, &format!("{MOST_SKIPPED} numbers are taken already; raise its next value")))
}

/// How many of the next numbers, one after the other, are taken; looks a stretch ahead with one query.
async fn taken_from(
    write: &Write<'_>,
    kind: &ItemType,
    sequence: &Sequence,
    prefix: &str,
    first: i64,
) -> Result<usize> {
    let ahead = (0..LOOK_AHEAD as i64).map_while(|more| sequence.number(kind, prefix, first.saturating_add(more)).ok());
    let ahead: Vec<String> = ahead.collect();
    let taken = repo::numbering::taken(&write.tx, &kind.id, &ahead).await?;
    Ok(ahead.iter().take_while(|number| taken.contains(*number)).count())
}

/// The next value, and whether it is fresh from the counter.
async fn next_value(write: &Write<'_>, kind: &ItemType, sequence: &Sequence, prefix: &str) -> Result<(i64, bool)> {
    if !sequence.gap_free {
        let taken = write.taken.next(&kind.id, prefix);
        if let Some(value) = taken.or_else(|| blocks::take_reserved(&write.ctx.db, &kind.id, sequence, prefix)) {
            return Ok((value, false));
        }
    }
    Ok((repo::numbering::advance(&write.tx, &kind.id, sequence, prefix, 1).await?, true))
}
