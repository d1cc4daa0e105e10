//! `yuantus search reindex`: indexes items, files and change orders anew, database by database, while the server runs or not.

use clap::{ArgGroup, Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{command_app, org_ctx, print};
use crate::app::{App, ControlSchema};
use crate::config::{Loaded, TenancyMode};
use crate::context::{Actor, Ctx};
use crate::domain::identity;
use crate::domain::search::{DEFAULT_BATCH, Indexes, Kind, Progress, Reindex, reindex_now};
use crate::error::{Error, Result};
use crate::jobs::Site;
use crate::tenancy::Placement;
use crate::types::TenantId;

#[derive(Debug, Subcommand)]
pub enum SearchCommand {
    /// Index what one, some or all databases hold anew, and drop what is no more
    #[command(after_help = EXAMPLES)]
    Reindex(SearchReindex),
}

const EXAMPLES: &str = "\
The index follows every change by itself, and a database that is upgraded to have one fills it by a job. This command is
for after a repair or a restore. Searches go on meanwhile and find what is indexed; so do changes. Where it is
interrupted, a worker goes on within minutes; it may also be run again.

Examples:
  yuantus search reindex --tenant acme --org org-1
  yuantus search reindex --tenant acme --item-type Part
  yuantus search reindex --all --json
  yuantus search reindex --tenant acme --reset      empty the index first: for one that is damaged";

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("scope").args(["all", "tenant"])))]
pub struct SearchReindex {
    /// Every tenant that is served
    #[arg(long)]
    all: bool,
    /// Only this tenant's databases
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// Only this organisation's database
    #[arg(long, value_name = "ORG", requires = "tenant")]
    org: Option<String>,
    /// Only items of this type; otherwise all items, files and change orders
    #[arg(long, value_name = "TYPE")]
    item_type: Option<String>,
    /// Empty the index first; until it is done, searches find only what is indexed again
    #[arg(long)]
    reset: bool,
    /// Documents in one transaction
    #[arg(long, value_name = "N", default_value_t = DEFAULT_BATCH, value_parser = clap::value_parser!(u64).range(1..=2000))]
    batch: u64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Done {
    database: String,
    /// Of all kinds together.
    indexed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub async fn run(command: SearchCommand, loaded: Loaded) -> Result<()> {
    let SearchCommand::Reindex(given) = command;
    let app = command_app(loaded, ControlSchema::AsConfigured).await?;
    let done = reindex(&given, &app).await;
    app.close().await;
    done
}

async fn reindex(given: &SearchReindex, app: &App) -> Result<()> {
    let mut done = Vec::new();
    if let (Some(tenant), Some(org)) = (&given.tenant, &given.org) {
        let ctx = org_ctx(app, tenant.as_str(), org).await?;
        done.push(one(given, format!("{tenant}/{org}"), Ok(ctx)).await);
    } else {
        for place in places(given, app).await? {
            let name = place.name();
            let ctx = site_ctx(app, &place).await;
            done.push(one(given, name, ctx).await);
        }
    }
    if given.json {
        print::json(&done)?;
    } else {
        for Done { database, indexed, error } in &done {
            match error {
                None => print::line(format!("{database}: {indexed} documents indexed"))?,
                Some(error) => print::line(format!("{database}: failed: {error}"))?,
            }
        }
    }
    match done.iter().filter(|one| one.error.is_some()).count() {
        0 => Ok(()),
        failed => {
            Err(Error::unavailable(format!("{failed} databases were not indexed; mend the cause and run it again")))
        }
    }
}

async fn places(given: &SearchReindex, app: &App) -> Result<Vec<Placement>> {
    if !given.all && given.tenant.is_none() && app.tenancy.mode() != TenancyMode::Single {
        let advice = "Say which databases: --tenant TENANT, or --all";
        return Err(Error::bad_request(advice));
    }
    let mut places = app.tenancy.served_places().await?;
    if let Some(tenant) = &given.tenant {
        places.retain(|place| place.tenant == tenant.as_str());
        if places.is_empty() {
            return Err(Error::not_found(format!("Tenant {tenant} has no database that is served"))
                .code("NO_DATABASE", "See: yuantus tenant list"));
        }
    }
    Ok(places)
}

/// The context of a database; one that several organisations share is written to in the name of the first.
async fn site_ctx(app: &App, place: &Placement) -> Result<Ctx> {
    let site = Site::open(&app.tenancy, place).await?;
    let mut org = place.org.clone();
    if org.is_empty() {
        let orgs = identity::list_orgs(&app.platform("cli").within(site.tenant.clone())).await?;
        org = orgs.into_iter().next().map(|org| org.id).unwrap_or_default();
    }
    let mut ctx = site.ctx(&org)?;
    ctx.actor = Actor::System { name: "cli" };
    Ok(ctx)
}

/// Indexes every kind of documents of one database; items alone where their type is named.
async fn one(given: &SearchReindex, database: String, ctx: Result<Ctx>) -> Done {
    let bar = bar(&database);
    let indexes = Indexes::standard();
    let work = async {
        let (ctx, mut before) = (ctx?, 0);
        for kind in indexes.kinds().filter(|kind| given.item_type.is_none() || *kind == Kind::Item) {
            let asked = Reindex {
                scope: given.item_type.clone(),
                reset: given.reset,
                limit: None,
                batch: given.batch,
                background: false,
            };
            let tell = |progress: Progress| {
                bar.set_length(before + progress.total.max(progress.indexed));
                bar.set_position(before + progress.indexed);
            };
            before += reindex_now(&ctx, &indexes, kind, asked, &tell).await?.indexed;
        }
        Ok(before)
    };
    let done: Result<u64> = work.await;
    bar.finish_and_clear();
    match done {
        Ok(indexed) => Done { database, indexed, error: None },
        Err(error) => Done { database, indexed: 0, error: Some(error.chain()) },
    }
}

/// A bar on a terminal, and nothing where there is none.
fn bar(database: &str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(database.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} documents {eta}") {
        bar.set_style(style);
    }
    bar
}
