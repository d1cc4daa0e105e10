//! The program `yuantus`: reads the command, runs it, and turns its error into an exit code.

use std::process::ExitCode;

use yuantus::cli;

fn main() -> ExitCode {
    cli::main_with(Vec::new)
}
