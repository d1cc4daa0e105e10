//! What a sheet says of each part and line, checked against their types. Pure.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::model::{Existing, ImportRequest, PlaceholderRule, SheetLine, shown};
use super::placeholder::find_placeholders;
use super::problems::Findings;
use super::stock::Stock;
use crate::domain::meta::{DataType, Item, ItemType, Model, Values, normalise, text_value};

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
pub(super) struct Draft<'a> {
    /// The first row; 0 for a part that no row describes.
    pub row: usize,
    pub number: Option<String>,
    pub values: Values,
    pub item: Option<&'a Item>,
}

/// A line of the sheet that can be read; none where a problem stands against it.
#[derive(Clone)]
pub(super) struct DraftLine {
    /// The place of its part among the parts.
    pub part: usize,
    pub uom: String,
    pub values: Values,
}

/// What the request says about rows that can be taken in two ways.
pub(super) struct Rules {
    pub placeholders: PlaceholderRule,
    pub existing: Existing,
    /// The unit of a line without one.
    pub default_uom: String,
}

impl Rules {
    pub fn of(request: &ImportRequest) -> Self {
        let (placeholders, existing) = (request.placeholders, request.existing);
        Self { placeholders, existing, default_uom: request.sheet.default_uom.clone() }
    }
}

/// What every decision rests on.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    pub model: &'a Model,
    pub part: &'a ItemType,
    pub line: &'a ItemType,
    pub stock: &'a Stock,
    pub rules: &'a Rules,
    pub parent: &'a ParentPart,
}

/// The part whose BOM the sheet is: there already, or to be made.
pub(super) struct ParentPart {
    pub number: String,
    pub item: Option<Item>,
    /// What it is made with, beyond what its row in the sheet says.
    pub values: Values,
}

/// The place of the part that the sheet is imported into among the parts.
pub(super) const ROOT: usize = 0;

/// The parts of a sheet, first the one it is imported into, and for each line what it says; none where something is wrong
/// with it.
pub(super) fn draft_all<'a>(
    basis: Basis<'a>,
    root: Option<&SheetLine>,
    lines: &[SheetLine],
    findings: &mut Findings<'_>,
) -> (Vec<Draft<'a>>, Vec<Option<DraftLine>>) {
    let unclear = unclear_numbers(basis.rules, lines);
    let mut drafter = Drafter { basis, findings, parts: Vec::new(), by_key: HashMap::new() };
    drafter.draft_root(root);
    let mut drafts = Vec::with_capacity(lines.len());
    for line in lines {
        let clear = line.number.as_ref().is_none_or(|number| !unclear.contains(number));
        let readable = clear && !drafter.findings.problems.concern(line.row);
        drafts.push(if readable { drafter.draft(line) } else { None });
    }
    (drafter.parts, drafts)
}

/// Numbers that stay placeholders, since no rule was chosen: their rows say nothing about parts.
fn unclear_numbers(rules: &Rules, lines: &[SheetLine]) -> HashSet<String> {
    if rules.placeholders != PlaceholderRule::Refuse {
        return HashSet::new();
    }
    find_placeholders(lines).into_iter().map(|placeholder| placeholder.number).collect()
}

/// Turns lines into drafts; rows of one part meet in one draft.
struct Drafter<'a, 'f, 'c> {
    basis: Basis<'a>,
    findings: &'f mut Findings<'c>,
    parts: Vec<Draft<'a>>,
    by_key: HashMap<PartKey, usize>,
}

