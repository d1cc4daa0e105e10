//! Plugins: code that is built in beside the product and adds to it — routes, jobs, hooks before a write and after a commit.
//!
//! A [`Plugin`] is registered when the program is built and is the same for everyone; whether it is active and how it is
//! configured each organisation decides for itself. What a plugin breaks stays its own: it is caught, bounded in time and
//! reported with the plugin's name. Not here: what any plugin does, and who may switch it (`domain::plugin`).

mod after;
mod before;
mod bundled;
mod guard;
mod host;
mod manifest;
mod repo;
mod route;
mod schema;
mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::context::Ctx;
use crate::error::Result;
use crate::jobs::{Event, Job};

pub use after::{PluginEvents, RunHook};
pub use before::{Active, Draft, Moment, refuse};
pub use bundled::bundled;
pub use host::{Host, Registered};
pub use manifest::Manifest;
pub use repo::{all as all_settings, find as find_settings, lock as lock_settings, save as save_settings};
pub use route::{Call, Method, Reply, Route};
pub use schema::{check, masked, merged, restored};
pub use settings::Settings;

/// A configuration, or the properties of an item.
pub type Values = Map<String, Value>;

/// Something that is built in beside the product. Everything but the manifest is optional.
pub trait Plugin: Send + Sync {
    fn manifest(&self) -> Manifest;

    /// Served below `/api/v1/plugins/{mount}`, to members of the organisation, while the plugin is active there.
    fn routes(&self) -> Vec<Route> {
        Vec::new()
    }

    /// Kinds of background work; their names begin with the plugin's id and a dot.
    fn jobs(&self) -> Vec<Arc<dyn Job>> {
        Vec::new()
    }

    /// Asked before an item is written, within its transaction.
    fn before_write(&self) -> Option<Arc<dyn BeforeWrite>> {
        None
    }

    /// Told of changes after they are committed.
    fn after_commit(&self) -> Option<Arc<dyn AfterCommit>> {
        None
    }
}

/// For whom a hook is called.
#[derive(Clone)]
pub struct HookCall {
    /// The one who writes; after a commit, the program itself.
    pub ctx: Ctx,
    /// The plugin's configuration in the organisation, with the defaults of its schema.
    pub config: Values,
}

/// Looks at an item before it is written.
#[async_trait]
pub trait BeforeWrite: Send + Sync {
    fn wants(&self, moment: Moment, item_type: &str) -> bool;

    /// Answers with properties to set, checked like a client's, or refuses the write (see [`refuse`]).
    ///
    /// Other writers wait meanwhile, so it must be quick: after two seconds the write is given up. It may read through
    /// `call.ctx.db`, which shows what is committed, and must not begin a write, which would wait for this one.
    async fn run(&self, call: &HookCall, draft: &Draft) -> Result<Values>;
}

/// Acts on committed changes.
#[async_trait]
pub trait AfterCommit: Send + Sync {
    fn wants(&self, topic: &str) -> bool;

    /// Runs as a job: at least once, again when it fails, and in no certain order. Takes at most a minute.
    async fn run(&self, call: &HookCall, event: &Event) -> Result<()>;
}
