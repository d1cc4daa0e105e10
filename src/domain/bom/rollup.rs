//! What an item weighs or costs by what it is made of. Exact decimals; each subassembly is computed once, wherever it is
//! used; what is not known is named, never guessed.
//!
//! A part's own value is per piece, or per the unit that its property `uom` names. A line in a unit of mass says the weight
//! of what it stands for itself, in kilograms unless the request names another unit of weights.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;
use uuid::Uuid;

use super::PART_BOM;
use super::explode::quantity_of;
use super::heights::heights;
use super::tree::{Held, Node, TreeRequest, held};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, parse_id, text_value};
use crate::domain::version::too_large;
use crate::error::{Error, Result};
use crate::types::quantity;
use crate::types::unit::{Dimension, EACH, Unit, convert, exact_product, exact_sum};

/// The most nodes of the tree of one answer.
const MOST_NODES: u64 = 250_000;
/// The most decimal places that results are rounded to.
const MOST_PLACES: i64 = 10;

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Weight,
    Cost,
}

impl Measure {
    /// The property of a part that says its own value.
    pub fn key(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Cost => "cost",
        }
    }
}

#[derive(Debug, Clone)]
pub struct RollupRequest {
    pub measure: Measure,
    pub levels: i64,
    pub tree: TreeRequest,
    /// Decimal places of results; none keeps all digits.
    pub rounding: Option<i64>,
    /// The unit in which parts say their weight.
    pub weight_uom: String,
    /// Without the tree an answer stays small, however often subassemblies are used.
    pub with_tree: bool,
}

/// Why a value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The part says none and is made of nothing that does.
    NoValue,
    /// The line has no quantity.
    NoQuantity,
    /// The line's unit cannot be converted into the part's.
    Unit,
    /// The result has more digits than can be kept.
    Digits,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoValue => "no_value",
            Self::NoQuantity => "no_quantity",
            Self::Unit => "unit",
            Self::Digits => "digits",
        }
    }
}

/// A part with what it is made of. One that is used several times is there once per number of levels shown below it.
#[derive(Debug)]
pub struct RolledPart {
    pub item: Arc<Item>,
    pub number: Option<String>,
    /// What it says itself.
    pub own: Option<Decimal>,
    /// What its lines add up to; none without lines of which anything is known.
    pub computed: Option<Decimal>,
    pub lines: Vec<RolledLine>,
    /// How many levels it was computed with.
    pub levels: u32,
    /// Something that `computed` should hold is not known.
    pub is_partial: bool,
    nodes: u64,
}

impl RolledPart {
    /// Its own value before all others.
    pub fn total(&self) -> Option<Decimal> {
        self.own.or(self.computed)
    }

    fn lacks_value(&self) -> bool {
        self.own.is_none() && self.lines.is_empty()
    }
}

#[derive(Debug)]
pub struct RolledLine {
    pub line: Arc<Item>,
    /// The index of the child among the parts.
    pub part: usize,
    /// What it adds to its parent.
    pub value: Option<Decimal>,
    /// Why it adds nothing, unless its child lacks the value.
    pub problem: Option<Reason>,
    /// The line says the value by itself.
    says_itself: bool,
}

/// A value that is missing below the root.
#[derive(Debug, Clone)]
pub struct Missing {
    pub item: Arc<Item>,
    pub number: Option<String>,
    /// Where a line is to blame.
    pub line: Option<Arc<Item>>,
    pub reason: Reason,
}

#[derive(Debug)]
pub struct Rollup {
    pub measure: Measure,
    /// What others are made of comes before them; the last is the root.
    pub parts: Vec<RolledPart>,
    pub missing: Vec<Missing>,
    pub rounding: Option<u32>,
    pub with_tree: bool,
}

impl Rollup {
    pub fn root(&self) -> Option<&RolledPart> {
        self.parts.last()
    }

    /// What is missing of a part itself and of its lines.
    pub fn missing_of(&self, part: &RolledPart) -> Vec<Missing> {
        missing_at(&self.parts, part).collect()
    }

    /// A result as it is shown.
    pub fn rounded(&self, value: Decimal) -> Decimal {
        match self.rounding {
            Some(places) => value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero).normalize(),
            None => value,
        }
    }
}

/// Adds up what an item is made of, without what the caller may not read.
///
/// Fails with `NotFound`, `Invalid` for levels outside 1 to 100, a rounding outside 0 to 10 or a unit that is no weight,
/// `BadRequest` `TREE_TOO_LARGE`.
pub async fn rollup(ctx: &Ctx, root: &str, request: RollupRequest) -> Result<Rollup> {
    let depth = super::explode::check_levels(request.levels, &["body", "levels"])?;
    let rounding = request.rounding.map(check_rounding).transpose()?;
    if Unit::named(&request.weight_uom).dimension != Dimension::Mass {
        let message = "Expected a unit of mass, such as KG or LB";
        return Err(Error::invalid_field("value_error", &["body", "weight_uom"], message));
    }
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(root)?).await?;
    let tree = TreeRequest { depth: i32::try_from(depth).unwrap_or(i32::MAX), ..request.tree };
    let (measure, weight_uom, with_tree) = (request.measure, request.weight_uom, request.with_tree);
    let make = move |held: Held| {
        let mut adding = Adding {
            heights: heights(&held.lines),
            held: &held,
            measure,
            weight_uom: &weight_uom,
            parts: Vec::new(),
            done: HashMap::new(),
        };
        adding.part(&held.root, held.depth);
        let parts = adding.parts;
        if with_tree && parts.last().is_some_and(|root| root.nodes > MOST_NODES) {
            return Err(too_large(format!("The tree has more than {MOST_NODES} nodes")));
        }
        let missing = missing(&parts);
        Ok(Rollup { measure, parts, missing, rounding, with_tree })
    };
    held(ctx, model, PART_BOM, item, tree, make).await
}

