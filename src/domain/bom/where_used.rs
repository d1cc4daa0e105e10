//! Where an item is used: the lines that lead to it, those that lead to their parents, and so on to the top.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::PART_BOM;
use super::explode::{check_level, check_levels};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, ItemView, Model, parse_id};
use crate::error::Result;

/// The most uses that one answer names.
const MOST_USES: usize = 10_000;

/// One line that leads to the item, or to something that it is in.
#[derive(Debug, Clone)]
pub struct Use {
    /// 1 for the lines that lead to the item itself.
    pub level: u32,
    pub relationship: Item,
    pub parent: ItemView,
    /// No line that the caller may see leads to the parent; it may be used above the last level.
    pub is_top: bool,
}

#[derive(Debug, Clone)]
pub struct WhereUsed {
    pub item: ItemView,
    /// Level by level; one that is used on several levels is there on each.
    pub uses: Vec<Use>,
    /// There are more than these.
    pub truncated: bool,
}

/// Finds the uses of an item, as far as the caller may read both ends of each line; what is above a hidden parent stays
/// hidden. Three queries, whatever the size.
///
/// Fails with `NotFound`, `Forbidden`, `Invalid` for a level outside 1 to 100.
pub async fn where_used(ctx: &Ctx, item: &str, max_level: i64) -> Result<WhereUsed> {
    let id = parse_id(item)?;
    check_level(max_level)?;
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, id).await?;
    let levels = u32::try_from(max_level).unwrap_or(u32::MAX);
    let mut lines = meta::ascend(ctx, &model, PART_BOM, id, levels, MOST_USES + 1).await?;
    let truncated = lines.len() > MOST_USES;
    lines.truncate(MOST_USES);
    let parents: HashSet<Uuid> = lines.iter().filter_map(|(_, line)| line.source_id).collect();
    let used = meta::used_among(ctx, &model, PART_BOM, &parents).await?;
    let parents = meta::readable_among(ctx, &model, &parents).await?;
    let parents: HashMap<Uuid, ItemView> = parents.into_iter().map(|view| (view.item.id, view)).collect();
    let named = |(level, relationship): (u32, Item)| {
        let parent = parents.get(&relationship.source_id?)?.clone();
        let is_top = !used.contains(&parent.item.id);
        Some(Use { level, relationship, parent, is_top })
    };
    let uses = lines.into_iter().filter_map(named).collect();
    Ok(WhereUsed { item: ItemView::new(&model, item), uses, truncated })
}

/// A line that leads to the item, or to something that it is in, with both its ends.
#[derive(Debug, Clone)]
pub struct UsedLine {
    /// 1 for the lines that lead to the item itself; the nearest level of a line.
    pub level: u32,
    pub line: Item,
    pub parent: ItemView,
    pub child: ItemView,
}

#[derive(Debug, Clone)]
pub struct UsedLines {
    pub item_id: Uuid,
    /// Level by level, each line once.
    pub lines: Vec<UsedLine>,
    /// There are more than these.
    pub truncated: bool,
}

/// The lines that lead to an item, or all those above it up to so many levels, as far as the caller may read both ends of
/// each. Two queries for the lines and a few for their ends, whatever the size of the database.
///
/// Fails as [`where_used`] does.
pub async fn lines_above(ctx: &Ctx, item: &str, recursive: bool, max_levels: i64) -> Result<UsedLines> {
    let id = parse_id(item)?;
    let levels = check_levels(max_levels, &["query", "max_levels"])?;
    let model = Model::load(ctx).await?;
    meta::require_item(ctx, &model, id).await?;
    let levels = if recursive { levels } else { 1 };
    let mut lines = meta::ascend_once(ctx, &model, PART_BOM, id, levels, MOST_USES + 1).await?;
    let truncated = lines.len() > MOST_USES;
    lines.truncate(MOST_USES);
    let ends: HashSet<Uuid> =
        lines.iter().flat_map(|(_, line)| line.source_id.into_iter().chain(line.related_id)).collect();
    let ends = super::links::parts(ctx, &model, ends).await?;
    let named = |(level, line): (u32, Item)| {
        let (parent, child) = (ends.get(&line.source_id?)?.clone(), ends.get(&line.related_id?)?.clone());
        Some(UsedLine { level, line: model.governed(line), parent, child })
    };
    let lines = lines.into_iter().filter_map(named).collect();
    Ok(UsedLines { item_id: id, lines, truncated })
}
