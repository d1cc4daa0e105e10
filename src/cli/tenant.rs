//! `yuantus tenant`: what the platform's administrators do over HTTP, for whoever has the machine.

mod delete;
mod place;
mod quota;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{command_app, print};
use crate::app::{App, ControlSchema};
use crate::config::{Loaded, keyfile};
use crate::domain::identity::{self, NewTenant, NewUser, OrgOverview, TenantOverview};
use crate::error::{Error, Kind, Result};
use crate::types::TenantId;

#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Create a tenant with its first organisation, database and administrator; repeating finishes what is missing
    Create(Create),
    Place(place::Place),
    Delete(delete::Delete),
    Quota(quota::Quota),
    /// List all tenants
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one tenant with its organisations and databases
    Show {
        /// The tenant
        id: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Stop serving a tenant; its data stays
    Suspend {
        /// The tenant
        id: String,
        /// What its users are told
        #[arg(long)]
        reason: Option<String>,
    },
    /// Give a user a new password and end its sessions
    ResetPassword {
        /// The tenant
        id: String,
        #[arg(long, default_value = "admin")]
        username: String,
        /// Generated and printed, unless given
        #[arg(long)]
        password: Option<String>,
    },
    /// Serve a suspended tenant again
    Resume {
        /// The tenant
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct Create {
    /// 1 to 63 characters a-z, 0-9 and inner hyphens
    id: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// Its first organisation
    #[arg(long, default_value = "org-1")]
    org: String,
    #[arg(long, default_value = "admin")]
    admin_username: String,
    /// Generated and printed once, unless given
    #[arg(long)]
    admin_password: Option<String>,
    #[arg(long)]
    admin_email: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(command: TenantCommand, loaded: Loaded) -> Result<()> {
    let app = command_app(loaded, ControlSchema::AsConfigured).await?;
    let done = execute(command, &app).await;
    app.close().await;
    done
}

async fn execute(command: TenantCommand, app: &App) -> Result<()> {
    let ctx = app.platform("cli");
    match command {
        TenantCommand::Create(create) => create_tenant(create, app).await,
        TenantCommand::Place(command) => place::run(command, app).await,
        TenantCommand::Delete(command) => delete::run(command, app).await,
        TenantCommand::Quota(command) => quota::run(command, app).await,
        TenantCommand::List { json } => {
            let tenants = identity::tenant_overviews(&ctx).await?;
            if json { print::json(&tenants) } else { print_list(&tenants) }
        }
        TenantCommand::Show { id, json } => {
            let tenants = identity::tenant_overviews(&ctx).await?;
            let tenant = tenants.into_iter().find(|overview| overview.tenant.id == id);
            let tenant =
                tenant.ok_or_else(|| Error::not_found(format!("Tenant {id} not found; see: yuantus tenant list")))?;
            if json { print::json(&tenant) } else { print_one(&tenant) }
        }
        TenantCommand::Suspend { id, reason } => {
            identity::suspend_tenant(&ctx, &id, reason).await?;
            print::line(format!("Tenant {id} is suspended; its users are refused within a second."))
        }
        TenantCommand::ResetPassword { id, username, password } => reset_password(app, &id, &username, password).await,
        TenantCommand::Resume { id } => {
            identity::resume_tenant(&ctx, &id).await?;
            print::line(format!("Tenant {id} is served again."))
        }
    }
}

async fn create_tenant(create: Create, app: &App) -> Result<()> {
    let generated = create.admin_password.is_none();
    let password = create.admin_password.unwrap_or_else(new_password);
    let new = NewTenant {
        id: create.id.clone(),
        name: create.name,
        is_active: true,
        org_id: Some(create.org.clone()),
        admin: Some(NewUser {
            id: None,
            username: create.admin_username.clone(),
            password: password.clone(),
            email: create.admin_email,
            is_superuser: true,
        }),
    };
    let ctx = app.platform("cli");
    let registered = match identity::register_tenant(&ctx, new).await {
        Ok(registered) => registered,
        Err(error) if error.kind() == Kind::Conflict && error.code_name().is_none() => {
            return exists(&create.id, create.json);
        }
        Err(error) => return Err(error),
    };
    // Said before the database is made: if that fails, the login is not lost with it.
    let secret = (generated && registered.admin_created).then_some(password);
    if let Some(secret) = secret.as_deref().filter(|_| !create.json) {
        print::line(format!("user {}, password {secret} (generated; shown only now)", create.admin_username))?;
    }
    let completed = identity::complete_tenant(&ctx, &registered).await;
    if create.json {
        print::json(&json!({
            "tenant_id": create.id, "org_id": create.org, "created": completed.is_ok(),
            "admin_username": create.admin_username, "generated_password": secret,
        }))?;
    }
    completed?;
    if create.json {
        return Ok(());
    }
    print::line(format!("Tenant {} with organisation {} is ready.", create.id, create.org))?;
    if !registered.admin_created {
        return print::line(format!(
            "The user {} was there already; a lost password is replaced by: yuantus tenant reset-password {} --username {}",
            create.admin_username, create.id, create.admin_username
        ));
    }
    Ok(())
}

fn exists(id: &str, json: bool) -> Result<()> {
    if json {
        return print::json(&json!({ "tenant_id": id, "created": false }));
    }
    print::line(format!("Tenant {id} exists already and is complete; nothing was changed."))
}

async fn reset_password(app: &App, id: &str, username: &str, given: Option<String>) -> Result<()> {
    let ctx = app.platform("cli");
    let tenant = identity::get_tenant(&ctx, id).await?;
    let within = ctx.within(TenantId::new(tenant.id)?);
    let user = identity::find_user(&within, username).await?;
    let generated = given.is_none();
    let password = given.unwrap_or_else(new_password);
    identity::reset_password(&within, user.id, &password).await?;
    let shown = if generated { format!("; the new password is {password}") } else { String::new() };
    print::line(format!("The password of {username} was replaced and its sessions end{shown}"))
}

fn new_password() -> String {
    keyfile::random().chars().take(PASSWORD_LENGTH).collect()
}

/// 132 bits: nobody guesses it, and it can still be typed.
const PASSWORD_LENGTH: usize = 22;

fn print_list(tenants: &[TenantOverview]) -> Result<()> {
    let rows: Vec<Vec<String>> = tenants
        .iter()
        .map(|overview| {
            let ready = overview.orgs.iter().filter(|org| org.database == "ready").count();
            vec![
                overview.tenant.id.clone(),
                overview.tenant.name.clone(),
                state(overview),
                overview.users.to_string(),
                overview.orgs.len().to_string(),
                format!("{ready} ready"),
            ]
        })
        .collect();
    print::table(&["TENANT", "NAME", "STATE", "USERS", "ORGS", "DATABASES"], &rows)
}

fn state(overview: &TenantOverview) -> String {
    let tenant = &overview.tenant;
    if tenant.is_active { tenant.state.clone() } else { "inactive".to_owned() }
}

fn print_one(overview: &TenantOverview) -> Result<()> {
    let tenant = &overview.tenant;
    print::line(format!("{}  {}  {}", tenant.id, tenant.name, state(overview)))?;
    if let Some(reason) = &tenant.state_reason {
        print::line(format!("reason: {reason}"))?;
    }
    print::line(format!("created: {}  users: {}", tenant.created_at.to_rfc3339(), overview.users))?;
    let rows: Vec<Vec<String>> = overview
        .orgs
        .iter()
        .map(|org| {
            let active = if org.is_active { "active" } else { "inactive" };
            let version = org.schema_version.clone().unwrap_or_else(|| "none".to_owned());
            vec![org.id.clone(), org.name.clone(), active.to_owned(), org.database.clone(), version, place_of(org)]
        })
        .collect();
    print::table(&["ORG", "NAME", "STATE", "DATABASE", "SCHEMA", "PLACE"], &rows)
}

/// Where an organisation lives, if not where the configuration says.
fn place_of(org: &OrgOverview) -> String {
    let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}{value}"));
    let parts = [named("", &org.database_url), named("bucket ", &org.bucket), named("prefix ", &org.prefix)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "as configured".to_owned() } else { parts.join(", ") }
}
