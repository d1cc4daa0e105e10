//! `yuantus tenant place`: where an organisation shall live, before its database is made.

use std::io::Read;

use clap::Args;

use super::print;
use crate::app::App;
use crate::config::Secret;
use crate::domain::identity;
use crate::error::{Error, Result};
use crate::storage::ObjectPlace;
use crate::tenancy::Wanted;
use crate::types::{OrgId, TenantId};

/// Choose where an organisation shall live that has no database yet: another database server, bucket or prefix
///
/// What is not given stays as configured; repeating replaces the choice. `tenant create` then makes the database there.
#[derive(Debug, Args)]
pub struct Place {
    /// The tenant; made when missing
    id: String,
    #[arg(long, default_value = "org-1")]
    org: String,
    /// postgresql://user:password@host:5432/NAME or sqlite:////path/to/file.db; - reads it from standard input, so that the
    /// password is in no list of processes
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Another bucket of the configured S3 server
    #[arg(long)]
    bucket: Option<String>,
    /// Begins the key of every object, as in eu/west
    #[arg(long)]
    prefix: Option<String>,
    /// The organisation has files, and they have been copied there (yuantus storage copy): servers use that place within a
    /// second. Without --bucket and --prefix, the configured place
    #[arg(long, conflicts_with = "database_url")]
    files_copied: bool,
}

pub async fn run(place: Place, app: &App) -> Result<()> {
    if place.files_copied {
        let objects = ObjectPlace::new(place.bucket.as_deref(), place.prefix.as_deref())?;
        let (tenant, org) = (TenantId::new(place.id)?, OrgId::new(place.org)?);
        identity::move_files(&app.platform("cli"), &tenant, &org, &objects).await?;
        return print::line(format!(
            "{tenant}/{org} has its files there now; copy once more what was uploaded meanwhile"
        ));
    }
    if place.database_url.is_none() && place.bucket.is_none() && place.prefix.is_none() {
        return Err(Error::bad_request("Give --database-url, --bucket or --prefix"));
    }
    let wanted = Wanted {
        database_url: place.database_url.map(given_or_read).transpose()?,
        objects: ObjectPlace::new(place.bucket.as_deref(), place.prefix.as_deref())?,
    };
    let (tenant, org) = (TenantId::new(place.id)?, OrgId::new(place.org)?);
    identity::place_org(&app.platform("cli"), &tenant, &org, &wanted).await?;
    print::line(format!("{tenant}/{org} has its place; make it with: yuantus tenant create {tenant} --org {org}"))
}

fn given_or_read(text: String) -> Result<Secret> {
    if text != "-" {
        return Ok(Secret::new(text));
    }
    let mut read = String::new();
    let done = std::io::stdin().read_to_string(&mut read);
    done.map_err(|error| Error::bad_request("Standard input cannot be read").caused_by(error))?;
    Ok(Secret::new(read.trim()))
}
