//! Bringing a sheet into the database: a dry run that only reads, and an import that writes all of it or nothing.
//!
//! Reading and deciding come before the transaction. What they rest on is looked at again under its lock: when another
//! import was faster, the plan is made anew.

use uuid::Uuid;

use super::model::ImportRequest;
use super::plan::{Plan, Step, plan};
use super::report::ImportReport;
use crate::context::Ctx;
use crate::domain::bom::{PART, PART_BOM};
use crate::domain::meta::{self, Item, ItemType, Model, Turns, Write};
use crate::error::{Error, Kind, Problem, Result};

/// How often an import is planned before it gives way to others that change the same parts.
const ATTEMPTS: usize = 3;

/// What an import would do. Writes nothing.
///
/// Fails with `NotFound` `PARENT_NOT_FOUND`, `Invalid` for a file that cannot be read, and as the import would for a right
/// that is missing or a parent that is locked; whatever is wrong with a row is in the report.
pub async fn plan_import(ctx: &Ctx, request: &ImportRequest) -> Result<ImportReport> {
    let model = Model::load(ctx).await?;
    Ok(plan(ctx, &model, request).await?.report)
}

/// Plans or imports, as the caller chooses.
pub async fn run(ctx: &Ctx, request: &ImportRequest, dry_run: bool) -> Result<ImportReport> {
    if dry_run { plan_import(ctx, request).await } else { import_bom(ctx, request, &|_, _| ()).await }
}

