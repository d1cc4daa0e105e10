//! Many lines within one write: what [`super::add_relationship`] asks for each is asked for all of them at once, whatever
//! their number.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::add::blank;
use super::bulk::{BulkFailure, insert_all};
use super::item::{Item, not_found};
use super::model::ItemType;
use super::relate::{changeable_source, check_ends, cycle, exists, require_seen};
use super::values::{Values, normalise, require_whole, with_defaults};
use super::write::Write;
use super::{graph, hooks, period, references, release_policy, repo};
use crate::error::Result;
use crate::plugins::Moment;

/// Adds lines of one type, each from its source to its related item, in their order. Fails as
/// [`super::add_relationship`] does, naming the first line that cannot be added.
pub async fn add_relationships(
    write: &Write<'_>,
    kind: &ItemType,
    given: Vec<(Uuid, Uuid, Values)>,
) -> Result<Vec<Item>, BulkFailure> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    write.require_structure(kind)?;
    write.model.require_create(kind)?;
    let ends = Ends::lock(write, kind, &given).await?;
    let mut lines = Vec::with_capacity(given.len());
    let mut edges = Vec::with_capacity(given.len());
    for (at, (source, related, values)) in given.into_iter().enumerate() {
        let line = prepare(write, kind, &ends, (source, related), values).await;
        lines.push(line.map_err(|error| BulkFailure::at(at, error))?);
        edges.push((source, related));
    }
    if kind.is_acyclic
        && let Some((at, below)) = graph::closing_line(&write.tx, &kind.id, &edges).await?
    {
        let source = edges.get(at).map(|(source, _)| *source).unwrap_or_default();
        return Err(BulkFailure::at(at, cycle(write, source, below).await?));
    }
    let all: Vec<&Item> = lines.iter().collect();
    insert_all(write, &all, |error, line| exists(error, kind, line)).await?;
    for (at, line) in lines.iter().enumerate() {
        let recorded = record(write, kind, line).await;
        recorded.map_err(|error| BulkFailure::at(at, error))?;
    }
    Ok(lines)
}

async fn record(write: &Write<'_>, kind: &ItemType, line: &Item) -> Result<()> {
    period::record(write, kind, None, line).await?;
    write.record("relationship.created", line, None, line.snapshot()).await
}

/// The items at the ends of the lines, locked as one line after the other would lock them.
struct Ends {
    sources: HashMap<Uuid, Item>,
    related: HashMap<Uuid, Item>,
}

impl Ends {
    async fn lock(write: &Write<'_>, kind: &ItemType, given: &[(Uuid, Uuid, Values)]) -> Result<Self, BulkFailure> {
        let first = |wanted: &dyn Fn(&(Uuid, Uuid, Values)) -> bool| given.iter().position(wanted).unwrap_or_default();
        let sources: BTreeSet<Uuid> = given.iter().map(|(source, ..)| *source).collect();
        let ids: Vec<Uuid> = sources.into_iter().collect();
        repo::items::lock_with_sources(&write.tx, &ids).await?;
        let mut sources = HashMap::new();
        for id in ids {
            let source = changeable_source(write, kind, id).await;
            let source = source.map_err(|error| BulkFailure::at(first(&|(source, ..)| *source == id), error))?;
            sources.insert(id, source);
        }
        let ids: BTreeSet<Uuid> = given.iter().map(|(_, related, _)| *related).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let found = repo::stored::referred(&write.tx, &ids).await?;
        let related: HashMap<Uuid, Item> = found.into_iter().map(|item| (item.id, item)).collect();
        for id in ids {
            let at = || first(&|(_, related, _)| *related == id);
            let item = related.get(&id).ok_or_else(|| BulkFailure::at(at(), not_found(id)))?;
            let allowed = async {
                require_seen(write, item).await?;
                release_policy::require_may_enter(write, kind, item).await
            };
            allowed.await.map_err(|error| BulkFailure::at(at(), error))?;
        }
        Ok(Self { sources, related })
    }
}

/// The line as it is to be stored.
async fn prepare(
    write: &Write<'_>,
    kind: &ItemType,
    ends: &Ends,
    (source, related): (Uuid, Uuid),
    given: Values,
) -> Result<Item> {
    let source = ends.sources.get(&source).ok_or_else(|| not_found(source))?;
    let related = ends.related.get(&related).ok_or_else(|| not_found(related))?;
    check_ends(kind, source, related)?;
    let mut line = blank(write, kind, None)?;
    line.properties = with_defaults(write.ctx, kind, normalise(kind, given)?)?;
    require_whole(kind, &line.properties)?;
    (line.source_id, line.related_id) = (Some(source.id), Some(related.id));
    let line = hooks::before_write(write, kind, Moment::Add, None, line).await?;
    references::require(write, kind, None, &line.properties).await?;
    Ok(line)
}
