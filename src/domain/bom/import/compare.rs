//! Each part and line of a sheet held against what is there. Pure: rights and values are in hand.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use uuid::Uuid;

use super::drafts::{Basis, Draft, DraftLine, ROOT, draft_all};
use super::model::{Existing, RowProblem, SheetLine, excerpt, shown};
use super::nesting::{Nesting, nest};
use super::plan::{PlannedLine, Step, number_property};
use super::problems::Findings;
use super::report::{FieldChange, RowReport, Verdict};
use crate::domain::meta::{Item, Values, text_value};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// What becomes of every row.
pub(super) struct Outcome {
    /// First the part that the sheet is imported into.
    pub parts: Vec<Step>,
    /// The row that first speaks of each part; 0 where none does.
    pub part_rows: Vec<usize>,
    pub lines: Vec<PlannedLine>,
    pub rows: Vec<RowReport>,
    /// The place of the part of each row of the report.
    pub row_parts: Vec<Option<usize>>,
    pub root_changes: Vec<FieldChange>,
    pub problems: Vec<RowProblem>,
    pub unlisted_problems: usize,
}

/// Decides about every row.
pub(super) fn decide(
    basis: Basis<'_>,
    root: Option<&SheetLine>,
    lines: &[SheetLine],
    mut findings: Findings<'_>,
) -> Result<Outcome> {
    let (parts, drafts) = draft_all(basis, root, lines, &mut findings);
    let number_property = number_property(basis.part)?;
    let nesting = nest(lines, &drafts, &parts, &mut findings);
    let mut comparer = Comparer {
        basis,
        findings: &mut findings,
        present: present_lines(basis),
        closed: HashMap::new(),
        part_changes: BTreeMap::new(),
        line_changes: BTreeMap::new(),
    };
    let steps: Vec<Option<Step>> =
        parts.iter().enumerate().map(|(at, draft)| comparer.part_step(at, draft, number_property)).collect();
    let decided = comparer.lines(lines, &drafts, &parts, &steps, &nesting);
    let (part_changes, line_changes) = (comparer.part_changes, comparer.line_changes);
    let report = |(at, line): (usize, &SheetLine)| {
        let planned = decided.get(at).and_then(Option::as_ref);
        let pair = planned.and_then(|planned| Some((steps.get(planned.part)?.as_ref()?, &planned.step)));
        let verdict = if findings.problems.concern(line.row) { Verdict::Error } else { verdict(pair) };
        let part = drafts.get(at).and_then(Option::as_ref).map(|draft| draft.part);
        let of_part = part.and_then(|part| part_changes.get(&part)).into_iter().flatten();
        let own = nesting.first_of(at);
        let changes = of_part.chain(line_changes.get(&own).into_iter().flatten()).cloned().collect();
        let above = nesting.parents.get(at).copied().flatten().and_then(|parent| parts.get(parent));
        let parent = above.and_then(|above| above.number.clone());
        row_report(basis, line, parent, verdict, changes)
    };
    let rows = lines.iter().enumerate().map(report).collect();
    let row_parts = drafts.iter().map(|draft| draft.as_ref().map(|draft| draft.part)).collect();
    let root_changes = part_changes.get(&ROOT).cloned().unwrap_or_default();
    let part_rows = parts.iter().map(|draft| draft.row).collect();
    let is_own = |at: &usize| nesting.first_of(*at) == *at;
    let lines = decided.into_iter().enumerate().filter(|(at, _)| is_own(at)).filter_map(|(_, line)| line).collect();
    let (problems, unlisted_problems) = findings.problems.sorted();
    let parts = steps.into_iter().flatten().collect();
    Ok(Outcome { parts, part_rows, lines, rows, row_parts, root_changes, problems, unlisted_problems })
}

type Present<'a> = HashMap<(Uuid, Uuid, &'a str), &'a Item>;

/// The lines that are there and that the caller may read, by parent, child and unit.
fn present_lines(basis: Basis<'_>) -> Present<'_> {
    let lines = basis.stock.lines.values().flatten().filter(|line| basis.model.allow(line, Action::Get));
    lines.filter_map(|line| Some(((line.source_id?, line.related_id?, line.text("uom")?), line))).collect()
}

struct Comparer<'a, 'f, 'c> {
    basis: Basis<'a>,
    findings: &'f mut Findings<'c>,
    present: Present<'a>,
    /// Why the lines of a part may not be changed, for those that were asked.
    closed: HashMap<usize, Option<String>>,
    /// By the place of the part.
    part_changes: BTreeMap<usize, Vec<FieldChange>>,
    /// By the place of the row.
    line_changes: BTreeMap<usize, Vec<FieldChange>>,
}

