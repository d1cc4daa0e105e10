//! How tall structures are. Pure.

use std::collections::{HashMap, HashSet, VecDeque};

use uuid::Uuid;

use super::tree::Lines;

/// How many levels each part has below it: parts are taken away from the bottom up (A. B. Kahn, 1962). Of parts in a cycle
/// nothing is said.
pub(super) fn heights(lines: &Lines) -> HashMap<Uuid, u32> {
    let mut open: HashMap<Uuid, usize> = lines.iter().map(|(parent, below)| (*parent, below.len())).collect();
    let mut parents: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (parent, below) in lines {
        for (_, (child, _)) in below {
            parents.entry(*child).or_default().push(*parent);
        }
    }
    let mut heights: HashMap<Uuid, u32> = HashMap::new();
    let leaves = parents.keys().chain(lines.keys()).filter(|key| open.get(key).is_none_or(|count| *count == 0));
    let mut ready: VecDeque<Uuid> = leaves.copied().collect::<HashSet<_>>().into_iter().collect();
    while let Some(key) = ready.pop_front() {
        let height = *heights.entry(key).or_default();
        for parent in parents.get(&key).into_iter().flatten() {
            let above = heights.entry(*parent).or_default();
            *above = (*above).max(height + 1);
            if let Some(count) = open.get_mut(parent) {
                *count -= 1;
                if *count == 0 {
                    ready.push_back(*parent);
                }
            }
        }
    }
    for key in open.into_iter().filter(|(_, count)| *count > 0).map(|(key, _)| key) {
        heights.insert(key, u32::MAX);
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bom::flat::tests::item;
    use serde_json::json;
    use std::sync::Arc;

    fn lines(edges: &[(u128, u128)]) -> Lines {
        let mut lines = Lines::new();
        for (parent, child) in edges {
            let node = Arc::new(item(*child, "Part", &json!({})));
            lines.entry(Uuid::from_u128(*parent)).or_default().push((node.clone(), (node.id, node)));
        }
        lines
    }

    #[test]
    fn a_part_is_as_tall_as_the_longest_way_below_it() {
        let found = heights(&lines(&[(1, 2), (2, 3), (1, 3), (3, 4), (1, 5), (1, 5)]));
        let height = |id: u128| found.get(&Uuid::from_u128(id)).copied();
        assert_eq!([1, 2, 3, 4, 5, 6].map(height), [Some(3), Some(2), Some(1), Some(0), Some(0), None]);
    }

    #[test]
    fn of_a_cycle_nothing_is_said() {
        let found = heights(&lines(&[(1, 2), (2, 3), (3, 2), (3, 4)]));
        let height = |id: u128| found.get(&Uuid::from_u128(id)).copied();
        assert_eq!([1, 2, 3, 4].map(height), [Some(u32::MAX), Some(u32::MAX), Some(u32::MAX), Some(0)]);
    }
}
