//! Two sides: what is only on the left, only on the right, or on both and different.

use serde_json::Value;

use super::align::{Aligned, Cell, Row};
use super::field::{Compared, Severity};
use super::walk::Walk;

/// What became of a line from the left side to the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Added,
    Removed,
    Changed,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// Two sides beside each other.
pub struct Comparison<'a>(pub Aligned<'a>);

/// A line that is not the same on both sides.
pub struct Difference<'c, 'a> {
    pub kind: Kind,
    pub row: &'c Row<'a>,
    /// The side it is shown from: the right for what was added, else the left.
    pub walk: &'c Walk<'a>,
    pub cell: &'c Cell<'a>,
    /// What was changed; empty for what was added or removed.
    pub changes: Vec<Change>,
    /// The other side of what was changed.
    pub after: Option<&'c Cell<'a>>,
}

/// A field that was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub field: Compared,
    pub left: Value,
    pub right: Value,
    pub normalized_left: Value,
    pub normalized_right: Value,
}

impl Difference<'_, '_> {
    /// Of the change that matters most; none for what was added or removed.
    pub fn severity(&self) -> Option<Severity> {
        self.changes.iter().map(|change| change.field.severity()).max()
    }
}

impl<'a> Comparison<'a> {
    pub fn differences(&self) -> impl Iterator<Item = Difference<'_, 'a>> {
        self.0.rows.iter().filter_map(|row| self.difference(row))
    }

    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = Difference<'_, 'a>> {
        self.differences().filter(move |difference| difference.kind == kind)
    }

    fn difference<'c>(&'c self, row: &'c Row<'a>) -> Option<Difference<'c, 'a>> {
        let ([left, right], [left_walk, right_walk]) = (row.cells.as_slice(), self.0.walks.as_slice()) else {
            return None;
        };
        let (kind, walk, cell, after) = match (left, right) {
            (None, Some(cell)) => (Kind::Added, right_walk, cell, None),
            (Some(cell), None) => (Kind::Removed, left_walk, cell, None),
            (Some(before), Some(after)) if row.differs => (Kind::Changed, left_walk, before, Some(after)),
            _ => return None,
        };
        let change = |field: &Compared| {
            let after = after?;
            Some(Change {
                field: field.clone(),
                left: cell.shown(field, left_walk),
                right: after.shown(field, right_walk),
                normalized_left: cell.compared(field, left_walk),
                normalized_right: after.compared(field, right_walk),
            })
        };
        let changes = row.fields.iter().filter_map(change).collect();
        Some(Difference { kind, row, walk, cell, changes, after })
    }
}
