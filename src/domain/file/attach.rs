//! Files at items.

use uuid::Uuid;

use super::model::{Attached, Attachment, File, FileRole, NewAttachment};
use super::name::clean_text;
use super::read::{not_found, parse_id};
use super::repo;
use super::upload::change;
use crate::context::Ctx;
use crate::domain::audit::new_id;
use crate::domain::meta::{self, Model, Turns, Write};
use crate::domain::version;
use crate::error::{Error, Kind, Result};

/// Files of one item: they are listed as a whole.
const MOST: u64 = 1000;

/// Attaches a file that the caller may read to an item that they may change. What is attached already in that role is
/// described anew.
///
/// Errors: `NotFound`, `Forbidden`, `Conflict` for a locked item.
pub async fn attach(ctx: &Ctx, new: NewAttachment) -> Result<Attached> {
    let (item, file) = (meta::parse_id(&new.item_id)?, parse_id(&new.file_id)?);
    let description = clean_text(new.description, "description")?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    version::lock_to_change(&write, item).await?;
    // Otherwise attaching would be a way to read.
    let file = repo::files::find(write.tx(), write.model, file).await?.ok_or_else(not_found)?.id;
    let there = repo::attachments::find_same(write.tx(), item, file, new.role).await?;
    let attached = match there {
        Some(there) => describe(&write, there, description).await?,
        None => {
            let role = new.role;
            let (created_by_id, created_at) = (ctx.actor.user_id(), ctx.now());
            let attachment =
                Attachment { id: new_id(), item_id: item, file_id: file, role, description, created_by_id, created_at };
            insert(&write, attachment).await?
        }
    };
    write.commit().await?;
    Ok(attached)
}

async fn insert(write: &Write<'_>, attachment: Attachment) -> Result<Attached> {
    if repo::attachments::count(write.tx(), attachment.item_id).await? >= MOST {
        let message = format!("An item has at most {MOST} files");
        return Err(Error::conflict(message).code("TOO_MANY_FILES", "Remove files that are not needed any more."));
    }
    repo::attachments::insert(write.tx(), &attachment).await?;
    let after = Some(attachment.snapshot());
    write.note(change("file.attached", attachment.file_id, None, after)).await?;
    Ok(Attached { id: attachment.id, created: true })
}

async fn describe(write: &Write<'_>, there: Attachment, description: Option<String>) -> Result<Attached> {
    if there.description != description {
        repo::attachments::describe(write.tx(), there.id, description.as_deref()).await?;
        let after = Attachment { description, ..there.clone() };
        let (before, after) = (Some(there.snapshot()), Some(after.snapshot()));
        write.note(change("file.attached", there.file_id, before, after)).await?;
    }
    Ok(Attached { id: there.id, created: false })
}

/// Takes a file off an item. The file stays.
pub async fn detach(ctx: &Ctx, attachment: &str) -> Result<()> {
    let missing = || Error::not_found("Attachment not found");
    let id = Uuid::parse_str(attachment).map_err(|_| missing())?;
    let found = repo::attachments::find(&*ctx.db, id).await?.ok_or_else(missing)?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    // Of an item that the caller may not see there are no attachments.
    version::lock_to_change(&write, found.item_id)
        .await
        .map_err(|error| if error.kind() == Kind::NotFound { missing() } else { error })?;
    let found = repo::attachments::find(write.tx(), id).await?.ok_or_else(missing)?;
    repo::attachments::delete(write.tx(), id).await?;
    write.note(change("file.detached", found.file_id, Some(found.snapshot()), None)).await?;
    write.commit().await
}

/// The files of an item that the caller may read, in the order in which they were attached.
pub async fn files_of_item(ctx: &Ctx, item: &str, role: Option<FileRole>) -> Result<Vec<(Attachment, File)>> {
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, meta::parse_id(item)?).await?;
    repo::attachments::of_item(&*ctx.db, item.id, role).await
}
