//! The files of many items and versions at once.

use std::collections::HashMap;

use uuid::Uuid;

use super::repo;
use crate::context::Ctx;
use crate::error::Result;

/// A file as it is told apart from others of its item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileFact {
    pub role: String,
    pub filename: String,
    pub file_id: Uuid,
    pub sha256: String,
    /// In bytes.
    pub size: i64,
}

/// The files that hang on items and those that are bound to versions, by the id of either, in the order of roles and names.
/// For whoever may read the items.
pub async fn files_of_many(ctx: &Ctx, items: &[Uuid], versions: &[Uuid]) -> Result<HashMap<Uuid, Vec<FileFact>>> {
    let mut found: HashMap<Uuid, Vec<FileFact>> = HashMap::new();
    for (owner, fact) in repo::many::of_items(&*ctx.db, items).await? {
        found.entry(owner).or_default().push(fact);
    }
    for (owner, fact) in repo::many::of_versions(&*ctx.db, versions).await? {
        found.entry(owner).or_default().push(fact);
    }
    for facts in found.values_mut() {
        facts.sort();
    }
    Ok(found)
}
