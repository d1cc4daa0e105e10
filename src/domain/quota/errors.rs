//! What is said at a limit: the refusal, or the warning.

use serde_json::{Value, json};

use super::QUOTA_EXCEEDED;
use super::limits::Shortage;
use crate::context::TenantCtx;
use crate::error::{Error, Kind};
use crate::telemetry::metrics;
use crate::types::TenantId;

/// The refusal at a limit, with every resource that there is too little of.
pub fn exceeded(tenant: &TenantId, short: &[Shortage]) -> Error {
    for shortage in short {
        metrics::quota_refused(shortage.resource.as_str());
    }
    let resources: Vec<Value> = short
        .iter()
        .map(|short| {
            json!({
                "resource": short.resource.as_str(), "used": short.used, "limit": short.limit,
                "requested": short.requested, "remaining": short.remaining,
            })
        })
        .collect();
    let names: Vec<String> = short.iter().map(described).collect();
    Error::new(Kind::LimitReached, format!("The limits of tenant {tenant} are reached: {}", names.join(", ")))
        .code(
            QUOTA_EXCEEDED,
            "Your company has used up what it may use of this. Remove what is not needed any more, or ask your operator for more.",
        )
        .details(json!({ "tenant_id": tenant, "resources": resources }))
}

fn described(short: &Shortage) -> String {
    format!("{} {} of {}, {} more wanted", short.resource.as_str(), short.used, short.limit, short.requested)
}

/// The warning where limits do not bind: what the resource comes to, of how much.
pub fn warn(ctx: &TenantCtx, short: &[Shortage]) {
    for short in short {
        metrics::quota_passed(short.resource.as_str());
        let total = short.used.saturating_add(short.requested);
        ctx.notices.quota(format!("{} {total}/{}", short.resource.as_str(), short.limit));
    }
}
