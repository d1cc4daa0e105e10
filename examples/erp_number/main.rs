//! A build of Yuantus with one plugin more: `cargo run --example erp_number -- start`.

mod plugin;

use std::process::ExitCode;

fn main() -> ExitCode {
    yuantus::cli::main_with(|| vec![Box::new(plugin::ErpNumber)])
}
