//! Reading baselines, for whoever may read their root.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::contents::{Contents, contents, hidden};
use super::model::{Baseline, Member, not_found, parse_id};
use super::repo;
use crate::context::Ctx;
use crate::domain::bom::{self, BomTree};
use crate::domain::meta::{Model, query_moment};
use crate::domain::permission::Action;
use crate::domain::version;
use crate::error::{Error, Kind, Result};
use crate::types::{Page, PageRequest, UserId};

/// Which baselines are listed.
#[derive(Debug, Clone, Default)]
pub struct BaselineFilter {
    pub root_item_id: Option<String>,
    pub root_version_id: Option<String>,
    pub created_by_id: Option<UserId>,
    pub baseline_type: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    /// ISO 8601, of `effective_at`.
    pub effective_from: Option<String>,
    pub effective_to: Option<String>,
}

/// The same, read.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub root_item: Option<Uuid>,
    pub root_version: Option<Uuid>,
    pub created_by: Option<UserId>,
    pub baseline_type: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl BaselineFilter {
    /// None where nothing can fit.
    fn read(self) -> Result<Option<Wanted>> {
        let id = |text: Option<String>| match text.filter(|text| !text.is_empty()) {
            None => Some(None),
            Some(text) => Uuid::parse_str(&text).ok().map(Some),
        };
        let (Some(root_item), Some(root_version)) = (id(self.root_item_id), id(self.root_version_id)) else {
            return Ok(None);
        };
        Ok(Some(Wanted {
            root_item,
            root_version,
            created_by: self.created_by_id,
            baseline_type: self.baseline_type,
            scope: self.scope,
            state: self.state,
            from: moment("effective_from", self.effective_from)?,
            to: moment("effective_to", self.effective_to)?,
        }))
    }
}

fn moment(parameter: &str, text: Option<String>) -> Result<Option<DateTime<Utc>>> {
    text.filter(|text| !text.is_empty()).map(|text| query_moment(parameter, &text)).transpose()
}

/// A baseline, if the caller may read its root: that of a deleted root stays with those who may read everything of its type.
pub async fn require(ctx: &Ctx, id: &str) -> Result<(Model, Baseline)> {
    let key = parse_id(id)?;
    let baseline = repo::find(&*ctx.db, key).await?.ok_or_else(|| not_found(key))?;
    let model = Model::load(ctx).await?;
    let hide = |error: Error| if error.kind() == Kind::NotFound { not_found(key) } else { error };
    match version::items_by_id(ctx, &[baseline.root_item_id]).await?.get(&baseline.root_item_id) {
        Some(root) => model.require_readable(root).map_err(hide)?,
        None => {
            let kept = repo::root(&*ctx.db, &baseline).await?;
            if !kept.is_none_or(|root| model.allow(&root, Action::Get)) {
                return Err(not_found(key));
            }
        }
    }
    Ok((model, baseline))
}

/// A baseline.
pub async fn get(ctx: &Ctx, id: &str) -> Result<Baseline> {
    Ok(require(ctx, id).await?.1)
}

/// The baselines whose roots the caller may read, the newest first.
pub async fn list(ctx: &Ctx, filter: BaselineFilter, page: PageRequest) -> Result<Page<Baseline>> {
    let Some(wanted) = filter.read()? else { return Ok(Page { items: Vec::new(), total: 0 }) };
    let model = Model::load(ctx).await?;
    repo::page(&*ctx.db, &model, &wanted, page).await
}

/// The baselines that hold an item, the newest first.
pub async fn baselines_with(ctx: &Ctx, model: &Model, item: Uuid, limit: u64) -> Result<Page<Baseline>> {
    repo::with_item(&*ctx.db, model, item, limit).await
}

/// Part of what a baseline lists, without what the caller may not get.
pub async fn members(ctx: &Ctx, id: &str, page: PageRequest) -> Result<Page<Member>> {
    let (model, baseline) = require(ctx, id).await?;
    let nodes = repo::nodes(&*ctx.db, baseline.id).await?;
    let hidden: HashSet<Uuid> = hidden(ctx, &model, nodes.values()).await?;
    repo::members(&*ctx.db, baseline.id, &hidden, page).await
}

/// What a baseline consists of as a tree; none where it took nothing.
pub async fn snapshot<T: Send + 'static>(
    ctx: &Ctx,
    baseline: &Baseline,
    render: impl FnOnce(&BomTree) -> Result<T> + Send + 'static,
) -> Result<Option<T>> {
    let model = Model::load(ctx).await?;
    let Contents { structure, substitutes } = contents(ctx, &model, baseline).await?;
    let substitutes = baseline.include.substitutes.then_some(substitutes);
    let Some(root) = structure.nodes.get(&structure.root).cloned() else { return Ok(None) };
    bom::kept_tree(model, root, (structure, substitutes), render).await.map(Some)
}
