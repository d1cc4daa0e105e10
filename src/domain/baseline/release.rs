//! Checking and releasing baselines.

use std::collections::HashMap;

use uuid::Uuid;

use super::check::{self, Findings, Ruleset};
use super::create::change;
use super::model::{Baseline, Member, State};
use super::{read, repo};
use crate::context::Ctx;
use crate::domain::audit::Change;
use crate::domain::meta::{Item, Model, Turns, Write};
use crate::domain::version;
use crate::error::{Error, Result};

/// What is found of a baseline, which is not written down.
pub async fn diagnose(ctx: &Ctx, id: &str, ruleset: &str) -> Result<(Baseline, Findings)> {
    let ruleset = Ruleset::parse(ruleset)?;
    let (model, baseline) = read::require(ctx, id).await?;
    let findings = verdict(ctx, &model, &baseline, ruleset).await?;
    Ok((baseline, findings))
}

/// The same of a baseline that the caller has read.
pub async fn verdict(ctx: &Ctx, model: &Model, baseline: &Baseline, ruleset: Ruleset) -> Result<Findings> {
    Ok(ruleset.judge(look(ctx, model, baseline).await?))
}

/// Checks a baseline and keeps what was found. Of a released one the findings are told and not kept.
pub async fn validate(ctx: &Ctx, id: &str) -> Result<(Baseline, Findings)> {
    let (mut model, seen) = changeable(ctx, id).await?;
    let findings = look(ctx, &model, &seen).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let before = lock(&write, seen.id).await?;
    if before.is_released() {
        return Ok((before, findings));
    }
    let after = checked(&write, before.clone(), findings.clone());
    repo::update(write.tx(), &after).await?;
    let (before, snapshot) = (before.snapshot(), after.snapshot());
    write.note(Change { before, after: snapshot, ..change("baseline.validated", after.id) }).await?;
    write.commit().await?;
    Ok((after, findings))
}

/// Releases a baseline: it stays as it is for good.
///
/// Fails with `Conflict` for one that is released already, and, unless forced, `BASELINE_INVALID` where errors are found.
pub async fn release(ctx: &Ctx, id: &str, ruleset: &str, force: bool) -> Result<Baseline> {
    let ruleset = Ruleset::parse(ruleset)?;
    let (mut model, seen) = changeable(ctx, id).await?;
    // What a baseline holds never changes, so it is looked at before the write begins, which then takes no second connection.
    let findings = verdict(ctx, &model, &seen, ruleset).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let baseline = lock(&write, seen.id).await?;
    if baseline.is_released() {
        return Err(Error::conflict(format!("Baseline {} is already released", baseline.number)));
    }
    if !findings.is_valid() && !force {
        return Err(check::refused(&baseline, &findings));
    }
    let after = released(&write, baseline, findings).await?;
    write.commit().await?;
    Ok(after)
}

/// Writes a baseline as released.
pub(super) async fn released(write: &Write<'_>, before: Baseline, findings: Findings) -> Result<Baseline> {
    let after = Baseline {
        state: State::Released,
        released_at: Some(write.ctx.now()),
        released_by_id: write.ctx.actor.user_id(),
        ..checked(write, before.clone(), findings)
    };
    repo::update(write.tx(), &after).await?;
    let (before, snapshot) = (before.snapshot(), after.snapshot());
    write.note(Change { before, after: snapshot, ..change("baseline.released", after.id) }).await?;
    Ok(after)
}

fn checked(write: &Write<'_>, baseline: Baseline, findings: Findings) -> Baseline {
    Baseline {
        is_validated: findings.is_valid(),
        findings: Some(findings),
        validated_at: Some(write.ctx.now()),
        validated_by_id: write.ctx.actor.user_id(),
        ..baseline
    }
}

/// A baseline of what the caller may make baselines of.
async fn changeable(ctx: &Ctx, id: &str) -> Result<(Model, Baseline)> {
    let (model, baseline) = read::require(ctx, id).await?;
    let root = version::items_by_id(ctx, &[baseline.root_item_id]).await?;
    if let Some(root) = root.get(&baseline.root_item_id) {
        model.require_create(model.item_type(&root.item_type)?)?;
    }
    Ok((model, baseline))
}

/// The baseline, which nobody else changes until the write ends.
async fn lock(write: &Write<'_>, id: Uuid) -> Result<Baseline> {
    repo::lock(write.tx(), id).await?.ok_or_else(|| super::model::not_found(id))
}

async fn look(ctx: &Ctx, model: &Model, baseline: &Baseline) -> Result<Findings> {
    let members: Vec<Member> = repo::items_of(&*ctx.db, baseline.id).await?;
    let ids: Vec<Uuid> = members.iter().filter_map(|member| member.item_id).collect();
    let now: HashMap<Uuid, Item> = version::items_by_id(ctx, &ids).await?;
    Ok(check::findings(model, &members, &now))
}
