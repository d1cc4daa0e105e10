//! Looking at plugins, switching them, configuring them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::model::{PluginConfig, PluginView, is_active};
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change};
use crate::domain::permission::{Action, denied};
use crate::error::{Error, Result};
use crate::plugins::{self, Registered, Settings, Values};

const RESOURCE: &str = "Plugin";

fn find<'a>(ctx: &'a Ctx, id: &str) -> Result<&'a Arc<Registered>> {
    ctx.plugins().find(id).ok_or_else(|| Error::not_found(format!("Plugin {id} not found")))
}

/// A plugin that the caller may decide about.
fn administered<'a>(ctx: &'a Ctx, id: &str) -> Result<&'a Arc<Registered>> {
    let plugin = find(ctx, id)?;
    if ctx.actor.is_administrator() { Ok(plugin) } else { Err(denied(Action::Update, RESOURCE)) }
}

/// Every plugin of the program, as the organisation has it.
pub async fn list(ctx: &Ctx) -> Result<Vec<PluginView>> {
    let settings = plugins::all_settings(&*ctx.db, ctx).await?;
    let host = ctx.plugins();
    let view = |plugin: &Arc<Registered>| {
        let own = settings.iter().find(|settings| settings.plugin_id == plugin.manifest.id);
        PluginView::new(host, plugin, own)
    };
    Ok(host.plugins().iter().map(view).collect())
}

pub async fn get(ctx: &Ctx, id: &str) -> Result<PluginView> {
    let plugin = find(ctx, id)?;
    let settings = plugins::find_settings(&*ctx.db, ctx, id).await?;
    Ok(PluginView::new(ctx.plugins(), plugin, settings.as_ref()))
}

/// The configuration, without secrets.
pub async fn config(ctx: &Ctx, id: &str) -> Result<PluginConfig> {
    let plugin = find(ctx, id)?;
    let settings = plugins::find_settings(&*ctx.db, ctx, id).await?;
    Ok(PluginConfig::new(plugin, settings.unwrap_or_default()))
}

/// Replaces the configuration, or merges into it (RFC 7396: `null` removes). A secret that comes back masked stays as it is.
pub async fn put_config(ctx: &Ctx, id: &str, given: Values, merge: bool) -> Result<PluginConfig> {
    let plugin = administered(ctx, id)?;
    let schema = &plugin.manifest.config_schema;
    let tx = ctx.begin().await?;
    let before = locked(&tx, ctx, id).await?;
    let stored = before.config.clone().unwrap_or_default();
    let given = plugins::restored(schema, given, &stored);
    let config = if merge { plugins::merged(stored, given) } else { given };
    plugins::check(schema, &config)?;
    let after = Settings {
        config: Some(config),
        config_created_at: before.config_created_at.or(Some(ctx.now())),
        config_updated_at: Some(ctx.now()),
        ..before.clone()
    };
    plugins::save_settings(&tx, ctx, &after).await?;
    let shown = |settings: &Settings| {
        settings.config.clone().map(|config| json!({ "config": plugins::masked(schema, config) }))
    };
    record(ctx, &tx, "plugin.configured", id, shown(&before), shown(&after)).await?;
    tx.commit().await?;
    Ok(PluginConfig::new(plugin, after))
}

/// Switches a plugin on; those it needs must be on.
pub async fn activate(ctx: &Ctx, id: &str) -> Result<PluginView> {
    let plugin = administered(ctx, id)?;
    let tx = ctx.begin().await?;
    let before = locked(&tx, ctx, id).await?;
    let all = plugins::all_settings(&tx, ctx).await?;
    let missing: Vec<&str> =
        plugin.manifest.dependencies.iter().copied().filter(|needed| !is_on(ctx, &all, needed)).collect();
    if !missing.is_empty() {
        return Err(in_the_way("PLUGIN_DEPENDENCY", "It needs plugins that are not active", "Activate", &missing));
    }
    switch(ctx, tx, plugin, before, true).await
}

/// Switches a plugin off: its routes are not found, its hooks and jobs do not run. Those that need it must be off.
pub async fn deactivate(ctx: &Ctx, id: &str) -> Result<PluginView> {
    let plugin = administered(ctx, id)?;
    let tx = ctx.begin().await?;
    let before = locked(&tx, ctx, id).await?;
    let all = plugins::all_settings(&tx, ctx).await?;
    let needs_it = |other: &&Arc<Registered>| other.manifest.dependencies.contains(&id);
    let dependents: Vec<&str> =
        ctx.plugins().plugins().iter().filter(needs_it).map(|other| other.manifest.id).collect();
    let dependents: Vec<&str> = dependents.into_iter().filter(|other| is_on(ctx, &all, other)).collect();
    if !dependents.is_empty() {
        return Err(in_the_way("PLUGIN_IN_USE", "Active plugins need it", "Deactivate", &dependents));
    }
    switch(ctx, tx, plugin, before, false).await
}

fn is_on(ctx: &Ctx, settings: &[Settings], id: &str) -> bool {
    is_active(ctx.plugins(), settings.iter().find(|settings| settings.plugin_id == id))
}

fn in_the_way(code: &'static str, what: &str, verb: &str, plugins: &[&str]) -> Error {
    let names = plugins.join(", ");
    Error::conflict(format!("{what}: {names}"))
        .code(code, format!("{verb} first: {names}."))
        .details(json!({ "plugins": plugins }))
}

async fn switch(ctx: &Ctx, tx: Tx, plugin: &Registered, before: Settings, on: bool) -> Result<PluginView> {
    let id = plugin.manifest.id;
    let was_on = is_active(ctx.plugins(), Some(&before));
    let activated_at = if on && !was_on { Some(ctx.now()) } else { before.activated_at };
    let after = Settings { is_active: Some(on), activated_at, ..before.clone() };
    if before.is_active != after.is_active {
        plugins::save_settings(&tx, ctx, &after).await?;
        let action = if on { "plugin.activated" } else { "plugin.deactivated" };
        let shown = |is_active: bool| Some(json!({ "is_active": is_active }));
        record(ctx, &tx, action, id, shown(was_on), shown(on)).await?;
        tx.commit().await?;
    }
    Ok(PluginView::new(ctx.plugins(), plugin, Some(&after)))
}

/// The settings of a plugin, to be changed: nobody else decides about plugins until the transaction ends.
async fn locked(tx: &Tx, ctx: &Ctx, id: &str) -> Result<Settings> {
    plugins::lock_settings(tx, ctx).await?;
    let found = plugins::find_settings(tx, ctx, id).await?;
    Ok(found.unwrap_or_else(|| Settings { plugin_id: id.to_owned(), ..Settings::default() }))
}

async fn record(
    ctx: &Ctx,
    tx: &Tx,
    action: &'static str,
    id: &str,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    let change = Change { action, subject_type: RESOURCE.to_owned(), subject_id: id.to_owned(), before, after };
    audit::record(ctx, tx, vec![change]).await
}
