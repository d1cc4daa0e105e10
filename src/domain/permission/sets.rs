//! Permission sets over the API: read by every member, changed by administrators, who pass every check whatever the sets
//! say and so can always repair them.

use serde_json::{Value, json};

use super::identity::{read_name, read_set_id};
use super::model::{Action, DEFAULT_SET, Entry};
use super::{repo, require_administrator};
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change};
use crate::domain::revision;
use crate::error::{Error, Result};

/// How audit rows and refusals call a set.
pub(super) const RESOURCE: &str = "Permission";
/// The most users of a set that a refusal names.
const MOST_NAMED: usize = 20;

/// A set in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetSummary {
    pub id: String,
    pub name: String,
    pub access_count: u64,
}

/// A set with its entries, in the order of their identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub id: String,
    pub name: String,
    pub entries: Vec<Entry>,
}

impl Set {
    fn snapshot(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "accesses": self.entries.iter().map(Entry::snapshot).collect::<Vec<_>>() })
    }
}

/// Every set, in the order of their ids.
pub async fn list_sets(ctx: &Ctx) -> Result<Vec<SetSummary>> {
    repo::summaries(&ctx.db).await
}

pub async fn get_set(ctx: &Ctx, id: &str) -> Result<Set> {
    let name = repo::find_set(&*ctx.db, id).await?.ok_or_else(not_found)?;
    Ok(Set { id: id.to_owned(), name, entries: repo::entries_of(&*ctx.db, id).await? })
}

/// Makes an empty set, under which nobody but administrators may do anything yet.
pub async fn create_set(ctx: &Ctx, id: &str, name: &str) -> Result<Set> {
    require_administrator(ctx, Action::Create, RESOURCE)?;
    let set = Set { id: read_set_id(id)?, name: read_name(name)?, entries: Vec::new() };
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    if !repo::insert_set(&tx, &set.id, &set.name).await? {
        return Err(Error::conflict(format!("Permission {} already exists", set.id))
            .code("PERMISSION_EXISTS", "There is a permission set of this id. Change it, or choose another id.")
            .details(json!({ "permission_id": set.id })));
    }
    record(ctx, &tx, "model.permission_created", &set.id, None, Some(set.snapshot())).await?;
    tx.commit().await?;
    Ok(set)
}

/// Gives a set another name; without one it stays as it is.
pub async fn rename_set(ctx: &Ctx, id: &str, name: Option<&str>) -> Result<Set> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let name = name.map(read_name).transpose()?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let mut set = locked_set(&tx, id).await?;
    if let Some(name) = name.filter(|name| *name != set.name) {
        let before = set.snapshot();
        repo::rename_set(&tx, id, &name).await?;
        set.name = name;
        record(ctx, &tx, "model.permission_updated", id, Some(before), Some(set.snapshot())).await?;
        tx.commit().await?;
    }
    Ok(set)
}

/// Deletes a set that nothing uses, with its entries.
///
/// Fails with `Conflict` `PERMISSION_IN_USE`, naming by which types, states and how many items.
pub async fn delete_set(ctx: &Ctx, id: &str) -> Result<()> {
    require_administrator(ctx, Action::Delete, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let set = locked_set(&tx, id).await?;
    if id == DEFAULT_SET {
        return Err(Error::conflict("The set Default governs whatever names no set and stays")
            .code("PERMISSION_BUILT_IN", "The set Default cannot be deleted. Change what it grants instead."));
    }
    refuse_if_used(&tx, id).await?;
    repo::delete_set(&tx, id).await?;
    record(ctx, &tx, "model.permission_deleted", id, Some(set.snapshot()), None).await?;
    tx.commit().await
}

async fn refuse_if_used(tx: &Tx, id: &str) -> Result<()> {
    let used = repo::usage(tx, id).await?;
    if used.types.is_empty() && used.states.is_empty() && used.items == 0 {
        return Ok(());
    }
    let (types, states, items) = (used.types.len(), used.states.len(), used.items);
    let first = |names: &[String]| names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>();
    Err(Error::conflict(format!("Permission {id} is used by {types} item types, {states} states and {items} items"))
        .code("PERMISSION_IN_USE", "It is in use. Give these types, states and items another permission set first.")
        .details(json!({
            "permission_id": id,
            "item_types": { "count": types, "ids": first(&used.types) },
            "states": { "count": states, "names": first(&used.states) },
            "items": { "count": items },
        })))
}

/// The set, locked until the transaction ends, so that two changes of it are one after the other.
pub(super) async fn locked_set(tx: &Tx, id: &str) -> Result<Set> {
    let name = repo::find_set_locked(tx, id).await?.ok_or_else(not_found)?;
    Ok(Set { id: id.to_owned(), name, entries: repo::entries_of(tx, id).await? })
}

/// Notes a change of a set for the audit, the outbox and everyone who remembers the model.
pub(super) async fn record(
    ctx: &Ctx,
    tx: &Tx,
    action: &'static str,
    id: &str,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    revision::raise(tx).await?;
    let change = Change { action, subject_type: RESOURCE.to_owned(), subject_id: id.to_owned(), before, after };
    audit::record(ctx, tx, vec![change]).await
}

fn not_found() -> Error {
    Error::not_found("Permission not found")
}
