//! How large a structure is. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use crate::domain::version::Structure;

/// How much there is below an item, as far as it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BomSummary {
    /// Lines of the item itself.
    pub direct: u64,
    /// Occurrences on all levels; what is in several places counts in each.
    pub total: u64,
    /// The deepest level with a child.
    pub levels: u32,
}

/// Counts level by level how often each item occurs, so that shared subassemblies are walked once per level.
pub fn summary(structure: &Structure, depth: u32) -> BomSummary {
    let mut found = BomSummary::default();
    let mut level: HashMap<Uuid, u64> = HashMap::from([(structure.root, 1)]);
    for reached in 1..=depth {
        let mut next: HashMap<Uuid, u64> = HashMap::new();
        for (key, times) in &level {
            let lines = structure.lines.get(key).into_iter().flatten();
            for line in lines.filter(|line| structure.nodes.contains_key(&line.to)) {
                let count = next.entry(line.to).or_default();
                *count = count.saturating_add(*times);
            }
        }
        if next.is_empty() {
            break;
        }
        let many = next.values().fold(0_u64, |sum, times| sum.saturating_add(*times));
        found.total = found.total.saturating_add(many);
        found.levels = reached;
        if reached == 1 {
            found.direct = many;
        }
        level = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::domain::meta::Item;
    use crate::domain::version::StructureLine;

    fn item(id: Uuid) -> Item {
        Item {
            id,
            item_type: "Part".to_owned(),
            config_id: id,
            generation: 1,
            is_current: true,
            state: "Draft".to_owned(),
            current_state: None,
            current_version_id: None,
            unique_key: None,
            source_id: None,
            related_id: None,
            properties: serde_json::Map::new(),
            permission_id: None,
            owner_id: None,
            created_by_id: None,
            created_on: Utc::now(),
            modified_by_id: None,
            modified_on: None,
            change_count: 0,
        }
    }

    #[test]
    fn a_shared_part_counts_wherever_it_is() {
        let [top, mid, leaf] = [1, 2, 3].map(Uuid::from_u128);
        let line = |to| StructureLine { line: item(Uuid::nil()), to, effectivities: None };
        let structure = Structure {
            root: top,
            nodes: [top, mid, leaf].map(|id| (id, item(id))).into(),
            lines: [(top, vec![line(mid), line(mid), line(leaf)]), (mid, vec![line(leaf)])].into(),
        };
        assert_eq!(summary(&structure, 9), BomSummary { direct: 3, total: 5, levels: 2 });
        assert_eq!(summary(&structure, 1), BomSummary { direct: 3, total: 3, levels: 1 });
        assert_eq!(summary(&structure, 0), BomSummary::default());
    }
}
