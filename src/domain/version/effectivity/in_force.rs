//! Which version of an item is in force at a moment.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::Effectivity;
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model};
use crate::domain::version::model::{Version, VersionView};
use crate::domain::version::open::init_version;
use crate::domain::version::repo::{self, effectivities};
use crate::error::{Error, Result};

/// The version of an item that is in force at a moment; without one now.
///
/// A released version is in force when one of its date effectivities covers the moment, or from its release on where it has
/// none; of several, the one released last. Where none is, it is the current version while that is not released, by its own
/// date effectivities. Fails with `NotFound` where there is none.
pub async fn effective_version(ctx: &Ctx, item: &str, date: Option<&str>) -> Result<VersionView> {
    let at = match date {
        Some(text) => meta::query_moment("date", text)?,
        None => ctx.now(),
    };
    let model = Model::load(ctx).await?;
    let found = meta::require_item(ctx, &model, meta::parse_id(item)?).await?;
    if found.current_version_id.is_none() {
        init_version(ctx, item).await?;
    }
    let versions = repo::released_or_current(&*ctx.db, found.id).await?;
    let ids: Vec<Uuid> = versions.iter().map(|version| version.id).collect();
    let dates = effectivities::dates_of_versions(&*ctx.db, &ids).await?;
    let version = choose(&versions, &dates, at).cloned();
    let version = version.ok_or_else(|| none_in_force(&found, at))?;
    Ok(VersionView::new(&model, &found, version))
}

fn none_in_force(item: &Item, at: DateTime<Utc>) -> Error {
    Error::not_found(format!("No version of item {} is in force at {}", item.id, at.to_rfc3339()))
}

fn choose<'a>(
    versions: &'a [Version],
    dates: &HashMap<Uuid, Vec<Effectivity>>,
    at: DateTime<Utc>,
) -> Option<&'a Version> {
    let dated = |version: &Version| {
        let own = dates.get(&version.id)?;
        Some(own.iter().any(|effectivity| effectivity.covers(at)))
    };
    let released = versions.iter().filter(|version| version.is_released);
    let in_force = released
        .filter(|version| dated(version).unwrap_or_else(|| version.released_at.is_some_and(|released| released <= at)));
    let last = in_force.max_by_key(|version| (version.released_at, version.id));
    last.or_else(|| versions.iter().find(|version| version.is_live() && dated(version).unwrap_or(true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meta::{MAIN, Values, parse_moment};

    fn day(day: &str) -> DateTime<Utc> {
        parse_moment(day).unwrap()
    }

    fn version(number: u128, released: Option<&str>) -> Version {
        Version {
            id: Uuid::from_u128(number),
            item_id: Uuid::nil(),
            generation: 1,
            revision: "A".into(),
            label: "1.A".into(),
            state: "Draft".into(),
            state_id: None,
            is_current: released.is_none(),
            is_released: released.is_some(),
            is_superseded: false,
            branch_name: MAIN.into(),
            predecessor_id: None,
            branched_from_id: None,
            merged_into_id: None,
            merged_at: None,
            properties: Values::new(),
            description: None,
            lock: None,
            created_by_id: None,
            created_at: DateTime::UNIX_EPOCH,
            released_by_id: None,
            released_at: released.map(day),
        }
    }

    fn dates(number: u128, start: Option<&str>, end: Option<&str>) -> (Uuid, Vec<Effectivity>) {
        let version_id = Uuid::from_u128(number);
        let effectivity = Effectivity {
            id: Uuid::nil(),
            item_id: None,
            version_id: Some(version_id),
            kind: "Date".into(),
            start: start.map(day),
            end: end.map(day),
            payload: Values::new(),
            created_at: DateTime::UNIX_EPOCH,
            created_by_id: None,
        };
        (version_id, vec![effectivity])
    }

    #[test]
    fn what_was_released_last_of_what_holds_is_in_force() {
        let all = [version(1, Some("2026-01-01")), version(2, Some("2026-06-01")), version(3, None)];
        let chosen = |dates: &HashMap<Uuid, Vec<Effectivity>>, at: &str| {
            choose(&all, dates, day(at)).map(|version| version.id.as_u128())
        };
        let none = HashMap::new();
        assert_eq!(["2025-12-31", "2026-03-01", "2026-07-01"].map(|at| chosen(&none, at)), [Some(3), Some(1), Some(2)]);
        let later = HashMap::from([dates(2, Some("2026-09-01"), None)]);
        assert_eq!(["2026-07-01", "2026-09-01"].map(|at| chosen(&later, at)), [Some(1), Some(2)]);
        let ended = HashMap::from([dates(1, None, Some("2026-02-01")), dates(3, Some("2027-01-01"), None)]);
        assert_eq!(["2026-02-01", "2026-03-01", "2026-07-01"].map(|at| chosen(&ended, at)), [Some(1), None, Some(2)]);
    }
}
