//! Gives each part its number in the ERP system when it is released, and tells which number an item would get.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use yuantus::error::{Error, Result};
use yuantus::jobs::Event;
use yuantus::plugins::{
    AfterCommit, BeforeWrite, Call, Draft, HookCall, Manifest, Method, Moment, Plugin, Reply, Route, Values, refuse,
};

const PROPERTY: &str = "erp_number";

pub struct ErpNumber;

impl Plugin for ErpNumber {
    fn manifest(&self) -> Manifest {
        Manifest {
            id: "erp-number",
            mount: "erp",
            name: "ERP numbers",
            description: "Fills erp_number when a part is released",
            author: "Example",
            category: "erp",
            tags: &["erp", "numbering"],
            config_schema: json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "prefix": {"type": "string", "maxLength": 10, "default": "ERP-"},
                    "token": {"type": "string", "format": "password", "minLength": 8},
                }
            }),
            ..Manifest::default()
        }
    }

    fn routes(&self) -> Vec<Route> {
        vec![Route::new(Method::Get, "/numbers/:number", "The number that a part would get", preview)]
    }

    fn before_write(&self) -> Option<Arc<dyn BeforeWrite>> {
        Some(Arc::new(Fill))
    }

    fn after_commit(&self) -> Option<Arc<dyn AfterCommit>> {
        Some(Arc::new(Tell))
    }
}

async fn preview(call: Call) -> Result<Reply> {
    let number = call.params.get("number").map(String::as_str).unwrap_or_default();
    Ok(Reply::ok(json!({ "number": number, "erp_number": erp_number(&call.config, number) })))
}

fn erp_number(config: &Values, number: &str) -> String {
    let prefix = config.get("prefix").and_then(Value::as_str).unwrap_or_default();
    format!("{prefix}{number}")
}

/// Runs within the write, so that no part is released without its number.
struct Fill;

#[async_trait]
impl BeforeWrite for Fill {
    fn wants(&self, _: Moment, item_type: &str) -> bool {
        item_type == "Part"
    }

    async fn run(&self, call: &HookCall, draft: &Draft) -> Result<Values> {
        match draft.properties.get(PROPERTY) {
            Some(Value::String(given)) if given.contains(char::is_whitespace) => {
                Err(refuse(PROPERTY, "The ERP system takes no blanks in numbers"))
            }
            Some(_) => Ok(Values::new()),
            None if draft.releases() => {
                let number = draft.number.as_deref().ok_or_else(|| refuse("item_number", "It needs a number first"))?;
                Ok(Values::from_iter([(PROPERTY.to_owned(), erp_number(&call.config, number).into())]))
            }
            None => Ok(Values::new()),
        }
    }
}

/// Runs after the write, as often as it takes.
struct Tell;

#[async_trait]
impl AfterCommit for Tell {
    fn wants(&self, topic: &str) -> bool {
        topic == "item.promoted"
    }

    async fn run(&self, call: &HookCall, event: &Event) -> Result<()> {
        if event.payload.get("state").and_then(Value::as_str) != Some("Released") {
            return Ok(());
        }
        // Here the ERP system would be called, with the token of the configuration. It may hear of an event twice.
        match call.config.get("prefix") {
            Some(prefix) => tracing::info!(%prefix, subject = event.subject, "the ERP system is told"),
            None => return Err(Error::unavailable("The plugin has no prefix")),
        }
        Ok(())
    }
}
