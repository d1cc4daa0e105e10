//! Files of many owners at once.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::domain::file::FileFact;
use crate::entity::tenant::{file, file_attachment, version_file};
use crate::error::Result;

/// Enough ids for one statement.
const IDS_PER_QUERY: usize = 1000;

/// Owner, role and file.
type Bound = (Uuid, String, Uuid);

/// What hangs on items, by item.
pub async fn of_items(db: &impl ConnectionTrait, items: &[Uuid]) -> Result<Vec<(Uuid, FileFact)>> {
    use file_attachment::Column;
    let mut bound: Vec<Bound> = Vec::new();
    for some in items.chunks(IDS_PER_QUERY) {
        let rows = file_attachment::Entity::find()
            .select_only()
            .columns([Column::ItemId, Column::FileRole, Column::FileId])
            .filter(Column::ItemId.is_in(some.iter().copied()));
        bound.extend(rows.into_tuple::<Bound>().all(db).await?);
    }
    facts(db, bound).await
}

/// What is bound to versions, by version.
pub async fn of_versions(db: &impl ConnectionTrait, versions: &[Uuid]) -> Result<Vec<(Uuid, FileFact)>> {
    use version_file::Column;
    let mut bound: Vec<Bound> = Vec::new();
    for some in versions.chunks(IDS_PER_QUERY) {
        let rows = version_file::Entity::find()
            .select_only()
            .columns([Column::VersionId, Column::FileRole, Column::FileId])
            .filter(Column::VersionId.is_in(some.iter().copied()));
        bound.extend(rows.into_tuple::<Bound>().all(db).await?);
    }
    facts(db, bound).await
}

async fn facts(db: &impl ConnectionTrait, bound: Vec<Bound>) -> Result<Vec<(Uuid, FileFact)>> {
    let ids: Vec<Uuid> = bound.iter().map(|(_, _, file)| *file).collect::<BTreeSet<_>>().into_iter().collect();
    let mut known: HashMap<Uuid, (String, String, i64)> = HashMap::new();
    for some in ids.chunks(IDS_PER_QUERY) {
        let rows = file::Entity::find()
            .select_only()
            .columns([file::Column::Id, file::Column::Filename, file::Column::Sha256, file::Column::Size])
            .filter(file::Column::Id.is_in(some.iter().copied()));
        let rows = rows.into_tuple::<(Uuid, String, String, i64)>().all(db).await?;
        known.extend(rows.into_iter().map(|(id, filename, sha256, size)| (id, (filename, sha256, size))));
    }
    let fact = |(owner, role, file_id): Bound| {
        let (filename, sha256, size) = known.get(&file_id)?.clone();
        Some((owner, FileFact { role, filename, file_id, sha256, size }))
    };
    Ok(bound.into_iter().filter_map(fact).collect())
}
