//! Bringing a sheet into the database: a dry run that only reads, and an import that writes all of it or nothing.
//!
//! Reading and deciding come before the transaction. What they rest on is looked at again under its lock: when another
//! import was faster, the plan is made anew.

use uuid::Uuid;

use super::drafts::ROOT;
use super::model::ImportRequest;
use super::plan::{Plan, PlannedLine, Step, plan};
use super::record::{self, Made};
use super::report::ImportReport;
use crate::context::Ctx;
use crate::domain::bom::{PART, PART_BOM};
use crate::domain::meta::{self, BulkFailure, Item, ItemType, Model, Turns, Values, Write};
use crate::error::{Error, Kind, Problem, Result};

/// How often an import is planned before it gives way to others that change the same parts.
const ATTEMPTS: usize = 3;
/// So many lines are written together.
const LINES_TOGETHER: usize = 1000;

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
        match carry_out(ctx, &model, plan, request.file_name.as_deref(), progress).await {
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
    file_name: Option<&str>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<ImportReport> {
    let total = plan.lines.len();
    if plan.changes_nothing() {
        progress(total, total);
        return Ok(ImportReport { dry_run: false, ..plan.report });
    }
    let write = Write::begin(ctx, model, turns(model, &plan.parts)?).await?;
    for parent in plan.changed_parents() {
        let before = plan.lines_before.get(&parent).map_or(&[][..], Vec::as_slice);
        require_unchanged(&write, parent, before).await?;
    }
    let Plan { parts, part_rows, lines, row_parts, mut report, .. } = plan;
    let mut writer = Writer::begin(&write)?;
    let written = writer.parts(parts, &part_rows).await?;
    let done = |done: usize| progress(done, total);
    writer.lines(lines, &written, &done).await?;
    for (row, part) in report.rows.iter_mut().zip(row_parts) {
        let number = part.and_then(|part| written.get(part)?.number.clone());
        row.number = number.or(row.number.take());
    }
    (report.dry_run, report.parent.id) = (false, written.get(ROOT).map(|parent| parent.id));
    report.import_id = Some(record::keep(&write, &report, file_name, writer.made).await?);
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

/// A part of the plan that is there now.
struct Written {
    id: Uuid,
    /// Of what was made.
    number: Option<String>,
}

/// Carries out the steps of a plan within one transaction, those alike together.
struct Writer<'a> {
    write: &'a Write<'a>,
    part_kind: &'a ItemType,
    line_kind: &'a ItemType,
    /// What was made and changed so far.
    made: Vec<Made>,
}

impl<'a> Writer<'a> {
    fn begin(write: &'a Write<'a>) -> Result<Self> {
        let (part_kind, line_kind) = (write.model.item_type(PART)?, write.model.item_type(PART_BOM)?);
        Ok(Self { write, part_kind, line_kind, made: Vec::new() })
    }

    /// The parts in their order, made, changed or as they are.
    async fn parts(&mut self, steps: Vec<Step>, rows: &[usize]) -> Result<Vec<Written>> {
        let row = |at: usize| rows.get(at).copied().unwrap_or_default();
        let (mut places, mut values) = (Vec::new(), Vec::new());
        let mut written: Vec<Option<Written>> = Vec::with_capacity(steps.len());
        for (at, step) in steps.into_iter().enumerate() {
            written.push(match step {
                Step::Create(given) => {
                    places.push(at);
                    values.push(given);
                    None
                }
                Step::Keep(id) => Some(Written { id, number: None }),
                Step::Change(id, values) => {
                    self.change(self.part_kind, id, values).await.map_err(|error| at_row(row(at), error))?;
                    Some(Written { id, number: None })
                }
            });
        }
        let added = meta::add_items(self.write, self.part_kind, values).await;
        let added = added.map_err(|failure| failed(failure, |index| places.get(index).map(|at| row(*at))))?;
        for (at, item) in places.iter().zip(added) {
            let number = self.part_kind.number(&item).map(str::to_owned);
            if let Some(place) = written.get_mut(*at) {
                *place = Some(Written { id: item.id, number });
            }
            self.made.push(Made::created(&item));
        }
        let missing = || Error::internal("A planned part was not written");
        written.into_iter().map(|written| written.ok_or_else(missing)).collect()
    }

    async fn lines(&mut self, lines: Vec<PlannedLine>, parts: &[Written], done: &(dyn Fn(usize) + Sync)) -> Result<()> {
        let missing = || Error::internal("A planned line has no part");
        let part = |at: usize| parts.get(at).map(|part| part.id).ok_or_else(missing);
        let mut count = 0;
        for some in lines.chunks(LINES_TOGETHER) {
            let (mut rows, mut new) = (Vec::new(), Vec::new());
            for line in some {
                match &line.step {
                    Step::Create(values) => {
                        rows.push(line.row);
                        new.push((part(line.parent)?, part(line.part)?, values.clone()));
                    }
                    Step::Change(id, values) => {
                        let changed = self.change(self.line_kind, *id, values.clone()).await;
                        changed.map_err(|error| at_row(line.row, error))?;
                    }
                    Step::Keep(_) => {}
                }
            }
            let added = meta::add_relationships(self.write, self.line_kind, new).await;
            let added = added.map_err(|failure| failed(failure, |index| rows.get(index).copied()))?;
            self.made.extend(added.iter().map(Made::created));
            for _ in some {
                count += 1;
                done(count);
            }
        }
        Ok(())
    }

    async fn change(&mut self, kind: &ItemType, id: Uuid, values: Values) -> Result<()> {
        let before = meta::require_locked_item(self.write, id).await?;
        let after = meta::update_item(self.write, kind, id, values).await?;
        if after.change_count != before.change_count {
            self.made.push(Made::changed(&before, &after));
        }
        Ok(())
    }
}

/// What went wrong with one of many, at its row.
fn failed(failure: BulkFailure, row: impl Fn(usize) -> Option<usize>) -> Error {
    at_row(failure.index.and_then(row).unwrap_or_default(), failure.error)
}

/// The part's lines are those that the plan rests on: without this, two imports of one sheet would each draw numbers for
/// the same nameless parts.
async fn require_unchanged(write: &Write<'_>, parent: Uuid, before: &[Item]) -> Result<()> {
    let kind = write.model.item_type(PART_BOM)?;
    if meta::locked_lines(write, kind, parent).await? == before {
        return Ok(());
    }
    Err(Error::conflict("The lines of a part were changed while the sheet was read")
        .code(OVERTAKEN, "Somebody else changed this BOM at the same moment. Import again."))
}

/// The same failure, with the row it belongs to.
///
/// 0 is no row: that of a parent which the request gives.
fn at_row(row: usize, error: Error) -> Error {
    if row == 0 {
        return error;
    }
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
