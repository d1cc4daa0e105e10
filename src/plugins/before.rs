//! Hooks before a write: in the order of registration, each seeing what those before it set.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::guard::{guarded, is_failure, named, note_failure};
use super::{BeforeWrite, HookCall, Host, Values, repo, schema};
use crate::context::Ctx;
use crate::db::Tx;
use crate::error::{Error, Problem, Result};

/// Other writers may wait meanwhile.
const LIMIT: Duration = Duration::from_secs(2);

/// What is about to happen to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Add,
    Update,
    Promote,
}

/// An item as it is about to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub moment: Moment,
    pub item_type: String,
    pub id: Uuid,
    pub number: Option<String>,
    pub state: String,
    /// Whether the state is a released one.
    pub is_released: bool,
    /// None for a new item.
    pub previous_state: Option<String>,
    pub was_released: bool,
    pub properties: Values,
    /// None for a new item.
    pub previous: Option<Values>,
}

impl Draft {
    /// Whether this write releases the item.
    pub fn releases(&self) -> bool {
        self.is_released && !self.was_released
    }
}

/// A hook of a plugin that is active in the organisation, with the plugin's configuration there.
pub struct Active {
    plugin: &'static str,
    config: Values,
    hook: Arc<dyn BeforeWrite>,
}

/// Refuses a write because of a property.
pub fn refuse(property: &str, message: impl Into<String>) -> Error {
    Error::invalid_field("value_error", &["body", "properties", property], message)
}

impl Host {
    /// The hooks that a write has to ask. Looks at the database only where a plugin has any.
    pub async fn active_hooks(&self, ctx: &Ctx, tx: &Tx) -> Result<Vec<Active>> {
        if self.plugins().iter().all(|plugin| plugin.before_write.is_none()) {
            return Ok(Vec::new());
        }
        let settings = repo::all(tx, ctx).await?;
        let active = |plugin: &Arc<super::Registered>| {
            let manifest = &plugin.manifest;
            let own = settings.iter().find(|settings| settings.plugin_id == manifest.id);
            let is_active = own.and_then(|own| own.is_active).unwrap_or(self.autoload());
            let hook = plugin.before_write.clone().filter(|_| is_active)?;
            let config = own.and_then(|own| own.config.clone()).unwrap_or_default();
            Some(Active { plugin: manifest.id, config: schema::with_defaults(&manifest.config_schema, config), hook })
        };
        Ok(self.plugins().iter().filter_map(active).collect())
    }
}

impl Active {
    pub fn wants(&self, moment: Moment, item_type: &str) -> bool {
        self.hook.wants(moment, item_type)
    }

    /// The properties to set. A refusal says which plugin it comes from; a defect is one of the plugin, not of the product.
    pub async fn run(&self, ctx: &Ctx, draft: &Draft) -> Result<Values> {
        let call = HookCall { ctx: ctx.clone(), config: self.config.clone() };
        match guarded(self.plugin, LIMIT, self.hook.run(&call, draft)).await {
            Ok(values) => Ok(values),
            Err(error) if is_failure(&error) => {
                note_failure(ctx, self.plugin, &error);
                Err(named(self.plugin, error))
            }
            Err(error) => Err(signed(self.plugin, error)),
        }
    }

    /// A value of the plugin's that does not fit its property: the plugin's mistake, and the caller's only hint.
    pub fn misfit(&self, error: Error) -> Error {
        signed(self.plugin, error)
    }
}

/// A refusal with the name of the plugin that it comes from.
fn signed(plugin: &str, error: Error) -> Error {
    let by = |message: &str| format!("{message} (plugin {plugin})");
    if !error.problems().is_empty() {
        let problems = error.problems().iter();
        let problems = problems.map(|problem| Problem { message: by(&problem.message), ..problem.clone() });
        return Error::invalid(problems.collect());
    }
    let refused = Error::new(error.kind(), by(error.message()));
    match error.code_name() {
        Some(code) => refused.code(code, error.user_message().unwrap_or(error.message()).to_owned()),
        None => refused,
    }
}
