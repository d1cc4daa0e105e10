//! Comparing what baselines hold with items, versions and each other.

use super::contents::{Contents, contents};
use super::read::require;
use crate::context::Ctx;
use crate::domain::bom::compare::{Kept, Side};
use crate::error::{Error, Result};

/// How clients name baselines among the sides of a comparison.
const BASELINE: &str = "baseline";

/// A side of a comparison as a client names it: an item, a version, or a baseline. Without what the caller may not get.
///
/// Fails as [`Side::parse`] does, with `NotFound` for an unknown baseline, `BadRequest` for one that took nothing, and `Invalid`
/// for one as of a moment.
pub async fn side(ctx: &Ctx, kind: &str, id: &str, as_of: Option<&str>, names: [&str; 2]) -> Result<Side> {
    if kind.trim() != BASELINE {
        return Side::parse(kind, id, as_of, names);
    }
    if as_of.is_some() {
        let message = "A baseline is what it is at any time; name the item to compare a moment";
        return Err(Error::invalid_field("value_error", &["query", names[1]], message));
    }
    let (model, baseline) = require(ctx, id).await?;
    let Contents { structure, substitutes } = contents(ctx, &model, &baseline).await?;
    if !structure.nodes.contains_key(&structure.root) {
        return Err(Error::bad_request(format!("Baseline {} holds nothing to compare", baseline.number)));
    }
    Ok(Side::Kept(Box::new(Kept { structure, substitutes })))
}
