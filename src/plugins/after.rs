//! Hooks after a commit and jobs of plugins: work of the queue, so that what hangs or fails holds up nobody.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::guard::{guarded, note_failure};
use super::{HookCall, Host};
use crate::context::Ctx;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::jobs::{self, Event, Job, NewJob, Subscriber, Task};

const NAME: &str = "plugin.event";
const LIMIT: Duration = Duration::from_secs(60);
const ATTEMPTS: i32 = 10;

/// Turns events into work for the hooks that want them.
pub struct PluginEvents {
    host: Arc<Host>,
}

impl PluginEvents {
    pub fn new(host: Arc<Host>) -> Self {
        Self { host }
    }
}

#[async_trait]
impl Subscriber for PluginEvents {
    fn name(&self) -> &'static str {
        "plugins"
    }

    fn wants(&self, topic: &str) -> bool {
        let wants =
            |plugin: &Arc<super::Registered>| plugin.after_commit.as_ref().is_some_and(|hook| hook.wants(topic));
        self.host.plugins().iter().any(wants)
    }

    async fn handle(&self, ctx: &Ctx, tx: &Tx, event: &Event) -> Result<()> {
        for plugin in self.host.plugins() {
            let id = plugin.manifest.id;
            let wanted = plugin.after_commit.as_ref().is_some_and(|hook| hook.wants(&event.topic));
            if wanted && self.host.active_config(ctx, id).await?.is_some() {
                let payload = json!(Input { plugin_id: id.to_owned(), event: Told::from(event) });
                jobs::enqueue(tx, ctx, NewJob { max_attempts: ATTEMPTS, ..NewJob::new(NAME, payload) }).await?;
            }
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct Input {
    plugin_id: String,
    event: Told,
}

/// An event as the queue keeps it.
#[derive(Serialize, Deserialize)]
struct Told {
    id: Uuid,
    topic: String,
    subject: String,
    payload: Value,
    created_at: DateTime<Utc>,
}

impl From<&Event> for Told {
    fn from(event: &Event) -> Self {
        let Event { id, topic, subject, payload, created_at } = event.clone();
        Self { id, topic, subject, payload, created_at }
    }
}

/// Runs one hook for one event.
pub struct RunHook {
    host: Arc<Host>,
}

impl RunHook {
    pub fn new(host: Arc<Host>) -> Self {
        Self { host }
    }
}

#[async_trait]
impl Job for RunHook {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        let Input { plugin_id, event: Told { id, topic, subject, payload, created_at } } = task.input()?;
        let hook = self.host.find(&plugin_id).and_then(|plugin| plugin.after_commit.clone());
        let (Some(hook), Some(config)) = (hook, self.host.active_config(&ctx, &plugin_id).await?) else {
            return Ok(json!({ "skipped": "The plugin is not active" }));
        };
        let event = Event { id, topic, subject, payload, created_at };
        let call = HookCall { ctx: ctx.clone(), config };
        let done = guarded(&plugin_id, LIMIT, hook.run(&call, &event)).await;
        if let Err(error) = &done {
            note_failure(&ctx, &plugin_id, error);
        }
        done.map(|()| json!({ "plugin_id": plugin_id }))
    }
}

/// A job of a plugin: runs while the plugin is active.
pub(super) struct PluginJob {
    plugin: &'static str,
    inner: Arc<dyn Job>,
}

impl PluginJob {
    pub(super) fn new(plugin: &'static str, inner: Arc<dyn Job>) -> Self {
        Self { plugin, inner }
    }
}

#[async_trait]
impl Job for PluginJob {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        if ctx.plugins().active_config(&ctx, self.plugin).await?.is_none() {
            return Err(Error::bad_request(format!("The plugin {} is not active", self.plugin)));
        }
        let done = self.inner.run(ctx.clone(), task).await;
        if let Err(error) = &done {
            note_failure(&ctx, self.plugin, error);
        }
        done
    }
}
