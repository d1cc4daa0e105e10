//! The files of many items and versions at once.

use std::collections::HashMap;

use uuid::Uuid;

use super::repo;
use crate::context::Ctx;
use crate::error::Result;

/// A file by the item or version that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub holder: Uuid,
    pub file_id: Uuid,
    pub role: String,
    pub filename: String,
    pub sha256: String,
}

/// What is attached to items and bound to versions, by item or version. For whoever may get those.
pub async fn documents(ctx: &Ctx, holders: &[Uuid]) -> Result<HashMap<Uuid, Vec<Document>>> {
    let mut found: HashMap<Uuid, Vec<Document>> = HashMap::new();
    for document in repo::documents::of_holders(&*ctx.db, holders).await? {
        found.entry(document.holder).or_default().push(document);
    }
    Ok(found)
}
