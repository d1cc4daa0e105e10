//! Settings: the built-in defaults, then the configuration file, then the environment, checked as a whole before anything
//! starts. No setting is read anywhere else, and nothing here opens a database, a directory or a port.

mod audit;
mod auth;
mod check;
mod choice;
mod database;
mod database_url;
mod environment;
mod integrations;
pub mod keyfile;
mod layer;
mod logging;
mod nearest;
mod platform;
mod plugins;
mod preview;
mod quota;
mod schema;
mod secret;
mod server;
mod show;
mod storage;
mod tenancy;
mod webhooks;
mod worker;

use std::fmt;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::error::{Actual, Kind};
use figment::value::Value;
use serde::Deserialize;

pub use audit::Audit;
pub use auth::{Auth, AuthMode};
pub use database::Database;
pub use database_url::DatabaseUrl;
pub use environment::{FILE_VARIABLE, PREFIX, names_of};
pub use integrations::Integrations;
pub use logging::{LogFormat, Logging};
pub use platform::Platform;
pub use plugins::Plugins;
pub use preview::Preview;
pub use quota::{Quota, QuotaMode};
pub use schema::DEFAULTS;
pub use secret::{HIDDEN, Secret};
pub use server::Server;
pub use show::{Setting, show};
pub use storage::{LocalStorage, S3Encryption, S3Storage, Storage, StorageKind};
pub use tenancy::{SchemaMode, Tenancy, TenancyMode};
pub use webhooks::Webhooks;
pub use worker::Worker;

use crate::error::{Error, Result};
use check::{Check, require};
use schema::Schema;

choice::choice! {
    /// How strict the start is.
    Environment {
        #[serde(alias = "development")]
        Dev = "dev",
        #[serde(alias = "prod")]
        Production = "production",
        Test = "test",
    }
}

/// All settings, checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub environment: Environment,
    pub data_dir: PathBuf,
    pub server: Server,
    pub auth: Auth,
    pub platform: Platform,
    pub tenancy: Tenancy,
    pub database: Database,
    pub storage: Storage,
    pub preview: Preview,
    pub worker: Worker,
    pub quota: Quota,
    pub audit: Audit,
    pub plugins: Plugins,
    pub webhooks: Webhooks,
    pub integrations: Integrations,
    pub logging: Logging,
}

/// The settings together with where each was set.
#[derive(Clone)]
pub struct Loaded {
    pub config: Config,
    figment: Figment,
}

impl fmt::Debug for Loaded {
    /// Without the sources: they hold the secrets as text.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Loaded").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Loaded {
    /// Where a key was set: `default`, a file and line, or a variable.
    pub fn source(&self, key: &str) -> String {
        origin(&self.figment, key)
    }

    fn value(&self, key: &str) -> Value {
        value(&self.figment, key)
    }
}

