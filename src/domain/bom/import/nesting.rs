//! The structure that the rows of a sheet say together: what hangs below what, what is listed again, and that nothing is
//! below itself. Pure.

use std::collections::{BTreeMap, HashMap};

use super::drafts::{Draft, DraftLine, ROOT};
use super::model::{SheetLine, shown};
use super::problems::Findings;
use crate::domain::meta::Values;

/// The most parts that a problem with a cycle names.
const MOST_NAMED: usize = 20;

/// How the lines of a sheet hang together, by their places.
pub(super) struct Nesting {
    /// The place of the part that each line hangs below; none where something is wrong with that.
    pub parents: Vec<Option<usize>>,
    /// The line that each one repeats, because the part above is listed again.
    repeats: HashMap<usize, usize>,
}

impl Nesting {
    /// The line that says the same first: itself, as a rule.
    pub fn first_of(&self, at: usize) -> usize {
        self.repeats.get(&at).copied().unwrap_or(at)
    }
}

/// Finds what hangs below what. A part that is listed again, with anything below it, must have the same below it each time.
pub(super) fn nest(
    lines: &[SheetLine],
    drafts: &[Option<DraftLine>],
    parts: &[Draft<'_>],
    findings: &mut Findings<'_>,
) -> Nesting {
    let mut part_of: HashMap<usize, usize> = HashMap::new();
    for (line, draft) in lines.iter().zip(drafts) {
        if let Some(draft) = draft {
            part_of
                .extend(std::iter::once(line.row).chain(line.summed_rows.iter().copied()).map(|row| (row, draft.part)));
        }
    }
    let above = |line: &SheetLine| line.parent_row.map_or(Some(ROOT), |row| part_of.get(&row).copied());
    let mut nesting = Nesting { parents: lines.iter().map(above).collect(), repeats: HashMap::new() };
    nesting.merge(lines, drafts, parts, findings);
    nesting.refuse_cycle(lines, drafts, parts, findings);
    nesting
}

/// What one listing of a part has below it: by child and unit, the place and the values of the line.
type Listing<'a> = BTreeMap<(usize, &'a str), (usize, &'a Values)>;

impl Nesting {
    fn merge(
        &mut self,
        lines: &[SheetLine],
        drafts: &[Option<DraftLine>],
        parts: &[Draft<'_>],
        findings: &mut Findings<'_>,
    ) {
        // By part, then by the row that lists it.
        let mut listings: BTreeMap<usize, BTreeMap<usize, Listing<'_>>> = BTreeMap::new();
        for (at, (line, draft)) in lines.iter().zip(drafts).enumerate() {
            let (Some(parent), Some(row)) = (self.parents.get(at).copied().flatten(), line.parent_row) else {
                continue;
            };
            let listing = listings.entry(parent).or_default().entry(row).or_default();
            if let Some(draft) = draft {
                listing.insert((draft.part, draft.uom.as_str()), (at, &draft.values));
            }
        }
        for (parent, by_row) in listings {
            let mut by_row = by_row.into_iter();
            let Some((first_row, first)) = by_row.next() else { continue };
            for (row, listing) in by_row {
                if let Some(difference) = difference(&first, &listing, parts) {
                    let number = parts.get(parent).and_then(|part| part.number.clone()).unwrap_or_default();
                    let reason = format!("Row {first_row} lists {number} with something else below it: {difference}");
                    findings.add(row, "number", &number, reason);
                }
                for (key, (at, _)) in &listing {
                    if let Some((same, _)) = first.get(key) {
                        self.repeats.insert(*at, *same);
                    }
                }
            }
        }
    }

    /// Tells of one cycle, if there is any, at the last row of it.
    fn refuse_cycle(
        &mut self,
        lines: &[SheetLine],
        drafts: &[Option<DraftLine>],
        parts: &[Draft<'_>],
        findings: &mut Findings<'_>,
    ) {
        let edge = |(at, draft): (usize, &Option<DraftLine>)| {
            Some((self.parents.get(at).copied().flatten()?, draft.as_ref()?.part, at))
        };
        let edges: Vec<(usize, usize, usize)> = drafts.iter().enumerate().filter_map(edge).collect();
        let Some(cycle) = cycle(parts.len(), &edges) else { return };
        let named = |part: usize| {
            let draft = parts.get(part);
            let name =
                draft.and_then(|draft| draft.number.clone().or_else(|| Some(draft.values.get("name")?.to_string())));
            name.unwrap_or_default()
        };
        let closing = cycle.iter().max_by_key(|(_, _, at)| *at);
        let Some((_, part, line)) = closing.and_then(|(_, part, at)| Some((at, *part, lines.get(*at)?))) else {
            return;
        };
        let path: Vec<String> = cycle.iter().take(MOST_NAMED).map(|(parent, ..)| named(*parent)).collect();
        let more = if cycle.len() > MOST_NAMED { " → …" } else { "" };
        let back = cycle.first().map(|(parent, ..)| named(*parent)).unwrap_or_default();
        let reason = format!("A part cannot be below itself: {}{more} → {back}", path.join(" → "));
        findings.add(line.row, "number", &named(part), reason);
    }
}

/// The first thing in which two listings of a part differ.
fn difference(first: &Listing<'_>, again: &Listing<'_>, parts: &[Draft<'_>]) -> Option<String> {
    let named = |(part, uom): &(usize, &str)| {
        let number = parts.get(*part).and_then(|part| part.number.clone());
        format!("{} in {uom}", number.unwrap_or_else(|| "a part without a number".to_owned()))
    };
    if let Some(missing) = first.keys().find(|key| !again.contains_key(*key)) {
        return Some(format!("{}, which is not listed here", named(missing)));
    }
    for (key, (_, values)) in again {
        let Some((_, known)) = first.get(key) else { return Some(format!("no {}", named(key))) };
        let names = known.keys().chain(values.keys());
        if let Some(name) = names.into_iter().find(|name| known.get(*name) != values.get(*name)) {
            let value = known.get(name).map_or_else(|| "none".to_owned(), shown);
            return Some(format!("{} with {name} {value}", named(key)));
        }
    }
    None
}

/// The edges of a cycle in their order, if there is any: what is left when everything that nothing leads to is taken away,
/// again and again (A. B. Kahn, 1962), and from there back until a node is met again.
fn cycle(nodes: usize, edges: &[(usize, usize, usize)]) -> Option<Vec<(usize, usize, usize)>> {
    let mut incoming = vec![0_usize; nodes];
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (from, to, _) in edges {
        *incoming.get_mut(*to)? += 1;
        below.get_mut(*from)?.push(*to);
    }
    let mut free: Vec<usize> = (0..nodes).filter(|node| incoming.get(*node) == Some(&0)).collect();
    while let Some(node) = free.pop() {
        for to in below.get(node)? {
            let left = incoming.get_mut(*to)?;
            *left -= 1;
            if *left == 0 {
                free.push(*to);
            }
        }
    }
    let is_left = |node: usize| incoming.get(node).is_some_and(|left| *left > 0);
    let mut leading: HashMap<usize, (usize, usize, usize)> = HashMap::new();
    for edge in edges.iter().filter(|(from, to, _)| is_left(*from) && is_left(*to)) {
        leading.entry(edge.1).or_insert(*edge);
    }
    let mut at = (0..nodes).find(|node| is_left(*node))?;
    let mut met: HashMap<usize, usize> = HashMap::new();
    let mut path: Vec<(usize, usize, usize)> = Vec::new();
    while !met.contains_key(&at) {
        met.insert(at, path.len());
        let edge = leading.get(&at)?;
        path.push(*edge);
        at = edge.0;
    }
    let mut cycle = path.split_off(met.get(&at).copied()?);
    cycle.reverse();
    Some(cycle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_found_and_what_hangs_on_it_is_not() {
        let edges = [(0, 1, 0), (1, 2, 1), (2, 3, 2), (3, 1, 3), (3, 4, 4)];
        let found = cycle(5, &edges).unwrap();
        assert_eq!(found.len(), 3);
        assert!(found.windows(2).all(|pair| pair[0].1 == pair[1].0) && found[2].1 == found[0].0, "{found:?}");
        assert_eq!(cycle(5, &[(0, 1, 0), (0, 2, 1), (1, 3, 2), (2, 3, 3)]), None);
        assert_eq!(cycle(2, &[(0, 1, 0), (1, 1, 1)]).unwrap(), [(1, 1, 1)]);
    }
}
