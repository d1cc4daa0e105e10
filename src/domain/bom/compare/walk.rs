//! One side from its root down: the assemblies that are reached, level by level, and the lines that hold.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::sides::Contents;
use super::substitutes::Substitute;
use crate::domain::bom::effectivity::{Effectivity, When, in_force};
use crate::domain::bom::tree::by_find_number;
use crate::domain::file::FileFact;
use crate::domain::meta::Item;
use crate::domain::version::StructureLine;

/// An item of a side, once however often it is built in.
#[derive(Debug)]
pub struct Part<'a> {
    pub item: &'a Item,
    pub number: Option<&'a str>,
    /// Where they are looked at.
    pub files: &'a [FileFact],
    /// The key that its structure knows it by.
    pub key: Uuid,
    /// Of where it is nearest to the root.
    pub level: u32,
    /// The part through which it was reached there.
    pub above: Option<usize>,
    /// Where its lines stand among the edges of the walk.
    lines: std::ops::Range<usize>,
    /// Its lines were read; they are not where the levels end.
    pub expanded: bool,
}

/// A line that holds.
#[derive(Debug)]
pub struct Edge<'a> {
    pub line: &'a Item,
    pub parent: usize,
    pub child: usize,
    /// None where they are not looked at.
    pub effectivities: Option<&'a [Effectivity]>,
    pub substitutes: Option<&'a [Substitute]>,
}

/// The parts of one side; the first is the root.
#[derive(Debug)]
pub struct Walk<'a> {
    pub parts: Vec<Part<'a>>,
    pub(super) edges: Vec<Edge<'a>>,
}

/// How far, and which lines.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub levels: u32,
    pub effective_at: Option<DateTime<Utc>>,
    pub include_effectivity: bool,
    pub include_substitutes: bool,
}

impl<'a> Walk<'a> {
    pub fn of(contents: &'a Contents, reach: Reach) -> Self {
        let mut walk = Self { parts: Vec::new(), edges: Vec::new() };
        let mut known = HashMap::new();
        let root = contents.structure.root;
        let item = contents.structure.nodes.get(&root).unwrap_or(&contents.root);
        walk.enter(contents, root, item, 0, None);
        known.insert(root, 0);
        let mut at = 0;
        while at < walk.parts.len() {
            walk.expand(contents, at, reach, &mut known);
            at += 1;
        }
        walk
    }

    /// The lines of a part.
    pub(super) fn lines(&self, part: usize) -> &[Edge<'a>] {
        &self.edges[self.parts[part].lines.clone()]
    }

    /// The parts from the root to this one, both included, the shortest way.
    pub fn path(&self, part: usize) -> Vec<&Part<'a>> {
        let mut path = vec![&self.parts[part]];
        let mut above = self.parts[part].above;
        while let Some(at) = above {
            path.push(&self.parts[at]);
            above = self.parts[at].above;
        }
        path.reverse();
        path
    }

    fn enter(&mut self, contents: &'a Contents, key: Uuid, item: &'a Item, level: u32, above: Option<usize>) -> usize {
        let number = contents.numbers.get(&item.item_type).and_then(|property| item.text(property));
        let files = contents.files.get(&key).map_or(&[][..], Vec::as_slice);
        self.parts.push(Part { item, number, files, key, level, above, lines: 0..0, expanded: false });
        self.parts.len() - 1
    }

    fn expand(&mut self, contents: &'a Contents, at: usize, reach: Reach, known: &mut HashMap<Uuid, usize>) {
        let (key, level) = (self.parts[at].key, self.parts[at].level);
        let first = self.edges.len();
        if level < reach.levels {
            let when = When { at: reach.effective_at, ..When::default() };
            let all = contents.structure.lines.get(&key).map_or(&[][..], Vec::as_slice);
            let mut held: Vec<&StructureLine> =
                all.iter().filter(|line| in_force(&line.line, contents.recorded(key, line), &when)).collect();
            held.sort_by(|left, right| by_find_number(&left.line, &right.line));
            for line in held {
                // What is not there is what the caller may not get.
                let Some(item) = contents.structure.nodes.get(&line.to) else { continue };
                let child = match known.get(&line.to) {
                    Some(child) => *child,
                    None => {
                        let child = self.enter(contents, line.to, item, level + 1, Some(at));
                        known.insert(line.to, child);
                        child
                    }
                };
                self.edges.push(Edge {
                    line: &line.line,
                    parent: at,
                    child,
                    effectivities: reach.include_effectivity.then(|| contents.recorded(key, line)),
                    substitutes: reach.include_substitutes.then(|| contents.standing_in(key, line)),
                });
            }
        }
        let part = &mut self.parts[at];
        part.lines = first..self.edges.len();
        part.expanded = level < reach.levels;
    }
}
