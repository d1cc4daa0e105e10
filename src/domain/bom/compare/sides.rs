//! The sides of a comparison, read for a caller.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use serde_json::Value;
use uuid::Uuid;

use super::align::{Aligned, align};
use super::difference::Comparison;
use super::query::Options;
use super::repo;
use super::substitutes::Substitute;
use super::walk::Walk;
use crate::context::Ctx;
use crate::domain::bom::effectivity::Effectivity;
use crate::domain::bom::tree::PLACES;
use crate::domain::bom::{self, PART_BOM};
use crate::domain::file::{self, FileFact};
use crate::domain::meta::query_moment;
use crate::domain::meta::{self, Item, Model, parse_id};
use crate::domain::permission::Action;
use crate::domain::version::{self, Basis, Structure, StructureLine, too_large};
use crate::error::{Error, Result};

/// The most lines of all sides together.
const MOST_LINES: usize = 500_000;
/// The most sides of one comparison.
const MOST_SIDES: usize = 8;
/// Sides that are read at once.
const AT_ONCE: usize = 2;

/// One side of a comparison.
#[derive(Debug, Clone)]
pub enum Side {
    /// An item as it is now, or as it stood released at a moment.
    Item { id: String, as_of: Option<DateTime<Utc>> },
    /// A version: of a released one exactly what was released.
    Version(String),
    /// What was kept at some time.
    Kept(Box<Kept>),
}

/// A structure that was kept, prepared for the caller: without what they may not get.
#[derive(Debug, Clone)]
pub struct Kept {
    /// With its root among the nodes, and with the effectivities on its lines.
    pub structure: Structure,
    pub substitutes: HashMap<LinePlace, Vec<Substitute>>,
}

impl Side {
    /// As a client writes it; the names are those of the parameters.
    ///
    /// Fails with `Invalid` for a kind that there is not, for a time that is none, and for a version as of a moment.
    pub fn parse(kind: &str, id: &str, as_of: Option<&str>, [kind_name, date_name]: [&str; 2]) -> Result<Self> {
        let as_of = as_of.map(|text| query_moment(date_name, text)).transpose()?;
        match (kind.trim(), as_of) {
            ("item", as_of) => Ok(Self::Item { id: id.to_owned(), as_of }),
            ("version", None) => Ok(Self::Version(id.to_owned())),
            ("version", Some(_)) => {
                let message = "A version is what it is at any time; name the item to compare a moment";
                Err(Error::invalid_field("value_error", &["query", date_name], message))
            }
            _ => Err(Error::invalid_field(
                "enum",
                &["query", kind_name],
                "Input should be 'item', 'version' or 'baseline'",
            )),
        }
    }
}

/// A line of a side: the key of its parent, and its id.
pub type LinePlace = (Uuid, Uuid);

/// What a side holds.
#[derive(Debug)]
pub struct Contents {
    pub structure: Structure,
    /// The root as it is now, should the structure not hold it.
    pub root: Item,
    /// The property that numbers the items of each type.
    pub numbers: HashMap<String, String>,
    /// Where they are looked at.
    pub effectivities: HashMap<LinePlace, Vec<Effectivity>>,
    pub substitutes: HashMap<LinePlace, Vec<Substitute>>,
    /// By the key of their part.
    pub files: HashMap<Uuid, Vec<FileFact>>,
}

/// Compares two sides, as `render` makes an answer of it. Reading takes a few queries a side; comparing and rendering keep no
/// thread of other requests.
///
/// Fails with `NotFound` ("Item … not found", "Version … not found"), `BadRequest` `TREE_TOO_LARGE` for more than 500,000
/// lines or 250,000 differences, and as `render` does.
pub async fn compare<T: Send + 'static>(
    ctx: &Ctx,
    left: Side,
    right: Side,
    options: Options,
    render: impl FnOnce(&Comparison<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    compare_many(ctx, vec![left, right], options, |aligned| render(&Comparison(aligned))).await
}

