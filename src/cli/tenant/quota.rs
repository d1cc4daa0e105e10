//! `yuantus tenant quota`: what a tenant may use at most and uses, and changing the former.

use clap::Args;
use serde_json::{Value, json};

use super::print;
use crate::app::App;
use crate::config::QuotaMode;
use crate::domain::quota::{self, LimitsChange, QuotaState, Resource};
use crate::error::Result;

/// Show what a tenant may use at most and what it uses, or change its limits
///
/// Limits hold for all organisations of the tenant together. A limit below what is used takes nothing away: only what would
/// add to it is refused.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Quota {
    /// The tenant
    id: String,
    #[arg(long, value_name = "N|none", value_parser = limit, allow_hyphen_values = true)]
    max_users: Option<Limit>,
    #[arg(long, value_name = "N|none", value_parser = limit, allow_hyphen_values = true)]
    max_orgs: Option<Limit>,
    /// Distinct contents; the same file a second time takes no room
    #[arg(long, value_name = "N|none", value_parser = limit, allow_hyphen_values = true)]
    max_files: Option<Limit>,
    /// A number of bytes, or 500M, 20G, 1T
    #[arg(long, value_name = "BYTES|none", value_parser = size, allow_hyphen_values = true)]
    max_storage_bytes: Option<Limit>,
    /// Unfinished jobs that somebody asked for
    #[arg(long, value_name = "N|none", value_parser = limit, allow_hyphen_values = true)]
    max_active_jobs: Option<Limit>,
    /// Jobs that run at the same time; more wait
    #[arg(long, value_name = "N|none", value_parser = limit, allow_hyphen_values = true)]
    max_processing_jobs: Option<Limit>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  yuantus tenant quota acme                                         look
  yuantus tenant quota acme --max-users 50 --max-storage-bytes 20G  set two limits, leave the others
  yuantus tenant quota acme --max-users none                        take one away";

/// A limit to be: none takes it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit(Option<i64>);

fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" {
        return Ok(Limit(None));
    }
    let number: Option<i64> = text.parse().ok().filter(|number| *number >= 0);
    number.map(|number| Limit(Some(number))).ok_or_else(|| "a whole number from 0 on, or none".to_owned())
}

fn size(text: &str) -> Result<Limit, String> {
    const UNITS: [(char, i64); 4] = [('K', 1 << 10), ('M', 1 << 20), ('G', 1 << 30), ('T', 1 << 40)];
    let unit = UNITS.into_iter().find(|(name, _)| text.to_uppercase().ends_with(*name));
    let Some((_, factor)) = unit else { return limit(text) };
    let number: Option<i64> = text[..text.len() - 1].parse().ok().filter(|number| *number >= 0);
    let bytes = number.and_then(|number| number.checked_mul(factor));
    bytes.map(|bytes| Limit(Some(bytes))).ok_or_else(|| "a number of bytes, as in 500M or 20G, or none".to_owned())
}

pub async fn run(quota: Quota, app: &App) -> Result<()> {
    let ctx = app.platform("cli");
    let change = LimitsChange {
        max_users: quota.max_users.map(|limit| limit.0),
        max_orgs: quota.max_orgs.map(|limit| limit.0),
        max_files: quota.max_files.map(|limit| limit.0),
        max_storage_bytes: quota.max_storage_bytes.map(|limit| limit.0),
        max_active_jobs: quota.max_active_jobs.map(|limit| limit.0),
        max_processing_jobs: quota.max_processing_jobs.map(|limit| limit.0),
    };
    let state = if change == LimitsChange::default() {
        quota::get_tenant_quota(&ctx, &quota.id, None).await?
    } else {
        quota::set_tenant_quota(&ctx, &quota.id, None, change).await?
    };
    if quota.json { print::json(&shown(&state)) } else { print_state(&state) }
}

/// As the API answers.
fn shown(state: &QuotaState) -> Value {
    let percent: serde_json::Map<String, Value> = Resource::ALL
        .into_iter()
        .map(|resource| (resource.as_str().to_owned(), json!(state.quota.percent(resource, state.usage))))
        .collect();
    let mut shown = json!(state);
    shown["usage_percent"] = Value::Object(percent);
    shown
}

fn print_state(state: &QuotaState) -> Result<()> {
    let row = |resource: Resource| {
        let limit = state.quota.of(resource);
        vec![
            resource.as_str().to_owned(),
            state.usage.of(resource).to_string(),
            limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string()),
            state.quota.percent(resource, state.usage).map_or_else(String::new, |percent| format!("{percent:.1} %")),
        ]
    };
    let rows: Vec<Vec<String>> = Resource::ALL.into_iter().map(row).collect();
    print::table(&["RESOURCE", "USED", "LIMIT", "USED OF IT"], &rows)?;
    let meaning = match state.mode {
        QuotaMode::Disabled => "Limits mean nothing here: quota.mode is disabled. Set it to soft or enforce.",
        QuotaMode::Soft => "Limits only warn here: quota.mode is soft.",
        QuotaMode::Enforce => return Ok(()),
    };
    print::line(meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_numbers_sizes_or_none() {
        for (text, expected) in [
            ("0", Some(Some(0))),
            ("12", Some(Some(12))),
            ("none", Some(None)),
            ("500K", Some(Some(512_000))),
            ("2g", Some(Some(2 << 30))),
            ("1T", Some(Some(1 << 40))),
            ("-1", None),
            ("-1G", None),
            ("1.5G", None),
            ("G", None),
            ("", None),
            ("9223372036854775807T", None),
            ("1Ğ", None),
        ] {
            assert_eq!(size(text).ok().map(|limit| limit.0), expected, "{text}");
        }
        assert!(limit("5K").is_err());
    }
}
