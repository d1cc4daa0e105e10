//! A tree as a list: which part stands in which row, below what.

use std::collections::{HashSet, VecDeque};

use crate::domain::bom::import::MAX_ROWS;
use crate::domain::bom::{BomNode, BomTree, too_large};
use crate::domain::meta::Item;
use crate::error::Result;

use super::ExportStructure;

/// One row to be.
pub(super) struct Entry<'a> {
    /// 0 for the root.
    pub level: u32,
    pub item: &'a Item,
    pub number: Option<&'a str>,
    /// The number of the part above.
    pub parent: Option<&'a str>,
    /// None for the root.
    pub line: Option<&'a Item>,
}

/// The rows of a sheet in their order.
pub(super) struct Entries<'a>(pub Vec<Entry<'a>>);

impl<'a> Entries<'a> {
    /// Fails where there are more than an import takes.
    pub fn of(tree: &'a BomTree, structure: ExportStructure) -> Result<Self> {
        let mut entries = Self(Vec::new());
        let number = tree.number_of(&tree.root.item);
        entries.push(Entry { level: 0, item: &tree.root.item, number, parent: None, line: None })?;
        match structure {
            ExportStructure::Level | ExportStructure::Indented => entries.below(tree, &tree.root, 1)?,
            ExportStructure::Parent => entries.once(tree)?,
        }
        Ok(entries)
    }

    fn push(&mut self, entry: Entry<'a>) -> Result<()> {
        if self.0.len() > MAX_ROWS {
            return Err(too_large(format!("The sheet would have more than {MAX_ROWS} rows")));
        }
        self.0.push(entry);
        Ok(())
    }

    fn children(&mut self, tree: &'a BomTree, node: &'a BomNode, level: u32, below: bool) -> Result<()> {
        for line in &node.children {
            let (item, parent) = (&*line.child.item, tree.number_of(&node.item));
            let number = tree.number_of(item);
            self.push(Entry { level, item, number, parent, line: Some(&line.relationship) })?;
            if below {
                self.below(tree, &line.child, level + 1)?;
            }
        }
        Ok(())
    }

    /// Everything below a node, each part right below the one it is in.
    fn below(&mut self, tree: &'a BomTree, node: &'a BomNode, level: u32) -> Result<()> {
        self.children(tree, node, level, true)
    }

    /// The children of every part once, where the part is highest: only there are all of them read.
    fn once(&mut self, tree: &'a BomTree) -> Result<()> {
        let mut seen = HashSet::from([tree.root.item.id]);
        let mut queue = VecDeque::from([(&tree.root, 1)]);
        while let Some((node, level)) = queue.pop_front() {
            self.children(tree, node, level, false)?;
            for line in &node.children {
                if seen.insert(line.child.item.id) {
                    queue.push_back((&line.child, level + 1));
                }
            }
        }
        Ok(())
    }
}
