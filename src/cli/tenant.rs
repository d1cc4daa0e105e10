//! `yuantus tenant`: what the platform's administrators do over HTTP, for whoever has the machine.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{command_app, print};
use crate::app::{App, ControlSchema};
use crate::config::{Loaded, keyfile};
use crate::domain::identity::{self, NewTenant, NewUser, TenantOverview};
use crate::error::{Error, Kind, Result};

#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Create a tenant with its first organisation, database and administrator; repeating finishes what is missing
    Create(Create),
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
        TenantCommand::Resume { id } => {
            identity::resume_tenant(&ctx, &id).await?;
            print::line(format!("Tenant {id} is served again."))
        }
    }
}

async fn create_tenant(create: Create, app: &App) -> Result<()> {
    let generated = create.admin_password.is_none();
    let password = create.admin_password.unwrap_or_else(|| keyfile::random()[..PASSWORD_LENGTH].to_owned());
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
    match identity::create_tenant(&app.platform("cli"), new).await {
        Ok(_) => {}
        Err(error) if error.kind() == Kind::Conflict && error.code_name().is_none() => {
            return print::line(format!("Tenant {} exists already and is complete; nothing was changed.", create.id));
        }
        Err(error) => return Err(error),
    }
    if create.json {
        let password = generated.then_some(password);
        return print::json(&json!({
            "tenant_id": create.id, "org_id": create.org,
            "admin_username": create.admin_username, "generated_password": password,
        }));
    }
    print::line(format!("Tenant {} with organisation {} is ready.", create.id, create.org))?;
    let shown = if generated { format!("{password} (generated; shown only now)") } else { "as given".to_owned() };
    print::line(format!("  user      {}\n  password  {shown}", create.admin_username))
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
            vec![org.id.clone(), org.name.clone(), active.to_owned(), org.database.clone(), version]
        })
        .collect();
    print::table(&["ORG", "NAME", "STATE", "DATABASE", "SCHEMA"], &rows)
}
