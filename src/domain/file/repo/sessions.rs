//! Rows of uploads in parts.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{LockType, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::json;
use uuid::Uuid;

use super::content_hash;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::file::model::{File, NewFile};
use crate::domain::file::session::{Session, SessionState};
use crate::entity::tenant::file;
use crate::entity::tenant::upload_session::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::storage::PartedUpload;
use crate::types::{Page, PageRequest};

impl TryFrom<Model> for Session {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self> {
        Ok(Self {
            id: row.id,
            file: NewFile {
                filename: row.filename,
                author: row.author,
                source_system: row.source_system,
                source_version: row.source_version,
                document_version: row.document_version,
                generate_preview: row.generate_preview,
            },
            size: u64::try_from(row.size).unwrap_or_default(),
            sha256: row.sha256.as_deref().map(content_hash).transpose()?,
            part_size: u64::try_from(row.part_size).unwrap_or_default(),
            multipart_id: row.multipart_id,
            state: SessionState::parse(&row.state)?,
            claim: row.claim,
            claimed_until: row.claimed_until,
            job_id: row.job_id,
            failure: row.failure,
            file_id: row.file_id,
            is_duplicate: row.is_duplicate,
            // Written by this module alone, always a list of ids.
            file_jobs: row.file_jobs.and_then(|jobs| serde_json::from_value(jobs).ok()).unwrap_or_default(),
            created_by_id: row.created_by_id,
            created_by_name: row.created_by_name,
            created_at: row.created_at,
            expires_at: row.expires_at,
            finished_at: row.finished_at,
        })
    }
}

pub async fn insert(tx: &Tx, ctx: &Ctx, session: &Session) -> Result<()> {
    let row = ActiveModel {
        id: Set(session.id),
        org_id: Set(ctx.org.to_string()),
        filename: Set(session.file.filename.clone()),
        size: Set(i64::try_from(session.size).unwrap_or(i64::MAX)),
        sha256: Set(session.sha256.map(|hash| hash.to_string())),
        author: Set(session.file.author.clone()),
        source_system: Set(session.file.source_system.clone()),
        source_version: Set(session.file.source_version.clone()),
        document_version: Set(session.file.document_version.clone()),
        generate_preview: Set(session.file.generate_preview),
        part_size: Set(i64::try_from(session.part_size).unwrap_or(i64::MAX)),
        created_by_id: Set(session.created_by_id),
        created_by_name: Set(session.created_by_name.clone()),
        created_at: Set(session.created_at),
        ..progress(session)
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// What changes while an upload goes on.
fn progress(session: &Session) -> ActiveModel {
    ActiveModel {
        multipart_id: Set(session.multipart_id.clone()),
        state: Set(session.state.as_str().to_owned()),
        claim: Set(session.claim),
        claimed_until: Set(session.claimed_until),
        job_id: Set(session.job_id),
        failure: Set(session.failure.clone()),
        file_id: Set(session.file_id),
        is_duplicate: Set(session.is_duplicate),
        file_jobs: Set(Some(json!(session.file_jobs))),
        expires_at: Set(session.expires_at),
        finished_at: Set(session.finished_at),
        ..Default::default()
    }
}

pub async fn update(tx: &Tx, ctx: &Ctx, session: &Session) -> Result<()> {
    let rows = Entity::update_many().set(progress(session)).filter(Column::Id.eq(session.id)).filter(of(ctx));
    rows.exec(tx).await?;
    Ok(())
}

pub async fn delete(tx: &Tx, ctx: &Ctx, id: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::Id.eq(id)).filter(of(ctx)).exec(tx).await?;
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, ctx: &Ctx, id: Uuid) -> Result<Option<Session>> {
    Entity::find_by_id(id).filter(of(ctx)).one(db).await?.map(Session::try_from).transpose()
}

/// The same, locked until the transaction ends.
pub async fn find_locked(tx: &Tx, ctx: &Ctx, id: Uuid) -> Result<Option<Session>> {
    let query = Entity::find_by_id(id).filter(of(ctx)).lock(LockType::NoKeyUpdate);
    query.one(tx).await?.map(Session::try_from).transpose()
}

/// How many uploads of the caller hold parts.
pub async fn count_open(db: &impl ConnectionTrait, ctx: &Ctx) -> Result<u64> {
    let held = [SessionState::Open.as_str(), SessionState::Verifying.as_str()];
    Ok(Entity::find().filter(own(ctx)).filter(Column::State.is_in(held)).count(db).await?)
}

/// The caller's uploads, the latest first.
pub async fn page_of_own(db: &impl ConnectionTrait, ctx: &Ctx, page: PageRequest) -> Result<Page<Session>> {
    let query = Entity::find().filter(own(ctx)).filter(Column::State.ne(SessionState::Ending.as_str()));
    let total = query.clone().count(db).await?;
    let rows = query.order_by_desc(Column::Id).limit(page.limit).offset(page.offset).all(db).await?;
    Ok(Page { items: rows.into_iter().map(Session::try_from).collect::<Result<_>>()?, total })
}

/// Uploads behind `after` whose time is over, or whose end was begun.
pub async fn due(db: &impl ConnectionTrait, ctx: &Ctx, after: Uuid, most: u64) -> Result<Vec<Session>> {
    let now: DateTime<Utc> = ctx.now();
    let over = Condition::any().add(Column::ExpiresAt.lte(now)).add(Column::State.eq(SessionState::Ending.as_str()));
    let query = Entity::find().filter(of(ctx)).filter(over).filter(Column::Id.gt(after));
    let rows = query.order_by_asc(Column::Id).limit(most).all(db).await?;
    rows.into_iter().map(Session::try_from).collect()
}

/// The organisations that have uploads.
pub async fn orgs(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    Ok(Entity::find().select_only().column(Column::OrgId).distinct().into_tuple().all(db).await?)
}

/// Which of these uploads have a row, of whichever organisation.
pub async fn known(db: &impl ConnectionTrait, ids: impl IntoIterator<Item = Uuid>) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> =
        Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(ids)).into_tuple().all(db).await?;
    Ok(rows.into_iter().collect())
}

/// The uploads whose parts an S3 storage holds, of every organisation.
pub async fn with_multipart(db: &impl ConnectionTrait) -> Result<Vec<PartedUpload>> {
    let rows: Vec<(Uuid, Option<String>)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::MultipartId])
        .filter(Column::MultipartId.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(id, multipart)| PartedUpload { id, multipart }).collect())
}

/// The file that an upload became, whose sender may see it.
pub async fn file_of(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<File>> {
    file::Entity::find_by_id(id).one(db).await?.map(File::try_from).transpose()
}

fn of(ctx: &Ctx) -> SimpleExpr {
    Column::OrgId.eq(ctx.org.as_str())
}

/// Nobody's uploads are those of all who are nobody: where authentication is off.
fn own(ctx: &Ctx) -> Condition {
    let by = match ctx.actor.user_id() {
        Some(me) => Column::CreatedById.eq(me),
        None => Column::CreatedById.is_null(),
    };
    Condition::all().add(of(ctx)).add(by)
}
