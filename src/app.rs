//! The application: everything that configuration decides, built once and held. No logic.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use migration::identity::Migrator as ControlList;

use crate::config::keyfile;
use crate::config::{Config, DatabaseUrl, S3Encryption, SchemaMode, StorageKind};
use crate::context::{Actor, Ctx, PlatformCtx};
use crate::db::{self, Db, Limits, Standing};
use crate::domain::file::{CollectJob, CompleteUpload, FileRules, PreviewJob, PreviewRules};
use crate::domain::identity::{Identity, LoginRules, Tokens};
use crate::domain::meta::{PropertyIndexJob, seed_model};
use crate::domain::search::{Indexes, ReindexJob, SearchIndex};
use crate::domain::webhook::{DeliverWebhook, WebhookEvents, Webhooks};
use crate::error::{Error, Result};
use crate::integrations::Integrations;
use crate::jobs::{Registry, Subscriber, TenantCheck};
use crate::plugins::{Host, Plugin, PluginEvents, RunHook, bundled};
use crate::preview::{Bounds, Renderer};
use crate::storage::{Encryption, S3Target, Storage, StorageTarget};
use crate::tenancy::{PlacementRules, PoolLimits, Seed, Settings, Tenancy, database_key};
use crate::types::OrgId;

/// Contents that came in parts are read in the request that completes them up to this many bytes: a few seconds on most machines.
const VERIFY_IN_REQUEST: u64 = 256 << 20;

/// What a running process holds.
pub struct App {
    pub config: Config,
    pub tenancy: Arc<Tenancy>,
    pub identity: Arc<Identity>,
    /// The kinds of background work that this binary knows.
    pub jobs: Registry,
    /// Whom committed changes concern.
    pub subscribers: Vec<Arc<dyn Subscriber>>,
    pub webhooks: Arc<Webhooks>,
    pub integrations: Integrations,
    pub files: FileRules,
    pub previews: Arc<PreviewRules>,
}

/// What to do with a control database that is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlSchema {
    /// As the configuration says: `create_all` upgrades it, `migrations` refuses.
    AsConfigured,
    /// Make it when it is missing and leave its schema: the command upgrades it itself.
    Create,
    /// Take it as it is, for looking.
    Inspect,
}

impl App {
    /// Connects to storage and the control database, and gets the signing secret.
    pub async fn build(config: Config, control_schema: ControlSchema) -> Result<Self> {
        Self::build_with(config, control_schema, Vec::new()).await
    }

    /// The same with plugins beside the bundled ones.
    pub async fn build_with(
        config: Config,
        control_schema: ControlSchema,
        plugins: Vec<Box<dyn Plugin>>,
    ) -> Result<Self> {
        let plugins = Arc::new(Host::new(bundled().into_iter().chain(plugins).collect(), config.plugins.autoload)?);
        let storage = Storage::connect(&storage_target(&config))?;
        let control = open_control(&config, control_schema).await?;
        let template = config.product_database_template();
        let rules = PlacementRules::new(config.tenancy.mode, template);
        let tenancy = Tenancy::new(settings(&config)?, rules, control, storage.clone(), seed(storage));
        let tenancy = Arc::new(tenancy.with_plugins(plugins.clone()).with_quota(config.quota.clone()));
        let tokens = Tokens::new(&signing_secret(&config, control_schema)?, config.auth.access_token_ttl_seconds);
        let identity = Arc::new(Identity::new(
            tenancy.clone(),
            tokens,
            login_rules(&config),
            config.platform.admin_enabled,
            config.platform.tenant_id.clone(),
        ));
        let webhooks = Arc::new(Webhooks::new(&config.webhooks));
        let integrations = Integrations::new(&config.integrations);
        let files = file_rules(&config);
        let previews = Arc::new(preview_rules(&config));
        let jobs = Registry::default()
            .with(TenantCheck)
            .with(PropertyIndexJob)
            .with(ReindexJob::new(Indexes::standard()))
            .with(CollectJob::new(gc_grace(&config), config.storage.gc_enabled))
            .with(DeliverWebhook::new(webhooks.clone()))
            .with(CompleteUpload::new(files))
            .with(PreviewJob::new(previews.clone()))
            .with(RunHook::new(plugins.clone()));
        let jobs = plugins.jobs().into_iter().fold(jobs, Registry::with_shared);
        let subscribers: Vec<Arc<dyn Subscriber>> = vec![
            Arc::new(SearchIndex::new(Indexes::standard())),
            Arc::new(WebhookEvents::new(webhooks.clone())),
            Arc::new(PluginEvents::new(plugins)),
        ];
        Ok(Self { config, tenancy, identity, jobs, subscribers, webhooks, integrations, files, previews })
    }

