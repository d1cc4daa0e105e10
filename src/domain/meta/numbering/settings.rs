//! The numbering of a type over the API: read by every member, changed by administrators.

use serde_json::{Value, json};

use super::blocks;
use super::sequence::Sequence;
use crate::context::Ctx;
use crate::domain::meta::model::{ItemType, Model};
use crate::domain::meta::repo;
use crate::domain::meta::types::ModelChange;
use crate::domain::meta::values::{Values, normalise, with_defaults};
use crate::domain::permission::{Action, require_administrator};
use crate::error::{Error, Result};

/// How audit rows and refusals call a numbering.
const RESOURCE: &str = "Numbering";
/// The most counters that an answer shows and a change sets.
const MOST_COUNTERS: usize = 100;
/// So many taken numbers a preview passes over.
const MOST_PREVIEWED: usize = 1000;

/// The next value under one rendered prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    pub prefix: String,
    pub next_value: i64,
}

/// How the numbers of a type are made, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbering {
    pub item_type_id: String,
    pub number_property: String,
    pub sequence: Sequence,
    /// The next value; with a counter per prefix the one that a new prefix begins with. For administrators: it tells how
    /// many items there are.
    pub next_value: Option<i64>,
    /// Those of the prefixes that have been used, the last ones in their order first. For administrators: prefixes are made
    /// of values of items that others may not see.
    pub counters: Vec<Counter>,
}

impl Numbering {
    fn snapshot(&self) -> Value {
        json!({
            "prefix": self.sequence.prefix, "padding": self.sequence.padding, "next_value": self.next_value,
            "counts_by_prefix": self.sequence.counts_by_prefix, "gap_free": self.sequence.gap_free,
        })
    }
}

/// What changes of a numbering; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct NumberingChange {
    pub prefix: Option<String>,
    pub padding: Option<u32>,
    pub next_value: Option<i64>,
    pub counts_by_prefix: Option<bool>,
    pub gap_free: Option<bool>,
    /// Next values of single prefixes.
    pub counters: Vec<Counter>,
}

/// The number that an item would draw now. Nothing is drawn: who adds first has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    pub number: String,
    pub prefix: String,
    pub value: i64,
}

pub async fn get_numbering(ctx: &Ctx, item_type: &str) -> Result<Numbering> {
    let model = Model::load(ctx).await?;
    let kind = model.item_type(item_type)?;
    read(ctx, kind, numbered(kind)?).await
}

async fn read(ctx: &Ctx, kind: &ItemType, property: &str) -> Result<Numbering> {
    let (sequence, next_value) =
        repo::numbering::find(&*ctx.db, &kind.id).await?.unwrap_or_else(|| (Sequence::usual(&kind.id), 1));
    let counters = if ctx.actor.is_administrator() {
        repo::numbering::counters(&ctx.db, &kind.id, MOST_COUNTERS).await?
    } else {
        Vec::new()
    };
    Ok(Numbering {
        item_type_id: kind.id.clone(),
        number_property: property.to_owned(),
        sequence,
        next_value: ctx.actor.is_administrator().then_some(next_value),
        counters,
    })
}

