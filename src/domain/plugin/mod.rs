//! What an organisation decides about plugins: which are active, and how they are configured. Who may, and the trace of it.
//!
//! Not here: plugins themselves, and how they are run (`plugins`).

mod manage;
mod model;

pub use manage::{activate, config, deactivate, get, list, put_config};
pub use model::{PluginConfig, PluginView};