    /// The command line's right to act on all tenants.
    pub fn platform(&self, name: &'static str) -> PlatformCtx {
        PlatformCtx::local(self.tenancy.clone(), name)
    }

    /// Closes every database.
    pub async fn close(&self) {
        self.tenancy.close().await;
    }
}

/// The configured signing secret, else the one that this installation generated for itself.
fn signing_secret(config: &Config, schema: ControlSchema) -> Result<Vec<u8>> {
    match &config.auth.jwt_secret_key {
        Some(secret) => Ok(secret.expose().as_bytes().to_vec()),
        // A command that looks after databases signs nothing and leaves no secret behind.
        None if schema != ControlSchema::AsConfigured => Ok(keyfile::random().into_bytes()),
        None => keyfile::load_or_create(&config.data_dir.join("secrets").join("jwt.key")),
    }
}

/// Limits of the control database and of each product database.
fn limits(config: &Config) -> Limits {
    Limits {
        max_connections: config.database.max_connections_per_database,
        acquire_timeout: Duration::from_secs(config.database.acquire_timeout_seconds),
        idle_timeout: Duration::from_secs(config.tenancy.idle_seconds),
        statement_timeout: Duration::from_secs(config.database.statement_timeout_seconds),
    }
}

fn settings(config: &Config) -> Result<Settings> {
    // A product database takes up to its share of the total. The control database has one share for itself, and one is kept
    // for what comes and goes: databases that are being made, and connections that the server has not yet let go of.
    let shares = (config.database.max_connections_total / config.database.max_connections_per_database.max(1)).max(3);
    let by_connections = usize::try_from(shares - 2).unwrap_or(usize::MAX);
    let by_number = usize::try_from(config.tenancy.max_open_databases).unwrap_or(usize::MAX);
    let postgres = !is_sqlite(&config.product_database_template());
    Ok(Settings {
        mode: config.tenancy.mode,
        schema_mode: config.tenancy.schema_mode,
        single_tenant: config.tenancy.single_tenant.clone(),
        platform_tenant: config.platform.tenant_id.clone(),
        database_limits: limits(config),
        pool_limits: PoolLimits {
            max_open: if postgres { by_number.min(by_connections) } else { by_number },
            wait: Duration::from_secs(config.database.acquire_timeout_seconds),
            idle: Duration::from_secs(config.tenancy.idle_seconds),
        },
        template_folder: config.data_dir.join("templates"),
        installation: database_key(&control_target(config)?)?,
    })
}

fn is_sqlite(url: &str) -> bool {
    DatabaseUrl::parse(url).is_ok_and(|url| url.is_sqlite())
}

fn login_rules(config: &Config) -> LoginRules {
    LoginRules {
        per_account: config.auth.login_max_failures_per_account,
        per_address: config.auth.login_max_failures_per_address,
        window: Duration::from_secs(config.auth.login_window_seconds),
    }
}

fn control_target(config: &Config) -> Result<DatabaseUrl> {
    DatabaseUrl::parse(&config.identity_database_url())
        .map_err(|reason| Error::config(format!("database.identity_url: {reason}")))
}

