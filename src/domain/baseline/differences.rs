//! What sets two baselines apart, member by member. Neither ever changes, so differences are found again when asked for.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::contents::hidden;
use super::create::change;
use super::model::{Baseline, Member};
use super::{read, repo};
use crate::context::Ctx;
use crate::domain::audit::{Change, new_id};
use crate::domain::meta::{Item, Model, Turns, Write};
use crate::error::{Error, Result};
use crate::types::{Page, PageRequest};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    Added,
    Removed,
    Changed,
}

impl DifferenceKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }

    /// Fails with `BadRequest` for an unknown one.
    pub fn parse(text: &str) -> Result<Self> {
        let all = [Self::Added, Self::Removed, Self::Changed];
        let found = all.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| Error::bad_request("change_type must be added, removed or changed"))
    }
}

/// A member that is in one baseline only, or in another form in each.
#[derive(Debug, Clone)]
pub struct Difference {
    pub kind: DifferenceKind,
    pub before: Option<Member>,
    pub after: Option<Member>,
    /// The names of what differs.
    pub fields: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceSummary {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    pub unchanged: u64,
}

#[derive(Debug, Clone, Default)]
pub struct Differences {
    pub summary: DifferenceSummary,
    pub found: Vec<Difference>,
}

/// Two baselines beside each other.
#[derive(Debug, Clone)]
pub struct Comparison {
    pub id: Uuid,
    pub a: Baseline,
    pub b: Baseline,
    pub differences: Differences,
}

/// Part of the differences.
pub type ComparisonPage = Page<Difference>;

/// Compares two baselines; the comparison can be asked for its details and exported later.
pub async fn compare_baselines(ctx: &Ctx, a: &str, b: &str) -> Result<Comparison> {
    let mut model = Model::load(ctx).await?;
    let (_, a) = read::require(ctx, a).await?;
    let (_, b) = read::require(ctx, b).await?;
    let differences = between(ctx, &model, &a, &b).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let id = new_id();
    repo::insert_comparison(write.tx(), id, &a, &b, differences.summary, ctx).await?;
    let after = serde_json::json!({ "id": id, "baseline_a_id": a.id, "baseline_b_id": b.id });
    write.note(Change { after: Some(after), ..change("baseline.compared", a.id) }).await?;
    write.commit().await?;
    Ok(Comparison { id, a, b, differences })
}

/// Part of what a comparison found, of one kind or of all.
///
/// Fails with `NotFound` ("Comparison … not found") also where one of the baselines may not be read.
pub async fn comparison_details(
    ctx: &Ctx,
    id: &str,
    kind: Option<DifferenceKind>,
    page: PageRequest,
) -> Result<ComparisonPage> {
    let missing = || Error::not_found(format!("Comparison {id} not found"));
    let key = Uuid::parse_str(id).map_err(|_| missing())?;
    let (a, b) = repo::comparison(&*ctx.db, key).await?.ok_or_else(missing)?;
    let (model, a) = read::require(ctx, &a.to_string()).await.map_err(|_| missing())?;
    let (_, b) = read::require(ctx, &b.to_string()).await.map_err(|_| missing())?;
    let mut found = between(ctx, &model, &a, &b).await?.found;
    found.retain(|one| kind.is_none_or(|kind| one.kind == kind));
    let total = found.len() as u64;
    let (skip, take) = (usize::try_from(page.offset), usize::try_from(page.limit));
    let items = found.into_iter().skip(skip.unwrap_or(usize::MAX)).take(take.unwrap_or(usize::MAX)).collect();
    Ok(Page { items, total })
}

async fn between(ctx: &Ctx, model: &Model, a: &Baseline, b: &Baseline) -> Result<Differences> {
    let mut sides = Vec::new();
    for baseline in [a, b] {
        let members = repo::items_of(&*ctx.db, baseline.id).await?;
        let nodes: HashMap<Uuid, Item> = repo::nodes(&*ctx.db, baseline.id).await?;
        let hidden: HashSet<Uuid> = hidden(ctx, model, nodes.values()).await?;
        let configs = nodes.iter().map(|(key, item)| (*key, item.config_id)).collect();
        let seen = members.into_iter().filter(|member| member.item_id.is_some_and(|item| !hidden.contains(&item)));
        sides.push(Side { members: seen.collect(), configs });
    }
    let (Some(after), Some(before)) = (sides.pop(), sides.pop()) else { return Ok(Differences::default()) };
    Ok(differences(&before, &after))
}

/// The members of a baseline, and the items that their keys name over all versions.
pub(super) struct Side {
    pub members: Vec<Member>,
    pub configs: HashMap<Uuid, Uuid>,
}

/// A member's place: below which item (none is the root), which item, in which unit, and the how-manieth such.
type Place = (Option<Uuid>, Option<Uuid>, String, usize);

fn places(side: &Side) -> BTreeMap<Place, &Member> {
    let mut placed = BTreeMap::new();
    let mut counted: HashMap<(Option<Uuid>, Option<Uuid>, String), usize> = HashMap::new();
    for member in &side.members {
        let config = |key: Option<Uuid>| key.and_then(|key| side.configs.get(&key)).copied();
        let parent = config(member.parent_key);
        // The roots of two baselines stand for each other, whatever they are.
        let own = if member.level == 0 { None } else { config(member.node_key) };
        let unit = member.line.as_ref().and_then(|line| line.text("uom")).unwrap_or_default().to_uppercase();
        // Below the root of either is the same place.
        let parent = if member.level == 1 { None } else { parent };
        let count = counted.entry((parent, own, unit.clone())).or_default();
        placed.insert((parent, own, unit, *count), member);
        *count += 1;
    }
    placed
}

/// What sets two sides apart, in the order of the members of each.
pub(super) fn differences(before: &Side, after: &Side) -> Differences {
    let (left, right) = (places(before), places(after));
    let mut found = Differences::default();
    for (place, old) in &left {
        let difference = match right.get(place) {
            None => {
                found.summary.removed += 1;
                Difference { kind: DifferenceKind::Removed, before: Some((*old).clone()), after: None, fields: vec![] }
            }
            Some(new) => {
                let fields = fields(old, new);
                if fields.is_empty() {
                    found.summary.unchanged += 1;
                    continue;
                }
                found.summary.changed += 1;
                let (before, after) = (Some((*old).clone()), Some((*new).clone()));
                Difference { kind: DifferenceKind::Changed, before, after, fields }
            }
        };
        found.found.push(difference);
    }
    for (_, new) in right.iter().filter(|(place, _)| !left.contains_key(*place)) {
        found.summary.added += 1;
        let after = Some((*new).clone());
        found.found.push(Difference { kind: DifferenceKind::Added, before: None, after, fields: vec![] });
    }
    found.found.sort_by_key(|one| {
        let member = one.after.as_ref().or(one.before.as_ref());
        (one.kind, member.map_or(0, |member| member.position))
    });
    found
}

/// The names of what differs between two forms of a member.
fn fields(old: &Member, new: &Member) -> Vec<&'static str> {
    let property = |member: &Member, name: &str| -> Value {
        member.line.as_ref().and_then(|line| line.properties.get(name)).cloned().unwrap_or_default()
    };
    let mut found = Vec::new();
    let mut differ = |name: &'static str, differs: bool| {
        if differs {
            found.push(name);
        }
    };
    differ("item_number", old.item_number != new.item_number);
    differ("item_revision", old.item_revision != new.item_revision);
    differ("item_generation", old.item_generation != new.item_generation);
    differ("item_state", old.item_state != new.item_state);
    differ("quantity", old.quantity != new.quantity);
    for name in ["find_num", "refdes", "effectivity_from", "effectivity_to", "config_condition"] {
        differ(name, property(old, name) != property(new, name));
    }
    let both = |of: fn(&Member) -> &Option<Value>| of(old).is_some() && of(new).is_some() && of(old) != of(new);
    differ("effectivities", both(|member| &member.effectivities));
    differ("substitutes", both(|member| &member.substitutes));
    found
}
