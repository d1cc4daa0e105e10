//! What a change of an item touches.

use uuid::Uuid;

use crate::context::Ctx;
use crate::domain::baseline::{self, Baseline};
use crate::domain::bom::{self, UsedLine};
use crate::domain::meta::{self, Model, parse_id};
use crate::error::Result;
use crate::types::Page;

#[derive(Debug, Clone, Copy)]
pub struct ImpactRequest {
    /// To the top, not only the next level.
    pub recursive: bool,
    pub max_levels: i64,
    pub most_uses: usize,
    pub most_baselines: u64,
}

#[derive(Debug, Clone)]
pub struct Impact {
    pub item_id: Uuid,
    pub request: ImpactRequest,
    /// How many lines lead to it; at most 10,000 are counted.
    pub uses: usize,
    /// The first of them, level by level.
    pub used: Vec<UsedLine>,
    /// Those that hold it.
    pub baselines: Page<Baseline>,
}

/// Where an item is used, and which baselines hold it, as far as the caller may read.
///
/// Fails with `NotFound`, `Forbidden`, `Invalid` for levels outside 1 to 100.
pub async fn impact(ctx: &Ctx, item: &str, request: ImpactRequest) -> Result<Impact> {
    let model = Model::load(ctx).await?;
    let item_id = meta::require_item(ctx, &model, parse_id(item)?).await?.id;
    let found = bom::lines_above(ctx, item, request.recursive, request.max_levels).await?;
    let baselines = baseline::baselines_with(ctx, &model, item_id, request.most_baselines).await?;
    let uses = found.lines.len();
    let used = found.lines.into_iter().take(request.most_uses).collect();
    Ok(Impact { item_id, request, uses, used, baselines })
}
