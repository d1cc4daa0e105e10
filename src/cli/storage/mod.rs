//! `yuantus storage`: the operator's side of the files.

mod bar;
mod copy;
mod fleet;
mod gc;
mod links;
mod status;
mod verify;

use clap::Subcommand;

use super::command_app;
use crate::app::ControlSchema;
use crate::config::Loaded;
use crate::error::Result;

#[derive(Debug, Subcommand)]
pub enum StorageCommand {
    /// Remove the contents that nothing refers to, and what uploads left behind
    Gc(gc::Gc),
    /// Read every content again and compare it with its checksum
    Verify(verify::Verify),
    /// How much each database's part of the storage holds
    Status(status::Status),
    /// Copy contents from one storage to another, each checked on the way; repeating goes on where it stopped
    Copy(copy::Copy),
    /// Make a link to a file and follow it; says why it does not work
    CheckLinks(links::CheckLinks),
}

pub async fn run(command: StorageCommand, loaded: Loaded) -> Result<()> {
    if let StorageCommand::CheckLinks(command) = command {
        return links::run(command, loaded).await;
    }
    let app = command_app(loaded, ControlSchema::AsConfigured).await?;
    let done = match command {
        StorageCommand::Copy(command) => copy::run(command, &app).await,
        StorageCommand::Gc(command) => gc::run(command, &app).await,
        StorageCommand::Verify(command) => verify::run(command, &app).await,
        StorageCommand::Status(command) => status::run(command, &app).await,
        // It needs no database.
        StorageCommand::CheckLinks(_) => Ok(()),
    };
    app.close().await;
    done
}
