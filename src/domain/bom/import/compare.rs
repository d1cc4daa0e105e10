//! Each part and line of a sheet held against what is there. Pure: rights and values are in hand.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::commit::ImportRequest;
use super::model::{Existing, PlaceholderRule, RowProblem, SheetLine, UsedColumn};
use super::number::exact_json;
use super::plan::{PlannedLine, Step, number_property};
use super::problems::Problems;
use super::report::{RowReport, Verdict};
use super::stock::Stock;
use crate::domain::bom::{PART, PART_BOM};
use crate::domain::meta::{Item, ItemType, Model, Values, normalise, text_value};
use crate::domain::permission::Action;
use crate::error::Result;

/// A number, or what draws one: the number in the sheet, if any, and the name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum PartKey {
    Numbered(String),
    Drawn(Option<String>, Option<String>),
}

impl PartKey {
    fn of(line: &SheetLine) -> Self {
        match &line.number {
            Some(number) => Self::Numbered(number.clone()),
            None => Self::Drawn(line.original_number.clone(), line.name.clone()),
        }
    }
}

/// A part as all rows of the sheet together describe it.
struct Draft<'a> {
    row: usize,
    number: Option<String>,
    values: Values,
    item: Option<&'a Item>,
}

/// A line of the sheet that can be read; none where a problem stands against it.
struct DraftLine {
    part: usize,
    uom: String,
    values: Values,
}

/// What becomes of every row.
pub(super) struct Outcome {
    pub parts: Vec<Step>,
    pub lines: Vec<PlannedLine>,
    pub rows: Vec<RowReport>,
    pub problems: Vec<RowProblem>,
    pub unlisted_problems: usize,
}

pub(super) struct Planner<'a> {
    model: &'a Model,
    part: &'a ItemType,
    line: &'a ItemType,
    request: &'a ImportRequest,
    stock: &'a Stock,
    /// Lines that the caller may read, by child and unit.
    present: HashMap<(Uuid, &'a str), &'a Item>,
    /// Headers by the property they are read as.
    headers: BTreeMap<&'a str, &'a str>,
    parent: &'a str,
    problems: Problems,
    drafts: Vec<Draft<'a>>,
    by_key: HashMap<PartKey, usize>,
}

