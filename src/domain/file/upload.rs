//! Bringing files.
//!
//! The content comes first and is written outside of any transaction (`content`); the file's row follows.

use tokio::io::AsyncRead;
use uuid::Uuid;

use super::kind::FileKind;
use super::model::{File, FileRules, NewFile, Uploaded};
use super::name::{clean_name, clean_text};
use super::{content, preview, repo};
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change, new_id};
use crate::domain::meta::Model;
use crate::domain::permission::{Action, denied};
use crate::domain::quota::{self, Reservation};
use crate::error::{Error, Kind, Result};
use crate::storage::Received;

/// A content that has arrived. Dropping it forgets it.
pub struct Arrived {
    content: Received,
    /// Room for it was set aside when it was announced.
    has_room: bool,
}

impl Arrived {
    /// What came in parts, from a caller who may bring files. Room for it was set aside when it was announced.
    pub(super) fn in_parts(content: Received) -> Self {
        Self { content, has_room: true }
    }
}

/// Reads a content, for a caller who may bring files. `declared` is how long it is, as far as the sender says so.
///
/// Errors: `Forbidden`; `TooLarge`; `LimitReached` beyond what the tenant may store; `Invalid` for an empty one; whatever the
/// storage and the sender's connection do.
pub async fn receive(
    ctx: &Ctx,
    rules: &FileRules,
    declared: Option<u64>,
    source: impl AsyncRead + Send + Unpin,
) -> Result<Arrived> {
    require_may_bring(&Model::load(ctx).await?)?;
    if declared.is_some_and(|bytes| bytes > rules.max_bytes) {
        return Err(too_large(rules));
    }
    quota::require_room(ctx, room_for(declared.unwrap_or(1))).await?;
    let room = quota::remaining_bytes(ctx).await?;
    let most = rules.max_bytes.min(room.unwrap_or(u64::MAX));
    let content = match ctx.store.receive(source, most).await {
        Err(error) if error.kind() == Kind::TooLarge && most < rules.max_bytes => {
            quota::require_room(ctx, room_for(most.saturating_add(1))).await?;
            // Room was made meanwhile, too late for what has been cut off.
            return Err(Error::unavailable("The upload was given up for want of room; send it again").retry_after(1));
        }
        Err(error) if error.kind() == Kind::TooLarge => return Err(too_large(rules)),
        received => received?,
    };
    if content.stored().size == 0 {
        return Err(Error::invalid_field("value_error", &["body", "file"], "The file is empty"));
    }
    Ok(Arrived { content, has_room: false })
}

/// Keeps what has arrived as a file. A content that is a file already stays that one.
pub async fn keep(ctx: &Ctx, rules: &FileRules, arrived: Arrived, new: NewFile) -> Result<Uploaded> {
    let wants_preview = new.generate_preview && rules.previews;
    let filename = clean_name(&new.filename, &["body", "file"])?;
    let kind = FileKind::of(&filename, arrived.content.head());
    let stored = arrived.content.stored();
    let conversion = preview::first_status(&kind, wants_preview);
    let file = File {
        id: new_id(),
        sha256: stored.sha256,
        size: stored.size,
        filename: filename.clone(),
        kind,
        author: clean_text(new.author, "author")?,
        source_system: clean_text(new.source_system, "source_system")?,
        source_version: clean_text(new.source_version, "source_version")?,
        document_version: clean_text(new.document_version, "document_version")?,
        conversion,
        conversion_error: None,
        preview: None,
        preview_facts: None,
        created_by_id: ctx.actor.user_id(),
        created_at: ctx.now(),
    };
    let room = if arrived.has_room || repo::files::is_known(&*ctx.db, &file.sha256).await? {
        Reservation::default()
    } else {
        quota::reserve(ctx, room_for(file.size)).await?
    };
    let model = Model::load(ctx).await?;
    let object = content::store(ctx, arrived.content).await?;
    let tx = ctx.begin().await?;
    let (mut file, duplicate) = insert_once(&tx, file).await?;
    if !duplicate {
        content::require_current(&tx, &object).await?;
    }
    repo::files::note_upload(ctx, &tx, file.id, &filename).await?;
    let jobs = match wants_preview {
        true => preview::ask_with_upload(ctx, &tx, &mut file).await?,
        false => Vec::new(),
    };
    record(ctx, &tx, &file, &filename, duplicate).await?;
    if duplicate {
        repo::readable::as_known(&tx, &model, &mut file).await?;
    }
    if duplicate {
        tx.commit().await?;
        room.release().await;
    } else {
        room.settle(tx).await?;
    }
    Ok(Uploaded { file, duplicate, jobs })
}

/// What one file takes of the tenant's limits.
pub(super) fn room_for(bytes: u64) -> quota::Request {
    quota::Request { files: 1, bytes, ..quota::Request::default() }
}

/// Of two that bring one content at the same moment, one makes the file and the other is told of it.
async fn insert_once(tx: &Tx, file: File) -> Result<(File, bool)> {
    if repo::files::insert(tx, &file).await? {
        return Ok((file, false));
    }
    let there = repo::files::by_content(tx, &file.sha256).await?;
    let there = there
        .ok_or_else(|| Error::unavailable("The same file was removed at this moment; send it again").retry_after(1))?;
    Ok((there, true))
}

async fn record(ctx: &Ctx, tx: &Tx, file: &File, filename: &str, duplicate: bool) -> Result<()> {
    let mut after = file.snapshot();
    after["duplicate"] = duplicate.into();
    after["uploaded_as"] = filename.into();
    audit::record(ctx, tx, vec![change("file.uploaded", file.id, None, Some(after))]).await
}

pub(super) fn change(
    action: &'static str,
    file: Uuid,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> Change {
    Change { action, subject_type: "File".to_owned(), subject_id: file.to_string(), before, after }
}

/// Whoever may make or change items of some kind brings files for them; who only reads brings none.
pub(super) fn require_may_bring(model: &Model) -> Result<()> {
    let may = model.allows_some(Action::Create) || model.allows_some(Action::Update);
    if may { Ok(()) } else { Err(denied(Action::Create, "File")) }
}

pub(super) fn too_large(rules: &FileRules) -> Error {
    Error::new(Kind::TooLarge, format!("The file is larger than {} bytes", rules.max_bytes))
        .code(
            "FILE_TOO_LARGE",
            "The file is larger than this installation takes. Ask its administrator about storage.max_file_bytes.",
        )
        .details(serde_json::json!({ "max_bytes": rules.max_bytes }))
}
