//! The entries of a permission set: what one identity may do under it.

use serde_json::{Value, json};

use super::identity::read_identity;
use super::model::{Action, Entry};
use super::sets::{RESOURCE, Set, locked_set, record};
use super::{repo, require_administrator};
use crate::context::Ctx;
use crate::domain::revision;
use crate::error::{Error, Result};

/// What changes of an entry.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccessChange {
    pub create: Option<bool>,
    pub get: Option<bool>,
    pub update: Option<bool>,
    pub delete: Option<bool>,
    pub discover: Option<bool>,
}

impl Entry {
    /// `set:identity`, by which the API knows it.
    pub fn id(&self) -> String {
        format!("{}:{}", self.permission_id, self.identity_id)
    }

    pub(super) fn snapshot(&self) -> Value {
        json!({
            "identity_id": self.identity_id, "can_create": self.create, "can_get": self.get,
            "can_update": self.update, "can_delete": self.delete, "can_discover": self.discover,
        })
    }

    fn changed(&self, change: AccessChange) -> Self {
        Self {
            create: change.create.unwrap_or(self.create),
            get: change.get.unwrap_or(self.get),
            update: change.update.unwrap_or(self.update),
            delete: change.delete.unwrap_or(self.delete),
            discover: change.discover.unwrap_or(self.discover),
            ..self.clone()
        }
    }
}

/// Adds an entry; what it does not grant is not granted by it.
pub async fn add_access(ctx: &Ctx, set: &str, identity: &str, grants: AccessChange) -> Result<Entry> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let identity_id = read_identity(identity)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let set = locked_set(&tx, set).await?;
    let none = Entry {
        permission_id: set.id.clone(),
        identity_id,
        create: false,
        get: false,
        update: false,
        delete: false,
        discover: false,
    };
    let entry = none.changed(grants);
    if !repo::insert_entry(&tx, &entry).await? {
        return Err(Error::conflict(format!("{} has an access in {} already", entry.identity_id, set.id))
            .code(
                "ACCESS_EXISTS",
                "This identity is named in the set already. Change its access instead of adding one.",
            )
            .details(json!({ "access_id": entry.id(), "permission_id": set.id, "identity_id": entry.identity_id })));
    }
    record(ctx, &tx, "model.permission_access_added", &set.id, None, Some(entry.snapshot())).await?;
    tx.commit().await?;
    Ok(entry)
}

/// Changes what an entry grants; what the change leaves out stays.
pub async fn update_access(ctx: &Ctx, set: &str, access_id: &str, change: AccessChange) -> Result<Entry> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let set = locked_set(&tx, set).await?;
    let before = find(&set, access_id)?;
    let after = before.changed(change);
    if after != *before {
        repo::update_entry(&tx, &after).await?;
        let (before, after) = (Some(before.snapshot()), Some(after.snapshot()));
        record(ctx, &tx, "model.permission_access_updated", &set.id, before, after).await?;
        tx.commit().await?;
    }
    Ok(after)
}

pub async fn remove_access(ctx: &Ctx, set: &str, access_id: &str) -> Result<()> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let set = locked_set(&tx, set).await?;
    let entry = find(&set, access_id)?;
    repo::delete_entry(&tx, &set.id, &entry.identity_id).await?;
    record(ctx, &tx, "model.permission_access_removed", &set.id, Some(entry.snapshot()), None).await?;
    tx.commit().await
}

fn find<'a>(set: &'a Set, access_id: &str) -> Result<&'a Entry> {
    set.entries.iter().find(|entry| entry.id() == access_id).ok_or_else(|| Error::not_found("Access not found"))
}
