//! A BOM as a parts list: each part once, with how much of it one root needs over all the ways that lead to it.
//!
//! Amounts are passed down level by level, from each part to what it is made of at once: the work and the memory grow with
//! the lines of the structure, not with the ways through it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::PART_BOM;
use super::explode::{check_levels, quantity_of};
use super::tree::{Held, TreeRequest, held};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, parse_id};
use crate::error::Result;
use crate::types::natural;
use crate::types::unit::{EACH, Unit, convert, exact_product, exact_sum};

/// A part of the list.
#[derive(Debug, Clone)]
pub struct FlatPart {
    pub item: Arc<Item>,
    pub number: Option<String>,
    /// Of one root, in `uom`.
    pub quantity: Decimal,
    pub uom: String,
    /// Some of it could not be added; `quantity` is what could.
    pub is_partial: bool,
    /// In how many places below the root it is: the ways that lead to it.
    pub occurrences: u64,
    /// From how many lines.
    pub lines: usize,
    /// The levels on which it is, from 1.
    pub first_level: u32,
    pub last_level: u32,
}

/// Why a line adds nothing to what its child is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// It has no quantity.
    NoQuantity,
    /// Its unit cannot be converted into that of the list.
    Unit,
    /// The product has more digits than can be kept.
    Digits,
}

impl Gap {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoQuantity => "no_quantity",
            Self::Unit => "unit",
            Self::Digits => "digits",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Unconverted {
    pub line: Arc<Item>,
    pub gap: Gap,
    /// The unit of the line, and that of the list.
    pub uom: String,
    pub wanted: String,
}

#[derive(Debug, Clone)]
pub struct FlatBom {
    pub root: Arc<Item>,
    pub number: Option<String>,
    pub levels: u32,
    /// By their first level, and there by number.
    pub parts: Vec<FlatPart>,
    pub unconverted: Vec<Unconverted>,
}

/// The parts list of an item, without what the caller may not read. Two queries, whatever its size.
///
/// Fails with `NotFound`, `Invalid` for levels outside 1 to 100, and as `render` does.
pub async fn flat<T: Send + 'static>(
    ctx: &Ctx,
    root: &str,
    levels: i64,
    request: TreeRequest,
    render: impl FnOnce(&FlatBom) -> Result<T> + Send + 'static,
) -> Result<T> {
    let depth = check_levels(levels, &["query", "levels"])?;
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(root)?).await?;
    let request = TreeRequest { depth: i32::try_from(depth).unwrap_or(i32::MAX), ..request };
    held(ctx, model, PART_BOM, item, request, move |held| render(&list(&held))).await
}

/// How much of a part is needed, and by how many ways.
#[derive(Debug, Clone, Copy)]
struct Amount {
    known: Decimal,
    is_partial: bool,
    ways: u64,
}

impl Amount {
    const NONE: Self = Self { known: Decimal::ZERO, is_partial: false, ways: 0 };

    /// With what one line adds; a sum that cannot be kept is no sum.
    fn add(&mut self, other: Self) {
        match exact_sum(self.known, other.known) {
            Some(sum) => self.known = sum,
            None => self.is_partial = true,
        }
        self.is_partial |= other.is_partial;
        self.ways = self.ways.saturating_add(other.ways);
    }
}

/// What the list says of a part while it is made.
struct Entry {
    item: Arc<Item>,
    uom: String,
    total: Amount,
    lines: usize,
    first_level: u32,
    last_level: u32,
}