/// Changes how the numbers of a type are made. Numbers that are taken are passed over, wherever the next value stands.
pub async fn set_numbering(ctx: &Ctx, item_type: &str, change: NumberingChange) -> Result<Numbering> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    check_counters(&change.counters)?;
    let mut model = ModelChange::begin(ctx).await?;
    let kind = model.item_type(item_type)?.clone();
    let (kind, property) = (&kind, numbered(&kind)?);
    let tx = &model.tx;
    repo::numbering::ensure_for(tx, &kind.id, &Sequence::usual(&kind.id)).await?;
    let (before, standing) = repo::numbering::find_locked(tx, &kind.id)
        .await?
        .ok_or_else(|| Error::internal("A numbering sequence is missing"))?;
    let after = Sequence {
        prefix: change.prefix.unwrap_or_else(|| before.prefix.clone()),
        padding: change.padding.map_or(before.padding, |padding| padding as usize),
        gap_free: change.gap_free.unwrap_or(before.gap_free),
        counts_by_prefix: change.counts_by_prefix.unwrap_or(before.counts_by_prefix),
        start: change.next_value.unwrap_or(standing),
        generation: before.generation.saturating_add(1),
    };
    after.check(kind, after.start)?;
    repo::numbering::update(tx, &kind.id, &after).await?;
    for counter in &change.counters {
        repo::numbering::set_counter(tx, &kind.id, counter).await?;
    }
    let numbering = |sequence: &Sequence, next_value| Numbering {
        item_type_id: kind.id.clone(),
        number_property: property.to_owned(),
        sequence: sequence.clone(),
        next_value: Some(next_value),
        counters: change.counters.clone(),
    };
    let (before, after) = (numbering(&before, standing).snapshot(), numbering(&after, after.start).snapshot());
    model.record("model.numbering_updated", (RESOURCE, kind.id.clone()), Some(before), Some(after));
    model.commit().await?;
    read(ctx, kind, property).await
}

fn check_counters(counters: &[Counter]) -> Result<()> {
    let refuse = |message: String| Err(Error::invalid_field("value_error", &["body", "counters"], message));
    if counters.len() > MOST_COUNTERS {
        return refuse(format!("At most {MOST_COUNTERS} counters at once"));
    }
    for counter in counters {
        if counter.prefix.chars().any(char::is_control) || counter.prefix.chars().count() > MOST_COUNTERS {
            return refuse(format!(
                "A prefix has at most {MOST_COUNTERS} characters, none of them a control character"
            ));
        }
        if !(1..=super::sequence::MAX_VALUE).contains(&counter.next_value) {
            return refuse(format!("A next value is 1 to {}", super::sequence::MAX_VALUE));
        }
    }
    Ok(())
}

/// The number that an item with these values would draw now, for those who may add one.
pub async fn preview_number(ctx: &Ctx, item_type: &str, given: Values) -> Result<Preview> {
    let model = Model::load(ctx).await?;
    let kind = model.item_type(item_type)?;
    let property = numbered(kind)?;
    // Whoever adds an item learns no less.
    model.require_create(kind)?;
    let mut given = given;
    for name in [property, "number"] {
        given.remove(name);
    }
    let sequence = model.sequence(&kind.id);
    let prefix = sequence.prefix_of(&with_defaults(ctx, kind, normalise(kind, given)?)?, ctx.now())?;
    let mut value = next_standing(ctx, kind, &sequence, &prefix).await?;
    for _ in 0..MOST_PREVIEWED {
        let number = sequence.number(kind, &prefix, value)?;
        if repo::items::by_key(&*ctx.db, &kind.id, &number).await?.is_none() {
            return Ok(Preview { number, prefix, value });
        }
        value = value.saturating_add(1);
    }
    Err(Error::conflict(format!("The next {MOST_PREVIEWED} numbers of {} are taken", kind.id))
        .code("NUMBERS_TAKEN", "They were given by hand. Raise the next value of the numbering."))
}

async fn next_standing(ctx: &Ctx, kind: &ItemType, sequence: &Sequence, prefix: &str) -> Result<i64> {
    if !sequence.gap_free
        && let Some(value) = blocks::peek(&ctx.db, &kind.id, sequence, prefix).await
    {
        return Ok(value);
    }
    repo::numbering::standing(&ctx.db, &kind.id, sequence, prefix).await
}

/// The property that numbers the items of a type.
fn numbered(kind: &ItemType) -> Result<&str> {
    kind.number_property.as_deref().ok_or_else(|| {
        Error::conflict(format!("{} has no numbers", kind.id))
            .code("NO_NUMBERING", "Items of this type bear no number: the type names no property for it.")
    })
}
