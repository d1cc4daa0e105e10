//! Walking relationships: what lies below an item, and the way from one to another.

use std::collections::{HashMap, HashSet, VecDeque};

use uuid::Uuid;

use super::item::Item;
use super::mirrors::ItemView;
use super::model::Model;
use super::query::Budget;
use super::repo;
pub use super::repo::graph::End;
use super::write::Write;
use crate::context::Ctx;
use crate::db::Tx;
use crate::error::Result;

/// Items, and the lines that lead from each to those below it.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub items: HashMap<Uuid, Item>,
    /// By source, in the order of creation.
    pub lines: HashMap<Uuid, Vec<Item>>,
}

/// Everything that can be reached from `root` along lines of one type in at most `depth` steps, in two queries whatever
/// the size. Unfiltered: the caller decides what may be seen.
pub async fn descend(ctx: &Ctx, relationship: &str, root: Uuid, depth: u32) -> Result<Graph> {
    let lines = repo::graph::lines_below(&*ctx.db, relationship, root, depth).await?;
    let items = repo::graph::items_below(&*ctx.db, relationship, root, depth).await?;
    Ok(Graph::of(items, lines))
}

/// The same as a write sees it: where that has the turn of the structure, nobody changes it between the two queries.
pub async fn descend_within(write: &Write<'_>, relationship: &str, root: Uuid, depth: u32) -> Result<Graph> {
    let lines = repo::graph::lines_below(write.tx(), relationship, root, depth).await?;
    let items = repo::graph::items_below(write.tx(), relationship, root, depth).await?;
    Ok(Graph::of(items, lines))
}

impl Graph {
    fn of(items: Vec<Item>, lines: Vec<Item>) -> Self {
        let mut graph = Self { items: items.into_iter().map(|item| (item.id, item)).collect(), ..Self::default() };
        for line in lines {
            if let Some(source) = line.source_id {
                graph.lines.entry(source).or_default().push(line);
            }
        }
        graph
    }
}

/// The lines of one type that hang on any of the items, by the order of their creation. Unfiltered, as [`descend`].
pub async fn lines_of_all(ctx: &Ctx, relationship: &str, sources: &[Uuid]) -> Result<Vec<Item>> {
    repo::graph::lines_of_all(&*ctx.db, relationship, sources).await
}

/// The lines of one type that lead to an item, those that lead to their sources, and so on, each with its level from 1: what
/// the caller may get, in the order of levels, at most so many.
pub async fn ascend(
    ctx: &Ctx,
    model: &Model,
    relationship: &str,
    item: Uuid,
    levels: u32,
    most: usize,
) -> Result<Vec<(u32, Item)>> {
    repo::graph::lines_above(&*ctx.db, model, relationship, item, levels, most).await
}

/// The same with each line once, on the first of its levels.
pub async fn ascend_once(
    ctx: &Ctx,
    model: &Model,
    relationship: &str,
    item: Uuid,
    levels: u32,
    most: usize,
) -> Result<Vec<(u32, Item)>> {
    repo::graph::lines_above_once(&*ctx.db, model, relationship, item, levels, most).await
}

/// The lines of a type of which an item is an end, in the order in which they were added: what the caller may get, at most
/// so many.
pub async fn lines_at(
    ctx: &Ctx,
    model: &Model,
    relationship: &str,
    item: Uuid,
    end: End,
    most: usize,
) -> Result<Vec<Item>> {
    repo::graph::lines_at(&*ctx.db, model, relationship, item, end, most).await
}

/// Whether a line of a type leads from one item to the other, seen or not; for as long as the write has the first locked.
pub async fn leads(write: &Write<'_>, relationship: &str, from: Uuid, to: Uuid) -> Result<bool> {
    repo::graph::leads(&write.tx, relationship, from, to).await
}

/// Those of the items to which a line leads that the caller may get.
pub async fn used_among(ctx: &Ctx, model: &Model, relationship: &str, items: &HashSet<Uuid>) -> Result<HashSet<Uuid>> {
    repo::graph::used_among(&*ctx.db, model, relationship, items).await
}

/// Those of the items that the caller may get.
pub async fn readable_among(ctx: &Ctx, model: &Model, items: &HashSet<Uuid>) -> Result<Vec<ItemView>> {
    let found =
        repo::query::with_ids(&*ctx.db, model, &items.iter().copied().collect(), &mut Budget::unlimited()).await?;
    Ok(found.into_iter().map(|item| ItemView::new(model, item)).collect())
}

