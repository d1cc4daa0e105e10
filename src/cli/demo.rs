//! `yuantus start --demo`: a tenant with a sample product, and a login that this installation generates once.

use std::path::PathBuf;

use super::org_ctx;
use crate::app::App;
use crate::config::keyfile;
use crate::domain::identity::{self, NewTenant, NewUser};
use crate::domain::sample::{SampleReport, seed_sample};
use crate::error::{Error, Kind, Result};

const TENANT: &str = "demo";
const ORG: &str = "org-1";
const USER: &str = "admin";

/// What a person needs to try it.
pub struct Demo {
    pub tenant: &'static str,
    pub org: &'static str,
    pub username: &'static str,
    pub password: String,
    pub sample: SampleReport,
}

/// Makes what is missing of the demonstration; repeating changes nothing.
pub async fn prepare(app: &App) -> Result<Demo> {
    let password = password(app)?;
    let new = NewTenant {
        id: TENANT.to_owned(),
        name: Some("Demonstration".to_owned()),
        is_active: true,
        org_id: Some(ORG.to_owned()),
        admin: Some(NewUser {
            id: None,
            username: USER.to_owned(),
            password: password.clone(),
            email: None,
            is_superuser: true,
        }),
    };
    match identity::create_tenant(&app.platform("demo"), new).await {
        Err(error) if error.kind() != Kind::Conflict => return Err(error),
        _ => {}
    }
    let sample = seed_sample(&org_ctx(app, TENANT, ORG).await?).await?;
    Ok(Demo { tenant: TENANT, org: ORG, username: USER, password, sample })
}

/// Generated at the first start and kept beside the signing secret, so that later starts print the same.
fn password(app: &App) -> Result<String> {
    let path: PathBuf = app.config.data_dir.join("secrets").join("demo.password");
    String::from_utf8(keyfile::load_or_create(&path)?)
        .map_err(|_| Error::config(format!("{} is no text; remove it and start again", path.display())))
}
