//! The command line: one file per command. Each builds the application, calls what the API calls, and prints.

mod config;
mod db;
mod demo;
mod healthcheck;
mod import;
mod init_storage;
mod jobs;
mod preview;
mod print;
mod search;
mod seed;
mod start;
mod storage;
mod tenant;
mod worker;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::{Parser, Subcommand};

use crate::app::{App, ControlSchema};
use crate::config::{Config, Loaded, LogFormat};
use crate::context::{Actor, Ctx};
use crate::error::{Error, Kind, Result};
use crate::plugins::Plugin;
use crate::telemetry;
use crate::types::{OrgId, TenantId};

/// Product lifecycle management: parts, bills of materials, revisions and changes, one database per organisation.
///
/// Without any configuration everything is kept under ./data and served at http://127.0.0.1:7910.
#[derive(Debug, Parser)]
#[command(name = "yuantus", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// Settings file (TOML); the environment (YUANTUS_…) comes after it. Also YUANTUS_CONFIG.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  yuantus start --demo                     try it: a sample product, and a login that is printed
  yuantus tenant create acme               a company with its database and administrator
  yuantus start                            serve; the API describes itself at /docs
  yuantus config show                      every setting and where it comes from";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, and run the jobs unless a worker does
    Start(start::Start),
    /// Ask the server of this machine whether it is well; exit code 0 says yes
    Healthcheck(healthcheck::Healthcheck),
    /// Print the version
    Version,
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Print the OpenAPI document
    Openapi,
    /// Bring databases to the present schema, or see where they are
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Create, place, list, show, limit, suspend, resume and delete tenants
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Create a tenant, organisation and user where they are missing
    SeedIdentity(seed::SeedIdentity),
    /// Create a sample product where it is missing
    SeedData(seed::SeedData),
    /// Bring data in from files
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Make the search index anew
    #[command(subcommand)]
    Search(search::SearchCommand),
    /// Make the storage of files ready and try it
    InitStorage(init_storage::InitStorage),
    /// Copy, check and clean the storage of files
    #[command(subcommand)]
    Storage(storage::StorageCommand),
    /// Run the jobs of all tenants, where `start` does not (worker.enabled_in_process = false)
    Worker(worker::WorkerArgs),
    /// List, show, call off and repeat background jobs
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Create the database of an organisation and its item types where they are missing
    SeedMeta(seed::SeedMeta),
    /// Draw one file; the program runs itself so
    #[command(hide = true)]
    PreviewFile(preview::PreviewFile),
}

/// The plugins of this program beside the bundled ones; set once, before anything is built.
static PLUGINS: OnceLock<Plugins> = OnceLock::new();

/// Makes the plugins of a program.
pub type Plugins = fn() -> Vec<Box<dyn Plugin>>;

/// The whole of a program with plugins of its own: its `main` calls nothing else.
pub fn main_with(plugins: Plugins) -> ExitCode {
    // Nobody can have set it before `main`.
    let _ = PLUGINS.set(plugins);
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", explain(&error));
            exit_code(&error)
        }
    }
}

/// The application with the program's plugins.
async fn build(config: Config, control: ControlSchema) -> Result<App> {
    let plugins = PLUGINS.get().map_or_else(Vec::new, |plugins| plugins());
    App::build_with(config, control, plugins).await
}

/// Runs a command to its end.
pub fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Version => print::line(format!("yuantus {}", env!("CARGO_PKG_VERSION"))),
        Command::PreviewFile(command) => command.run(),
        Command::Healthcheck(command) => command.run(|| load(cli.config)),
        Command::Openapi => print::text(&crate::api::openapi_json()),
        Command::Config(command) => config::run(&command, &load(cli.config)?),
        Command::Start(command) => on_runtime(start::run(command, load(cli.config)?)),
        Command::Db(command) => on_runtime(db::run(command, load(cli.config)?)),
        Command::Tenant(command) => on_runtime(tenant::run(command, load(cli.config)?)),
        Command::SeedIdentity(command) => on_runtime(seed::identity(command, load(cli.config)?)),
        Command::SeedData(command) => on_runtime(seed::data(command, load(cli.config)?)),
        Command::Import(command) => on_runtime(import::run(command, load(cli.config)?)),
        Command::InitStorage(command) => on_runtime(init_storage::run(command, load(cli.config)?)),
        Command::Storage(command) => on_runtime(storage::run(command, load(cli.config)?)),
        Command::Worker(args) => on_runtime(worker::run(args, load(cli.config)?)),
        Command::Jobs(command) => on_runtime(jobs::run(command, load(cli.config)?)),
        Command::Search(command) => on_runtime(search::run(command, load(cli.config)?)),
        Command::SeedMeta(command) => on_runtime(seed::meta(command, load(cli.config)?)),
    }
}

fn load(file: Option<PathBuf>) -> Result<Loaded> {
    Config::load(file.as_deref())
}

fn on_runtime(work: impl Future<Output = Result<()>>) -> Result<()> {
    crate::storage::install_transport();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Error::internal("The runtime does not start").caused_by(error))?.block_on(work)
}

/// Starts logging as configured.
fn init_logging(config: &Config) -> Result<()> {
    let format = match config.logging.format {
        LogFormat::Auto => telemetry::LogFormat::Auto,
        LogFormat::Text => telemetry::LogFormat::Text,
        LogFormat::Json => telemetry::LogFormat::Json,
    };
    telemetry::metrics::install()?;
    telemetry::logging::init(&config.logging.level, format)
}

/// The application for a command that works and ends; it logs warnings only.
async fn command_app(loaded: Loaded, control: ControlSchema) -> Result<App> {
    telemetry::logging::init("warn", telemetry::LogFormat::Auto)?;
    build(loaded.config, control).await
}

/// The context of one organisation, acting as the command line.
async fn org_ctx(app: &App, tenant: &str, org: &str) -> Result<Ctx> {
    let (tenant, org) = (TenantId::new(tenant)?, OrgId::new(org)?);
    Ctx::open(&app.tenancy, Actor::System { name: "cli" }, tenant, org, None).await
}

/// Waits for SIGTERM or an interrupt from the keyboard.
async fn termination() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught; an interrupt ends the process");
            if interrupted.await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
    tracing::info!("ending: nothing new is taken, what is running finishes");
}

/// What a person is told when a command fails: the message, its causes, and each wrong value.
pub fn explain(error: &Error) -> String {
    let mut text = format!("error: {}", error.chain());
    if error.problems().len() > 1 || error.problems().iter().any(|problem| !problem.loc.is_empty()) {
        for problem in error.problems() {
            let place: Vec<&str> = problem.loc.iter().skip(1).map(String::as_str).collect();
            text.push_str(&format!("\n  {}: {}", place.join("."), problem.message));
        }
    }
    if let Some(advice) = error.user_message().filter(|advice| *advice != error.message()) {
        text.push_str(&format!("\n  {advice}"));
    }
    text
}

/// 2 for a wrong configuration (as for a wrong command line), 1 for everything else.
pub fn exit_code(error: &Error) -> ExitCode {
    ExitCode::from(if error.kind() == Kind::Config { 2 } else { 1 })
}
