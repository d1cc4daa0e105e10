//! From when and until when an item holds: read from its properties, and recorded as its Date effectivity.
//!
//! The properties are what people edit; the record follows them in the same transaction.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::item::Item;
use super::model::ItemType;
use super::repo;
use super::typed::parse_moment;
use super::values::Values;
use super::write::Write;
use crate::error::{Error, Result};

/// A span of time; an end that is missing is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    pub from: Option<DateTime<Utc>>,
    /// Included.
    pub to: Option<DateTime<Utc>>,
}

impl Period {
    /// Open at both ends where the type or the item names none.
    pub fn of(kind: &ItemType, values: &Values) -> Self {
        let Some((from, to)) = &kind.period_properties else { return Self::default() };
        let moment = |name: &str| values.get(name).and_then(|value| value.as_str()).and_then(parse_moment);
        Self { from: moment(from), to: moment(to) }
    }

    pub fn is_open(self) -> bool {
        self == Self::default()
    }

    pub(super) fn require_order(self, kind: &ItemType) -> Result<()> {
        match (&kind.period_properties, self.from, self.to) {
            (Some((_, name)), Some(from), Some(to)) if to < from => {
                Err(Error::invalid_field("value_error", &["body", "properties", name], "It ends before it begins"))
            }
            _ => Ok(()),
        }
    }
}

/// The Date effectivity that records an item's period; it bears the id of the item.
pub fn recorded_period(kind: &ItemType, item: &Item) -> Option<Uuid> {
    (!Period::of(kind, &item.properties).is_open()).then_some(item.id)
}

/// Brings the record in step with the item, after it was added (`before` is none) or changed.
pub(super) async fn record(write: &Write<'_>, kind: &ItemType, before: Option<&Item>, after: &Item) -> Result<()> {
    let was = before.map(|item| Period::of(kind, &item.properties)).unwrap_or_default();
    let is = Period::of(kind, &after.properties);
    if is == was {
        return Ok(());
    }
    repo::effectivities::remove(&write.tx, after.id).await?;
    if is.is_open() {
        return Ok(());
    }
    repo::effectivities::insert_dates(&write.tx, after.id, is, write.ctx.actor.user_id(), write.ctx.now()).await
}
