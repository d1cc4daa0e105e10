//! Rows of files and of who brought them.

use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QuerySelect, SqlErr, TryInsertResult,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::content_hash;
use super::readable::readable;
use super::references::{push_holders, push_unattached};
use crate::context::Ctx;
use crate::db::{Sql, Tx};
use crate::domain::audit::new_id;
use crate::domain::file::content;
use crate::domain::file::kind::FileKind;
use crate::domain::file::model::{Conversion, File};
use crate::domain::meta::{Model, visible};
use crate::entity::tenant::file::{ActiveModel, Column, Entity, Model as Row};
use crate::entity::tenant::file_upload;
use crate::error::{Error, Result};
use crate::storage::ContentHash;

impl TryFrom<Row> for File {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            sha256: content_hash(&row.sha256)?,
            size: u64::try_from(row.size).unwrap_or_default(),
            filename: row.filename,
            kind: FileKind {
                extension: row.file_type,
                mime_type: row.mime_type,
                document_type: row.document_type,
                is_native_cad: row.is_native_cad,
                cad_format: row.cad_format,
            },
            author: row.author,
            source_system: row.source_system,
            source_version: row.source_version,
            document_version: row.document_version,
            conversion: Conversion::parse(&row.conversion_status)?,
            conversion_error: row.conversion_error,
            preview: row.preview_sha256.as_deref().map(content_hash).transpose()?,
            preview_facts: row.preview_facts,
            created_by_id: row.created_by_id,
            created_at: row.created_at,
        })
    }
}

/// Inserts a file, unless its content is one already.
pub async fn insert(tx: &Tx, file: &File) -> Result<bool> {
    let row = ActiveModel {
        id: Set(file.id),
        sha256: Set(file.sha256.to_string()),
        size: Set(i64::try_from(file.size).unwrap_or(i64::MAX)),
        filename: Set(file.filename.clone()),
        file_type: Set(file.kind.extension.clone()),
        mime_type: Set(file.kind.mime_type.clone()),
        document_type: Set(file.kind.document_type.clone()),
        is_native_cad: Set(file.kind.is_native_cad),
        cad_format: Set(file.kind.cad_format.clone()),
        author: Set(file.author.clone()),
        source_system: Set(file.source_system.clone()),
        source_version: Set(file.source_version.clone()),
        document_version: Set(file.document_version.clone()),
        conversion_status: Set(file.conversion.as_str().to_owned()),
        conversion_error: Set(file.conversion_error.clone()),
        preview_sha256: Set(file.preview.map(|hash| hash.to_string())),
        preview_facts: Set(file.preview_facts.clone()),
        created_by_id: Set(file.created_by_id),
        created_at: Set(file.created_at),
    };
    let once = OnConflict::column(Column::Sha256).do_nothing().to_owned();
    let inserted = Entity::insert(row).on_conflict(once).try_insert().exec_without_returning(tx).await;
    Ok(matches!(inserted.map_err(collected)?, TryInsertResult::Inserted(rows) if rows > 0))
}

/// The grace of collecting is longer than an upload takes; where it was not, the upload is to be repeated.
fn collected(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => content::collected(),
        _ => error.into(),
    }
}

/// Whether a content is a file already.
pub async fn is_known(db: &impl ConnectionTrait, hash: &ContentHash) -> Result<bool> {
    Ok(Entity::find().filter(Column::Sha256.eq(hash.to_string())).count(db).await? > 0)
}

/// The file of a content, which nobody removes until the transaction ends.
pub async fn by_content(tx: &Tx, hash: &ContentHash) -> Result<Option<File>> {
    let found = Entity::find().filter(Column::Sha256.eq(hash.to_string())).lock(LockType::KeyShare).one(tx).await?;
    found.map(File::try_from).transpose()
}

/// Notes who brought a file under which name; once is enough.
pub async fn note_upload(ctx: &Ctx, tx: &Tx, file: Uuid, filename: &str) -> Result<()> {
    let row = file_upload::ActiveModel {
        id: Set(new_id()),
        file_id: Set(file),
        filename: Set(filename.to_owned()),
        uploaded_by_id: Set(ctx.actor.user_id()),
        created_at: Set(ctx.now()),
    };
    let columns = [file_upload::Column::FileId, file_upload::Column::UploadedById, file_upload::Column::Filename];
    let once = OnConflict::columns(columns).do_nothing().to_owned();
    file_upload::Entity::insert(row).on_conflict(once).try_insert().exec_without_returning(tx).await?;
    Ok(())
}