/// Something that is there, as problems speak of it.
struct There<'a> {
    row: usize,
    field: &'static str,
    value: &'a str,
    what: String,
    item: &'a Item,
}

impl Comparer<'_, '_, '_> {
    fn part_step(&mut self, at: usize, draft: &Draft<'_>, number_property: &str) -> Option<Step> {
        let Some(item) = draft.item else {
            let mut values = draft.values.clone();
            if let Some(number) = &draft.number {
                values.insert(number_property.to_owned(), number.clone().into());
            }
            return Some(Step::Create(values));
        };
        let number = draft.number.as_deref().unwrap_or_default();
        let differing = differing(item, &draft.values);
        self.part_changes.insert(at, changes("part", item, &differing));
        let there = There { row: draft.row, field: "number", value: number, what: format!("{number} is there"), item };
        let step = self.settle(&there, differing)?;
        let allowed = |item: &Item| {
            self.basis.model.require(item, Action::Update)?;
            self.basis.model.require_unlocked(item)?;
            self.basis.stock.require_free(item)
        };
        if let Some(error) = refused_change(&step, item, allowed) {
            let reason = format!("{number} cannot be changed: {}", error.message());
            self.findings.add(draft.row, "number", number, reason);
            return None;
        }
        if step.is_kept() {
            self.part_changes.remove(&at);
        }
        Some(step)
    }

    /// What becomes of each line; none where something is wrong with it or its part.
    fn lines(
        &mut self,
        lines: &[SheetLine],
        drafts: &[Option<DraftLine>],
        parts: &[Draft<'_>],
        steps: &[Option<Step>],
        nesting: &Nesting,
    ) -> Vec<Option<PlannedLine>> {
        let mut decided: Vec<Option<PlannedLine>> = Vec::with_capacity(lines.len());
        let is_clear = |part: usize| steps.get(part).is_some_and(Option::is_some);
        for (at, (line, draft)) in lines.iter().zip(drafts).enumerate() {
            let own = nesting.first_of(at);
            let planned = if own == at {
                let parent = nesting.parents.get(at).copied().flatten();
                draft.as_ref().zip(parent).and_then(|(draft, parent)| {
                    let step = self.line_step(at, line, draft, parent, parts)?;
                    Some(PlannedLine { row: line.row, parent, part: draft.part, step })
                })
            } else {
                decided.get(own).cloned().flatten()
            };
            decided.push(planned.filter(|planned| is_clear(planned.part)));
        }
        decided
    }

    fn line_step(
        &mut self,
        at: usize,
        line: &SheetLine,
        draft: &DraftLine,
        parent: usize,
        parts: &[Draft<'_>],
    ) -> Option<Step> {
        let above = parts.get(parent)?;
        let ends = above.item.zip(parts.get(draft.part)?.item);
        let present =
            ends.and_then(|(above, child)| self.present.get(&(above.id, child.id, draft.uom.as_str())).copied());
        let number = line.number.as_deref().unwrap_or_default();
        let step = match present {
            None => Step::Create(draft.values.clone()),
            Some(present) => {
                let what = format!("{} has the line to {number}", above.number.as_deref().unwrap_or("The part above"));
                let quantity = line.quantity.to_string();
                let there = There { row: line.row, field: "quantity", value: &quantity, what, item: present };
                let differing = differing(present, &draft.values);
                self.line_changes.insert(at, changes("line", present, &differing));
                let step = self.settle(&there, differing)?;
                let allowed = |line: &Item| self.basis.model.require(line, Action::Update);
                if let Some(error) = refused_change(&step, present, allowed) {
                    let reason = format!("The line to {number} cannot be changed: {}", error.message());
                    self.findings.add(line.row, "quantity", &quantity, reason);
                    return None;
                }
                if step.is_kept() {
                    self.line_changes.remove(&at);
                }
                step
            }
        };
        // The part that the sheet is imported into is asked for once for the whole import.
        if parent != ROOT && !step.is_kept() && self.is_closed(parent, above, line.row) {
            return None;
        }
        Some(step)
    }

    /// Whether the lines of a part may not be changed; each row is told.
    fn is_closed(&mut self, parent: usize, above: &Draft<'_>, row: usize) -> bool {
        let basis = self.basis;
        let reason = self.closed.entry(parent).or_insert_with(|| {
            let item = above.item?;
            let allowed = basis.model.require(item, Action::Update).and_then(|()| basis.model.require_unlocked(item));
            allowed.and_then(|()| basis.stock.require_free(item)).err().map(|error| error.message().to_owned())
        });
        let Some(reason) = reason.clone() else { return false };
        let number = above.number.clone().unwrap_or_default();
        self.findings.add(row, "number", &number, format!("The lines of {number} cannot be changed: {reason}"));
        true
    }

    /// What the request says about something that is there with other values.
    fn settle(&mut self, there: &There<'_>, differing: Values) -> Option<Step> {
        let item = there.item;
        if differing.is_empty() {
            return Some(Step::Keep(item.id));
        }
        match self.basis.rules.existing {
            Existing::Keep => Some(Step::Keep(item.id)),
            Existing::Update => Some(Step::Change(item.id, differing)),
            Existing::Refuse => {
                let difference = |(name, value): (&String, &Value)| {
                    let known = item.properties.get(name).map_or_else(|| "none".to_owned(), shown);
                    format!("{name} {known} (here {})", shown(value))
                };
                let differences = differing.iter().map(difference).collect::<Vec<_>>().join(", ");
                let reason = format!(
                    "{} with other values: {differences}. Choose existing=keep to leave it or existing=update to change it",
                    there.what
                );
                self.findings.add(there.row, there.field, there.value, reason);
                None
            }
        }
    }
}

/// The values that are other ones than those that are there.
fn differing(item: &Item, wanted: &Values) -> Values {
    let is_known = |name: &str, value: &Value| item.properties.get(name).is_some_and(|known| same(known, value));
    let differing = wanted.iter().filter(|(name, value)| !is_known(name, value));
    differing.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn changes(of: &'static str, item: &Item, differing: &Values) -> Vec<FieldChange> {
    let change = |(name, value): (&String, &Value)| FieldChange {
        of,
        field: name.clone(),
        before: item.properties.get(name).map(|known| excerpt(&plain(known))),
        after: excerpt(&plain(value)),
    };
    differing.iter().map(change).collect()
}

/// A number as a person writes it: 2 rather than 2.0.
fn plain(value: &Value) -> String {
    value.as_f64().map_or_else(|| text_value(value), |number| number.to_string())
}

/// Why what is there may not be changed, where the step changes it.
fn refused_change(step: &Step, item: &Item, allowed: impl Fn(&Item) -> Result<()>) -> Option<Error> {
    if step.is_change() { allowed(item).err() } else { None }
}

fn verdict(pair: Option<(&Step, &Step)>) -> Verdict {
    match pair {
        Some((Step::Create(_), _)) => Verdict::New,
        Some((Step::Change(..), _) | (_, Step::Change(..))) => Verdict::Changed,
        Some((_, Step::Create(_))) => Verdict::Matched,
        Some((_, Step::Keep(_))) => Verdict::Unchanged,
        None => Verdict::Error,
    }
}

fn row_report(
    basis: Basis<'_>,
    line: &SheetLine,
    parent: Option<String>,
    verdict: Verdict,
    changes: Vec<FieldChange>,
) -> RowReport {
    RowReport {
        row: line.row,
        level: line.level,
        parent,
        number: line.number.clone(),
        original_number: line.original_number.clone(),
        name: line.name.clone(),
        quantity: line.quantity,
        uom: line.uom.clone().unwrap_or_else(|| basis.rules.default_uom.to_uppercase()),
        verdict,
        changes,
    }
}

/// The same value, however it was written: `12` as a text is 12, and 2.0 is 2.
fn same(known: &Value, wanted: &Value) -> bool {
    match (known.as_f64(), wanted.as_f64()) {
        (Some(known), Some(wanted)) => known == wanted,
        _ => text_value(known) == text_value(wanted),
    }
}
