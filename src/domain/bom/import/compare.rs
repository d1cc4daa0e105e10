//! Each part and line of a sheet held against what is there. Pure: rights and values are in hand.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::drafts::{Basis, Draft, DraftLine, draft_all};
use super::model::{Existing, RowProblem, SheetLine, shown};
use super::plan::{PlannedLine, Step, number_property};
use super::problems::Findings;
use super::report::{RowReport, Verdict};
use crate::domain::meta::{Item, Values, text_value};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// What becomes of every row.
pub(super) struct Outcome {
    pub parts: Vec<Step>,
    pub lines: Vec<PlannedLine>,
    pub rows: Vec<RowReport>,
    pub problems: Vec<RowProblem>,
    pub unlisted_problems: usize,
}

/// Decides about every row.
pub(super) fn decide(basis: Basis<'_>, lines: &[SheetLine], mut findings: Findings<'_>) -> Result<Outcome> {
    let (parts, drafts) = draft_all(basis, lines, &mut findings);
    let number_property = number_property(basis.part)?;
    let mut comparer = Comparer { basis, findings: &mut findings, present: present_lines(basis) };
    let steps: Vec<Option<Step>> = parts.iter().map(|draft| comparer.part_step(draft, number_property)).collect();
    let mut decided = Vec::with_capacity(lines.len());
    for (line, draft) in lines.iter().zip(drafts) {
        let step = draft.and_then(|draft| Some((draft.part, comparer.line_step(line, draft, &parts)?)));
        decided.push(step.filter(|(part, _)| steps.get(*part).is_some_and(Option::is_some)));
    }
    let row = |(line, decided): (&SheetLine, &Option<(usize, Step)>)| {
        let pair = decided.as_ref().and_then(|(part, step)| Some((steps.get(*part)?.as_ref()?, step)));
        let verdict = if findings.problems.concern(line.row) { Verdict::Error } else { verdict(pair) };
        report(basis, line, verdict)
    };
    let rows = lines.iter().zip(&decided).map(row).collect();
    let planned = |(line, decided): (&SheetLine, Option<(usize, Step)>)| {
        decided.map(|(part, step)| PlannedLine { row: line.row, part, step })
    };
    let lines = lines.iter().zip(decided).filter_map(planned).collect();
    let (problems, unlisted_problems) = findings.problems.sorted();
    Ok(Outcome { parts: steps.into_iter().flatten().collect(), lines, rows, problems, unlisted_problems })
}

type Present<'a> = HashMap<(Uuid, &'a str), &'a Item>;

/// The parent's lines that the caller may read, by child and unit.
fn present_lines(basis: Basis<'_>) -> Present<'_> {
    let readable = basis.stock.lines.iter().filter(|line| basis.model.allow(line, Action::Get));
    readable.filter_map(|line| Some(((line.related_id?, line.text("uom")?), line))).collect()
}

struct Comparer<'a, 'f, 'c> {
    basis: Basis<'a>,
    findings: &'f mut Findings<'c>,
    present: Present<'a>,
}

impl Comparer<'_, '_, '_> {
    fn part_step(&mut self, draft: &Draft<'_>, number_property: &str) -> Option<Step> {
        let Some(item) = draft.item else {
            let mut values = draft.values.clone();
            if let Some(number) = &draft.number {
                values.insert(number_property.to_owned(), number.clone().into());
            }
            return Some(Step::Create(values));
        };
        let number = draft.number.as_deref().unwrap_or_default();
        let step = self.settle(draft.row, "number", number, &format!("{number} is there"), item, &draft.values)?;
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
        Some(step)
    }

    fn line_step(&mut self, line: &SheetLine, draft: DraftLine, parts: &[Draft<'_>]) -> Option<Step> {
        let child = parts.get(draft.part)?.item;
        let Some(present) = child.and_then(|child| self.present.get(&(child.id, draft.uom.as_str()))).copied() else {
            return Some(Step::Create(draft.values));
        };
        let number = line.number.as_deref().unwrap_or_default();
        let there = format!("{} has the line to {number}", self.basis.parent);
        let quantity = line.quantity.to_string();
        let step = self.settle(line.row, "quantity", &quantity, &there, present, &draft.values)?;
        let allowed = |line: &Item| self.basis.model.require(line, Action::Update);
        if let Some(error) = refused_change(&step, present, allowed) {
            let reason = format!("The line to {number} cannot be changed: {}", error.message());
            self.findings.add(line.row, "quantity", &quantity, reason);
            return None;
        }
        Some(step)
    }

    /// What the request says about something that is there with other values.
    fn settle(
        &mut self,
        row: usize,
        field: &str,
        value: &str,
        there: &str,
        item: &Item,
        wanted: &Values,
    ) -> Option<Step> {
        let differing: Values = wanted
            .iter()
            .filter(|(name, value)| !item.properties.get(*name).is_some_and(|known| same(known, value)))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
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
                    "{there} with other values: {differences}. Choose existing=keep to leave it or existing=update to change it"
                );
                self.findings.add(row, field, value, reason);
                None
            }
        }
    }
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

fn report(basis: Basis<'_>, line: &SheetLine, verdict: Verdict) -> RowReport {
    RowReport {
        row: line.row,
        number: line.number.clone(),
        original_number: line.original_number.clone(),
        name: line.name.clone(),
        quantity: line.quantity,
        uom: line.uom.clone().unwrap_or_else(|| basis.rules.default_uom.to_uppercase()),
        verdict,
    }
}

/// The same value, however it was written: `12` as a text is 12, and 2.0 is 2.
fn same(known: &Value, wanted: &Value) -> bool {
    match (known.as_f64(), wanted.as_f64()) {
        (Some(known), Some(wanted)) => known == wanted,
        _ => text_value(known) == text_value(wanted),
    }
}