/// The file, if the caller may read it.
pub async fn find(db: &impl ConnectionTrait, model: &Model, id: Uuid) -> Result<Option<File>> {
    let mut sql = Sql::new("SELECT f.* FROM files f WHERE f.id = ");
    sql.bind(id).push(" AND ");
    readable(&mut sql, model, "f");
    let row = Row::find_by_statement(sql.statement(db)).one(db).await?;
    row.map(File::try_from).transpose()
}

/// What is derived from a file.
pub struct Derived {
    pub conversion: Conversion,
    pub error: Option<String>,
    pub preview: Option<ContentHash>,
    pub facts: Option<Value>,
}

impl Derived {
    pub fn of(file: &File) -> Self {
        let (conversion, error) = (file.conversion, file.conversion_error.clone());
        Self { conversion, error, preview: file.preview, facts: file.preview_facts.clone() }
    }

    /// A new status beside the preview that there is.
    pub fn keeping(file: &File, conversion: Conversion) -> Self {
        Self { conversion, error: None, ..Self::of(file) }
    }

    /// As the audit keeps it.
    pub fn snapshot(&self) -> Value {
        json!({
            "conversion_status": self.conversion.as_str(), "conversion_error": self.error,
            "preview_sha256": self.preview.map(|hash| hash.to_string()), "preview_facts": self.facts,
        })
    }
}

pub async fn set_derived(tx: &Tx, file: Uuid, derived: &Derived) -> Result<()> {
    let row = ActiveModel {
        conversion_status: Set(derived.conversion.as_str().to_owned()),
        conversion_error: Set(derived.error.clone()),
        preview_sha256: Set(derived.preview.map(|hash| hash.to_string())),
        preview_facts: Set(derived.facts.clone()),
        ..ActiveModel::default()
    };
    Entity::update_many().set(row).filter(Column::Id.eq(file)).exec(tx).await?;
    Ok(())
}

/// Whoever may read it: for the program itself.
pub async fn by_id(db: &impl ConnectionTrait, file: Uuid) -> Result<Option<File>> {
    Entity::find_by_id(file).one(db).await?.map(File::try_from).transpose()
}

/// The file, locked until the transaction ends.
pub async fn find_locked(tx: &Tx, id: Uuid) -> Result<Option<File>> {
    let found = Entity::find_by_id(id).lock(LockType::Update).one(tx).await?;
    found.map(File::try_from).transpose()
}

/// Whether a user has brought a file.
pub async fn was_brought_by(tx: &Tx, file: Uuid, user: i64) -> Result<bool> {
    let mine = file_upload::Entity::find()
        .filter(file_upload::Column::FileId.eq(file))
        .filter(file_upload::Column::UploadedById.eq(user));
    Ok(mine.one(tx).await?.is_some())
}

/// Whether anybody else has.
pub async fn was_brought_by_others(tx: &Tx, file: Uuid, user: i64) -> Result<bool> {
    let theirs = Condition::any()
        .add(file_upload::Column::UploadedById.ne(user))
        .add(file_upload::Column::UploadedById.is_null());
    let query = file_upload::Entity::find().filter(file_upload::Column::FileId.eq(file)).filter(theirs);
    Ok(query.one(tx).await?.is_some())
}

/// Forgets that a user has brought a file.
pub async fn forget_uploads(tx: &Tx, file: Uuid, user: i64) -> Result<()> {
    file_upload::Entity::delete_many()
        .filter(file_upload::Column::FileId.eq(file))
        .filter(file_upload::Column::UploadedById.eq(user))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whether a file hangs on any item or version.
pub async fn is_in_use(tx: &Tx, file: Uuid) -> Result<bool> {
    let mut sql = Sql::new("SELECT f.id FROM files f WHERE f.id = ");
    sql.bind(file).push(" AND NOT ");
    push_unattached(&mut sql, "f.id");
    Ok(tx.query_one_raw(sql.statement(tx)).await?.is_some())
}

/// Some of the items that a file hangs on, of those that the caller may get.
pub async fn items_with(tx: &Tx, model: &Model, file: Uuid, most: u64) -> Result<Vec<Uuid>> {
    let mut sql = Sql::new("SELECT i.id FROM items i WHERE i.id IN ");
    push_holders(&mut sql, file);
    sql.push(" AND ");
    visible(&mut sql, model, "i");
    sql.push(" ORDER BY i.id LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    let rows = tx.query_all_raw(sql.statement(tx)).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}

pub async fn delete(tx: &Tx, file: Uuid) -> Result<()> {
    Entity::delete_by_id(file).exec(tx).await?;
    Ok(())
}
