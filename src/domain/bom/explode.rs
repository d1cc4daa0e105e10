//! A BOM as a list: every occurrence of every part below a root, with what one root needs of it.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::tree::{BomLine, BomNode, BomTree, TreeRequest, tree};
use crate::context::Ctx;
use crate::domain::meta::{self, Item};
use crate::domain::version::too_large;
use crate::error::{Error, Result};
use crate::types::unit::exact_product;
use crate::types::{Quantity, quantity};

/// The most levels a request may ask for.
const MAX_LEVEL: i64 = 100;
/// The most lines of one list: each names its way from the root.
const MOST_OCCURRENCES: usize = 50_000;

/// One occurrence of a part below the root.
#[derive(Debug)]
pub struct Occurrence<'a> {
    /// From 1: the children of the root.
    pub level: usize,
    /// The items from the root to this one.
    pub path: Vec<Uuid>,
    pub line: &'a BomLine,
    /// As its line says, of its parent.
    pub quantity: Option<Decimal>,
    /// Of one root: the product of the quantities on the path. None where a line has no quantity, or there are more digits
    /// than can be kept.
    pub total_quantity: Option<Decimal>,
}

/// The tree below a part, as `render` makes an answer of it; for the list of it see [`occurrences`].
///
/// Fails with `Invalid` for a level outside 1 to 100, else as [`tree`] does.
pub async fn explode<T: Send + 'static>(
    ctx: &Ctx,
    root: &str,
    max_level: i64,
    render: impl FnOnce(&BomTree) -> Result<T> + Send + 'static,
) -> Result<T> {
    check_level(max_level)?;
    let depth = i32::try_from(max_level).unwrap_or(i32::MAX);
    tree(ctx, root, TreeRequest { depth, ..TreeRequest::default() }, render).await
}

pub(super) fn check_level(max_level: i64) -> Result<()> {
    check_levels(max_level, &["query", "max_level"]).map(|_| ())
}

/// A number of levels, which a request names at a place.
pub(super) fn check_levels(levels: i64, loc: &[&str]) -> Result<u32> {
    let checked = u32::try_from(levels).ok().filter(|_| (1..=MAX_LEVEL).contains(&levels));
    checked.ok_or_else(|| Error::invalid_field("value_error", loc, format!("1 to {MAX_LEVEL} levels")))
}

/// Every occurrence, each part before those that it is made of; fails with `BadRequest` `TREE_TOO_LARGE`.
pub fn occurrences(tree: &BomTree) -> Result<Vec<Occurrence<'_>>> {
    let mut found = Vec::new();
    collect(&tree.root, &[tree.root.item.id], Some(Decimal::ONE), &mut found)?;
    Ok(found)
}

fn collect<'a>(
    node: &'a BomNode,
    path: &[Uuid],
    of_root: Option<Decimal>,
    found: &mut Vec<Occurrence<'a>>,
) -> Result<()> {
    for line in &node.children {
        let quantity = line.quantity();
        let total_quantity = of_root.zip(quantity).and_then(|(one, other)| exact_product(one, other));
        let mut path = path.to_vec();
        path.push(line.child.item.id);
        let level = path.len() - 1;
        if found.len() == MOST_OCCURRENCES {
            return Err(too_large(format!("The list has more than {MOST_OCCURRENCES} lines")));
        }
        found.push(Occurrence { level, path: path.clone(), line, quantity, total_quantity });
        collect(&line.child, &path, total_quantity, found)?;
    }
    Ok(())
}

impl BomLine {
    /// How many of the child its parent needs.
    pub fn quantity(&self) -> Option<Decimal> {
        quantity_of(&self.relationship)
    }
}

/// How many of what it leads to a line says.
pub(super) fn quantity_of(line: &Item) -> Option<Decimal> {
    let text = meta::text_value(line.properties.get("quantity")?);
    // A type of lines may allow that there is none.
    quantity::read(&text).and_then(Quantity::not_negative).ok().map(Quantity::decimal)
}