/// The shortest way down from `from` to `to`, both included; none if there is no way. An item reaches itself.
///
/// Breadth-first search over the edges below `from` (E. F. Moore, 1959).
pub(super) async fn path_down(tx: &Tx, relationship: &str, from: Uuid, to: Uuid) -> Result<Option<Vec<Uuid>>> {
    if from == to {
        return Ok(Some(vec![from]));
    }
    if !repo::graph::is_below(tx, relationship, from, to).await? {
        return Ok(None);
    }
    let mut below: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (source, related) in repo::graph::edges_below(tx, relationship, from).await? {
        below.entry(source).or_default().push(related);
    }
    Ok(shortest_path(&below, from, to))
}

/// Of lines that are to be added, the first that closes a cycle with what is there and with those before it; with the way
/// from its end back to its begin.
///
/// One search finds out that there is none, as a rule: only then is it asked which line it is.
pub(super) async fn closing_line(
    tx: &Tx,
    relationship: &str,
    lines: &[(Uuid, Uuid)],
) -> Result<Option<(usize, Vec<Uuid>)>> {
    let ends: HashSet<Uuid> = lines.iter().map(|(_, related)| *related).collect();
    let mut below: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (source, related) in repo::graph::edges_below_all(tx, relationship, &ends).await? {
        below.entry(source).or_default().push(related);
    }
    let mut together = below.clone();
    for (source, related) in lines {
        together.entry(*source).or_default().push(*related);
    }
    let left = on_cycles(&together);
    for (at, (source, related)) in lines.iter().enumerate() {
        if left.contains(source) && left.contains(related) {
            let path = if source == related { Some(vec![*source]) } else { shortest_path(&below, *related, *source) };
            if let Some(path) = path {
                return Ok(Some((at, path)));
            }
        }
        below.entry(*source).or_default().push(*related);
    }
    Ok(None)
}

/// What is left when everything that leads to nothing is taken away, again and again (A. B. Kahn, 1962): nothing, where
/// there is no cycle.
fn on_cycles(below: &HashMap<Uuid, Vec<Uuid>>) -> HashSet<Uuid> {
    let mut above: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let mut outgoing: HashMap<Uuid, usize> = HashMap::new();
    for (source, all) in below {
        for related in all {
            above.entry(*related).or_default().push(*source);
            *outgoing.entry(*source).or_default() += 1;
            outgoing.entry(*related).or_default();
        }
    }
    let mut free: Vec<Uuid> = outgoing.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    while let Some(id) = free.pop() {
        outgoing.remove(&id);
        for source in above.get(&id).into_iter().flatten() {
            if let Some(count) = outgoing.get_mut(source) {
                *count -= 1;
                if *count == 0 {
                    free.push(*source);
                }
            }
        }
    }
    outgoing.into_keys().collect()
}

fn shortest_path(below: &HashMap<Uuid, Vec<Uuid>>, from: Uuid, to: Uuid) -> Option<Vec<Uuid>> {
    let mut came_from: HashMap<Uuid, Uuid> = HashMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        if at == to {
            let mut path = vec![to];
            let mut step = to;
            while step != from {
                step = *came_from.get(&step)?;
                path.push(step);
            }
            path.reverse();
            return Some(path);
        }
        for &next in below.get(&at).into_iter().flatten() {
            if next != from && !came_from.contains_key(&next) {
                came_from.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_or_above_a_cycle_is_left() {
        let ids: Vec<Uuid> = (1..=5).map(Uuid::from_u128).collect();
        let line = |from: usize, to: usize| (ids[from], vec![ids[to]]);
        assert_eq!(on_cycles(&HashMap::from([line(0, 1), line(1, 2), (ids[3], vec![ids[1], ids[2]])])), HashSet::new());
        let left = on_cycles(&HashMap::from([line(0, 1), (ids[1], vec![ids[2], ids[4]]), line(2, 1), line(3, 4)]));
        assert_eq!(left, HashSet::from([ids[0], ids[1], ids[2]]));
    }

    #[test]
    fn the_shortest_way_down_is_found_and_a_missing_one_is_none() {
        let ids: Vec<Uuid> = (1..=5).map(Uuid::from_u128).collect();
        let below = HashMap::from([
            (ids[0], vec![ids[1], ids[2]]),
            (ids[1], vec![ids[3]]),
            (ids[3], vec![ids[4]]),
            (ids[2], vec![ids[4]]),
        ]);
        assert_eq!(shortest_path(&below, ids[0], ids[4]), Some(vec![ids[0], ids[2], ids[4]]));
        assert_eq!(shortest_path(&below, ids[4], ids[0]), None);
    }
}