/// The control database, at the present schema.
async fn open_control(config: &Config, schema: ControlSchema) -> Result<Db> {
    let target = control_target(config)?;
    let create = match schema {
        ControlSchema::AsConfigured => config.tenancy.schema_mode == SchemaMode::CreateAll,
        ControlSchema::Create => true,
        ControlSchema::Inspect => false,
    };
    let opened = if create {
        db::connect_or_create(&target, limits(config)).await
    } else {
        db::connect(&target, limits(config)).await
    };
    let control = opened.map_err(|error| unreachable(&target, error))?;
    if schema != ControlSchema::AsConfigured {
        return Ok(control);
    }
    if create {
        db::upgrade::<ControlList>(&control).await?;
        return Ok(control);
    }
    match db::schema::<ControlList>(&control).await? {
        Some(found) if found.standing::<ControlList>().is_served() => Ok(control),
        Some(found) if found.standing::<ControlList>() == Standing::NewerRefused => {
            Err(Error::config("The control database cannot be used").caused_by(found.too_new::<ControlList>().chain()))
        }
        found => Err(Error::config(format!(
            "The control database has schema {}, and this binary needs {}; run: yuantus db upgrade",
            found.map_or_else(|| "none".to_owned(), |found| found.version),
            migration::latest::<ControlList>()
        ))),
    }
}

fn unreachable(target: &DatabaseUrl, error: Error) -> Error {
    let advice =
        if db::file_is_missing(target) { "it is not there; run: yuantus db upgrade" } else { "is it reachable?" };
    Error::config(format!("The control database {} cannot be opened: {advice}", target.redacted())).caused_by(error)
}

/// How long a content is kept that nothing refers to.
pub fn gc_grace(config: &Config) -> Duration {
    Duration::from_secs(config.storage.gc_grace_hours.saturating_mul(3600))
}

fn file_rules(config: &Config) -> FileRules {
    FileRules {
        max_bytes: config.storage.max_file_bytes,
        previews: config.preview.enabled,
        link_life: Duration::from_secs(config.storage.link_seconds),
        upload_life: Duration::from_secs(config.storage.upload_session_hours * 3600),
        verify_in_request: VERIFY_IN_REQUEST,
    }
}

fn preview_rules(config: &Config) -> PreviewRules {
    let preview = &config.preview;
    let bounds = Bounds { memory_bytes: preview.memory_bytes, cpu_seconds: preview.cpu_seconds };
    PreviewRules {
        enabled: preview.enabled,
        max_bytes: preview.max_bytes,
        renderer: Renderer::new(config.program(), bounds, Duration::from_secs(preview.seconds)),
    }
}

/// The storage that the configuration names.
pub fn storage_target(config: &Config) -> StorageTarget {
    match config.storage.kind {
        StorageKind::Local => StorageTarget::Local { path: config.local_storage_path() },
        StorageKind::Memory => StorageTarget::Memory,
        StorageKind::S3 => {
            let s3 = &config.storage.s3;
            StorageTarget::S3(S3Target {
                endpoint_url: s3.endpoint_url.clone(),
                public_endpoint_url: s3.public_endpoint_url.clone(),
                bucket: s3.bucket.clone(),
                region: s3.region.clone(),
                access_key_id: s3.access_key_id.clone(),
                secret_access_key: s3.secret_access_key.as_ref().map(|secret| secret.expose().to_owned()),
                virtual_host_style: s3.virtual_host_style,
                encryption: match s3.server_side_encryption {
                    S3Encryption::None => Encryption::None,
                    S3Encryption::Aes256 => Encryption::Aes256,
                    S3Encryption::Kms => Encryption::Kms { key_id: s3.kms_key_id.clone() },
                },
            })
        }
    }
}

/// Seeds a product database with the model; the actor is the program, the organisation the database's first.
fn seed(storage: Storage) -> Seed {
    Arc::new(move |db, tenant| {
        let storage = storage.clone();
        async move {
            let org = OrgId::new("org-1")?;
            let store = storage.bind(&tenant, &org);
            seed_model(&Ctx::on(Actor::System { name: "provision" }, tenant, org, db, store)).await?;
            Ok(())
        }
        .boxed()
    })
}
