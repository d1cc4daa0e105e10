//! Which lines of several sides are the same line, and what differs between them.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::field::Compared;
use super::query::Options;
use super::values::{LineValues, Normalized};
use super::walk::{Edge, Part, Walk};
use crate::domain::meta::Item;
use crate::domain::version::too_large;
use crate::error::Result;

/// The most rows of one answer.
const MOST_ROWS: usize = 250_000;
/// What stands for the root of every side in keys.
pub const ROOT: &str = "ROOT";

/// Several sides beside each other.
#[derive(Debug)]
pub struct Aligned<'a> {
    pub walks: Vec<Walk<'a>>,
    /// Those that differ, or all where all were asked for; those nearest to the roots come first.
    pub rows: Vec<Row<'a>>,
    /// Of each part that is on more than one side: which, by side.
    pub counterparts: Vec<Vec<(usize, usize)>>,
    /// Rows that are on every side alike.
    pub equal: usize,
    /// By side, how many rows have a line there.
    pub lines: Vec<usize>,
}

/// One line, on the sides where it is.
#[derive(Debug)]
pub struct Row<'a> {
    /// Unique, unless one item is there in several versions: that of the assembly and that within it, joined by `::`.
    pub key: String,
    /// One for each side.
    pub cells: Vec<Option<Cell<'a>>>,
    /// The fields in which those sides differ that have the line.
    pub fields: Vec<Compared>,
    pub differs: bool,
}

/// A line on one side: one, or several that count as one.
#[derive(Debug)]
pub struct Cell<'a> {
    pub parent: usize,
    pub child: usize,
    pub relationship: &'a Item,
    /// How many lines it stands for.
    pub merged: usize,
    pub values: LineValues,
    pub normalized: Normalized,
    version: u32,
    version_id: Option<Uuid>,
}

impl Row<'_> {
    /// Both sides have the line, and not alike.
    pub fn differs_between(&self, one: usize, other: usize) -> bool {
        let cell = |side: usize| self.cells.get(side).and_then(Option::as_ref);
        let pair = cell(one).zip(cell(other));
        pair.is_some_and(|(one, other)| self.fields.iter().any(|field| !one.agrees(other, field)))
    }
}

impl<'a> Cell<'a> {
    /// A field as it is stored.
    pub fn shown(&self, field: &Compared, walk: &Walk<'a>) -> Value {
        match field {
            Compared::Line(field) => self.values.value(*field),
            Compared::ChildVersion => walk.parts[self.child].item.current_version_id.map(|id| id.to_string()).into(),
            Compared::Other(name) => self.relationship.properties.get(name).cloned().unwrap_or_default(),
        }
    }

    /// A field as it is compared.
    pub fn compared(&self, field: &Compared, walk: &Walk<'a>) -> Value {
        match field {
            Compared::Line(field) => self.normalized.value(*field),
            other => self.shown(other, walk),
        }
    }

    fn agrees(&self, other: &Self, field: &Compared) -> bool {
        match field {
            Compared::Line(field) => self.normalized.agrees(&other.normalized, *field),
            Compared::ChildVersion => {
                let known = self.version_id.zip(other.version_id);
                self.version == other.version && known.is_none_or(|(one, other)| one == other)
            }
            Compared::Other(name) => {
                let value = |cell: &Self| cell.relationship.properties.get(name).cloned().unwrap_or_default();
                value(self) == value(other)
            }
        }
    }
}

/// Counterparts on several sides: of each side that has one, which part.
struct Assembly {
    label: String,
    parts: Vec<(usize, usize)>,
}

/// Lines of one assembly that are the same line, by side.
type Group<'w, 'a> = Vec<Vec<&'w Edge<'a>>>;