impl Drafter<'_, '_, '_> {
    /// The part that the sheet is imported into, with what its row says, if it has one.
    fn draft_root(&mut self, root: Option<&SheetLine>) {
        let ParentPart { number, item, values } = self.basis.parent;
        let row = root.map_or(0, |root| root.row);
        let (mut values, item) = (if item.is_some() { Values::new() } else { values.clone() }, item.as_ref());
        if let Some(given) = root.and_then(|root| self.normalised(row, self.basis.part, of_part(root))) {
            for (name, value) in given {
                values.entry(name).or_insert(value);
            }
        }
        if let Some(state) = values.remove("state") {
            self.check_state(row, item, &text_value(&state));
        }
        self.parts.push(Draft { row, number: Some(number.clone()), values, item });
    }

    fn draft(&mut self, line: &SheetLine) -> Option<DraftLine> {
        if line.number.as_ref() == Some(&self.basis.parent.number) {
            let reason = "Is the part that the sheet is imported into; a part cannot be below itself".to_owned();
            self.findings.add(line.row, "number", &self.basis.parent.number, reason);
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
        let mut values = self.normalised(line.row, self.basis.part, of_part(line))?;
        let item = line.number.as_deref().and_then(|number| self.basis.stock.part(number));
        if let Some(state) = values.remove("state") {
            self.check_state(line.row, item, &text_value(&state));
        }
        let key = PartKey::of(line);
        let Some(&at) = self.by_key.get(&key) else {
            self.by_key.insert(key, self.parts.len());
            self.parts.push(Draft { row: line.row, number: line.number.clone(), values, item });
            return Some(self.parts.len() - 1);
        };
        self.join(at, line.row, values);
        Some(at)
    }

    /// Rows of one part may complete each other, not contradict.
    fn join(&mut self, at: usize, row: usize, values: Values) {
        for (name, value) in values {
            let Some(draft) = self.parts.get_mut(at) else { return };
            match draft.values.get(&name) {
                Some(known) if *known != value => {
                    let reason = format!("Row {} gives the same part another {name}: {}", draft.row, shown(known));
                    self.findings.add(row, &name, &text_value(&value), reason);
                }
                Some(_) => {}
                None => {
                    draft.values.insert(name, value);
                }
            }
        }
    }

    fn line_values(&mut self, line: &SheetLine) -> Option<Values> {
        let Some(quantity) = line.quantity.exact_float() else {
            let reason = "Has more digits than can be kept exactly".to_owned();
            self.findings.add(line.row, "quantity", &line.quantity.to_string(), reason);
            return None;
        };
        let uom = line.uom.as_deref().unwrap_or(&self.basis.rules.default_uom);
        let mut given = Values::new();
        for (name, value) in &line.line_properties {
            given.insert(name.clone(), self.line_value(name, value));
        }
        given.insert("quantity".to_owned(), quantity.into());
        given.insert("uom".to_owned(), uom.into());
        for (name, value) in [("find_num", &line.find_num), ("refdes", &line.refdes)] {
            if let Some(value) = value {
                given.insert(name.to_owned(), value.clone().into());
            }
        }
        self.normalised(line.row, self.basis.line, given)
    }

    /// A condition stands in its cell as JSON.
    fn line_value(&self, name: &str, value: &Value) -> Value {
        let is_json = self.basis.line.property(name).is_some_and(|property| property.data_type == DataType::Condition);
        let parsed = value.as_str().filter(|_| is_json).and_then(|text| serde_json::from_str(text).ok());
        parsed.unwrap_or_else(|| value.clone())
    }

    fn normalised(&mut self, row: usize, kind: &ItemType, given: Values) -> Option<Values> {
        let sheet = given.clone();
        match normalise(kind, given) {
            Ok(values) => Some(values),
            Err(error) => {
                for problem in error.problems() {
                    let name = problem.loc.last().map(String::as_str).unwrap_or_default();
                    let value = sheet.get(name).map(text_value).unwrap_or_default();
                    self.findings.add(row, name, &value, problem.message.clone());
                }
                None
            }
        }
    }

    fn check_state(&mut self, row: usize, item: Option<&Item>, wanted: &str) {
        let start = self.basis.part.lifecycle_map_id.and_then(|map| self.basis.model.lifecycles().start(map));
        let state = item.map_or_else(|| start.map_or("Active", |state| &state.name), |item| &item.state);
        if state != wanted {
            let reason = format!("The state is {state:?} and changes by promotion; leave the column out");
            self.findings.add(row, "state", wanted, reason);
        }
    }
}

/// What a row says about its part, beside the number.
fn of_part(line: &SheetLine) -> Values {
    let mut given: Values = line.properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    if let Some(name) = &line.name {
        given.insert("name".to_owned(), name.clone().into());
    }
    given
}
