//! Rows of attachments.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::db::Tx;
use crate::domain::file::model::{Attachment, File, FileRole};
use crate::entity::tenant::file;
use crate::entity::tenant::file_attachment::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};

impl TryFrom<Model> for Attachment {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self> {
        Ok(Self {
            id: row.id,
            item_id: row.item_id,
            file_id: row.file_id,
            role: FileRole::stored(&row.file_role)?,
            description: row.description,
            created_by_id: row.created_by_id,
            created_at: row.created_at,
        })
    }
}

pub async fn insert(tx: &Tx, attachment: &Attachment) -> Result<()> {
    let row = ActiveModel {
        id: Set(attachment.id),
        item_id: Set(attachment.item_id),
        file_id: Set(attachment.file_id),
        file_role: Set(attachment.role.as_str().to_owned()),
        description: Set(attachment.description.clone()),
        created_by_id: Set(attachment.created_by_id),
        created_at: Set(attachment.created_at),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn describe(tx: &Tx, id: Uuid, description: Option<&str>) -> Result<()> {
    let value = Expr::value(description.map(str::to_owned));
    Entity::update_many().col_expr(Column::Description, value).filter(Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Attachment>> {
    Entity::find_by_id(id).one(db).await?.map(Attachment::try_from).transpose()
}

pub async fn find_same(tx: &Tx, item: Uuid, file: Uuid, role: FileRole) -> Result<Option<Attachment>> {
    let query = Entity::find()
        .filter(Column::ItemId.eq(item))
        .filter(Column::FileId.eq(file))
        .filter(Column::FileRole.eq(role.as_str()));
    query.one(tx).await?.map(Attachment::try_from).transpose()
}

pub async fn count(tx: &Tx, item: Uuid) -> Result<u64> {
    Ok(Entity::find().filter(Column::ItemId.eq(item)).count(tx).await?)
}

/// What hangs on an item, in the order in which it was attached.
pub async fn of_item(db: &impl ConnectionTrait, item: Uuid, role: Option<FileRole>) -> Result<Vec<(Attachment, File)>> {
    let mut query = Entity::find().filter(Column::ItemId.eq(item)).order_by_asc(Column::Id);
    if let Some(role) = role {
        query = query.filter(Column::FileRole.eq(role.as_str()));
    }
    let attachments = query.all(db).await?;
    let mut ids: Vec<Uuid> = attachments.iter().map(|row| row.file_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = file::Entity::find().filter(file::Column::Id.is_in(ids)).all(db).await?;
    let files: Vec<File> = rows.into_iter().map(File::try_from).collect::<Result<_>>()?;
    let found = attachments.into_iter().map(Attachment::try_from).map(|attachment| {
        let attachment = attachment?;
        Ok(files.iter().find(|file| file.id == attachment.file_id).cloned().map(|file| (attachment, file)))
    });
    found.filter_map(Result::transpose).collect()
}
