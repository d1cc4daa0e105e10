//! What a baseline consists of, from its rows back to a structure.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::model::{Baseline, Member};
use super::repo;
use crate::context::Ctx;
use crate::domain::bom::compare::{LinePlace, Substitute};
use crate::domain::meta::{Item, Model};
use crate::domain::permission::Action;
use crate::domain::version::{self, Structure, StructureLine};
use crate::error::{Error, Result};

/// A baseline's structure, and what may stand in for the children of its lines.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    pub structure: Structure,
    pub substitutes: HashMap<LinePlace, Vec<Substitute>>,
}

/// The contents of a baseline without what the caller may not get now. Empty where the baseline took none.
pub async fn contents(ctx: &Ctx, model: &Model, baseline: &Baseline) -> Result<Contents> {
    let nodes = repo::nodes(&*ctx.db, baseline.id).await?;
    let members = repo::items_of(&*ctx.db, baseline.id).await?;
    let hidden = hidden(ctx, model, nodes.values()).await?;
    let nodes: HashMap<Uuid, Item> = nodes.into_iter().filter(|(_, item)| !hidden.contains(&item.id)).collect();
    let mut found = Contents::default();
    for Member { parent_key, node_key, line, effectivities, substitutes, .. } in members {
        let (Some(to), Some(parent), Some(line)) = (node_key, parent_key, line) else {
            found.structure.root = node_key.unwrap_or(found.structure.root);
            continue;
        };
        if !nodes.contains_key(&to) || !model.allow(&line, Action::Get) {
            continue;
        }
        if let Some(kept) = substitutes {
            found.substitutes.insert((parent, line.id), read(kept)?);
        }
        let effectivities = Some(effectivities.unwrap_or_else(|| Value::Array(Vec::new())));
        found.structure.lines.entry(parent).or_default().push(StructureLine { line, to, effectivities });
    }
    found.structure.nodes = nodes;
    hide_substitutes(ctx, model, &mut found.substitutes).await?;
    Ok(found)
}

fn read(kept: Value) -> Result<Vec<Substitute>> {
    serde_json::from_value(kept)
        .map_err(|error| Error::internal("The substitutes of a baseline cannot be read").caused_by(error))
}

/// Takes away what the caller may not get. Of what is deleted nothing but its id was kept.
async fn hide_substitutes(ctx: &Ctx, model: &Model, kept: &mut HashMap<LinePlace, Vec<Substitute>>) -> Result<()> {
    let ids: HashSet<Uuid> = kept.values().flatten().map(|substitute| substitute.item_id).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let now = version::items_by_id(ctx, &ids).await?;
    let may = |id: &Uuid| now.get(id).is_none_or(|item| model.allow(item, Action::Get));
    kept.values_mut().for_each(|those| those.retain(|substitute| may(&substitute.item_id)));
    Ok(())
}

/// Those of the items that the caller may not get. Rights are those of now; of what is deleted, those it had.
pub(super) async fn hidden(ctx: &Ctx, model: &Model, kept: impl Iterator<Item = &Item>) -> Result<HashSet<Uuid>> {
    let kept: HashMap<Uuid, &Item> = kept.map(|item| (item.id, item)).collect();
    let ids: Vec<Uuid> = kept.keys().copied().collect();
    let now = version::items_by_id(ctx, &ids).await?;
    let may = |item: &Item| model.allow(now.get(&item.id).unwrap_or(item), Action::Get);
    Ok(kept.into_iter().filter(|(_, item)| !may(item)).map(|(id, _)| id).collect())
}
