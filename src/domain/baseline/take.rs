//! What a structure becomes as the members of a baseline. Pure.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;
use uuid::Uuid;

use super::given::Include;
use super::model::{Member, MemberKind};
use crate::domain::audit::new_id;
use crate::domain::bom::compare::{LinePlace, Substitute};
use crate::domain::file::FileFact;
use crate::domain::meta::{Item, Model, text_value};
use crate::domain::version::Structure;
use crate::error::{Error, Result};

/// What a structure is put together with.
pub struct Beside<'a> {
    pub baseline: Uuid,
    pub model: &'a Model,
    /// Revisions by version.
    pub revisions: &'a HashMap<Uuid, String>,
    /// Documents by the item or version that they belong to.
    pub documents: &'a HashMap<Uuid, Vec<FileFact>>,
    /// What may stand in for the child of a line, by line.
    pub substitutes: &'a HashMap<LinePlace, Vec<Substitute>>,
    pub include: Include,
}

/// The members of a structure level by level: the root, and each line once, by the first way that leads to it.
pub fn members(structure: &Structure, beside: &Beside<'_>) -> Result<Vec<Member>> {
    let mut taken = Taker { beside, members: Vec::new(), met: HashSet::new() };
    let Some(root) = structure.nodes.get(&structure.root) else { return Ok(Vec::new()) };
    taken.item(structure.root, root, Way { level: 0, path: String::new(), parent: None }, None)?;
    let mut seen = HashSet::from([structure.root]);
    let mut queue = VecDeque::from([(structure.root, 0, root.id.to_string())]);
    while let Some((key, level, path)) = queue.pop_front() {
        for line in structure.lines.get(&key).into_iter().flatten() {
            let Some(child) = structure.nodes.get(&line.to) else { continue };
            let below = format!("{path}/{}", child.id);
            let way = Way { level: level + 1, path: below.clone(), parent: Some(key) };
            taken.item(line.to, child, way, Some((&line.line, line.effectivities.as_ref())))?;
            if seen.insert(line.to) {
                queue.push_back((line.to, level + 1, below));
            }
        }
    }
    Ok(taken.members)
}

/// How an item was come by.
struct Way {
    level: i32,
    path: String,
    parent: Option<Uuid>,
}

struct Taker<'a> {
    beside: &'a Beside<'a>,
    members: Vec<Member>,
    /// Items whose documents are listed.
    met: HashSet<Uuid>,
}

impl Taker<'_> {
    fn item(&mut self, key: Uuid, item: &Item, way: Way, line: Option<(&Item, Option<&Value>)>) -> Result<()> {
        let Beside { baseline, model, revisions, documents, substitutes, include } = *self.beside;
        let number = model.item_type(&item.item_type).ok().and_then(|kind| kind.number_property.as_deref());
        let of_line = line.map(|(line, _)| line);
        let first = self.met.insert(key);
        let member = Member {
            baseline_id: baseline,
            position: self.position()?,
            id: new_id(),
            kind: MemberKind::Item,
            item_id: Some(item.id),
            document_id: None,
            relationship_id: of_line.map(|line| line.id),
            parent_key: way.parent,
            node_key: Some(key),
            item_number: number.and_then(|number| item.text(number)).map(str::to_owned),
            item_revision: item.current_version_id.and_then(|version| revisions.get(&version)).cloned(),
            item_generation: Some(item.generation),
            item_type: Some(item.item_type.clone()),
            item_state: Some(item.state.clone()),
            level: way.level,
            path: way.path,
            quantity: of_line.and_then(|line| line.properties.get("quantity")).map(text_value),
            line: of_line.cloned(),
            effectivities: line.and_then(|(_, known)| known).filter(|_| include.effectivity).cloned(),
            substitutes: match (way.parent, of_line) {
                (Some(parent), Some(line)) if include.substitutes => {
                    let known = substitutes.get(&(parent, line.id)).map_or(&[][..], Vec::as_slice);
                    Some(written(known)?)
                }
                _ => None,
            },
        };
        self.members.push(member.clone());
        if include.relationships && member.relationship_id.is_some() {
            let relationship = Member { node_key: None, parent_key: None, ..member.clone() };
            self.extra(Member { kind: MemberKind::Relationship, ..relationship })?;
        }
        if include.documents && first {
            for document in documents.get(&key).into_iter().flatten() {
                self.extra(Member {
                    kind: MemberKind::Document,
                    document_id: Some(document.file_id),
                    relationship_id: None,
                    parent_key: None,
                    node_key: None,
                    item_number: Some(document.filename.clone()),
                    item_type: Some(document.role.clone()),
                    quantity: None,
                    ..member.clone()
                })?;
            }
        }
        Ok(())
    }

    /// A member that no line of the structure is.
    fn extra(&mut self, member: Member) -> Result<()> {
        let position = self.position()?;
        let bare = Member { line: None, effectivities: None, substitutes: None, ..member };
        self.members.push(Member { position, id: new_id(), ..bare });
        Ok(())
    }

    fn position(&self) -> Result<i32> {
        i32::try_from(self.members.len())
            .map_err(|error| Error::internal("A baseline has too many members").caused_by(error))
    }
}

fn written(substitutes: &[Substitute]) -> Result<Value> {
    serde_json::to_value(substitutes)
        .map_err(|error| Error::internal("A substitute cannot be written").caused_by(error))
}