impl Config {
    /// Loads with the process environment. `file` is that of `--config`; without one, `YUANTUS_CONFIG` counts.
    ///
    /// # Errors
    /// `Config`, in one line: which key or variable is wrong, where it was set, what is allowed.
    pub fn load(file: Option<&Path>) -> Result<Loaded> {
        let mut pairs = Vec::new();
        for (name, value) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            match value.into_string() {
                Ok(value) => pairs.push((name, value)),
                Err(_) if name.starts_with(PREFIX) => return Err(Error::config(format!("{name} is not UTF-8 text"))),
                Err(_) => {}
            }
        }
        Self::load_from(file, pairs)
    }

    /// Loads with the variables handed in, whatever the process has.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_from(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Result<Loaded> {
        let schema = Schema::load()?;
        let pairs: Vec<_> = env.into_iter().collect();
        let named = pairs.iter().find(|(name, path)| name == FILE_VARIABLE && !path.is_empty());
        let mut figment = Figment::new().merge(schema.read_file("default", DEFAULTS)?.without_lines());
        if let Some(path) = file.or(named.map(|(_, path)| Path::new(path))) {
            let text = std::fs::read_to_string(path).map_err(|cause| {
                let by = if file.is_some() { "--config" } else { FILE_VARIABLE };
                Error::config(format!("cannot read {} ({by}): {cause}", path.display()))
            })?;
            figment = figment.merge(schema.read_file(&path.display().to_string(), &text)?);
        }
        let figment = figment.merge(environment::read(&schema, &pairs)?);
        let config: Config = figment.extract().map_err(|error| explain(&figment, &error))?;
        config.validate().map_err(|fault| refuse(&figment, fault.key, &fault.allowed))?;
        Ok(Loaded { config, figment })
    }

    /// The control database: its own URL, else the one shared database, else a file.
    pub fn identity_database_url(&self) -> String {
        let set = self.database.identity_url.clone().or_else(|| self.database.url.clone());
        set.unwrap_or_else(|| self.sqlite_under_data_dir("control.db"))
    }

    /// The product databases, with `{tenant_id}` and `{org_id}` as the tenancy mode asks; in mode single the one there is.
    pub fn product_database_template(&self) -> String {
        let (set, file) = match self.tenancy.mode {
            TenancyMode::Single => (&self.database.url, "yuantus.db"),
            TenancyMode::DbPerTenant => (&self.database.url_template, "tenants/{tenant_id}.db"),
            TenancyMode::DbPerTenantOrg => (&self.database.url_template, "tenants/{tenant_id}/{org_id}.db"),
        };
        set.clone().unwrap_or_else(|| self.sqlite_under_data_dir(file))
    }

    /// Where files lie when `storage.kind` is local.
    pub fn local_storage_path(&self) -> PathBuf {
        self.storage.local.path.clone().unwrap_or_else(|| self.data_dir.join("objects"))
    }

    /// This program, to be run again: the file that is running, even where another has taken its place on the disk.
    pub fn program(&self) -> PathBuf {
        let itself = PathBuf::from("/proc/self/exe");
        if itself.exists() { itself } else { std::env::current_exe().unwrap_or_else(|_| "yuantus".into()) }
    }

    fn sqlite_under_data_dir(&self, file: &str) -> String {
        format!("sqlite:///{}", self.data_dir.join(file).display())
    }

    fn validate(&self) -> Check {
        // Placeholders are filled in after data_dir became part of a URL, and `?` would start its parameters.
        let path = self.data_dir.to_string_lossy();
        let fine = !path.is_empty() && !path.starts_with(':') && !path.contains(['{', '}', '?', '\0']);
        require(fine, "data_dir", "a path without { } ?")?;
        self.server.validate()?;
        self.auth.validate()?;
        self.tenancy.validate()?;
        let apart = self.tenancy.single_tenant.as_ref() != Some(&self.platform.tenant_id);
        require(apart, "tenancy.single_tenant", "a tenant other than platform.tenant_id")?;
        self.database.validate(self.tenancy.mode)?;
        self.storage.validate(self.environment == Environment::Test)?;
        self.preview.validate()?;
        self.worker.validate()?;
        self.audit.validate()?;
        self.webhooks.validate()?;
        self.integrations.validate()?;
        self.logging.validate()?;
        if self.environment != Environment::Dev {
            self.auth.validate_strictly(self.server.is_loopback())?;
        }
        Ok(())
    }
}

fn origin(figment: &Figment, key: &str) -> String {
    let parts: Vec<_> = key.split('.').collect();
    let found = figment.find_metadata(key).map(|metadata| metadata.interpolate(figment.profile(), &parts));
    found.unwrap_or_else(|| "not set".to_owned())
}

fn refuse(figment: &Figment, key: &str, allowed: &str) -> Error {
    schema::refused(key, &value(figment, key), &origin(figment, key), allowed)
}

fn value(figment: &Figment, key: &str) -> Value {
    figment.find_value(key).unwrap_or_else(|_| Value::from(""))
}

/// Says in the words of the product what the reading of a value found.
fn explain(figment: &Figment, error: &figment::Error) -> Error {
    let key = error.path.join(".");
    let allowed = match &error.kind {
        Kind::UnknownVariant(_, words) => words.join(", "),
        Kind::InvalidType(Actual::Signed(number), kind) | Kind::InvalidValue(Actual::Signed(number), kind) => {
            match kind.as_str() {
                "u16" => "a whole number from 0 to 65535".to_owned(),
                "u32" if *number >= 0 => "a whole number from 0 to 4294967295".to_owned(),
                _ => "a whole number, 0 or more".to_owned(),
            }
        }
        // The sentence of a type with a grammar of its own, such as a tenant id.
        other => {
            let value = value(figment, &key);
            return schema::explained(&key, &value, &origin(figment, &key), &other.to_string());
        }
    };
    refuse(figment, &key, &allowed)
}

#[cfg(test)]
mod tests;
