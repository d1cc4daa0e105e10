//! What parts have to do with each other beside being made of each other: substitutes of a line, equivalents and spares of
//! a part. Each is a relationship with a rank.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::{PART_BOM, PART_BOM_SUBSTITUTE, PART_EQUIVALENT, PART_SPARE};
use crate::context::Ctx;
use crate::domain::meta::{self, End, Item, ItemView, Model, Turns, Values, Write, parse_id};
use crate::domain::permission::Action;
use crate::error::{Error, Kind, Result};

/// The most links of one item that an answer names.
const MOST_LINKS: usize = 1_000;

/// A relationship, and the part at its other end.
#[derive(Debug, Clone)]
pub struct Link {
    pub relationship: Item,
    pub part: ItemView,
}

/// A kind of link, and how clients know its refusals.
struct Texts {
    kind: &'static str,
    exists: &'static str,
    itself: &'static str,
    missing: &'static str,
}

const SUBSTITUTE: Texts = Texts {
    kind: PART_BOM_SUBSTITUTE,
    exists: "Substitute already exists for this BOM line and item",
    itself: "An item of the BOM line cannot be its own substitute",
    missing: "Substitute not found",
};

const EQUIVALENT: Texts = Texts {
    kind: PART_EQUIVALENT,
    exists: "Equivalent relationship already exists",
    itself: "An item cannot be equivalent to itself",
    missing: "Equivalent relationship not found",
};

const SPARE: Texts = Texts {
    kind: PART_SPARE,
    exists: "Spare relationship already exists",
    itself: "An item cannot be its own spare",
    missing: "Spare relationship not found",
};

impl Texts {
    fn refusal(&self, error: Error) -> Error {
        match error.code_name() {
            Some("RELATIONSHIP_EXISTS") => Error::bad_request(self.exists),
            _ if error.kind() == Kind::Forbidden => Error::forbidden("Permission denied"),
            _ => error,
        }
    }

    fn not_found(&self) -> Error {
        Error::not_found(self.missing)
    }
}

/// The substitutes of a BOM line, the lowest rank first.
pub async fn substitutes(ctx: &Ctx, line: &str) -> Result<(Uuid, Vec<Link>)> {
    let model = Model::load(ctx).await?;
    let line = require_bom_line(ctx, &model, line).await?;
    let links = links(ctx, &model, PART_BOM_SUBSTITUTE, line.id, End::Source).await?;
    Ok((line.id, links))
}

/// Lets a part take the place of the one that a line leads to.
///
/// Fails with `BadRequest` where it does so already or is one of the line's own parts; else as [`meta::add_relationship`]
/// does, also where the version of the line's parent is released.
pub async fn add_substitute(ctx: &Ctx, line: &str, part: &str, values: Values) -> Result<Item> {
    let mut model = Model::load(ctx).await?;
    let line = require_bom_line(ctx, &model, line).await?;
    let part = parse_id(part)?;
    meta::require_item(ctx, &model, part).await?;
    if [line.source_id, line.related_id].contains(&Some(part)) {
        return Err(Error::bad_request(SUBSTITUTE.itself));
    }
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let kind = write.model.item_type(PART_BOM_SUBSTITUTE)?;
    let added = meta::add_relationship(&write, kind, line.id, part, values).await;
    let added = added.map_err(|error| SUBSTITUTE.refusal(error))?;
    write.commit().await?;
    Ok(added)
}

pub async fn remove_substitute(ctx: &Ctx, line: &str, substitute: &str) -> Result<Uuid> {
    let mut model = Model::load(ctx).await?;
    let line = require_bom_line(ctx, &model, line).await?;
    let id = parse_id(substitute).map_err(|_| SUBSTITUTE.not_found())?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let kind = write.model.item_type(PART_BOM_SUBSTITUTE)?;
    let found = meta::locked_lines(&write, kind, line.id).await?.into_iter().find(|found| found.id == id);
    let substitute = found.ok_or_else(|| SUBSTITUTE.not_found())?;
    meta::remove_relationship(&write, &substitute).await?;
    write.commit().await?;
    Ok(id)
}

