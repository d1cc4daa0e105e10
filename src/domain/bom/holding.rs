//! A structure at a moment.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::effectivity::{Effectivity, When, in_force};
use super::repo;
use super::tree::by_find_number;
use crate::context::Ctx;
use crate::domain::version::{Structure, StructureLine};
use crate::error::{Error, Result};

/// What of a structure holds, each line with all that is recorded of when it does, in the order of find numbers.
pub async fn holding(ctx: &Ctx, structure: Structure, when: &When) -> Result<Structure> {
    let live = structure.lines.values().flatten().filter(|line| line.effectivities.is_none());
    let ids: Vec<Uuid> = live.map(|line| line.line.id).collect();
    let recorded = repo::of_lines(&*ctx.db, &ids).await?;
    let mut lines = HashMap::with_capacity(structure.lines.len());
    for (parent, of_parent) in structure.lines {
        let mut kept = Vec::with_capacity(of_parent.len());
        for StructureLine { line, to, effectivities } in of_parent {
            let known = match effectivities {
                Some(sealed) => Effectivity::read_all(&sealed),
                None => recorded.get(&line.id).cloned().unwrap_or_default(),
            };
            if in_force(&line, &known, when) {
                kept.push(StructureLine { line, to, effectivities: Some(written(&known)?) });
            }
        }
        kept.sort_by(|left, right| by_find_number(&left.line, &right.line));
        lines.insert(parent, kept);
    }
    Ok(Structure { lines, ..structure })
}

fn written(effectivities: &[Effectivity]) -> Result<Value> {
    serde_json::to_value(effectivities)
        .map_err(|error| Error::internal("An effectivity cannot be written").caused_by(error))
}
