//! What an import will write: each part and line of the sheet held against what is there. Reads only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::compare::{Outcome, decide};
use super::drafts::{Basis, ParentPart, ROOT, Rules};
use super::lines::parse_sheet;
use super::model::{ImportRequest, Limits, ParsedSheet, PlaceholderRule, SheetLine, SheetOptions, Structure};
use super::placeholder::assign_numbers;
use super::problems::{Findings, Problems};
use super::recall::recall;
use super::report::{ImportReport, ParentReport};
use super::stock::Stock;
use crate::context::Ctx;
use crate::domain::bom::{PART, PART_BOM};
use crate::domain::meta::{self, Item, ItemType, Model, Values, normalise};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// What to do with one part or line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Create(Values),
    Change(Uuid, Values),
    Keep(Uuid),
}

impl Step {
    pub fn is_creation(&self) -> bool {
        matches!(self, Self::Create(_))
    }

    pub fn is_change(&self) -> bool {
        matches!(self, Self::Change(..))
    }

    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Keep(_))
    }

    /// None before it is made.
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Create(_) => None,
            Self::Keep(id) | Self::Change(id, _) => Some(*id),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct PlannedLine {
    pub row: usize,
    /// The places of the part above and of its own in the plan.
    pub parent: usize,
    pub part: usize,
    pub step: Step,
}

/// Everything that an import will write. Parts and lines are complete only when the report has no problems.
#[derive(Debug)]
pub(super) struct Plan {
    /// First the part that the sheet is imported into.
    pub parts: Vec<Step>,
    /// The row that first speaks of each part; 0 where none does.
    pub part_rows: Vec<usize>,
    pub lines: Vec<PlannedLine>,
    /// The place of the part of each row of the report.
    pub row_parts: Vec<Option<usize>>,
    /// The lines that the parts had when the plan was made.
    pub lines_before: HashMap<Uuid, Vec<Item>>,
    pub report: ImportReport,
}

impl Plan {
    pub fn changes_nothing(&self) -> bool {
        self.parts.iter().all(Step::is_kept) && self.lines.iter().all(|line| line.step.is_kept())
    }

    /// The parts that are there and whose lines change, in the order in which everybody locks.
    pub fn changed_parents(&self) -> BTreeSet<Uuid> {
        let changed = self.lines.iter().filter(|line| !line.step.is_kept());
        changed.filter_map(|line| self.parts.get(line.parent)?.id()).collect()
    }

    /// The rights and the state of the parent that its steps need, before any row is written.
    async fn require_rights(&self, ctx: &Ctx, model: &Model, parent: Option<&Item>) -> Result<()> {
        if self.parts.iter().any(Step::is_creation) {
            model.require_create(model.item_type(PART)?)?;
        }
        if self.lines.iter().any(|line| line.step.is_creation()) {
            model.require_create(model.item_type(PART_BOM)?)?;
        }
        let is_own = |line: &PlannedLine| line.parent == ROOT && !line.step.is_kept();
        if let Some(parent) = parent.filter(|_| self.lines.iter().any(is_own)) {
            model.require(parent, Action::Update)?;
            model.require_unlocked(parent)?;
            if let Some(check_out) = meta::check_outs_of_others(ctx, [parent]).await?.get(&parent.id) {
                return Err(check_out.refusal());
            }
        }
        Ok(())
    }
}

