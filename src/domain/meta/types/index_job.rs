//! The job that brings the indexes of properties in step with the model: makes what is asked for, drops what is not, and
//! says with the property how that went.
//!
//! It looks at what there is rather than at what was asked of it, so it bears repetition and interruption, and one run does
//! for several changes.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::super::model::{IndexStatus, Property};
use super::super::repo;
use crate::context::Ctx;
use crate::db::Tx;
use crate::db::property_index::{Builder, PropertyIndex, duplicates};
use crate::domain::audit::{self, Change};
use crate::domain::revision;
use crate::error::{Error, Result};
use crate::jobs::{Job, NewJob, Task, enqueue};

/// The name of the job in the queue.
pub const PROPERTY_INDEX_JOB: &str = "model.property_index";
const MOST_ATTEMPTS: i32 = 8;
/// So many values that occur more than once are named.
const MOST_NAMED: u64 = 20;

/// Answers `{"made": [name], "dropped": [name], "failed": [name]}`.
pub struct PropertyIndexJob;

/// Asks for the indexes that this transaction changes the wish for.
pub(super) async fn ask(tx: &Tx, ctx: &Ctx) -> Result<()> {
    let job = NewJob { max_attempts: MOST_ATTEMPTS, ..NewJob::new(PROPERTY_INDEX_JOB, json!({})) };
    enqueue(tx, ctx, job).await?;
    Ok(())
}

#[async_trait]
impl Job for PropertyIndexJob {
    fn name(&self) -> &'static str {
        PROPERTY_INDEX_JOB
    }

    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        let builder = Builder::begin(&ctx.db).await?;
        let mut done = Done::default();
        // What changes meanwhile has a job of its own, which may have run already.
        loop {
            let wanted = wanted(&ctx).await?;
            reconcile(&ctx, &builder, &wanted, task.attempt >= MOST_ATTEMPTS, &mut done).await?;
            if self::wanted(&ctx).await? == wanted {
                break;
            }
        }
        builder.end().await?;
        Ok(json!({ "made": done.made, "dropped": done.dropped, "failed": done.failed }))
    }
}

#[derive(Default)]
struct Done {
    made: Vec<String>,
    dropped: Vec<String>,
    failed: Vec<String>,
}

async fn wanted(ctx: &Ctx) -> Result<Vec<PropertyIndex>> {
    let properties = repo::types::indexed_properties(&*ctx.db).await?;
    Ok(properties.iter().map(|(kind, property)| index_of(kind, property)).collect())
}

fn index_of(item_type: &str, property: &Property) -> PropertyIndex {
    PropertyIndex {
        property: property.id,
        item_type: item_type.to_owned(),
        key: property.name.clone(),
        unique: property.is_unique,
    }
}

async fn reconcile(
    ctx: &Ctx,
    builder: &Builder<'_>,
    wanted: &[PropertyIndex],
    last_attempt: bool,
    done: &mut Done,
) -> Result<()> {
    let present = builder.present().await?;
    for name in present.iter().filter(|name| !wanted.iter().any(|index| index.name() == **name)) {
        builder.drop(name).await?;
        done.dropped.push(name.clone());
    }
    for (kind, property) in repo::types::indexed_properties(&*ctx.db).await? {
        let index = index_of(&kind, &property);
        let is_there = present.contains(&index.name());
        let status = property.index_status;
        if (is_there && status == Some(IndexStatus::Ready)) || (!is_there && status == Some(IndexStatus::Failed)) {
            continue;
        }
        let made = if is_there { Ok(()) } else { builder.create(&index).await };
        let problem = match made {
            Ok(()) => None,
            Err(error) if error.code_name() == Some("DUPLICATE") => Some(repeated(ctx, &index).await?),
            Err(error) if last_attempt => Some(unmade(&error)),
            Err(error) => return Err(error),
        };
        let names = if problem.is_none() { &mut done.made } else { &mut done.failed };
        names.push(format!("{kind}.{}", property.name));
        tell(ctx, &kind, property, problem).await?;
    }
    Ok(())
}

async fn repeated(ctx: &Ctx, index: &PropertyIndex) -> Result<Value> {
    let found = duplicates(&ctx.db, index, MOST_NAMED).await?;
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let named: Vec<Value> =
        found.iter().map(|found| json!({ "value": value(&found.value), "count": found.count })).collect();
    Ok(json!({
        "message": "Some values occur more than once. Change them, then ask for the property to be unique again.",
        "duplicates": named,
    }))
}

fn unmade(error: &Error) -> Value {
    tracing::error!(error = %error.chain(), "the index of a property could not be made");
    json!({ "message": "The database could not make the index. Ask for it again, or ask your operator.", "duplicates": [] })
}

async fn tell(ctx: &Ctx, kind: &str, before: Property, problem: Option<Value>) -> Result<()> {
    let (status, action) = match problem {
        None => (IndexStatus::Ready, "model.property_index_ready"),
        Some(_) => (IndexStatus::Failed, "model.property_index_failed"),
    };
    let after = Property { index_status: Some(status), index_problem: problem, ..before.clone() };
    let tx = ctx.begin().await?;
    if repo::types::set_index_status(&tx, &after).await? {
        revision::raise(&tx).await?;
        let subject_id = format!("{kind}/{}", after.name);
        let (before, after) = (serde_json::to_value(&before).ok(), serde_json::to_value(&after).ok());
        let change = Change { action, subject_type: "Property".to_owned(), subject_id, before, after };
        audit::record(ctx, &tx, vec![change]).await?;
        tx.commit().await?;
    }
    Ok(())
}
