//! The body of a delivery: that something happened and to what, never the contents of an item. Whoever wants those asks for
//! them, with rights of its own.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::context::Ctx;
use crate::jobs::Event;

/// What the outbox says about the subject of a change.
pub struct Subject<'a>(pub &'a Event);

impl<'a> Subject<'a> {
    pub fn text(&self, field: &str) -> Option<&'a str> {
        self.0.payload.get(field).and_then(Value::as_str)
    }

    pub fn item_type(&self) -> &'a str {
        self.text("subject_type").unwrap_or_default()
    }

    pub fn id_of(&self, field: &str) -> Option<Uuid> {
        self.text(field).and_then(|text| text.parse().ok())
    }
}

/// The body of the `index`th event of a change, with the event's id: a receiver that gets it twice knows it by that.
pub fn body(ctx: &Ctx, name: &str, index: u8, event: &Event) -> (Uuid, Value) {
    let subject = Subject(event);
    let id = Uuid::from_u128(event.id.as_u128() ^ u128::from(index));
    let mut about = json!({
        "type": subject.item_type(), "id": subject.text("subject_id"), "number": subject.text("number"),
        "state": subject.text("state"),
    });
    for field in ["previous_state", "parent_id", "child_id", "change", "item_id"] {
        let value = match field {
            "parent_id" => subject.text("source_id"),
            "child_id" => subject.text("related_id"),
            "change" => event.topic.strip_prefix("relationship."),
            _ => subject.text(field),
        };
        if let Some(value) = value {
            about[field] = value.into();
        }
    }
    let actor = event.payload.get("actor_id").cloned().unwrap_or_default();
    (id, framed(ctx, id, name, event.created_at, &actor, about))
}

/// The body of an event that is sent to try a webhook.
pub fn test_body(ctx: &Ctx, id: Uuid, name: &str, webhook: Uuid) -> Value {
    let subject = json!({ "type": "Webhook", "id": webhook, "number": null, "state": null });
    framed(ctx, id, name, ctx.now(), &json!(ctx.actor.user_id()), subject)
}

fn framed(ctx: &Ctx, id: Uuid, name: &str, at: DateTime<Utc>, actor: &Value, subject: Value) -> Value {
    json!({
        "id": id, "event": name, "occurred_at": at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "tenant_id": ctx.tenant, "org_id": ctx.org, "actor_id": actor, "subject": subject,
    })
}
