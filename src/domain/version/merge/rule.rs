//! The rule by which two sides come together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::content::{Content, Line};
use super::resolution::{Choice, Decisions, Resolution, Sides};
use crate::domain::meta::{Values, same_value};

/// Why two sides do not come together by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictKind {
    /// Both changed a value, each in its own way.
    Changed,
    /// One side removed the line that the other changed.
    Removed,
    /// Both have lines of the same key.
    Duplicate,
    /// What the line hangs on is gone.
    Orphan,
    /// The line leads somewhere else on either side.
    Ends,
}

impl ConflictKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Duplicate => "duplicate",
            Self::Orphan => "orphan",
            Self::Ends => "ends",
        }
    }
}

/// Something that somebody has to decide about.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    pub kind: ConflictKind,
    /// None for a property of the item.
    pub line: Option<Uuid>,
    /// Of `Duplicate` the other line, of `Orphan` what it hung on.
    pub other: Option<Uuid>,
    /// None for the line as a whole.
    pub field: Option<String>,
    pub base: Option<Value>,
    pub ours: Option<Value>,
    pub theirs: Option<Value>,
}

impl Conflict {
    fn new(kind: ConflictKind, line: Option<Uuid>, field: Option<&str>, sides: Sides<Value>) -> Self {
        let Sides { base, ours, theirs } = sides;
        Self { kind, line, other: None, field: field.map(str::to_owned), base, ours, theirs }
    }
}

/// What came of a merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// To be used only without conflicts; where there are some, it keeps what either side has.
    pub result: Content,
    pub conflicts: Vec<Conflict>,
    /// The places of resolutions that are about nothing on any side.
    pub unused: Vec<usize>,
}

/// Puts together what two sides made of `base`; resolutions go before the rule.
///
/// Lines are known by their ids. A line that one side removed and the other left alone is gone; one that the other changed
/// is a conflict, and so is every field that both changed differently. Two lines of one key (kind, ends and key properties)
/// are a conflict, but where both sides added the same.
pub fn merge(base: &Content, ours: &Content, theirs: &Content, resolutions: &[Resolution]) -> Merged {
    let all = All { base, ours, theirs };
    let mut merging = Merging { all, decisions: Decisions::new(resolutions), conflicts: Vec::new() };
    let properties = merging.values(None, &base.properties, &ours.properties, &theirs.properties);
    let mut lines = BTreeMap::new();
    for id in all.ids() {
        if let Some(line) = merging.line(id) {
            lines.insert(id, line);
        }
    }
    let mut result = Content { properties, lines };
    merging.keys(&mut result);
    merging.orphans(&result);
    Merged { result, unused: merging.decisions.unused(), conflicts: merging.conflicts }
}

/// The three contents of a merge.
#[derive(Clone, Copy)]
struct All<'a> {
    base: &'a Content,
    ours: &'a Content,
    theirs: &'a Content,
}

impl<'a> All<'a> {
    fn ids(self) -> BTreeSet<Uuid> {
        [self.base, self.ours, self.theirs].into_iter().flat_map(|content| content.lines.keys().copied()).collect()
    }

    /// The line that fits, on each side.
    fn find(self, fits: impl Fn(Uuid, &Line) -> bool) -> Sides<&'a Line> {
        let find =
            |content: &'a Content| content.lines.iter().find(|(id, line)| fits(**id, line)).map(|(_, line)| line);
        Sides { base: find(self.base), ours: find(self.ours), theirs: find(self.theirs) }
    }

    fn line(self, id: Uuid) -> Sides<&'a Line> {
        Sides { base: self.base.lines.get(&id), ours: self.ours.lines.get(&id), theirs: self.theirs.lines.get(&id) }
    }
}

struct Merging<'a> {
    all: All<'a>,
    decisions: Decisions<'a>,
    conflicts: Vec<Conflict>,
}

