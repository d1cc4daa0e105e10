//! Work that comes back by itself: once in a while in every database, asked for by whoever passes by.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{NewJob, Registry, Site, enqueue, repo};
use crate::error::Result;

/// Gives way to what people wait for.
const PRIORITY: i32 = 30;

/// Asks for the jobs that are due in this database: those that were not asked for since their time. Says how many.
pub async fn enqueue_recurring(site: &Site, registry: &Registry, now: DateTime<Utc>) -> Result<u64> {
    let mut asked = 0;
    for (job, every) in registry.recurring() {
        let name = job.name();
        if repo::jobs::was_asked_since(&*site.db, name, now - every).await? || !job.is_wanted(&site.db).await? {
            continue;
        }
        let Some(org) = site.first_org().await? else { continue };
        let ctx = site.ctx(org.as_str())?;
        let mut new = NewJob::new(name, json!({})).once(name);
        new.priority = PRIORITY;
        let tx = ctx.begin().await?;
        enqueue(&tx, &ctx, new).await?;
        tx.commit().await?;
        asked += 1;
    }
    Ok(asked)
}