/// Puts sides beside each other; as [`compare`] otherwise.
pub async fn compare_many<T: Send + 'static>(
    ctx: &Ctx,
    sides: Vec<Side>,
    options: Options,
    render: impl FnOnce(Aligned<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    if !(2..=MOST_SIDES).contains(&sides.len()) {
        let message = format!("2 to {MOST_SIDES} sides");
        return Err(Error::invalid_field("value_error", &["body", "sides"], message));
    }
    let model = Model::load(ctx).await?;
    let mut contents: Vec<Contents> = Vec::with_capacity(sides.len());
    let mut waiting = sides.into_iter().peekable();
    while waiting.peek().is_some() {
        let some: Vec<Side> = waiting.by_ref().take(AT_ONCE).collect();
        let read = some.into_iter().map(|side| read(ctx, &model, side, &options));
        contents.extend(try_join_all(read).await?);
        let lines: usize = contents.iter().map(Contents::lines).sum();
        if lines > MOST_LINES {
            return Err(too_large(format!("The structures have more than {MOST_LINES} lines together")));
        }
    }
    let stopped = |error| Error::internal("Comparing stopped halfway").caused_by(error);
    let place =
        PLACES.acquire().await.map_err(|closed| Error::internal("Nothing can be compared").caused_by(closed))?;
    let made = tokio::task::spawn_blocking(move || {
        let _place = place;
        let walks = contents.iter().map(|side| Walk::of(side, options.reach())).collect();
        render(align(walks, &options)?)
    });
    made.await.map_err(stopped)?
}

impl Contents {
    /// The effectivities of a line of a part.
    pub(super) fn recorded(&self, part: Uuid, line: &StructureLine) -> &[Effectivity] {
        self.effectivities.get(&(part, line.line.id)).map_or(&[], Vec::as_slice)
    }

    /// The substitutes of a line of a part.
    pub(super) fn standing_in(&self, part: Uuid, line: &StructureLine) -> &[Substitute] {
        self.substitutes.get(&(part, line.line.id)).map_or(&[], Vec::as_slice)
    }

    fn lines(&self) -> usize {
        self.structure.lines.values().map(Vec::len).sum()
    }
}

async fn read(ctx: &Ctx, model: &Model, side: Side, options: &Options) -> Result<Contents> {
    let mut kept = None;
    let (root, structure) = match side {
        Side::Item { id, as_of } => {
            let root = meta::require_item(ctx, model, parse_id(&id)?).await?;
            let structure = match as_of {
                Some(at) => version::structure(ctx, model, PART_BOM, &root, Basis::AsOf(at), options.levels).await?,
                None => version::current_structure(ctx, model, PART_BOM, root.id, options.levels).await?,
            };
            (root, structure)
        }
        Side::Version(id) => {
            let (model, root, version) = version::require_version(ctx, &id).await?;
            let basis = Basis::Version(Box::new(version));
            let structure = version::structure(ctx, &model, PART_BOM, &root, basis, options.levels).await?;
            (root, structure)
        }
        Side::Kept(side) => {
            let Kept { structure, substitutes } = *side;
            let root = structure.nodes.get(&structure.root).cloned();
            kept = Some(substitutes);
            (root.ok_or_else(|| Error::internal("A kept structure has no root"))?, structure)
        }
    };
    let effectivities = match options.include_effectivity || options.effective_at.is_some() {
        true => effectivities(ctx, &structure).await?,
        false => HashMap::new(),
    };
    let substitutes = match kept {
        Some(kept) => kept,
        None if options.include_substitutes => substitutes(ctx, model, &structure).await?,
        None => HashMap::new(),
    };
    let files = if options.include_files { files(ctx, &structure).await? } else { HashMap::new() };
    let numbered = |kind: &meta::ItemType| Some((kind.id.clone(), kind.number_property.clone()?));
    let numbers = model.item_types().filter_map(numbered).collect();
    Ok(Contents { structure, root, numbers, effectivities, substitutes, files })
}

