//! SQL of plugin settings. Every query names the organisation: several may share a database.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::Value;

use super::Settings;
use crate::context::Ctx;
use crate::db::{Tx, dialect};
use crate::entity::tenant::plugin_setting::{ActiveModel, Column, Entity, Model};
use crate::error::Result;

impl From<Model> for Settings {
    fn from(row: Model) -> Self {
        Self {
            plugin_id: row.plugin_id,
            is_active: row.is_active,
            activated_at: row.activated_at,
            // Written as an object only.
            config: row.config.and_then(|config| if let Value::Object(config) = config { Some(config) } else { None }),
            config_created_at: row.config_created_at,
            config_updated_at: row.config_updated_at,
            error_count: row.error_count,
            last_error: row.last_error,
            last_error_at: row.last_error_at,
        }
    }
}

pub async fn all(db: &impl ConnectionTrait, ctx: &Ctx) -> Result<Vec<Settings>> {
    let rows = Entity::find().filter(Column::OrgId.eq(ctx.org.as_str())).all(db).await?;
    Ok(rows.into_iter().map(Settings::from).collect())
}

pub async fn find(db: &impl ConnectionTrait, ctx: &Ctx, plugin: &str) -> Result<Option<Settings>> {
    let found = Entity::find_by_id((ctx.org.to_string(), plugin.to_owned())).one(db).await?;
    Ok(found.map(Settings::from))
}

/// Stores what was decided; how the plugin fares is left alone.
pub async fn save(tx: &Tx, ctx: &Ctx, settings: &Settings) -> Result<()> {
    let row = ActiveModel {
        org_id: Set(ctx.org.to_string()),
        plugin_id: Set(settings.plugin_id.clone()),
        is_active: Set(settings.is_active),
        activated_at: Set(settings.activated_at),
        config: Set(settings.config.clone().map(Value::Object)),
        config_created_at: Set(settings.config_created_at),
        config_updated_at: Set(settings.config_updated_at),
        ..Default::default()
    };
    let decided =
        [Column::IsActive, Column::ActivatedAt, Column::Config, Column::ConfigCreatedAt, Column::ConfigUpdatedAt];
    Entity::insert(row)
        .on_conflict(OnConflict::columns([Column::OrgId, Column::PluginId]).update_columns(decided).to_owned())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Counts a failure of a plugin, in a transaction of its own.
pub async fn note_failure(ctx: &Ctx, plugin: &str, message: &str) -> Result<()> {
    let tx = ctx.begin().await?;
    let row = ActiveModel {
        org_id: Set(ctx.org.to_string()),
        plugin_id: Set(plugin.to_owned()),
        error_count: Set(1),
        last_error: Set(Some(message.to_owned())),
        last_error_at: Set(Some(ctx.now())),
        ..Default::default()
    };
    let counted = Expr::col((Entity, Column::ErrorCount)).add(1);
    let conflict = OnConflict::columns([Column::OrgId, Column::PluginId])
        .update_columns([Column::LastError, Column::LastErrorAt])
        .value(Column::ErrorCount, counted)
        .to_owned();
    Entity::insert(row).on_conflict(conflict).exec_without_returning(&tx).await?;
    tx.commit().await
}

/// Holds back others who decide about the organisation's plugins until the transaction ends.
pub async fn lock(tx: &Tx, ctx: &Ctx) -> Result<()> {
    dialect::lock(tx, &format!("plugins:{}", ctx.org)).await
}