/// Puts sides beside each other. Fails with `BadRequest` `TREE_TOO_LARGE` where more differs than one answer holds.
pub fn align<'a>(walks: Vec<Walk<'a>>, options: &Options) -> Result<Aligned<'a>> {
    let (assemblies, versions) = assemblies(&walks, options);
    let mut aligned = Aligned {
        lines: vec![0; walks.len()],
        walks: Vec::new(),
        rows: Vec::new(),
        counterparts: Vec::new(),
        equal: 0,
    };
    for assembly in &assemblies {
        // Of one that is not opened on every side that has it, nobody can say what differs.
        if assembly.parts.iter().any(|(side, part)| !walks[*side].parts[*part].expanded) {
            continue;
        }
        let work = Work { walks: &walks, options, versions: &versions };
        for (key, group) in work.groups(assembly) {
            for (nth, row) in work.rows(&group).into_iter().enumerate() {
                let key = match nth {
                    0 => format!("{}::{key}", assembly.label),
                    _ => format!("{}::{key}#{}", assembly.label, nth + 1),
                };
                work.add(&mut aligned, key, row)?;
            }
        }
    }
    let met = assemblies.into_iter().map(|assembly| assembly.parts);
    aligned.counterparts = met.filter(|parts| parts.len() > 1).collect();
    aligned.walks = walks;
    Ok(aligned)
}

/// By side and part: which of the versions of one item. Those that are the only one are left out.
type Versions = HashMap<(usize, usize), u32>;