/// Imports a sheet: all of it or nothing. `progress` hears how many of how many lines are done.
///
/// Fails as [`plan_import`] does, with `Invalid` `IMPORT_REFUSED` (the report in its details) if there is a problem with
/// any row, and with `Conflict` naming the row for what shows only in the write: a cycle further down, a number that is
/// taken by a part that the caller may not see.
pub async fn import_bom(
    ctx: &Ctx,
    request: &ImportRequest,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<ImportReport> {
    let mut attempt = 1;
    loop {
        let model = Model::load(ctx).await?;
        let plan = plan(ctx, &model, request).await?;
        if plan.report.problem_count() > 0 {
            return Err(plan.report.refusal());
        }
        match carry_out(ctx, &model, plan, progress).await {
            Err(error) if attempt < ATTEMPTS && was_overtaken(&error) => attempt += 1,
            done => return done,
        }
    }
}

const OVERTAKEN: &str = "IMPORT_OVERTAKEN";

fn was_overtaken(error: &Error) -> bool {
    matches!(error.code_name(), Some(OVERTAKEN | "DUPLICATE_NUMBER" | "RELATIONSHIP_EXISTS" | "WRITE_CONFLICT"))
}

async fn carry_out(
    ctx: &Ctx,
    model: &Model,
    plan: Plan,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<ImportReport> {
    let total = plan.lines.len();
    if plan.changes_nothing() {
        progress(total, total);
        return Ok(ImportReport { dry_run: false, ..plan.report });
    }
    let Plan { parent, lines_before, parts, lines, mut report } = plan;
    let write = Write::begin(ctx, model, turns(model, &parts)?).await?;
    if let Step::Keep(parent) = parent
        && lines.iter().any(|line| !line.step.is_kept())
    {
        require_unchanged(&write, parent, &lines_before).await?;
    }
    let mut writer = Writer::begin(&write, &parent, &parts).await?;
    (report.dry_run, report.parent.id) = (false, Some(writer.parent));
    for (at, (line, row)) in lines.iter().zip(&mut report.rows).enumerate() {
        let named = |error| at_row(line.row, error);
        let (child, number) = writer.part(&write, line.part).await.map_err(named)?;
        row.number = number.or(row.number.take());
        writer.line(&write, child, &line.step).await.map_err(named)?;
        progress(at + 1, total);
    }
    write.commit().await?;
    Ok(report)
}

/// What the steps of a plan will need to themselves.
fn turns(model: &Model, parts: &[Step]) -> Result<Turns> {
    let part = model.item_type(PART)?;
    let drawn = parts.iter().filter_map(|step| match step {
        Step::Create(values) if meta::draws_number(part, values) => Some(values),
        _ => None,
    });
    let turns = Turns::default().structure(model.item_type(PART_BOM)?);
    Ok(drawn.fold(turns, |turns, values| turns.numbering(part, values)))
}

/// Carries out the steps of a plan within one transaction.
struct Writer<'a> {
    part_kind: &'a ItemType,
    line_kind: &'a ItemType,
    parent: Uuid,
    parts: &'a [Step],
    /// Those that are written, with the number of what was made.
    written: Vec<Option<(Uuid, Option<String>)>>,
}

impl<'a> Writer<'a> {
    async fn begin(write: &Write<'a>, parent: &Step, parts: &'a [Step]) -> Result<Self> {
        let part_kind = write.model.item_type(PART)?;
        let parent = match parent {
            Step::Create(values) => meta::add_item(write, part_kind, values.clone()).await?.id,
            Step::Keep(id) | Step::Change(id, _) => *id,
        };
        let line_kind = write.model.item_type(PART_BOM)?;
        Ok(Self { part_kind, line_kind, parent, parts, written: vec![None; parts.len()] })
    }

    /// The part of a line, made or changed when its first line needs it; with its number if it was made.
    async fn part(&mut self, write: &Write<'_>, at: usize) -> Result<(Uuid, Option<String>)> {
        let missing = || Error::internal("A planned line has no part");
        let slot = self.written.get_mut(at).ok_or_else(missing)?;
        if let Some(written) = slot {
            return Ok(written.clone());
        }
        let written = match self.parts.get(at).ok_or_else(missing)? {
            Step::Create(values) => {
                let item = meta::add_item(write, self.part_kind, values.clone()).await?;
                (item.id, self.part_kind.number(&item).map(str::to_owned))
            }
            Step::Change(id, values) => (meta::update_item(write, self.part_kind, *id, values.clone()).await?.id, None),
            Step::Keep(id) => (*id, None),
        };
        *slot = Some(written.clone());
        Ok(written)
    }

    async fn line(&self, write: &Write<'_>, child: Uuid, step: &Step) -> Result<()> {
        match step {
            Step::Create(values) => {
                meta::add_relationship(write, self.line_kind, self.parent, child, values.clone()).await?;
            }
            Step::Change(id, values) => {
                meta::update_item(write, self.line_kind, *id, values.clone()).await?;
            }
            Step::Keep(_) => {}
        }
        Ok(())
    }
}

/// The parent's lines are those that the plan rests on: without this, two imports of one sheet would each draw numbers for
/// the same nameless parts.
async fn require_unchanged(write: &Write<'_>, parent: Uuid, before: &[Item]) -> Result<()> {
    let kind = write.model.item_type(PART_BOM)?;
    if meta::locked_lines(write, kind, parent).await? == before {
        return Ok(());
    }
    Err(Error::conflict("The lines of the parent were changed while the sheet was read")
        .code(OVERTAKEN, "Somebody else changed this BOM at the same moment. Import again."))
}

/// The same failure, with the row it belongs to.
fn at_row(row: usize, error: Error) -> Error {
    let named = |text: &str| format!("Row {row}: {text}");
    let mut at_row = if error.kind() == Kind::Invalid && !error.problems().is_empty() {
        let problems = error.problems().iter().cloned();
        Error::invalid(problems.map(|problem| Problem { message: named(&problem.message), ..problem }).collect())
    } else {
        Error::new(error.kind(), named(error.message()))
    };
    if let Some(code) = error.code_name() {
        at_row = at_row.code(code, named(error.user_message().unwrap_or(error.message())));
    }
    if let Some(details) = error.details_value() {
        let mut details = details.clone();
        if let Some(details) = details.as_object_mut() {
            details.insert("row".to_owned(), row.into());
        }
        at_row = at_row.details(details);
    }
    if let Some(seconds) = error.retry_after_seconds() {
        at_row = at_row.retry_after(seconds);
    }
    at_row.caused_by(error)
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
