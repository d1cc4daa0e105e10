//! Files as the index reads them.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::entity::tenant::file::{Column, Entity, Model as File};
use crate::entity::tenant::file_upload;
use crate::error::Result;

/// A file and the names that it was brought under.
pub struct Named {
    pub file: File,
    pub names: Vec<String>,
}

pub async fn by_ids(tx: &Tx, ids: &[Uuid]) -> Result<Vec<Named>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    named(tx, Entity::find().filter(Column::Id.is_in(ids.iter().copied())).all(tx).await?).await
}

pub async fn page(tx: &Tx, kind: Option<&str>, after: Option<Uuid>, most: u64) -> Result<Vec<Named>> {
    let mut query = Entity::find().order_by_asc(Column::Id).limit(most);
    if let Some(kind) = kind {
        query = query.filter(Column::DocumentType.eq(kind));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    named(tx, query.all(tx).await?).await
}

pub async fn count(db: &Db, kind: Option<&str>) -> Result<u64> {
    let mut query = Entity::find();
    if let Some(kind) = kind {
        query = query.filter(Column::DocumentType.eq(kind));
    }
    Ok(query.count(db).await?)
}

async fn named(db: &impl ConnectionTrait, files: Vec<File>) -> Result<Vec<Named>> {
    let uploads = file_upload::Entity::find()
        .select_only()
        .columns([file_upload::Column::FileId, file_upload::Column::Filename])
        .filter(file_upload::Column::FileId.is_in(files.iter().map(|file| file.id)))
        .order_by_asc(file_upload::Column::Id);
    let mut names: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (file, name) in uploads.into_tuple::<(Uuid, String)>().all(db).await? {
        let names = names.entry(file).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(files.into_iter().map(|file| Named { names: names.remove(&file.id).unwrap_or_default(), file }).collect())
}