impl Merging<'_> {
    fn values(&mut self, line: Option<Uuid>, base: &Values, ours: &Values, theirs: &Values) -> Values {
        let names: BTreeSet<&String> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
        let mut merged = Values::new();
        for name in names {
            let sides = Sides { base: base.get(name), ours: ours.get(name), theirs: theirs.get(name) };
            let value = match (self.decisions.about(line, Some(name)), sides.settled(same_value)) {
                (Some(choice), _) => chosen(choice, sides),
                (None, Some(value)) => value,
                (None, None) => {
                    let shown = sides.map(Value::clone);
                    self.conflicts.push(Conflict::new(ConflictKind::Changed, line, Some(name), shown));
                    sides.ours.or(sides.theirs)
                }
            };
            if let Some(value) = value.filter(|value| !value.is_null()) {
                merged.insert(name.clone(), value.clone());
            }
        }
        merged
    }

    fn line(&mut self, id: Uuid) -> Option<Line> {
        let sides = self.all.line(id);
        match self.decisions.about(Some(id), None) {
            Some(Choice::Ours) => return sides.ours.cloned(),
            Some(Choice::Theirs) => return sides.theirs.cloned(),
            Some(Choice::Base) => return sides.base.cloned(),
            // A value is no line.
            Some(Choice::Value(_)) | None => {}
        }
        let Sides { base, ours, theirs } = sides;
        match (base, ours, theirs) {
            (_, None, None) => None,
            (None, Some(line), None) | (None, None, Some(line)) => Some(line.clone()),
            (Some(base), Some(line), None) | (Some(base), None, Some(line)) => {
                if base.is_same(line) {
                    return None;
                }
                self.conflicts.push(about_line(ConflictKind::Removed, id, sides));
                Some(line.clone())
            }
            (_, Some(ours), Some(theirs)) => Some(self.both(id, base, ours, theirs)),
        }
    }

    fn both(&mut self, id: Uuid, base: Option<&Line>, ours: &Line, theirs: &Line) -> Line {
        let sides = Sides { base, ours: Some(ours), theirs: Some(theirs) };
        let ends = sides.settled(|left: &Line, right: &Line| left.ends() == right.ends()).flatten();
        if ends.is_none() {
            self.conflicts.push(about_line(ConflictKind::Ends, id, sides));
        }
        let nothing = Values::new();
        let before = base.map_or(&nothing, |base| &base.properties);
        let properties = self.values(Some(id), before, &ours.properties, &theirs.properties);
        Line { properties, ..ends.unwrap_or(ours).clone() }
    }

    /// Looks for lines of one key; one of two that both sides added alike goes.
    fn keys(&mut self, result: &mut Content) {
        let mut by_key: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
        for (id, line) in &result.lines {
            if let Some((kind, parent, child, values)) = line.key() {
                by_key.entry((kind.to_owned(), parent, child, values)).or_default().push(*id);
            }
        }
        for ids in by_key.into_values().filter(|ids| ids.len() > 1) {
            if let Some(doubled) = self.doubled(result, &ids) {
                result.lines.remove(&doubled);
                continue;
            }
            let Some(key) = result.lines.get(&ids[0]).and_then(Line::key) else { continue };
            let sides = self.all.find(|_, line| line.key().as_ref() == Some(&key));
            for other in &ids[1..] {
                let conflict = about_line(ConflictKind::Duplicate, ids[0], sides);
                self.conflicts.push(Conflict { other: Some(*other), ..conflict });
            }
        }
    }

    /// That of two lines which one side added as the other did, and on which nothing hangs.
    fn doubled(&self, result: &Content, ids: &[Uuid]) -> Option<Uuid> {
        let &[first, second] = ids else { return None };
        let added_by =
            |content: &Content, id: Uuid| content.lines.contains_key(&id) && !self.all.base.lines.contains_key(&id);
        let All { ours, theirs, .. } = self.all;
        let doubled = [(first, second), (second, first)].into_iter().find(|(own, other)| {
            let (own, other) = (*own, *other);
            let apart = !theirs.lines.contains_key(&own) && !ours.lines.contains_key(&other);
            apart && added_by(ours, own) && added_by(theirs, other)
        });
        let (own, other) = doubled?;
        let alike = result.lines.get(&own)?.is_same(result.lines.get(&other)?);
        (alike && !result.lines.values().any(|line| line.parent == other)).then_some(other)
    }

    /// Looks for lines whose parent line has gone.
    fn orphans(&mut self, result: &Content) {
        let known = self.all.ids();
        for (id, line) in &result.lines {
            if known.contains(&line.parent) && !result.lines.contains_key(&line.parent) {
                let conflict = about_line(ConflictKind::Orphan, *id, self.all.line(*id));
                self.conflicts.push(Conflict { other: Some(line.parent), ..conflict });
            }
        }
    }
}

fn about_line(kind: ConflictKind, id: Uuid, sides: Sides<&Line>) -> Conflict {
    Conflict::new(kind, Some(id), None, sides.map(Line::shown))
}

fn chosen<'a>(choice: &'a Choice, sides: Sides<&'a Value>) -> Option<&'a Value> {
    match choice {
        Choice::Ours => sides.ours,
        Choice::Theirs => sides.theirs,
        Choice::Base => sides.base,
        Choice::Value(value) => Some(value),
    }
}