async fn require_bom_line(ctx: &Ctx, model: &Model, id: &str) -> Result<Item> {
    let missing = || Error::not_found(format!("BOM line {id} not found"));
    let line = meta::require_item(ctx, model, parse_id(id).map_err(|_| missing())?).await;
    let line = line.map_err(|error| if error.kind() == Kind::NotFound { missing() } else { error })?;
    if line.item_type == PART_BOM { Ok(line) } else { Err(missing()) }
}

/// The parts that are as good as this one, whichever of the two was named first; the lowest rank first.
pub async fn equivalents(ctx: &Ctx, item: &str) -> Result<(Uuid, Vec<Link>)> {
    links_of(ctx, PART_EQUIVALENT, item, End::Either).await
}

/// The spare parts of a part, the lowest rank first.
pub async fn spares(ctx: &Ctx, item: &str) -> Result<(Uuid, Vec<Link>)> {
    links_of(ctx, PART_SPARE, item, End::Source).await
}

async fn links_of(ctx: &Ctx, kind: &str, item: &str, end: End) -> Result<(Uuid, Vec<Link>)> {
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(item)?).await?;
    let links = links(ctx, &model, kind, item.id, end).await?;
    Ok((item.id, links))
}

/// Says that two parts are as good as each other. Fails with `BadRequest` where that is said already, from either side.
pub async fn add_equivalent(ctx: &Ctx, item: &str, other: &str, values: Values) -> Result<Item> {
    add_link(ctx, &EQUIVALENT, item, other, values).await
}

/// Gives a part a spare part. Fails with `BadRequest` where it has it already.
pub async fn add_spare(ctx: &Ctx, item: &str, spare: &str, values: Values) -> Result<Item> {
    add_link(ctx, &SPARE, item, spare, values).await
}

async fn add_link(ctx: &Ctx, texts: &Texts, item: &str, other: &str, values: Values) -> Result<Item> {
    let (item, other) = (parse_id(item)?, parse_id(other)?);
    let mut model = Model::load(ctx).await?;
    for id in [item, other] {
        meta::require_item(ctx, &model, id).await?;
    }
    if item == other {
        return Err(Error::bad_request(texts.itself));
    }
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    // In one order whoever is named first: two who say the same of each other at once are one after the other.
    for id in [item.min(other), item.max(other)] {
        meta::require_locked_item(&write, id).await?;
    }
    let both_ways = texts.kind == PART_EQUIVALENT;
    if both_ways && meta::leads(&write, texts.kind, other, item).await? {
        return Err(Error::bad_request(texts.exists));
    }
    let kind = write.model.item_type(texts.kind)?;
    let added = meta::add_relationship(&write, kind, item, other, values).await;
    let added = added.map_err(|error| texts.refusal(error))?;
    write.commit().await?;
    Ok(added)
}

/// Takes it back, from either side.
pub async fn remove_equivalent(ctx: &Ctx, item: &str, equivalent: &str) -> Result<Uuid> {
    remove_link(ctx, &EQUIVALENT, item, equivalent).await
}

pub async fn remove_spare(ctx: &Ctx, item: &str, spare: &str) -> Result<Uuid> {
    remove_link(ctx, &SPARE, item, spare).await
}

async fn remove_link(ctx: &Ctx, texts: &Texts, item: &str, link: &str) -> Result<Uuid> {
    let mut model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(item)?).await?;
    let id = parse_id(link).map_err(|_| texts.not_found())?;
    let gone = |error: Error| if error.kind() == Kind::NotFound { texts.not_found() } else { error };
    let link = meta::require_item(ctx, &model, id).await.map_err(gone)?;
    let is_its = link.source_id == Some(item.id) || (texts.kind == PART_EQUIVALENT && link.related_id == Some(item.id));
    if link.item_type != texts.kind || !is_its {
        return Err(texts.not_found());
    }
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    meta::remove_relationship(&write, &link).await.map_err(gone)?;
    write.commit().await?;
    Ok(id)
}

