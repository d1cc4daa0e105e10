//! Whether what belongs to an item can be released.

use crate::context::Ctx;
use crate::domain::baseline::{self, Baseline, BaselineFilter, Findings, Ruleset};
use crate::domain::lifecycle::Unmet;
use crate::domain::meta::{self, ItemView, Model, parse_id};
use crate::error::Result;
use crate::types::PageRequest;

/// Something that is or would be released with an item, and what speaks against it.
#[derive(Debug, Clone)]
pub struct Resource {
    pub baseline: Baseline,
    pub findings: Findings,
}

#[derive(Debug, Clone)]
pub struct Readiness {
    pub item: ItemView,
    /// What stands against a release of the item itself.
    pub obstacles: Vec<Unmet>,
    pub ruleset: String,
    pub resources: Vec<Resource>,
}

/// Finds what stands against a release of an item, and judges its baselines, the newest first.
///
/// Fails with `NotFound`, `Forbidden`, `BadRequest` for an unknown ruleset.
pub async fn readiness(ctx: &Ctx, item: &str, ruleset: &str, most: u64) -> Result<Readiness> {
    let rules = Ruleset::parse(ruleset)?;
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(item)?).await?;
    let obstacles = meta::release_obstacles(ctx, &model, &item).await?;
    let filter = BaselineFilter { root_item_id: Some(item.id.to_string()), ..BaselineFilter::default() };
    let found = baseline::list(ctx, filter, PageRequest::new(most, 0, most)?).await?;
    let mut resources = Vec::with_capacity(found.items.len());
    for baseline in found.items {
        let findings = baseline::verdict(ctx, &model, &baseline, rules).await?;
        resources.push(Resource { baseline, findings });
    }
    Ok(Readiness { item: ItemView::new(&model, item), obstacles, ruleset: ruleset.to_owned(), resources })
}
