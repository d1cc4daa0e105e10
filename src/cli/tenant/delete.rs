//! `yuantus tenant delete`: a tenant or organisation with everything in it, once that was asked for in so many words.

use clap::Args;

use super::print;
use crate::app::App;
use crate::domain::file;
use crate::domain::identity::{self, Losses};
use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId};

/// Delete a tenant, or one of its organisations, with its databases and files; its id is never used again
///
/// Repeating finishes what was interrupted.
#[derive(Debug, Args)]
pub struct Delete {
    /// The tenant
    id: String,
    /// Only this organisation
    #[arg(long)]
    org: Option<String>,
    /// Yes, all of it; without this the command says what would be lost and does nothing
    #[arg(long)]
    yes: bool,
}

pub async fn run(delete: Delete, app: &App) -> Result<()> {
    let ctx = app.platform("cli");
    let tenant = TenantId::new(delete.id)?;
    let org = delete.org.map(OrgId::new).transpose()?;
    let losses = identity::losses(&ctx, &tenant, org.as_ref()).await?;
    let what = org.as_ref().map_or_else(|| tenant.to_string(), |org| format!("{tenant}/{org}"));
    print::text(&listed(&what, &losses, org.is_some()))?;
    if !delete.yes {
        return Err(Error::bad_request("Nothing was deleted; repeat with --yes to lose all of this"));
    }
    match &org {
        Some(org) => identity::delete_org(&ctx, &tenant, org, file::abandon_all).await?,
        None => identity::delete_tenant(&ctx, &tenant, file::abandon_all).await?,
    }
    print::line(format!("{what} is deleted."))
}

fn listed(what: &str, losses: &Losses, org_only: bool) -> String {
    let mut text = format!("{what}:\n");
    for database in &losses.databases {
        text.push_str(&format!("  database {database}\n"));
    }
    text.push_str(&format!("  files of {}\n", losses.orgs.join(", ")));
    let users = if org_only { "memberships (the users stay in the tenant)" } else { "users" };
    text.push_str(&format!("  {} {users}\n", losses.users));
    text
}