impl<'a> Planner<'a> {
    pub fn new(
        model: &'a Model,
        request: &'a ImportRequest,
        stock: &'a Stock,
        columns: &'a [UsedColumn],
        parent: &'a str,
        problems: Problems,
    ) -> Result<Self> {
        let readable = stock.lines.iter().filter(|line| model.allow(line, Action::Get));
        let keyed = readable.filter_map(|line| Some(((line.related_id?, line.text("uom")?), line)));
        let header = |column: &'a UsedColumn| {
            (column.field.strip_prefix("property.").unwrap_or(&column.field), column.column.as_str())
        };
        Ok(Self {
            model,
            part: model.item_type(PART)?,
            line: model.item_type(PART_BOM)?,
            request,
            stock,
            present: keyed.collect(),
            headers: columns.iter().map(header).collect(),
            parent,
            problems,
            drafts: Vec::new(),
            by_key: HashMap::new(),
        })
    }

    pub fn decide(mut self, lines: &[SheetLine]) -> Result<Outcome> {
        let unclear = self.unclear_numbers(lines);
        let mut drafts = Vec::with_capacity(lines.len());
        for line in lines {
            let clear = line.number.as_ref().is_none_or(|number| !unclear.contains(number));
            let readable = clear && !self.problems.concern(line.row);
            drafts.push(if readable { self.draft(line) } else { None });
        }
        let steps = self.part_steps()?;
        let mut decided = Vec::with_capacity(lines.len());
        for (line, draft) in lines.iter().zip(drafts) {
            let step = draft.and_then(|draft| Some((draft.part, self.line_step(line, draft)?)));
            decided.push(step.filter(|(part, _)| steps.get(*part).is_some_and(Option::is_some)));
        }
        let rows = lines.iter().zip(&decided).map(|(line, decided)| self.row(line, decided.as_ref(), &steps)).collect();
        let planned = |(line, decided): (&SheetLine, Option<(usize, Step)>)| {
            decided.map(|(part, step)| PlannedLine { row: line.row, part, step })
        };
        let lines = lines.iter().zip(decided).filter_map(planned).collect();
        let (problems, unlisted_problems) = self.problems.sorted();
        Ok(Outcome { parts: steps.into_iter().flatten().collect(), lines, rows, problems, unlisted_problems })
    }

    /// Numbers that stay placeholders, since no rule was chosen: their rows say nothing about parts.
    fn unclear_numbers(&self, lines: &[SheetLine]) -> HashSet<String> {
        if self.request.placeholders != PlaceholderRule::Refuse {
            return HashSet::new();
        }
        super::placeholder::find_placeholders(lines).into_iter().map(|placeholder| placeholder.number).collect()
    }

    fn draft(&mut self, line: &SheetLine) -> Option<DraftLine> {
        if line.number.as_deref() == Some(self.parent) {
            let reason = "Is the part that the sheet is imported into; a part cannot be below itself".to_owned();
            self.problem(line.row, "number", self.parent, reason);
            return None;
        }
        let part = self.draft_part(line);
        let values = self.line_values(line);
        let (part, values) = (part?, values?);
        let uom = values.get("uom").map(text_value).unwrap_or_default();
        Some(DraftLine { part, uom, values })
    }

    /// The part of a line, with what this row adds to it.
    fn draft_part(&mut self, line: &SheetLine) -> Option<usize> {
        let mut given: Values = line.properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        if let Some(name) = &line.name {
            given.insert("name".to_owned(), name.clone().into());
        }
        let mut values = self.normalised(line.row, self.part, given)?;
        let item = line.number.as_deref().and_then(|number| self.stock.part(number));
        if let Some(state) = values.remove("state") {
            self.check_state(line.row, item, &text_value(&state));
        }
        let key = PartKey::of(line);
        let Some(&at) = self.by_key.get(&key) else {
            self.by_key.insert(key, self.drafts.len());
            self.drafts.push(Draft { row: line.row, number: line.number.clone(), values, item });
            return Some(self.drafts.len() - 1);
        };
        self.join(at, line.row, values);
        Some(at)
    }

    /// Rows of one part may complete each other, not contradict.
    fn join(&mut self, at: usize, row: usize, values: Values) {
        for (name, value) in values {
            let Some(draft) = self.drafts.get_mut(at) else { return };
            match draft.values.get(&name) {
                Some(known) if *known != value => {
                    let reason = format!("Row {} gives the same part another {name}: {}", draft.row, shown(known));
                    self.problem(row, &name, &text_value(&value), reason);
                }
                Some(_) => {}
                None => {
                    draft.values.insert(name, value);
                }
            }
        }
    }

    fn line_values(&mut self, line: &SheetLine) -> Option<Values> {
        let Some(quantity) = exact_json(line.quantity.decimal()) else {
            let reason = "Has more digits than can be kept exactly".to_owned();
            self.problem(line.row, "quantity", &line.quantity.to_string(), reason);
            return None;
        };
        let uom = line.uom.as_ref().unwrap_or(&self.request.sheet.default_uom);
        let mut given = Values::new();
        given.insert("quantity".to_owned(), Value::Number(quantity));
        given.insert("uom".to_owned(), uom.clone().into());
        for (name, value) in [("find_num", &line.find_num), ("refdes", &line.refdes)] {
            if let Some(value) = value {
                given.insert(name.to_owned(), value.clone().into());
            }
        }
        self.normalised(line.row, self.line, given)
    }

    fn normalised(&mut self, row: usize, kind: &ItemType, given: Values) -> Option<Values> {
        let sheet = given.clone();
        match normalise(kind, given) {
            Ok(values) => Some(values),
            Err(error) => {
                for problem in error.problems() {
                    let name = problem.loc.last().map(String::as_str).unwrap_or_default();
                    let value = sheet.get(name).map(text_value).unwrap_or_default();
                    self.problem(row, name, &value, problem.message.clone());
                }
                None
            }
        }
    }

    fn check_state(&mut self, row: usize, item: Option<&Item>, wanted: &str) {
        let start = self.part.lifecycle_map_id.and_then(|map| self.model.lifecycles().start(map));
        let state = item.map_or_else(|| start.map_or("Active", |state| &state.name), |item| &item.state);
        if state != wanted {
            let reason = format!("The state is {state:?} and changes by promotion; leave the column out");
            self.problem(row, "state", wanted, reason);
        }
    }

    fn part_steps(&mut self) -> Result<Vec<Option<Step>>> {
        let number_property = number_property(self.part)?;
        let drafts = std::mem::take(&mut self.drafts);
        let steps = drafts.iter().map(|draft| self.part_step(draft, number_property)).collect();
        self.drafts = drafts;
        Ok(steps)
    }

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
        if let Step::Change(..) = step {
            let allowed = self.model.require(item, Action::Update).and_then(|()| self.model.require_unlocked(item));
            if let Err(error) = allowed {
                self.problem(draft.row, "number", number, format!("{number} cannot be changed: {}", error.message()));
                return None;
            }
        }
        Some(step)
    }

    fn line_step(&mut self, line: &SheetLine, draft: DraftLine) -> Option<Step> {
        let child = self.drafts.get(draft.part)?.item;
        let Some(present) = child.and_then(|child| self.present.get(&(child.id, draft.uom.as_str()))).copied() else {
            return Some(Step::Create(draft.values));
        };
        let number = line.number.as_deref().unwrap_or_default();
        let there = format!("{} has the line to {number}", self.parent);
        self.settle(line.row, "quantity", &line.quantity.to_string(), &there, present, &draft.values)
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
        match self.request.existing {
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
                self.problem(row, field, value, reason);
                None
            }
        }
    }

    fn row(&self, line: &SheetLine, decided: Option<&(usize, Step)>, steps: &[Option<Step>]) -> RowReport {
        let part = decided.and_then(|(part, _)| steps.get(*part)?.as_ref());
        let verdict = match (part, decided.map(|(_, step)| step)) {
            _ if self.problems.concern(line.row) => Verdict::Error,
            (Some(Step::Create(_)), Some(_)) => Verdict::New,
            (Some(Step::Change(..)), Some(_)) | (Some(_), Some(Step::Change(..))) => Verdict::Changed,
            (Some(_), Some(Step::Create(_))) => Verdict::Matched,
            (Some(_), Some(Step::Keep(_))) => Verdict::Unchanged,
            _ => Verdict::Error,
        };
        RowReport {
            row: line.row,
            number: line.number.clone(),
            original_number: line.original_number.clone(),
            name: line.name.clone(),
            quantity: line.quantity,
            uom: line.uom.clone().unwrap_or_else(|| self.request.sheet.default_uom.to_uppercase()),
            verdict,
        }
    }

    fn problem(&mut self, row: usize, name: &str, value: &str, reason: String) {
        let column = self.headers.get(name).map(|header| (*header).to_owned());
        self.problems.add(row, column, value, reason);
    }
}

/// The same value, however it was written: `12` as a text is 12, and 2.0 is 2.
fn same(known: &Value, wanted: &Value) -> bool {
    match (known.as_f64(), wanted.as_f64()) {
        (Some(known), Some(wanted)) => known == wanted,
        _ => text_value(known) == text_value(wanted),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", super::model::excerpt(text)),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}
