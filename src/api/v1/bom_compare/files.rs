//! The files of items as comparisons show them.

use poem_openapi::Object;
use serde::Serialize;

use super::line::BomComparePathItem;
use crate::domain::bom::compare::FileDifference;
use crate::domain::file::FileFact;

/// A file of an item.
#[derive(Object, Serialize)]
struct BomCompareFile {
    file_id: String,
    file_role: String,
    filename: String,
    /// SHA-256.
    checksum: String,
    /// In bytes.
    size: i64,
}

impl From<&FileFact> for BomCompareFile {
    fn from(fact: &FileFact) -> Self {
        Self {
            file_id: fact.file_id.to_string(),
            file_role: fact.role.clone(),
            filename: fact.filename.clone(),
            checksum: fact.sha256.clone(),
            size: fact.size,
        }
    }
}

/// A file with another content on the right.
#[derive(Object, Serialize)]
struct BomCompareFileChange {
    left: BomCompareFile,
    right: BomCompareFile,
}

/// An item whose files differ.
#[derive(Object, Serialize)]
pub struct BomCompareFiles {
    item: BomComparePathItem,
    added: Vec<BomCompareFile>,
    removed: Vec<BomCompareFile>,
    /// Of one role and name, with another content.
    changed: Vec<BomCompareFileChange>,
}

impl BomCompareFiles {
    pub fn new(found: &FileDifference<'_, '_>, roots_are_one: bool) -> Self {
        let files = |all: &[&FileFact]| all.iter().map(|fact| BomCompareFile::from(*fact)).collect();
        let change = |(left, right): &(&FileFact, &FileFact)| BomCompareFileChange {
            left: BomCompareFile::from(*left),
            right: BomCompareFile::from(*right),
        };
        Self {
            item: BomComparePathItem::new(&found.walk.parts[found.part], roots_are_one),
            added: files(&found.added),
            removed: files(&found.removed),
            changed: found.changed.iter().map(change).collect(),
        }
    }
}
