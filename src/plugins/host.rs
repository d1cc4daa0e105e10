//! The plugins of this program, checked and in order.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::after::PluginJob;
use super::guard::{guarded, is_failure, note_failure};
use super::route::{Call, Reply, Route};
use super::{AfterCommit, BeforeWrite, Manifest, Plugin, Values, repo, schema};
use crate::context::{Ctx, now};
use crate::error::{Error, Result};
use crate::jobs::Job;

/// A route has as long as a request; the frame around requests ends those that take longer.
const ROUTE_LIMIT: std::time::Duration = std::time::Duration::from_secs(3600);

/// One plugin with all that it brings.
pub struct Registered {
    pub manifest: Manifest,
    pub routes: Vec<Route>,
    pub jobs: Vec<Arc<dyn Job>>,
    pub before_write: Option<Arc<dyn BeforeWrite>>,
    pub after_commit: Option<Arc<dyn AfterCommit>>,
}

/// Every plugin that is built in. Without any it costs nothing.
#[derive(Default)]
pub struct Host {
    plugins: Vec<Arc<Registered>>,
    /// Whether a plugin is active where nobody decided.
    autoload: bool,
    loaded_at: DateTime<Utc>,
}

impl Host {
    /// # Errors
    /// `Config` for a plugin that cannot be: a wrong manifest, an id or a mount twice, a route or a job in the place of
    /// another, a dependency that is not there.
    pub fn new(plugins: Vec<Box<dyn Plugin>>, autoload: bool) -> Result<Self> {
        let mut host = Self { plugins: Vec::new(), autoload, loaded_at: now() };
        for plugin in plugins {
            host.register(plugin.as_ref())?;
        }
        Ok(host)
    }

    fn register(&mut self, plugin: &dyn Plugin) -> Result<()> {
        let manifest = plugin.manifest();
        manifest.check()?;
        let wrong = |what: String| Error::config(format!("The plugin {:?} {what}", manifest.id));
        if self.plugins.iter().any(|other| other.manifest.id == manifest.id || other.manifest.mount == manifest.mount) {
            return Err(wrong("has the id or the mount of another".to_owned()));
        }
        // Those it needs come first, so that none needs itself by a detour.
        if let Some(missing) = manifest.dependencies.iter().find(|id| self.find(id).is_none()) {
            return Err(wrong(format!("needs {missing:?}, which is not registered before it")));
        }
        let routes = plugin.routes();
        for (index, route) in routes.iter().enumerate() {
            manifest.check_path(route.path)?;
            if routes[..index].iter().any(|other| (other.method, other.path) == (route.method, route.path)) {
                return Err(wrong(format!("has the route {route:?} twice")));
            }
        }
        let jobs = plugin.jobs();
        let prefix = format!("{}.", manifest.id);
        if let Some(job) = jobs.iter().find(|job| !job.name().starts_with(&prefix)) {
            return Err(wrong(format!("has a job {:?}, whose name does not begin with {prefix:?}", job.name())));
        }
        let (before_write, after_commit) = (plugin.before_write(), plugin.after_commit());
        self.plugins.push(Arc::new(Registered { manifest, routes, jobs, before_write, after_commit }));
        Ok(())
    }

    pub fn plugins(&self) -> &[Arc<Registered>] {
        &self.plugins
    }

    pub fn find(&self, id: &str) -> Option<&Arc<Registered>> {
        self.plugins.iter().find(|plugin| plugin.manifest.id == id)
    }

    pub fn autoload(&self) -> bool {
        self.autoload
    }

    pub fn loaded_at(&self) -> DateTime<Utc> {
        self.loaded_at
    }

    /// The jobs of all plugins, which run while their plugin is active.
    pub fn jobs(&self) -> Vec<Arc<dyn Job>> {
        let of = |plugin: &Arc<Registered>| {
            let id = plugin.manifest.id;
            plugin
                .jobs
                .iter()
                .map(move |job| Arc::new(PluginJob::new(id, job.clone())) as Arc<dyn Job>)
                .collect::<Vec<_>>()
        };
        self.plugins.iter().flat_map(of).collect()
    }

    /// The configuration of a plugin in the organisation, if it is active there.
    pub async fn active_config(&self, ctx: &Ctx, id: &str) -> Result<Option<Values>> {
        let Some(plugin) = self.find(id) else { return Ok(None) };
        let settings = repo::find(&*ctx.db, ctx, id).await?.unwrap_or_default();
        let active = settings.is_active.unwrap_or(self.autoload);
        Ok(active.then(|| schema::with_defaults(&plugin.manifest.config_schema, settings.config.unwrap_or_default())))
    }

    /// Answers a request to a plugin's route.
    ///
    /// Fails with `NotFound` where the plugin is not active.
    pub async fn answer(&self, id: &str, route: &Route, mut call: Call) -> Result<Reply> {
        let config = self.active_config(&call.ctx, id).await?;
        call.config = config.ok_or_else(|| Error::not_found("Not Found"))?;
        let ctx = call.ctx.clone();
        let answered = guarded(id, ROUTE_LIMIT, route.call(call)).await;
        if let Err(error) = &answered
            && is_failure(error)
        {
            note_failure(&ctx, id, error);
        }
        answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::TenantCheck;

    struct Given {
        manifest: Manifest,
        job: bool,
        routes: &'static [&'static str],
    }

    impl Plugin for Given {
        fn manifest(&self) -> Manifest {
            self.manifest.clone()
        }

        fn routes(&self) -> Vec<Route> {
            let route = |path: &&'static str| {
                Route::new(crate::plugins::Method::Get, path, "x", |_| async { Ok(Reply::ok(serde_json::Value::Null)) })
            };
            self.routes.iter().map(route).collect()
        }

        fn jobs(&self) -> Vec<Arc<dyn Job>> {
            if self.job { vec![Arc::new(TenantCheck)] } else { Vec::new() }
        }
    }

    fn given(id: &'static str, mount: &'static str, dependencies: &'static [&'static str]) -> Given {
        Given {
            manifest: Manifest { id, mount, name: "x", dependencies, ..Manifest::default() },
            job: false,
            routes: &[],
        }
    }

    fn refused(plugins: Vec<Given>) -> bool {
        let plugins = plugins.into_iter().map(|plugin| Box::new(plugin) as Box<dyn Plugin>).collect();
        Host::new(plugins, true).is_err()
    }

    #[test]
    fn plugins_that_do_not_go_together_are_refused() {
        assert!(!refused(vec![given("a", "a", &[]), given("b", "b", &["a"])]));
        assert!(refused(vec![given("a", "a", &[]), given("a", "b", &[])]), "an id twice");
        assert!(refused(vec![given("a", "a", &[]), given("b", "a", &[])]), "a mount twice");
        assert!(refused(vec![given("b", "b", &["a"]), given("a", "a", &[])]), "a dependency that comes later");
        assert!(refused(vec![given("a", "a", &["a"])]), "one that needs itself");
        assert!(refused(vec![Given { job: true, ..given("a", "a", &[]) }]), "a job in another's name");
        assert!(refused(vec![Given { routes: &["/x", "/x"], ..given("a", "a", &[]) }]), "a route twice");
        assert!(refused(vec![Given { routes: &["/config"], ..given("a", "a", &[]) }]), "the product's own path");
        assert!(Host::new(super::super::bundled(), true).is_ok());
    }
}
