//! Rows of the files of versions.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::db::Tx;
use crate::domain::file::model::{File, FileRole};
use crate::domain::file::version_files::{VersionFile, VersionFileFacts};
use crate::domain::version::{Lock, LockContext};
use crate::entity::tenant::file;
use crate::entity::tenant::version_file::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};

impl TryFrom<Model> for VersionFile {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self> {
        let (by, by_name) = (row.checked_out_by_id, row.checked_out_by_name);
        let context = LockContext::default();
        Ok(Self {
            id: row.id,
            version_id: row.version_id,
            file_id: row.file_id,
            role: FileRole::stored(&row.file_role)?,
            sequence: row.sequence,
            is_primary: row.is_primary,
            lock: row.checked_out_at.map(|since| Lock { by, by_name, since, context }),
            created_by_id: row.created_by_id,
            created_at: row.created_at,
        })
    }
}

fn locked(lock: Option<&Lock>) -> ActiveModel {
    ActiveModel {
        checked_out_by_id: Set(lock.and_then(|lock| lock.by)),
        checked_out_by_name: Set(lock.and_then(|lock| lock.by_name.clone())),
        checked_out_at: Set(lock.map(|lock| lock.since)),
        ..Default::default()
    }
}

pub async fn insert(tx: &Tx, bound: &VersionFile) -> Result<()> {
    let row = ActiveModel {
        id: Set(bound.id),
        version_id: Set(bound.version_id),
        file_id: Set(bound.file_id),
        file_role: Set(bound.role.as_str().to_owned()),
        sequence: Set(bound.sequence),
        is_primary: Set(bound.is_primary),
        created_by_id: Set(bound.created_by_id),
        created_at: Set(bound.created_at),
        from_attachment: Set(false),
        ..locked(bound.lock.as_ref())
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// No file of the version is its primary one.
pub async fn clear_primary(tx: &Tx, version: Uuid) -> Result<()> {
    let none = ActiveModel { is_primary: Set(false), ..Default::default() };
    let primary = Entity::update_many().set(none).filter(Column::VersionId.eq(version));
    primary.filter(Column::IsPrimary.eq(true)).exec(tx).await?;
    Ok(())
}

/// Stores a file's place, and whether it is the primary one.
pub async fn place(tx: &Tx, bound: &VersionFile) -> Result<()> {
    let changed =
        ActiveModel { sequence: Set(bound.sequence), is_primary: Set(bound.is_primary), ..Default::default() };
    Entity::update_many().set(changed).filter(Column::Id.eq(bound.id)).exec(tx).await?;
    Ok(())
}

pub async fn set_lock(tx: &Tx, id: Uuid, lock: Option<&Lock>) -> Result<()> {
    Entity::update_many().set(locked(lock)).filter(Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// What a file is to a version: once for each role.
pub async fn of_file(
    db: &impl ConnectionTrait,
    version: Uuid,
    file: Uuid,
    role: Option<FileRole>,
) -> Result<Vec<VersionFile>> {
    let mut query = Entity::find().filter(Column::VersionId.eq(version)).filter(Column::FileId.eq(file));
    if let Some(role) = role {
        query = query.filter(Column::FileRole.eq(role.as_str()));
    }
    query.order_by_asc(Column::Id).all(db).await?.into_iter().map(VersionFile::try_from).collect()
}

pub async fn of_version(
    db: &impl ConnectionTrait,
    version: Uuid,
    role: Option<FileRole>,
) -> Result<Vec<(VersionFile, File)>> {
    let mut query = Entity::find().filter(Column::VersionId.eq(version));
    if let Some(role) = role {
        query = query.filter(Column::FileRole.eq(role.as_str()));
    }
    let bound = query.order_by_asc(Column::Sequence).order_by_asc(Column::Id).all(db).await?;
    let mut ids: Vec<Uuid> = bound.iter().map(|row| row.file_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = file::Entity::find().filter(file::Column::Id.is_in(ids)).all(db).await?;
    let files: Vec<File> = rows.into_iter().map(File::try_from).collect::<Result<_>>()?;
    let found = bound.into_iter().map(VersionFile::try_from).map(|bound| {
        let bound = bound?;
        Ok(files.iter().find(|file| file.id == bound.file_id).cloned().map(|file| (bound, file)))
    });
    found.filter_map(Result::transpose).collect()
}

pub async fn facts(db: &impl ConnectionTrait, version: Uuid) -> Result<VersionFileFacts> {
    let of_version = Entity::find().filter(Column::VersionId.eq(version));
    let primary = of_version.clone().filter(Column::IsPrimary.eq(true)).select_only().column(Column::FileId);
    let primary = primary.into_tuple::<Uuid>().one(db).await?;
    Ok(VersionFileFacts { count: of_version.count(db).await?, primary })
}
