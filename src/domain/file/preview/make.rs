//! The job that draws a preview.

use std::fs::File as LocalFile;
use std::io::{Cursor, Error as IoError, Read, Seek};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::super::model::{Conversion, File};
use super::super::read::open_range;
use super::super::repo::files::Derived;
use super::super::upload::change;
use super::super::{content, repo};
use super::PreviewRules;
use super::ask::{ATTEMPTS, PREVIEW_JOB};
use crate::context::Ctx;
use crate::domain::audit;
use crate::domain::quota::{self, Reservation};
use crate::error::{Error, Kind, Result};
use crate::jobs::{Job, Task};
use crate::preview::{Drawn, Format};
use crate::storage::ObjectId;

/// What a picture of this size never reaches.
const MOST_PICTURE: u64 = 16 * 1024 * 1024;
/// So much of a file tells what it is.
const HEAD: u64 = 1024;

#[derive(Deserialize)]
struct Input {
    file_id: Uuid,
}

/// Draws the preview of one file. Answers `{"status": …}`; fails with the reason why there is none.
pub struct PreviewJob {
    rules: Arc<PreviewRules>,
}

impl PreviewJob {
    pub fn new(rules: Arc<PreviewRules>) -> Self {
        Self { rules }
    }
}

#[async_trait]
impl Job for PreviewJob {
    fn name(&self) -> &'static str {
        PREVIEW_JOB
    }

    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        let Input { file_id } = task.input()?;
        let Some(file) = repo::files::by_id(&*ctx.db, file_id).await? else { return Ok(deleted()) };
        if !self.rules.enabled {
            let as_before = if file.preview.is_some() { Conversion::Completed } else { Conversion::Pending };
            return conclude(&ctx, &file, as_before, None).await;
        }
        match self.convert(&ctx, &file, &task).await {
            Err(error) if is_final(&error, &task) => {
                let reason = error.message().to_owned();
                conclude(&ctx, &file, Conversion::Failed, Some(reason)).await?;
                Err(error)
            }
            outcome => outcome,
        }
    }
}

/// The file's own fault, or the last try.
fn is_final(error: &Error, task: &Task) -> bool {
    matches!(error.kind(), Kind::BadRequest | Kind::Invalid) || task.attempt >= ATTEMPTS
}

impl PreviewJob {
    async fn convert(&self, ctx: &Ctx, file: &File, task: &Task) -> Result<Value> {
        if file.size > self.rules.max_bytes {
            let most = self.rules.max_bytes / (1024 * 1024);
            return Err(Error::bad_request(format!("The file is larger than the {most} MiB that are drawn")));
        }
        task.report(5, "reading the file");
        let mut copy = local_copy(ctx, file).await?;
        let Some(format) = format_of(&mut copy, file)? else {
            return conclude(ctx, file, Conversion::Unsupported, None).await;
        };
        task.report(40, "drawing");
        let drawn = self.rules.renderer.draw(copy, format).await?;
        task.report(90, "storing the preview");
        keep(ctx, file, drawn).await
    }
}

/// The content in a file without a name, which goes when it is closed.
async fn local_copy(ctx: &Ctx, file: &File) -> Result<LocalFile> {
    let copy = tempfile::tempfile().map_err(no_room)?;
    let mut to = tokio::fs::File::from_std(copy);
    let mut from = open_range(ctx, file, 0..file.size).await?.into_reader();
    tokio::io::copy(&mut from, &mut to).await.map_err(passed_on)?;
    to.flush().await.map_err(no_room)?;
    let mut copy = to.into_std().await;
    copy.rewind().map_err(no_room)?;
    Ok(copy)
}

/// By its first bytes, else by its name; the file is at its start again.
fn format_of(copy: &mut LocalFile, file: &File) -> Result<Option<Format>> {
    let mut head = Vec::new();
    copy.by_ref().take(HEAD).read_to_end(&mut head).map_err(no_room)?;
    copy.rewind().map_err(no_room)?;
    Ok(Format::detect(&head, &file.kind.extension))
}

/// The picture first, then the row that refers to it, as with any content.
async fn keep(ctx: &Ctx, file: &File, drawn: Drawn) -> Result<Value> {
    let facts = serde_json::to_value(&drawn.facts)
        .map_err(|error| Error::internal("The facts of a file cannot be written").caused_by(error))?;
    let received = ctx.store.receive(Cursor::new(drawn.png), MOST_PICTURE).await?;
    let room = quota::Request { bytes: received.stored().size, ..quota::Request::default() };
    let room = quota::reserve_anyway(ctx, room).await?;
    let object = content::store(ctx, received).await?;
    let made =
        Derived { conversion: Conversion::Completed, error: None, preview: Some(object.sha256), facts: Some(facts) };
    write(ctx, file, Some((object, room)), |_| made).await
}

/// Without a new picture; one that there is stays.
async fn conclude(ctx: &Ctx, file: &File, conversion: Conversion, error: Option<String>) -> Result<Value> {
    let outcome = |before: &File| Derived { error, ..Derived::keeping(before, conversion) };
    write(ctx, file, None, outcome).await
}

/// `picture` is the new one, as it was stored, and the room for it.
async fn write(
    ctx: &Ctx,
    file: &File,
    picture: Option<(ObjectId, Reservation)>,
    outcome: impl FnOnce(&File) -> Derived,
) -> Result<Value> {
    let tx = ctx.begin().await?;
    let Some(before) = repo::files::find_locked(&tx, file.id).await? else { return Ok(deleted()) };
    let made = outcome(&before);
    repo::files::set_derived(&tx, file.id, &made).await?;
    let room = match picture {
        Some((object, room)) => {
            content::require_current(&tx, &object).await?;
            room
        }
        None => Reservation::default(),
    };
    let (before, after) = (Derived::of(&before).snapshot(), made.snapshot());
    audit::record(ctx, &tx, vec![change("file.converted", file.id, Some(before), Some(after))]).await?;
    room.settle(tx).await?;
    Ok(json!({ "status": made.conversion.as_str(), "preview_facts": made.facts }))
}

fn deleted() -> Value {
    json!({ "status": "deleted" })
}

/// An error of the storage comes inside of one of reading.
fn passed_on(error: IoError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => no_room(error),
    }
}

fn no_room(error: IoError) -> Error {
    Error::unavailable("The folder for temporary files cannot hold the file").caused_by(error)
}
