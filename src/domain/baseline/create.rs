//! Making a baseline.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::check;
use super::given::NewBaseline;
use super::model::{BASELINE, Baseline, State};
use super::take::{self, Beside};
use super::{release, repo};
use crate::context::Ctx;
use crate::domain::audit::{Change, new_id};
use crate::domain::bom::{self, PART_BOM, When, compare};
use crate::domain::file::{self, FileFact};
use crate::domain::meta::{self, Item, Model, Turns, Write};
use crate::domain::version::{self, Basis, Structure, Version};
use crate::error::{Error, Result};

/// The most lines that a baseline takes.
const MOST_LINES: usize = 250_000;

/// Keeps what an item, or a version of one, consists of: nobody changes a structure while it is read.
///
/// Whoever may make items of the root's type may make baselines of it. Fails with `BadRequest` without a root and for a version
/// of another item, `Conflict` for a number that is taken, `Forbidden`, `Invalid`, `NotFound`.
pub async fn create(ctx: &Ctx, new: NewBaseline) -> Result<Baseline> {
    let new = new.checked()?;
    let state = new.state()?;
    let effective_at = new.moment()?;
    let mut model = Model::load(ctx).await?;
    let (root, version) = root(ctx, &model, &new).await?;
    model.require_create(model.item_type(&root.item_type)?)?;
    let structure = match &version {
        Some(version) => {
            let basis = Basis::Version(Box::new(version.clone()));
            version::structure(ctx, &model, PART_BOM, &root, basis, new.depth()).await?
        }
        None => as_one(ctx, &mut model, root.id, new.depth()).await?,
    };
    let substitutes = match new.include.substitutes {
        true => compare::substitutes(ctx, &model, &structure).await?,
        false => HashMap::new(),
    };
    let when = When { at: effective_at, ..When::default() };
    let structure = reachable(bom::holding(ctx, structure, &when).await?);
    if lines_of(&structure) > MOST_LINES {
        return Err(version::too_large(format!("The structure has more than {MOST_LINES} lines")));
    }
    let structure = if new.auto_populate { structure } else { Structure::default() };
    let id = new_id();
    let beside = Beside {
        baseline: id,
        model: &model,
        revisions: &revisions(ctx, &structure).await?,
        documents: &documents(ctx, &structure, new.include.documents).await?,
        substitutes: &substitutes,
        include: new.include,
    };
    let members = take::members(&structure, &beside)?;
    let baseline = Baseline {
        id,
        number: new.number.clone().unwrap_or_else(|| number(ctx, id)),
        name: new.name,
        description: new.description,
        baseline_type: new.baseline_type,
        scope: new.scope,
        eco_id: new.eco_id,
        root_item_id: root.id,
        root_version_id: version.as_ref().map(|version| version.id),
        root_config_id: root.config_id,
        max_levels: new.max_levels,
        effective_at,
        include: new.include,
        line_key: new.line_key,
        item_count: count(structure.nodes.values().map(|item| item.id).collect::<HashSet<_>>().len()),
        relationship_count: count(lines_of(&structure)),
        state: State::Draft,
        is_validated: false,
        findings: None,
        validated_at: None,
        validated_by_id: None,
        released_at: None,
        released_by_id: None,
        created_at: ctx.now(),
        created_by_id: ctx.actor.user_id(),
    };
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default().alone("baseline numbers"))).await?;
    if repo::number_is_taken(write.tx(), &baseline.number).await? {
        return Err(Error::conflict(format!("Baseline {} already exists", baseline.number)).code(
            "DUPLICATE_NUMBER",
            "Another baseline has this number. Choose another, or leave it out to get one.",
        ));
    }
    repo::insert(write.tx(), &baseline).await?;
    repo::insert_nodes(write.tx(), id, &structure).await?;
    repo::insert_members(write.tx(), &members).await?;
    let after = baseline.snapshot();
    write.note(Change { after, ..change("baseline.created", id) }).await?;
    let baseline = match state {
        State::Draft => baseline,
        State::Released => {
            let findings = check::findings(write.model, &members, &HashMap::new());
            release::released(&write, baseline, findings).await?
        }
    };
    write.commit().await?;
    Ok(baseline)
}

/// What an item consists of, read while nobody changes a structure.
async fn as_one(ctx: &Ctx, model: &mut Model, root: Uuid, depth: u32) -> Result<Structure> {
    let turns = |model: &Model| Ok(Turns::default().structure(model.item_type(PART_BOM)?));
    let write = Write::begin_fresh(ctx, model, turns).await?;
    version::structure_within(&write, PART_BOM, root, depth).await
}

/// What an audit row tells of a baseline.
pub(super) fn change(action: &'static str, id: Uuid) -> Change {
    let (subject_type, subject_id) = (BASELINE.to_owned(), id.to_string());
    Change { action, subject_type, subject_id, before: None, after: None }
}

async fn root(ctx: &Ctx, model: &Model, new: &NewBaseline) -> Result<(Item, Option<Version>)> {
    let item = new.root_item_id.as_deref().filter(|id| !id.is_empty());
    let version = new.root_version_id.as_deref().filter(|id| !id.is_empty());
    match (item, version) {
        (None, None) => Err(Error::bad_request("root_item_id or root_version_id is required")),
        (Some(item), None) => Ok((meta::require_item(ctx, model, meta::parse_id(item)?).await?, None)),
        (given, Some(version)) => {
            let (_, item, version) = version::require_version(ctx, version).await?;
            match given {
                Some(given) if meta::parse_id(given)? != item.id => {
                    let message = format!("Version {} is not one of item {given}", version.id);
                    Err(Error::bad_request(message))
                }
                _ => Ok((item, Some(version))),
            }
        }
    }
}

/// What is still to be reached from the root when lines that do not hold are left out.
fn reachable(structure: Structure) -> Structure {
    let mut kept = HashSet::from([structure.root]);
    let mut open = vec![structure.root];
    while let Some(key) = open.pop() {
        let below = structure.lines.get(&key).into_iter().flatten().map(|line| line.to);
        open.extend(below.filter(|to| structure.nodes.contains_key(to) && kept.insert(*to)).collect::<Vec<_>>());
    }
    let Structure { root, mut nodes, mut lines } = structure;
    nodes.retain(|key, _| kept.contains(key));
    lines.retain(|key, _| kept.contains(key));
    lines.values_mut().for_each(|lines| lines.retain(|line| nodes.contains_key(&line.to)));
    Structure { root, nodes, lines }
}

async fn revisions(ctx: &Ctx, structure: &Structure) -> Result<HashMap<Uuid, String>> {
    let versions: Vec<Uuid> = structure.nodes.values().filter_map(|item| item.current_version_id).collect();
    version::revisions(ctx, &versions).await
}

async fn documents(ctx: &Ctx, structure: &Structure, wanted: bool) -> Result<HashMap<Uuid, Vec<FileFact>>> {
    if !wanted {
        return Ok(HashMap::new());
    }
    let keys: Vec<Uuid> = structure.nodes.keys().copied().collect();
    file::files_of_many(ctx, &keys, &keys).await
}

fn lines_of(structure: &Structure) -> usize {
    structure.lines.values().map(Vec::len).sum()
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// BL-20261124-B72DFD.
fn number(ctx: &Ctx, id: Uuid) -> String {
    let random = id.simple().to_string();
    let (_, end) = random.split_at(random.len() - 6);
    format!("BL-{}-{}", ctx.now().format("%Y%m%d"), end.to_uppercase())
}
