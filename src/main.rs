//! The program `yuantus`: reads the command, runs it, and turns its error into an exit code.

use std::process::ExitCode;

use clap::Parser;
use yuantus::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", cli::explain(&error));
            cli::exit_code(&error)
        }
    }
}