fn list(held: &Held) -> FlatBom {
    let mut entries = entries(held);
    let mut gaps: BTreeMap<Uuid, Unconverted> = BTreeMap::new();
    let mut level = HashMap::from([(held.root.0, Amount { known: Decimal::ONE, is_partial: false, ways: 1 })]);
    for depth in 1..=held.depth {
        let mut next: HashMap<Uuid, Amount> = HashMap::new();
        for (key, above) in level {
            for (line, (child, _)) in held.lines.get(&key).into_iter().flatten() {
                let Some(entry) = entries.get(child) else { continue };
                let added = needed(line, above, &entry.uom).unwrap_or_else(|gap| {
                    let uom = line.text("uom").unwrap_or(EACH).to_owned();
                    let gap = Unconverted { line: line.clone(), gap, uom, wanted: entry.uom.clone() };
                    gaps.entry(line.id).or_insert(gap);
                    Amount { known: Decimal::ZERO, is_partial: true, ways: above.ways }
                });
                next.entry(*child).or_insert(Amount::NONE).add(added);
            }
        }
        for (key, amount) in &next {
            if let Some(entry) = entries.get_mut(key) {
                entry.total.add(*amount);
                entry.last_level = depth;
            }
        }
        level = next;
    }
    let parts = sorted(held, entries);
    let root = held.root.1.clone();
    FlatBom {
        number: held.number_of(&root),
        root,
        levels: held.depth,
        parts,
        unconverted: gaps.into_values().collect(),
    }
}

/// What a line adds where so much of its parent is needed.
fn needed(line: &Item, above: Amount, wanted: &str) -> Result<Amount, Gap> {
    let quantity = quantity_of(line).ok_or(Gap::NoQuantity)?;
    let each = convert(quantity, line.text("uom").unwrap_or(EACH), wanted).ok_or(Gap::Unit)?;
    let known = exact_product(above.known, each).ok_or(Gap::Digits)?;
    Ok(Amount { known, ..above })
}

/// The parts of the list, each with the unit in which it is counted: its own (`uom`), else that of its lines where they
/// agree, else the principal one of their dimension. Where they measure different things, pieces come first.
fn entries(held: &Held) -> HashMap<Uuid, Entry> {
    let mut units: HashMap<Uuid, BTreeSet<String>> = HashMap::new();
    let mut entries: HashMap<Uuid, Entry> = HashMap::new();
    for (depth, _, line, (child, item)) in held.lines_by_level() {
        let uom = line.text("uom").unwrap_or(EACH).to_uppercase();
        units.entry(*child).or_default().insert(uom);
        let new = || Entry {
            item: item.clone(),
            uom: String::new(),
            total: Amount::NONE,
            lines: 0,
            first_level: depth + 1,
            last_level: depth + 1,
        };
        entries.entry(*child).or_insert_with(new).lines += 1;
    }
    for (key, entry) in &mut entries {
        let own = entry.item.text("uom").map(|uom| uom.trim().to_uppercase()).filter(|uom| !uom.is_empty());
        entry.uom = own.unwrap_or_else(|| common_unit(units.get(key)));
    }
    entries
}

fn common_unit(units: Option<&BTreeSet<String>>) -> String {
    let units: Vec<&String> = units.into_iter().flatten().collect();
    match units.as_slice() {
        [] => EACH.to_owned(),
        [one] => (*one).clone(),
        [first, ..] => {
            let dimensions: HashSet<_> = units.iter().map(|unit| Unit::named(unit).dimension).collect();
            let each = Unit::named(EACH);
            let counted = dimensions.len() > 1 && dimensions.contains(&each.dimension);
            if counted { EACH.to_owned() } else { Unit::named(first).principal().to_owned() }
        }
    }
}

fn sorted(held: &Held, entries: HashMap<Uuid, Entry>) -> Vec<FlatPart> {
    let part = |entry: Entry| FlatPart {
        number: held.number_of(&entry.item),
        item: entry.item,
        quantity: entry.total.known,
        uom: entry.uom,
        is_partial: entry.total.is_partial,
        occurrences: entry.total.ways,
        lines: entry.lines,
        first_level: entry.first_level,
        last_level: entry.last_level,
    };
    let mut parts: Vec<FlatPart> = entries.into_values().map(part).collect();
    parts.sort_by(|left, right| {
        let number = |part: &FlatPart| part.number.clone().unwrap_or_default();
        left.first_level
            .cmp(&right.first_level)
            .then_with(|| natural::compare(&number(left), &number(right)))
            .then_with(|| left.item.id.cmp(&right.item.id))
    });
    parts
}

#[cfg(test)]
#[path = "flat_tests.rs"]
pub(super) mod tests;
