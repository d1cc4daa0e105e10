//! The plugins that every build has.

use serde_json::json;

use super::{Call, Manifest, Method, Plugin, Reply, Route};
use crate::error::Result;

/// In the order in which they are listed.
pub fn bundled() -> Vec<Box<dyn Plugin>> {
    vec![Box::new(Demo)]
}

/// Shows that plugins work, and answers to a ping.
struct Demo;

impl Plugin for Demo {
    fn manifest(&self) -> Manifest {
        Manifest {
            id: "yuantus-demo",
            mount: "demo",
            name: "Yuantus Demo Plugin",
            description: "Answers to a ping, to show that plugins work",
            author: "YuantusPLM",
            category: "demo",
            tags: &["demo", "plugin"],
            ..Manifest::default()
        }
    }

    fn routes(&self) -> Vec<Route> {
        let schema = json!({
            "type": "object", "required": ["ok", "plugin", "message"],
            "properties": {
                "ok": {"type": "boolean"}, "plugin": {"type": "string"}, "message": {"type": "string"},
            }
        });
        vec![Route::new(Method::Get, "/ping", "Ping the demo plugin", ping).answering(schema)]
    }
}

async fn ping(_: Call) -> Result<Reply> {
    Ok(Reply::ok(json!({ "ok": true, "plugin": "yuantus-demo", "message": "pong" })))
}
