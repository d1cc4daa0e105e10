//! `yuantus config`: what is set, and where.

use clap::Subcommand;

use super::print;
use crate::config::{Loaded, show};
use crate::error::Result;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every value with its source; secrets are hidden
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(command: &ConfigCommand, loaded: &Loaded) -> Result<()> {
    let ConfigCommand::Show { json } = command;
    let settings = show(loaded)?;
    if *json {
        return print::json(&settings);
    }
    let rows: Vec<Vec<String>> = settings
        .iter()
        .map(|setting| {
            let value = match &setting.value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            vec![setting.key.clone(), value, setting.source.clone()]
        })
        .collect();
    print::table(&["KEY", "VALUE", "SOURCE"], &rows)
}