fn check_rounding(places: i64) -> Result<u32> {
    let checked = u32::try_from(places).ok().filter(|_| (0..=MOST_PLACES).contains(&places));
    let message = || format!("0 to {MOST_PLACES} decimal places");
    checked.ok_or_else(|| Error::invalid_field("value_error", &["body", "rounding"], message()))
}

struct Adding<'a> {
    held: &'a Held,
    heights: HashMap<Uuid, u32>,
    measure: Measure,
    weight_uom: &'a str,
    parts: Vec<RolledPart>,
    done: HashMap<(Uuid, u32), usize>,
}

impl Adding<'_> {
    /// The index of a part, computed with at most so many levels below it. Where it has fewer, it is the same part.
    fn part(&mut self, (key, item): &Node, levels: u32) -> usize {
        let levels = levels.min(self.heights.get(key).copied().unwrap_or(0));
        if let Some(index) = self.done.get(&(*key, levels)) {
            return *index;
        }
        let held = self.held;
        let below = if levels == 0 { &[][..] } else { held.lines.get(key).map_or(&[][..], Vec::as_slice) };
        let lines: Vec<RolledLine> = below
            .iter()
            .map(|(line, child)| {
                let part = self.part(child, levels - 1);
                self.line(line, part)
            })
            .collect();
        let part = sum(item, held.number_of(item), own(item, self.measure), lines, levels, &self.parts);
        self.parts.push(part);
        let index = self.parts.len() - 1;
        self.done.insert((*key, levels), index);
        index
    }

    fn line(&self, line: &Arc<Item>, part: usize) -> RolledLine {
        let child = &self.parts[part];
        let uom = line.text("uom").unwrap_or(EACH);
        let rolled = |value: Result<Option<Decimal>, Reason>, says_itself| RolledLine {
            line: line.clone(),
            part,
            value: value.unwrap_or_default(),
            problem: value.err(),
            says_itself,
        };
        let Some(quantity) = quantity_of(line) else { return rolled(Err(Reason::NoQuantity), false) };
        if self.measure == Measure::Weight && Unit::named(uom).dimension == Dimension::Mass {
            return rolled(convert(quantity, uom, self.weight_uom).map(Some).ok_or(Reason::Digits), true);
        }
        let pieces = convert(quantity, uom, child.item.text("uom").unwrap_or(EACH));
        let value = match (pieces, child.total()) {
            (None, _) => Err(Reason::Unit),
            (Some(_), None) => Ok(None),
            (Some(pieces), Some(each)) => exact_product(pieces, each).map(Some).ok_or(Reason::Digits),
        };
        rolled(value, false)
    }
}

/// A part of lines that are computed.
fn sum(
    item: &Arc<Item>,
    number: Option<String>,
    own: Option<Decimal>,
    lines: Vec<RolledLine>,
    levels: u32,
    parts: &[RolledPart],
) -> RolledPart {
    let (mut computed, mut is_partial, mut nodes) = (None, false, 1u64);
    for line in &lines {
        let child = &parts[line.part];
        let added = line.value.and_then(|value| exact_sum(computed.unwrap_or_default(), value));
        computed = added.or(computed);
        let known = line.says_itself || child.own.is_some() || !(child.is_partial || child.lacks_value());
        is_partial |= added.is_none() || !known;
        nodes = nodes.saturating_add(child.nodes);
    }
    RolledPart { item: item.clone(), number, own, computed, lines, levels, is_partial, nodes }
}

fn own(item: &Item, measure: Measure) -> Option<Decimal> {
    match item.properties.get(measure.key())? {
        value @ (Value::Number(_) | Value::String(_)) => quantity::read(&text_value(value)).ok(),
        _ => None,
    }
}

/// What the computed value of the root lacks: nothing below a part that says its own value, or a line that does.
fn missing(parts: &[RolledPart]) -> Vec<Missing> {
    let Some(root) = parts.len().checked_sub(1) else { return Vec::new() };
    let (mut found, mut named) = (Vec::new(), HashSet::new());
    let (mut open, mut seen) = (vec![root], HashSet::from([root]));
    while let Some(index) = open.pop() {
        let part = &parts[index];
        let new = |missing: &Missing| named.insert((missing.item.id, missing.line.as_ref().map(|line| line.id)));
        found.extend(missing_at(parts, part).filter(new));
        for line in part.lines.iter().rev() {
            if !line.says_itself && parts[line.part].own.is_none() && seen.insert(line.part) {
                open.push(line.part);
            }
        }
    }
    found
}

fn missing_at<'a>(parts: &'a [RolledPart], part: &'a RolledPart) -> impl Iterator<Item = Missing> + 'a {
    let named = |part: &RolledPart, line: Option<Arc<Item>>, reason| Missing {
        item: part.item.clone(),
        number: part.number.clone(),
        line,
        reason,
    };
    let own = part.lacks_value().then(|| named(part, None, Reason::NoValue));
    let of_lines = part
        .lines
        .iter()
        .filter_map(move |line| Some(named(parts.get(line.part)?, Some(line.line.clone()), line.problem?)));
    own.into_iter().chain(of_lines)
}

#[cfg(test)]
#[path = "rollup_tests.rs"]
mod tests;
