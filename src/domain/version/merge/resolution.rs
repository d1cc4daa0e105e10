//! What somebody decided about conflicts.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

/// Whose is taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// The side that is merged into.
    Ours,
    /// The side that is merged.
    Theirs,
    /// As it was in the beginning.
    Base,
    /// A value of its own; `null` removes. Of single fields only.
    Value(Value),
}

/// A decision about a property, a line, or a field of a line. It counts for what is no conflict, too.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// None for a property of the item.
    pub line: Option<Uuid>,
    /// None for the line as a whole.
    pub field: Option<String>,
    pub choice: Choice,
}

/// Three states of one thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<T> {
    pub base: Option<T>,
    pub ours: Option<T>,
    pub theirs: Option<T>,
}

impl<T: Copy> Sides<T> {
    /// What follows without anybody's decision: none where both sides changed it, each in its own way.
    pub fn settled(&self, same: impl Fn(T, T) -> bool) -> Option<Option<T>> {
        let same = |left: Option<T>, right: Option<T>| match (left, right) {
            (Some(left), Some(right)) => same(left, right),
            (left, right) => left.is_none() && right.is_none(),
        };
        if same(self.base, self.ours) {
            return Some(self.theirs);
        }
        (same(self.base, self.theirs) || same(self.ours, self.theirs)).then_some(self.ours)
    }

    pub fn map<U>(self, shown: impl Fn(T) -> U) -> Sides<U> {
        Sides { base: self.base.map(&shown), ours: self.ours.map(&shown), theirs: self.theirs.map(&shown) }
    }
}

/// The decisions there are, and which of them something was asked about.
pub(super) struct Decisions<'a> {
    given: &'a [Resolution],
    used: BTreeSet<usize>,
}

impl<'a> Decisions<'a> {
    pub fn new(given: &'a [Resolution]) -> Self {
        Self { given, used: BTreeSet::new() }
    }

    /// The last one about a place counts.
    pub fn about(&mut self, line: Option<Uuid>, field: Option<&str>) -> Option<&'a Choice> {
        let fits = |resolution: &Resolution| resolution.line == line && resolution.field.as_deref() == field;
        let mut found = None;
        for (index, resolution) in self.given.iter().enumerate().filter(|(_, resolution)| fits(resolution)) {
            self.used.insert(index);
            found = Some(&resolution.choice);
        }
        found
    }

    /// The places in the list of those that nothing was asked about.
    pub fn unused(&self) -> Vec<usize> {
        (0..self.given.len()).filter(|index| !self.used.contains(index)).collect()
    }
}
