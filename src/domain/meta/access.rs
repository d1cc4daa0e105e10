//! Whose an item is, and which permission set it has of its own.

use super::get::get_item;
use super::item::Item;
use super::item::parse_id;
use super::model::Model;
use super::relate::require_seen;
use super::repo;
use super::update::lock_item;
use super::write::{Turns, Write};
use crate::context::Ctx;
use crate::domain::permission::{Action, denied, no_such_set, require_set};
use crate::error::{Error, Result};
use crate::types::UserId;

/// What changes of an item's access; what is left out stays, `Some(None)` takes away.
#[derive(Debug, Clone, Default)]
pub struct ItemAccessChange {
    pub permission_id: Option<Option<String>>,
    pub owner_id: Option<Option<UserId>>,
}

/// An item's access, and what it lets the caller do.
#[derive(Debug, Clone)]
pub struct ItemAccess {
    pub item: Item,
    /// The set that governs the item: its state's, its own, its type's or the default.
    pub effective_permission_id: String,
    /// Where that set comes from: `state`, `item`, `type` or `default`.
    pub governed_by: &'static str,
    pub can_get: bool,
    pub can_update: bool,
    pub can_delete: bool,
    pub can_discover: bool,
}

impl ItemAccess {
    fn of(model: &Model, item: Item) -> Self {
        let governed_by = match model.state(&item) {
            Some(state) if state.permission_id.is_some() => "state",
            _ if item.permission_id.is_some() => "item",
            _ if model.item_type(&item.item_type).is_ok_and(|kind| kind.permission_id.is_some()) => "type",
            _ => "default",
        };
        Self {
            effective_permission_id: model.permission_set(&item).to_owned(),
            governed_by,
            can_get: model.allow(&item, Action::Get),
            can_update: model.allow(&item, Action::Update),
            can_delete: model.allow(&item, Action::Delete),
            can_discover: model.allow(&item, Action::Discover),
            item,
        }
    }
}

/// An item's access, for whoever may read it.
pub async fn item_access(ctx: &Ctx, item_type: &str, id: &str) -> Result<ItemAccess> {
    let item = get_item(ctx, item_type, id).await?.item;
    Ok(ItemAccess::of(&Model::load(ctx).await?, item))
}

/// Changes an item's access. Administrators change all of it; the owner may hand the ownership over. The state does not
/// matter: access is no content.
pub async fn change_item_access(ctx: &Ctx, item_type: &str, id: &str, change: ItemAccessChange) -> Result<ItemAccess> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let before = lock_item(&write, write.model.item_type(item_type)?, parse_id(id)?).await?;
    require_seen(&write, &before).await?;
    require_may_change(ctx, &before, &change)?;
    if let Some(Some(set)) = &change.permission_id {
        require_set(&write.tx, set, &["body", "permission_id"]).await?;
    }
    let after = Item {
        permission_id: change.permission_id.unwrap_or_else(|| before.permission_id.clone()),
        owner_id: change.owner_id.unwrap_or(before.owner_id),
        ..before.clone()
    };
    if after != before {
        let after = repo::items::set_access(&write.tx, after.clone()).await.map_err(|error| gone(error, &after))?;
        write.record("item.access_changed", &after, before.snapshot(), after.snapshot()).await?;
        write.commit().await?;
        return Ok(ItemAccess::of(&model, after));
    }
    Ok(ItemAccess::of(&model, before))
}

fn require_may_change(ctx: &Ctx, item: &Item, change: &ItemAccessChange) -> Result<()> {
    if let Some(Some(owner)) = change.owner_id
        && owner < 1
    {
        return Err(Error::invalid_field("value_error", &["body", "owner_id"], "A user's id is a positive number"));
    }
    if ctx.actor.is_administrator() {
        return Ok(());
    }
    let me = ctx.actor.user_id();
    let hands_over = change.permission_id.is_none() && matches!(change.owner_id, Some(Some(_)));
    if hands_over && me.is_some() && me == item.owner_id {
        return Ok(());
    }
    Err(denied(Action::Update, &item.item_type))
}

/// A set that was deleted at this moment.
fn gone(error: Error, item: &Item) -> Error {
    match (&item.permission_id, error.code_name()) {
        (Some(set), Some("REFERENCE_VIOLATION")) => no_such_set(set, &["body", "permission_id"]),
        _ => error,
    }
}