/// Reads the sheet and the database and decides about every row.
///
/// Fails if the file as a whole cannot be read, the parent is not there, or the caller lacks a right that the import
/// needs; whatever is wrong with a row is in the report.
pub(super) async fn plan(ctx: &Ctx, model: &Model, request: &ImportRequest) -> Result<Plan> {
    let kind = model.item_type(PART)?;
    let root = Some(request.parent.trim().to_owned()).filter(|number| !number.is_empty());
    let options = SheetOptions { limits: limits(kind, request), root, ..request.sheet.clone() };
    let file = request.file.clone();
    let (mut sheet, options) = aside(move || Ok((parse_sheet(&file, &options)?, options))).await?;
    let parent = find_parent(ctx, model, kind, request, &sheet).await?;
    let id = parent.item.as_ref().map(|item| item.id);
    let stock = Stock::load(ctx, model, kind, id, &sheet, request.placeholders).await?;

    let held = Held { model: model.clone(), stock, rules: Rules::of(request), parent };
    let (decided, sheet, held) = aside(move || {
        let decided = held.decide(&mut sheet, &options.limits)?;
        Ok((decided, sheet, held))
    })
    .await?;
    let Held { stock, parent, .. } = held;
    let Decided { lines, mut outcome } = decided;

    let report = report(&parent, sheet, lines, &mut outcome);
    let Outcome { parts, part_rows, lines, row_parts, .. } = outcome;
    let plan = Plan { parts, part_rows, lines, row_parts, lines_before: stock.lines, report };
    plan.require_rights(ctx, model, parent.item.as_ref()).await?;
    Ok(plan)
}

/// What the rows are held against, apart from the request that waits for it.
struct Held {
    model: Model,
    stock: Stock,
    rules: Rules,
    parent: ParentPart,
}

struct Decided {
    /// How many lines the sheet has.
    lines: usize,
    outcome: Outcome,
}

impl Held {
    fn decide(&self, sheet: &mut ParsedSheet, limits: &Limits) -> Result<Decided> {
        let mut problems = Problems::after(std::mem::take(&mut sheet.problems), sheet.unlisted_problems);
        let lines = numbered(sheet, self.rules.placeholders, limits, &self.stock, &mut problems);
        let Self { model, stock, rules, parent } = self;
        let (part, line) = (model.item_type(PART)?, model.item_type(PART_BOM)?);
        let basis = Basis { model, part, line, stock, rules, parent };
        let outcome = decide(basis, sheet.root.as_ref(), &lines, Findings::new(&sheet.columns, problems))?;
        Ok(Decided { lines: lines.len(), outcome })
    }
}

fn report(parent: &ParentPart, sheet: ParsedSheet, lines: usize, outcome: &mut Outcome) -> ImportReport {
    // The parent is told of beside the parts.
    let parts = |fits: fn(&Step) -> bool| outcome.parts.iter().skip(ROOT + 1).filter(|step| fits(step)).count();
    let of_lines = |fits: fn(&Step) -> bool| outcome.lines.iter().filter(|line| fits(&line.step)).count();
    let name = match outcome.parts.get(ROOT) {
        Some(Step::Create(values) | Step::Change(_, values)) => values.get("name").map(meta::text_value),
        _ => None,
    };
    let parent = ParentReport {
        id: parent.item.as_ref().map(|item| item.id),
        number: parent.number.clone(),
        name: name.or_else(|| parent.item.as_ref().and_then(Item::name).map(str::to_owned)),
        created: parent.item.is_none(),
        changes: std::mem::take(&mut outcome.root_changes),
    };
    ImportReport {
        dry_run: true,
        import_id: None,
        parent,
        columns: sheet.columns,
        structure: sheet.structure,
        lines,
        parts_created: parts(Step::is_creation),
        parts_matched: parts(Step::is_kept),
        parts_updated: parts(Step::is_change),
        lines_created: of_lines(Step::is_creation),
        lines_updated: of_lines(Step::is_change),
        lines_unchanged: of_lines(Step::is_kept),
        rows: std::mem::take(&mut outcome.rows),
        skipped: sheet.skipped,
        placeholders: sheet.placeholders,
        problems: std::mem::take(&mut outcome.problems),
        unlisted_problems: outcome.unlisted_problems,
    }
}

