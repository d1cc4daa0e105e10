//! The contents of versions: read as one, and kept as JSON.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::merge::{Content, Line};
use super::model::Version;
use super::repo;
use crate::domain::meta::{self, Item, Model, Values, Write};
use crate::error::{Error, Result};

/// What a version consists of now, and its lines as they stand.
pub(super) struct Held {
    pub content: Content,
    pub lines: BTreeMap<Uuid, Item>,
}

impl Held {
    pub fn new(model: &Model, item: &Item, version: &Version, lines: Vec<Item>) -> Self {
        let kept = structure_of(model, item.id, lines);
        let properties = if version.is_live() { &item.properties } else { &version.properties };
        let lines: BTreeMap<Uuid, Item> = kept.into_iter().map(|line| (line.id, line)).collect();
        let of_lines = lines.values().filter_map(|line| Some((line.id, line_of(model, line)?))).collect();
        Self { content: Content { properties: properties.clone(), lines: of_lines }, lines }
    }

    pub async fn read(write: &Write<'_>, item: &Item, version: &Version) -> Result<Self> {
        let lines = repo::lines_of(write.tx(), version).await?;
        Ok(Self::new(write.model, item, version, lines))
    }
}

/// Those of an item's lines that are its structure, and what hangs on them. What comes later hangs on what came before.
fn structure_of(model: &Model, item: Uuid, lines: Vec<Item>) -> Vec<Item> {
    let kinds: HashSet<&str> = meta::structure_kinds(model).collect();
    let mut kept: HashSet<Uuid> = HashSet::new();
    let is_kept = |line: &Item, kept: &HashSet<Uuid>| match line.source_id {
        Some(source) if source == item => kinds.contains(line.item_type.as_str()),
        Some(source) => kept.contains(&source),
        None => false,
    };
    let mut rest: Vec<Item> = lines.into_iter().filter(|line| line.related_id.is_some()).collect();
    let mut found = Vec::new();
    loop {
        let (level, other): (Vec<Item>, Vec<Item>) = rest.into_iter().partition(|line| is_kept(line, &kept));
        if level.is_empty() {
            return found;
        }
        kept.extend(level.iter().map(|line| line.id));
        found.extend(level);
        rest = other;
    }
}

fn line_of(model: &Model, line: &Item) -> Option<Line> {
    Some(Line {
        kind: line.item_type.clone(),
        parent: line.source_id?,
        child: line.related_id?,
        key_properties: keys(model, &line.item_type),
        properties: line.properties.clone(),
    })
}

fn keys(model: &Model, kind: &str) -> Option<Vec<String>> {
    model.item_type(kind).ok().and_then(|kind| kind.key_properties.clone())
}

/// A line as iterations keep it.
#[derive(Serialize, Deserialize)]
struct KeptLine {
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    source_id: Uuid,
    related_id: Uuid,
    properties: Values,
}

/// The lines of a content as they are kept.
pub(super) fn lines_to_json(content: &Content) -> Result<Value> {
    let kept = content.lines.iter().map(|(id, line)| KeptLine {
        id: *id,
        kind: line.kind.clone(),
        source_id: line.parent,
        related_id: line.child,
        properties: line.properties.clone(),
    });
    serde_json::to_value(kept.collect::<Vec<_>>()).map_err(unreadable)
}

/// A content as it was kept.
pub(super) fn from_json(model: &Model, properties: Values, lines: Value) -> Result<Content> {
    let kept: Vec<KeptLine> = serde_json::from_value(lines).map_err(unreadable)?;
    let line = |kept: KeptLine| {
        let key_properties = keys(model, &kept.kind);
        let KeptLine { id, kind, source_id: parent, related_id: child, properties } = kept;
        (id, Line { kind, parent, child, key_properties, properties })
    };
    Ok(Content { properties, lines: kept.into_iter().map(line).collect() })
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::internal("The lines of an iteration cannot be read").caused_by(error)
}