async fn links(ctx: &Ctx, model: &Model, kind: &str, item: Uuid, end: End) -> Result<Vec<Link>> {
    let mut lines = meta::lines_at(ctx, model, kind, item, end, MOST_LINKS).await?;
    lines.sort_by_key(rank);
    let other = |line: &Item| line.related_id.filter(|related| *related != item).or(line.source_id);
    let parts = parts(ctx, model, lines.iter().filter_map(other).collect()).await?;
    let linked = |line: Item| {
        let part = parts.get(&other(&line)?)?.clone();
        Some(Link { part, relationship: model.governed(line) })
    };
    Ok(lines.into_iter().filter_map(linked).collect())
}

/// Items that the caller may read, by their ids.
pub(super) async fn parts(ctx: &Ctx, model: &Model, ids: HashSet<Uuid>) -> Result<HashMap<Uuid, ItemView>> {
    let found = meta::readable_among(ctx, model, &ids).await?;
    let governed = |view: ItemView| ItemView { item: model.governed(view.item), ..view };
    Ok(found.into_iter().map(|view| (view.item.id, governed(view))).collect())
}

/// What has no rank comes after all that has one, and the rest as it was added.
fn rank(line: &Item) -> (bool, Option<i64>, Uuid) {
    let rank = line.properties.get("rank").and_then(Value::as_i64);
    (rank.is_none(), rank, line.id)
}

/// A spare part of the item, or of one of its spare parts, and so on.
#[derive(Debug, Clone)]
pub struct SpareLevel {
    /// From 1: the spare parts of the item itself.
    pub level: u32,
    pub parent_id: Uuid,
    pub link: Link,
    /// The part is the item itself or was named before: what its own spare parts are stands there.
    pub repeated: bool,
}

/// The spare parts of an item, those of these, and so on; each relationship once, and no part is opened twice, so that
/// parts which are spares of each other come to an end. Two queries.
///
/// Fails with `Invalid` for levels outside 1 to 50.
pub async fn explode_spares(ctx: &Ctx, item: &str, levels: i64) -> Result<(Uuid, Vec<SpareLevel>)> {
    let checked = u32::try_from(levels).ok().filter(|levels| (1..=50).contains(levels));
    let levels = checked.ok_or_else(|| Error::invalid_field("value_error", &["query", "levels"], "1 to 50 levels"))?;
    let model = Model::load(ctx).await?;
    let root = meta::require_item(ctx, &model, parse_id(item)?).await?;
    let mut graph = meta::descend(ctx, PART_SPARE, root.id, levels).await?;
    graph.items.retain(|_, item| model.allow(item, Action::Get));
    let (mut seen, mut found, mut opened) = (HashSet::from([root.id]), Vec::new(), vec![root.id]);
    for level in 1..=levels {
        let mut next = Vec::new();
        for parent_id in opened {
            let mut lines = graph.lines.remove(&parent_id).unwrap_or_default();
            lines.retain(|line| model.allow(line, Action::Get));
            lines.sort_by_key(rank);
            for line in lines {
                let Some(part) = line.related_id.and_then(|id| graph.items.get(&id)).cloned() else { continue };
                let repeated = !seen.insert(part.id);
                if !repeated {
                    next.push(part.id);
                }
                if found.len() == MOST_LINKS {
                    return Err(super::too_large(format!("There are more than {MOST_LINKS} spare parts")));
                }
                let link = Link { relationship: model.governed(line), part: view(&model, part) };
                found.push(SpareLevel { level, parent_id, link, repeated });
            }
        }
        opened = next;
    }
    Ok((root.id, found))
}

/// An item with the set that governs it.
pub(super) fn view(model: &Model, item: Item) -> ItemView {
    ItemView::new(model, model.governed(item))
}