/// The counterparts, in the order of levels and sides.
fn assemblies(walks: &[Walk<'_>], options: &Options) -> (Vec<Assembly>, Versions) {
    let identity = options.line_key.identity();
    let mut found: Vec<Assembly> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (side, walk) in walks.iter().enumerate() {
        for (at, part) in walk.parts.iter().enumerate() {
            let label = if at == 0 { ROOT.to_owned() } else { identity.of(part) };
            match known.get(&label) {
                Some(index) => found[*index].parts.push((side, at)),
                None => {
                    known.insert(label.clone(), found.len());
                    let label = if at == 0 && !options.roots_are_one { identity.of(part) } else { label };
                    found.push(Assembly { label, parts: vec![(side, at)] });
                }
            }
        }
    }
    let mut versions = Versions::new();
    let mut all = Vec::with_capacity(found.len());
    for assembly in found {
        // By side, so that two of one side are neighbours.
        if assembly.parts.windows(2).all(|pair| pair[0].0 != pair[1].0) {
            all.push(assembly);
            continue;
        }
        for (nth, parts) in by_version(walks, &assembly.parts).into_iter().enumerate() {
            let nth = u32::try_from(nth).unwrap_or(u32::MAX);
            versions.extend(parts.iter().map(|part| (*part, nth)));
            all.push(Assembly { label: assembly.label.clone(), parts });
        }
    }
    (all, versions)
}

/// The versions of one item, each with its counterparts: those with the same key, and else the next that is left.
fn by_version(walks: &[Walk<'_>], parts: &[(usize, usize)]) -> Vec<Vec<(usize, usize)>> {
    let key = |(side, part): &(usize, usize)| walks[*side].parts[*part].key;
    let mut slots: Vec<Vec<(usize, usize)>> = Vec::new();
    let (shared, alone): (Vec<_>, Vec<_>) =
        parts.iter().copied().partition(|part| parts.iter().any(|other| other.0 != part.0 && key(other) == key(part)));
    for part in shared {
        match slots.iter_mut().find(|slot| key(&slot[0]) == key(&part)) {
            Some(slot) => slot.push(part),
            None => slots.push(vec![part]),
        }
    }
    for part in alone {
        match slots.iter_mut().find(|slot| slot.iter().all(|other| other.0 != part.0)) {
            Some(slot) => slot.push(part),
            None => slots.push(vec![part]),
        }
    }
    slots
}

struct Work<'w, 'a> {
    walks: &'w [Walk<'a>],
    options: &'w Options,
    versions: &'w Versions,
}

impl<'w, 'a> Work<'w, 'a> {
    /// The lines of an assembly by their keys, in the order of the sides.
    fn groups(&self, assembly: &Assembly) -> Vec<(String, Group<'w, 'a>)> {
        let mut found: Vec<(String, Group<'w, 'a>)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for (side, part) in &assembly.parts {
            for edge in self.walks[*side].lines(*part) {
                let key = self.key(&self.walks[*side].parts[edge.child], edge);
                let index = *known.entry(key).or_insert_with_key(|key| {
                    found.push((key.clone(), vec![Vec::new(); self.walks.len()]));
                    found.len() - 1
                });
                found[index].1[*side].push(edge);
            }
        }
        found
    }

    fn key(&self, child: &Part<'a>, edge: &Edge<'a>) -> String {
        let key = self.options.line_key;
        let values = if key.needs_values() { LineValues::of(edge).normalized() } else { Normalized::default() };
        key.within(&key.identity().of(child), edge.line.id, &values)
    }

    /// The lines of one key as rows: merged where the comparison says so, else told apart by their units, then by order.
    fn rows(&self, group: &Group<'w, 'a>) -> Vec<Group<'w, 'a>> {
        let single = group.iter().all(|lines| lines.len() < 2);
        if single || (self.options.merges() && group.iter().all(|lines| self.can_merge(lines))) {
            return vec![group.clone()];
        }
        let mut rows: Vec<(Option<String>, usize, Group<'w, 'a>)> = Vec::new();
        for (side, lines) in group.iter().enumerate() {
            let mut met: HashMap<Option<String>, usize> = HashMap::new();
            for line in lines {
                let unit = LineValues::of(line).normalized().uom;
                let nth = met.entry(unit.clone()).or_default();
                match rows.iter_mut().find(|row| row.0 == unit && row.1 == *nth) {
                    Some(row) => row.2[side].push(*line),
                    None => {
                        let mut row = vec![Vec::new(); group.len()];
                        row[side].push(*line);
                        rows.push((unit, *nth, row));
                    }
                }
                *nth += 1;
            }
        }
        rows.into_iter().map(|(_, _, row)| row).collect()
    }

    fn can_merge(&self, lines: &[&Edge<'a>]) -> bool {
        lines.len() < 2 || self.merged(lines).is_some()
    }

    fn merged(&self, lines: &[&Edge<'a>]) -> Option<LineValues> {
        let all: Vec<LineValues> = lines.iter().map(|line| LineValues::of(line)).collect();
        LineValues::merged(&all, self.options.aggregates)
    }

    fn add(&self, aligned: &mut Aligned<'a>, key: String, row: Group<'w, 'a>) -> Result<()> {
        for (side, lines) in row.iter().enumerate() {
            aligned.lines[side] += usize::from(!lines.is_empty());
        }
        if !self.options.include_equal && self.plainly_equal(&row) {
            aligned.equal += 1;
            return Ok(());
        }
        let cells: Vec<Option<Cell<'a>>> = row.iter().enumerate().map(|(side, lines)| self.cell(side, lines)).collect();
        let fields = self.differing(&cells);
        let differs = !fields.is_empty() || cells.iter().any(Option::is_none);
        aligned.equal += usize::from(!differs);
        if differs || self.options.include_equal {
            if aligned.rows.len() == MOST_ROWS {
                return Err(too_large(format!("More than {MOST_ROWS} lines differ")));
            }
            aligned.rows.push(Row { key, cells, fields, differs });
        }
        Ok(())
    }

    /// Every side has one line that says the same to the letter.
    fn plainly_equal(&self, row: &Group<'w, 'a>) -> bool {
        let Some([first]) = row.first().map(Vec::as_slice) else { return false };
        let version = |side: usize, edge: &Edge<'a>| {
            let part = &self.walks[side].parts[edge.child];
            (self.versions.get(&(side, edge.child)), part.item.current_version_id)
        };
        let recorded = |edge: &Edge<'a>| {
            edge.effectivities.is_none_or(<[_]>::is_empty) && edge.substitutes.is_none_or(<[_]>::is_empty)
        };
        row.iter().enumerate().all(|(side, lines)| match lines.as_slice() {
            [line] => {
                line.line.properties == first.line.properties
                    && version(side, line) == version(0, first)
                    && recorded(line)
            }
            _ => false,
        })
    }

    fn cell(&self, side: usize, lines: &[&Edge<'a>]) -> Option<Cell<'a>> {
        let first = lines.first()?;
        let values = if lines.len() < 2 { LineValues::of(first) } else { self.merged(lines)? };
        Some(Cell {
            parent: first.parent,
            child: first.child,
            relationship: first.line,
            merged: lines.len(),
            normalized: values.normalized(),
            values,
            version: self.versions.get(&(side, first.child)).copied().unwrap_or_default(),
            version_id: self.walks[side].parts[first.child].item.current_version_id,
        })
    }

    fn differing(&self, cells: &[Option<Cell<'a>>]) -> Vec<Compared> {
        let mut present = cells.iter().flatten();
        let Some(first) = present.next() else { return Vec::new() };
        let others: Vec<&Cell<'a>> = present.collect();
        let fields = self.options.fields.iter().chain(std::iter::once(&Compared::ChildVersion));
        fields.filter(|field| others.iter().any(|other| !first.agrees(other, field))).cloned().collect()
    }
}
