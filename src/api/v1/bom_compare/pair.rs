//! Two sides: added, removed and changed lines.

use poem_openapi::Object;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::files::BomCompareFiles;
use super::line::{
    BomCompareFields, BomCompareItem, BomCompareLine, BomCompareNormalizedLine, BomComparePathItem, BomCompareValue,
    Documented, config_id,
};
use crate::domain::bom::compare::{
    Change, Compared, Comparison, Difference, Kind, Options, Severity, file_differences,
};

/// How many lines differ.
#[derive(Object, serde::Serialize)]
struct BomCompareSummary {
    added: usize,
    removed: usize,
    changed: usize,
    changed_major: usize,
    changed_minor: usize,
    changed_info: usize,
    /// They are not listed.
    unchanged: usize,
}

/// The items at the ends of a line; null unless they were asked for.
struct Ends {
    parent: Option<BomCompareItem>,
    child: Option<BomCompareItem>,
    parent_number: Option<String>,
    parent_name: Option<String>,
    child_number: Option<String>,
    child_name: Option<String>,
}

/// A line that is on one side.
#[derive(Object, serde::Serialize)]
struct BomCompareEntry {
    parent_id: String,
    child_id: String,
    relationship_id: String,
    /// The assembly and the line within it: `ROOT::<child>`.
    line_key: String,
    parent_config_id: String,
    child_config_id: String,
    /// 1 for lines of the root.
    level: u32,
    /// From the root to the child, the shortest way.
    path: Vec<BomComparePathItem>,
    /// Those of the compared fields that it has.
    properties: Documented<BomCompareFields>,
    line: BomCompareLine,
    line_normalized: BomCompareNormalizedLine,
    /// Null unless they were asked for, as the five that follow.
    parent: Option<BomCompareItem>,
    child: Option<BomCompareItem>,
    parent_number: Option<String>,
    parent_name: Option<String>,
    child_number: Option<String>,
    child_name: Option<String>,
}

/// A field of a line that differs.
#[derive(Object, serde::Serialize)]
struct BomCompareChange {
    field: String,
    left: Documented<Option<BomCompareValue>, Value>,
    right: Documented<Option<BomCompareValue>, Value>,
    normalized_left: Documented<Option<BomCompareValue>, Value>,
    normalized_right: Documented<Option<BomCompareValue>, Value>,
    /// major, minor or info.
    severity: String,
}

impl From<&Change> for BomCompareChange {
    fn from(change: &Change) -> Self {
        Self {
            field: change.field.name().to_owned(),
            left: change.left.clone().into(),
            right: change.right.clone().into(),
            normalized_left: change.normalized_left.clone().into(),
            normalized_right: change.normalized_right.clone().into(),
            severity: change.field.severity().as_str().to_owned(),
        }
    }
}

/// A line that is on both sides and differs. Ids and path are those of the left.
#[derive(Object, serde::Serialize)]
struct BomCompareChangedEntry {
    parent_id: String,
    child_id: String,
    relationship_id: String,
    /// The same line on the right.
    right_relationship_id: String,
    line_key: String,
    parent_config_id: String,
    child_config_id: String,
    level: u32,
    path: Vec<BomComparePathItem>,
    /// The fields that differ.
    before: Documented<BomCompareFields>,
    after: Documented<BomCompareFields>,
    before_line: BomCompareLine,
    after_line: BomCompareLine,
    before_normalized: BomCompareNormalizedLine,
    after_normalized: BomCompareNormalizedLine,
    changes: Vec<BomCompareChange>,
    /// That of the change that matters most.
    severity: String,
    parent: Option<BomCompareItem>,
    child: Option<BomCompareItem>,
    parent_number: Option<String>,
    parent_name: Option<String>,
    child_number: Option<String>,
    child_name: Option<String>,
}

/// What sets the right side apart from the left.
#[derive(Object)]
pub struct BomCompareResponse {
    summary: BomCompareSummary,
    added: Vec<BomCompareEntry>,
    removed: Vec<BomCompareEntry>,
    changed: Vec<BomCompareChangedEntry>,
    line_key: String,
    compare_mode: Option<String>,
    /// Items on both sides whose files differ; null unless they were asked for.
    files: Option<Vec<BomCompareFiles>>,
}

/// Writes a comparison as [`BomCompareResponse`], an entry at a time.
pub struct Pair<'c, 'a> {
    pub comparison: &'c Comparison<'a>,
    pub options: &'c Options,
    /// With the items at the ends of lines.
    pub child_fields: bool,
}

impl Serialize for Pair<'_, '_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(7))?;
        map.serialize_entry("summary", &summary(self.comparison))?;
        map.serialize_entry("added", &Entries(self, Kind::Added))?;
        map.serialize_entry("removed", &Entries(self, Kind::Removed))?;
        map.serialize_entry("changed", &Entries(self, Kind::Changed))?;
        map.serialize_entry("line_key", self.options.line_key.name())?;
        map.serialize_entry("compare_mode", &self.options.mode.map(|mode| mode.name()))?;
        map.serialize_entry("files", &self.options.include_files.then_some(Files(self)))?;
        map.end()
    }
}

struct Files<'p, 'c, 'a>(&'p Pair<'c, 'a>);