/// What was sealed with lines, and what is recorded of the others.
async fn effectivities(ctx: &Ctx, structure: &Structure) -> Result<HashMap<LinePlace, Vec<Effectivity>>> {
    let all = || structure.lines.iter().flat_map(|(parent, lines)| lines.iter().map(move |line| (*parent, line)));
    let live: Vec<Uuid> =
        all().filter(|(_, line)| line.effectivities.is_none()).map(|(_, line)| line.line.id).collect();
    let recorded = bom::repo::of_lines(&*ctx.db, &live).await?;
    let of_line = |(parent, line): (Uuid, &StructureLine)| {
        let found = match &line.effectivities {
            Some(sealed) => Effectivity::read_all(sealed),
            None => recorded.get(&line.line.id).cloned().unwrap_or_default(),
        };
        (!found.is_empty()).then_some(((parent, line.line.id), found))
    };
    Ok(all().filter_map(of_line).collect())
}

/// Of items as they are now what hangs on them and on their current version; of other versions what is bound to those.
async fn files(ctx: &Ctx, structure: &Structure) -> Result<HashMap<Uuid, Vec<FileFact>>> {
    let (mut items, mut versions) = (Vec::new(), Vec::new());
    for (key, item) in &structure.nodes {
        if *key == item.id {
            items.push(item.id);
            versions.extend(item.current_version_id);
        } else {
            versions.push(*key);
        }
    }
    let mut found = file::files_of_many(ctx, &items, &versions).await?;
    for (key, item) in structure.nodes.iter().filter(|(key, item)| **key == item.id) {
        let bound = item.current_version_id.and_then(|version| found.remove(&version)).unwrap_or_default();
        let all = found.entry(*key).or_default();
        all.extend(bound);
        all.sort();
        all.dedup();
    }
    Ok(found)
}

/// What was sealed with lines, and what hangs on the others now, as far as the caller may get what stands in.
pub async fn substitutes(
    ctx: &Ctx,
    model: &Model,
    structure: &Structure,
) -> Result<HashMap<LinePlace, Vec<Substitute>>> {
    let (mut live, mut sealed): (HashMap<Uuid, Uuid>, Vec<Uuid>) = (HashMap::new(), Vec::new());
    for (parent, lines) in &structure.lines {
        live.extend(lines.iter().filter(|line| line.effectivities.is_none()).map(|line| (line.line.id, *parent)));
        sealed.extend(lines.iter().any(|line| line.effectivities.is_some()).then_some(*parent));
    }
    let lines: Vec<Uuid> = live.keys().copied().collect();
    let of_live = repo::substitutes_of_lines(&*ctx.db, &lines).await?;
    let of_live = of_live.into_iter().filter(|found| model.allow(found, Action::Get));
    let mut found: Vec<(LinePlace, Substitute)> = of_live
        .filter_map(|item| {
            let line = item.source_id?;
            Some(((*live.get(&line)?, line), Substitute::of(item.related_id?, &Value::Object(item.properties))))
        })
        .collect();
    found.extend(repo::substitutes_of_versions(&*ctx.db, &sealed).await?);
    let parts = found.iter().map(|(_, substitute)| substitute.item_id).collect();
    let readable = meta::readable_among(ctx, model, &parts).await?;
    let readable: HashSet<Uuid> = readable.into_iter().map(|view| view.item.id).collect();
    let mut by_line: HashMap<LinePlace, Vec<Substitute>> = HashMap::new();
    for (place, substitute) in found.into_iter().filter(|(_, substitute)| readable.contains(&substitute.item_id)) {
        by_line.entry(place).or_default().push(substitute);
    }
    for all in by_line.values_mut() {
        all.sort_by_key(|one| (one.rank, one.item_id));
    }
    Ok(by_line)
}
