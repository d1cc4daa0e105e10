//! Asking for a preview.

use serde_json::json;
use uuid::Uuid;

use super::super::kind::FileKind;
use super::super::model::{Conversion, File};
use super::super::read::{not_found, require_file};
use super::super::repo;
use super::super::repo::files::Derived;
use super::super::upload::change;
use super::PreviewRules;
use super::formats::drawable;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit;
use crate::error::{Error, Result};
use crate::jobs::{Enqueued, NewJob, enqueue_or_find};

/// The name of the job in the queue.
pub const PREVIEW_JOB: &str = "file_preview";
/// After what people wait for.
const PRIORITY: i32 = 15;
/// A storage may be away for a while.
pub(super) const ATTEMPTS: i32 = 6;

/// Where a file begins that comes with or without the wish for a preview.
pub fn first_status(kind: &FileKind, wanted: bool) -> Conversion {
    match drawable(kind) {
        _ if !wanted => Conversion::Pending,
        Some(_) => Conversion::Queued,
        None => Conversion::Unsupported,
    }
}

/// Asks in the transaction of an upload. A content that was there already keeps the preview it has, or the reason why it has
/// none: the same bytes lead to the same.
pub async fn ask_with_upload(ctx: &Ctx, tx: &Tx, file: &mut File) -> Result<Vec<Uuid>> {
    let status = match file.conversion {
        Conversion::Pending => first_status(&file.kind, true),
        status => status,
    };
    if status != file.conversion {
        file.conversion = status;
        repo::files::set_derived(tx, file.id, &Derived::keeping(file, status)).await?;
    }
    if status != Conversion::Queued {
        return Ok(Vec::new());
    }
    Ok(vec![enqueue_or_find(tx, ctx, job(file.id)).await?.id])
}

/// Has the preview made, or made anew, of a file that the caller may read. One that is being made is not begun again.
///
/// Errors: `NotFound`; `BadRequest` `PREVIEW_UNSUPPORTED`; `Conflict` `PREVIEWS_DISABLED`.
pub async fn request_preview(ctx: &Ctx, rules: &PreviewRules, id: &str) -> Result<(File, Enqueued)> {
    let file = require_file(ctx, id).await?;
    if !rules.enabled {
        return Err(Error::conflict("Previews are switched off").code(
            "PREVIEWS_DISABLED",
            "This installation makes no previews. Ask its administrator about preview.enabled.",
        ));
    }
    if drawable(&file.kind).is_none() {
        let formats = crate::preview::PREVIEW_FORMATS.join(", ");
        return Err(Error::bad_request("Files of this kind have no preview")
            .code("PREVIEW_UNSUPPORTED", format!("There are previews of {formats}."))
            .details(json!({ "mime_type": file.kind.mime_type, "file_type": file.kind.extension })));
    }
    let tx = ctx.begin().await?;
    let mut file = repo::files::find_locked(&tx, file.id).await?.ok_or_else(not_found)?;
    let asked = enqueue_or_find(&tx, ctx, job(file.id)).await?;
    if asked.is_new {
        let before = file.conversion;
        (file.conversion, file.conversion_error) = (Conversion::Queued, None);
        repo::files::set_derived(&tx, file.id, &Derived::keeping(&file, Conversion::Queued)).await?;
        let (before, after) = (json!({ "conversion_status": before.as_str() }), json!({ "job_id": asked.id }));
        audit::record(ctx, &tx, vec![change("file.preview_requested", file.id, Some(before), Some(after))]).await?;
        tx.commit().await?;
    }
    Ok((file, asked))
}

fn job(file: Uuid) -> NewJob {
    let job = NewJob::new(PREVIEW_JOB, json!({ "file_id": file }));
    NewJob { priority: PRIORITY, max_attempts: ATTEMPTS, ..job.once(format!("{PREVIEW_JOB}:{file}")) }
}
