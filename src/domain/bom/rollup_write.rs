//! Storing what was rolled up in the parts, as a change like any other: rights, states and check-outs are those of a change
//! by hand, and a part that may not change is passed over.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Number;
use uuid::Uuid;

use super::rollup::{RolledPart, Rollup};
use crate::context::Ctx;
use crate::domain::meta::{self, FIELDS, Model, Turns, Values, Write};
use crate::error::{Error, Kind, Result};

/// The most parts that one request stores values in.
const MOST_UPDATES: usize = 10_000;

/// In which parts a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteBackMode {
    /// Where there is none.
    Missing,
    /// In place of what is there.
    Overwrite,
}

#[derive(Debug, Clone)]
pub struct WriteBack {
    pub field: String,
    pub mode: WriteBackMode,
}

/// What became of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateStatus {
    Updated,
    Unchanged,
    /// There is a value already.
    SkippedExisting,
    /// Something that it is made of is not known.
    SkippedPartial,
    /// Its state or its released version lets it not change.
    SkippedLocked,
    SkippedCheckedOut,
    SkippedForbidden,
    /// It was deleted meanwhile.
    SkippedMissing,
}

impl UpdateStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::SkippedExisting => "skipped_existing",
            Self::SkippedPartial => "skipped_partial",
            Self::SkippedLocked => "skipped_locked",
            Self::SkippedCheckedOut => "skipped_checked_out",
            Self::SkippedForbidden => "skipped_forbidden",
            Self::SkippedMissing => "skipped_missing",
        }
    }

    /// Why a change was refused; none where that is no reason to pass it over.
    pub(super) fn of_refusal(error: &Error) -> Option<Self> {
        match (error.kind(), error.code_name()) {
            (_, Some("STATE_LOCKED" | "VERSION_RELEASED")) => Some(Self::SkippedLocked),
            (_, Some("VERSION_CHECKED_OUT")) => Some(Self::SkippedCheckedOut),
            (Kind::Forbidden, _) => Some(Self::SkippedForbidden),
            (Kind::NotFound, _) => Some(Self::SkippedMissing),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Update {
    pub item_id: Uuid,
    /// As it is stored, rounded.
    pub value: Decimal,
    pub own: Option<Decimal>,
    pub computed: Option<Decimal>,
    pub status: UpdateStatus,
}

/// The field can be written at all; asked before anything is computed.
pub fn check_field(write: &WriteBack) -> Result<()> {
    let taken = FIELDS.contains(&write.field.as_str()) || ["state", "number", "item_number"].contains(&&*write.field);
    if write.field.trim().is_empty() || taken {
        let message = "Expected the name of a property for numbers";
        return Err(Error::invalid_field("value_error", &["body", "write_back_field"], message));
    }
    Ok(())
}

/// Stores the computed value of every part that has one, in one transaction; the root first in the answer.
///
/// Fails with `BadRequest` for more than 10,000 parts, `Invalid` where the field takes no numbers.
pub async fn write_back(ctx: &Ctx, rollup: &Rollup, wanted: &WriteBack) -> Result<Vec<Update>> {
    // A part that was computed with several depths counts with the deepest.
    let mut parts: BTreeMap<Uuid, (usize, &RolledPart)> = BTreeMap::new();
    for (index, part) in rollup.parts.iter().enumerate().filter(|(_, part)| part.computed.is_some()) {
        let kept = parts.entry(part.item.id).or_insert((index, part));
        if part.levels > kept.1.levels {
            *kept = (index, part);
        }
    }
    if parts.len() > MOST_UPDATES {
        return Err(super::too_large(format!("More than {MOST_UPDATES} parts would change")));
    }
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let mut updates = Vec::new();
    // In the order of ids, in which everybody locks.
    for (item_id, (index, part)) in parts {
        let Some(computed) = part.computed else { continue };
        let value = rollup.rounded(computed);
        let status = match part.is_partial {
            true => UpdateStatus::SkippedPartial,
            false => store(&write, item_id, value, wanted).await?,
        };
        updates.push((index, Update { item_id, value, own: part.own, computed: part.computed, status }));
    }
    write.commit().await?;
    updates.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
    Ok(updates.into_iter().map(|(_, update)| update).collect())
}

async fn store(write: &Write<'_>, id: Uuid, value: Decimal, wanted: &WriteBack) -> Result<UpdateStatus> {
    match change(write, id, value, wanted).await {
        Ok(status) => Ok(status),
        Err(error) => match UpdateStatus::of_refusal(&error) {
            Some(status) => Ok(status),
            None => Err(error.moved("body", &["body", "write_back_field"])),
        },
    }
}

async fn change(write: &Write<'_>, id: Uuid, value: Decimal, wanted: &WriteBack) -> Result<UpdateStatus> {
    let before = meta::require_locked_item(write, id).await?;
    if wanted.mode == WriteBackMode::Missing && before.properties.get(&wanted.field).is_some_and(|kept| !kept.is_null())
    {
        return Ok(UpdateStatus::SkippedExisting);
    }
    let number = value.to_string().parse().ok().and_then(Number::from_f64);
    let number = number.ok_or_else(|| Error::internal(format!("{value} is no number")))?;
    let values: Values = [(wanted.field.clone(), number.into())].into_iter().collect();
    let after = meta::update_item(write, write.model.item_type(&before.item_type)?, id, values).await?;
    Ok(if after.change_count == before.change_count { UpdateStatus::Unchanged } else { UpdateStatus::Updated })
}