/// Texts are as long as the part type lets them be.
fn limits(kind: &ItemType, request: &ImportRequest) -> Limits {
    let declared: BTreeMap<String, usize> =
        kind.properties.iter().filter_map(|property| Some((property.name.clone(), property.length?))).collect();
    let of = |name: Option<&str>| name.and_then(|name| declared.get(name)).copied();
    Limits {
        number: of(kind.number_property.as_deref()).unwrap_or(request.sheet.limits.number),
        name: of(Some("name")).unwrap_or(request.sheet.limits.name),
        properties: declared,
    }
}

/// Does work that takes long enough with a large sheet to hold up other requests on a thread of its own.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let working = tokio::task::spawn_blocking(work);
    working.await.map_err(|error| Error::internal("Reading a sheet stopped halfway").caused_by(error))?
}

/// The lines with the numbers that this or an earlier import gives them.
fn numbered(
    sheet: &mut ParsedSheet,
    rule: PlaceholderRule,
    limits: &Limits,
    stock: &Stock,
    problems: &mut Problems,
) -> Vec<SheetLine> {
    let lines = std::mem::take(&mut sheet.lines);
    let (known, doubts) = recall(&lines, &sheet.placeholders, rule, stock);
    let taken = |number: &str| stock.part(number).is_some();
    let known_by_name = |placeholder: &str, name: &str| known.get(&(placeholder.to_owned(), name.to_owned())).cloned();
    let numbered = assign_numbers(lines, rule, limits, &taken, &known_by_name);
    doubts.into_iter().chain(numbered.problems).for_each(|problem| problems.push(problem));
    numbered.lines
}

/// The part whose BOM the sheet is, by the number that the request or the sheet's own top row gives.
async fn find_parent(
    ctx: &Ctx,
    model: &Model,
    kind: &ItemType,
    request: &ImportRequest,
    sheet: &ParsedSheet,
) -> Result<ParentPart> {
    let (asked, top) = (request.parent.trim(), sheet.root.as_ref());
    let by_sheet = || top.and_then(|top| top.number.clone()).filter(|_| sheet.structure != Structure::Flat);
    let number = if asked.is_empty() { by_sheet() } else { Some(asked.to_owned()) };
    let number = number.ok_or_else(|| Error::invalid_field("missing", &["body", "parent"], "Field required"))?;
    if let Some(item) = meta::find_by_number(ctx, model, kind, &number).await? {
        return Ok(ParentPart { number, item: Some(item), values: Values::new() });
    }
    let asked_name = request.create_parent.as_deref().map(str::trim);
    if asked_name.is_none() && !asked.is_empty() {
        return Err(Error::not_found(format!("{} {number} not found", kind.label)).code(
            "PARENT_NOT_FOUND",
            format!(
                "There is no {} {number} to put the lines under. Make it first, or let the import make it.",
                kind.label
            ),
        ));
    }
    let own_name = top.and_then(|top| top.name.clone());
    let name = asked_name.filter(|name| !name.is_empty()).map(str::to_owned);
    let name = name.or(own_name).or_else(|| asked_name.map(|_| number.clone()));
    let mut values = Values::new();
    values.insert(number_property(kind)?.to_owned(), number.clone().into());
    values.extend(name.map(|name| ("name".to_owned(), name.into())));
    let values = normalise(kind, values).map_err(|error| about_parent(kind, &error))?;
    Ok(ParentPart { number, item: None, values })
}

fn about_parent(kind: &ItemType, error: &Error) -> Error {
    let number = kind.number_property.as_deref();
    let of_number = error.problems().iter().any(|problem| problem.loc.last().map(String::as_str) == number);
    let field = if of_number { "parent" } else { "create_parent" };
    Error::invalid_field("value_error", &["body", field], error.message())
}

pub(super) fn number_property(kind: &ItemType) -> Result<&str> {
    let property = kind.number_property.as_deref();
    property.ok_or_else(|| Error::conflict(format!("{} has no numbers, so a sheet cannot name its items", kind.label)))
}