impl Serialize for Files<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let shown = |found| BomCompareFiles::new(&found, self.0.options.roots_are_one);
        out.collect_seq(file_differences(&self.0.comparison.0).map(shown))
    }
}

fn summary(comparison: &Comparison<'_>) -> BomCompareSummary {
    let mut counted = BomCompareSummary {
        added: 0,
        removed: 0,
        changed: 0,
        changed_major: 0,
        changed_minor: 0,
        changed_info: 0,
        unchanged: comparison.0.equal,
    };
    for row in comparison.0.rows.iter().filter(|row| row.differs) {
        match row.cells.as_slice() {
            [None, _] => counted.added += 1,
            [_, None] => counted.removed += 1,
            _ => {
                counted.changed += 1;
                match row.fields.iter().map(Compared::severity).max() {
                    Some(Severity::Major) => counted.changed_major += 1,
                    Some(Severity::Minor) => counted.changed_minor += 1,
                    _ => counted.changed_info += 1,
                }
            }
        }
    }
    counted
}

struct Entries<'p, 'c, 'a>(&'p Pair<'c, 'a>, Kind);

impl Serialize for Entries<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self(pair, kind) = self;
        let found = pair.comparison.of_kind(*kind);
        match kind {
            Kind::Changed => out.collect_seq(found.filter_map(|difference| pair.changed(&difference))),
            Kind::Added | Kind::Removed => out.collect_seq(found.map(|difference| pair.entry(&difference))),
        }
    }
}

impl Pair<'_, '_> {
    fn entry(&self, difference: &Difference<'_, '_>) -> BomCompareEntry {
        let Difference { cell, walk, row, .. } = difference;
        let (parent, child) = (&walk.parts[cell.parent], &walk.parts[cell.child]);
        let path = self.path(difference);
        let value = |field: &Compared| Some((field.name().to_owned(), cell.shown(field, walk)));
        let properties: Map<String, Value> =
            self.options.fields.iter().filter_map(value).filter(|(_, value)| !value.is_null()).collect();
        let ends = self.ends(difference);
        BomCompareEntry {
            parent_id: parent.item.id.to_string(),
            child_id: child.item.id.to_string(),
            relationship_id: cell.relationship.id.to_string(),
            line_key: row.key.clone(),
            parent_config_id: config_id(parent, self.options.roots_are_one),
            child_config_id: child.item.config_id.to_string(),
            level: parent.level + 1,
            path,
            properties: properties.into(),
            line: (&cell.values).into(),
            line_normalized: (&cell.normalized).into(),
            parent: ends.parent,
            child: ends.child,
            parent_number: ends.parent_number,
            parent_name: ends.parent_name,
            child_number: ends.child_number,
            child_name: ends.child_name,
        }
    }

    fn changed(&self, difference: &Difference<'_, '_>) -> Option<BomCompareChangedEntry> {
        let after = difference.after?;
        let BomCompareEntry {
            parent_id,
            child_id,
            relationship_id,
            line_key,
            parent_config_id,
            child_config_id,
            level,
            path,
            line,
            line_normalized,
            parent,
            child,
            parent_number,
            parent_name,
            child_number,
            child_name,
            ..
        } = self.entry(difference);
        let fields = |value: fn(&Change) -> &Value| {
            let changes = difference.changes.iter();
            let fields: Map<String, Value> =
                changes.map(|change| (change.field.name().to_owned(), value(change).clone())).collect();
            fields
        };
        Some(BomCompareChangedEntry {
            parent_id,
            child_id,
            relationship_id,
            right_relationship_id: after.relationship.id.to_string(),
            line_key,
            parent_config_id,
            child_config_id,
            level,
            path,
            before: fields(|change| &change.left).into(),
            after: fields(|change| &change.right).into(),
            before_line: line,
            after_line: (&after.values).into(),
            before_normalized: line_normalized,
            after_normalized: (&after.normalized).into(),
            changes: difference.changes.iter().map(BomCompareChange::from).collect(),
            severity: difference.severity().unwrap_or(Severity::Info).as_str().to_owned(),
            parent,
            child,
            parent_number,
            parent_name,
            child_number,
            child_name,
        })
    }

    /// To the parent the shortest way, and from there along the line.
    fn path(&self, difference: &Difference<'_, '_>) -> Vec<BomComparePathItem> {
        let Difference { cell, walk, .. } = difference;
        let mut parts = walk.path(cell.parent);
        parts.push(&walk.parts[cell.child]);
        parts.into_iter().map(|part| BomComparePathItem::new(part, self.options.roots_are_one)).collect()
    }

    fn ends(&self, difference: &Difference<'_, '_>) -> Ends {
        let Difference { cell, walk, .. } = difference;
        if !self.child_fields {
            let (parent, child) = (None, None);
            return Ends {
                parent,
                child,
                parent_number: None,
                parent_name: None,
                child_number: None,
                child_name: None,
            };
        }
        let (parent, child) = (&walk.parts[cell.parent], &walk.parts[cell.child]);
        let text = |text: Option<&str>| text.map(str::to_owned);
        Ends {
            parent: Some(parent.into()),
            child: Some(child.into()),
            parent_number: text(parent.number),
            parent_name: text(parent.item.name()),
            child_number: text(child.number),
            child_name: text(child.item.name()),
        }
    }
}
