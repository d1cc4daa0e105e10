//! The bounds of what may be asked for. Pure.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::JobRequest;
use crate::error::{Error, Problem, Result};
use crate::jobs::{JobFilter, LONGEST_FILE_ID, NewJob};
use crate::types::PageRequest;
use crate::types::text::hidden;

const LONGEST_TYPE: usize = 100;
const LONGEST_KEY: usize = 200;
const PRIORITIES: std::ops::RangeInclusive<i32> = 0..=1000;
const ATTEMPTS: std::ops::RangeInclusive<i32> = 1..=25;
/// A payload names things by their ids; contents belong in files.
const LARGEST_PAYLOAD: usize = 16 * 1024;
/// Deep enough for any payload of ids.
const DEEPEST_PAYLOAD: usize = 32;

/// The job that a request asks for. Fails with `Invalid`, naming every field that does not fit.
pub fn checked(request: JobRequest) -> Result<NewJob> {
    let mut problems = Vec::new();
    let mut refuse = |rule: &str, field: &str, message: String| {
        problems.push(Problem::new(rule, &["body", field], message));
    };
    if !is_type(&request.task_type) {
        refuse(
            "value_error",
            "task_type",
            format!("1 to {LONGEST_TYPE} letters, digits, dots, hyphens, underscores and colons"),
        );
    }
    if let Some(key) = request.dedupe_key.as_deref()
        && (key.is_empty() || key.chars().count() > LONGEST_KEY || hidden(key).is_some())
    {
        refuse("value_error", "dedupe_key", format!("1 to {LONGEST_KEY} visible characters"));
    }
    if !PRIORITIES.contains(&request.priority) {
        refuse("value_error", "priority", "0 to 1000; lower runs first".to_owned());
    }
    let attempts = request.max_attempts;
    if attempts.is_some_and(|attempts| !ATTEMPTS.contains(&attempts)) {
        refuse("value_error", "max_attempts", "1 to 25".to_owned());
    }
    if let Some(message) = payload_problem(&request.payload) {
        refuse("value_error", "payload", message);
    }
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    let payload = Value::Object(request.payload);
    let derived = request.dedupe.then(|| derived_key(&payload));
    let mut job = NewJob::new(request.task_type, payload);
    job.priority = request.priority;
    job.max_attempts = attempts.unwrap_or(job.max_attempts);
    job.dedupe_key = request.dedupe_key.or(derived);
    Ok(job)
}

/// Texts that no job can have are refused rather than not found: PostgreSQL could not even compare some of them.
pub fn check_filter(filter: &JobFilter) -> Result<()> {
    for (name, text) in [("task_type", &filter.task_type), ("file_id", &filter.file_id)] {
        if text.as_deref().is_some_and(|text| hidden(text).is_some()) {
            return Err(Error::invalid_field("value_error", &["query", name], "Visible characters only"));
        }
    }
    Ok(())
}

pub fn check_page(page: PageRequest, most: u64) -> Result<()> {
    if !(1..=most).contains(&page.limit) {
        return Err(Error::invalid_field("value_error", &["query", "limit"], format!("1 to {most}")));
    }
    if i64::try_from(page.offset).is_err() {
        return Err(Error::invalid_field("value_error", &["query", "offset"], "0 or more"));
    }
    Ok(())
}

fn is_type(name: &str) -> bool {
    let fits = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_' | ':');
    (1..=LONGEST_TYPE).contains(&name.len()) && name.chars().all(fits)
}

fn payload_problem(payload: &Map<String, Value>) -> Option<String> {
    let size = serde_json::to_vec(payload).map_or(usize::MAX, |written| written.len());
    if size > LARGEST_PAYLOAD {
        return Some(format!(
            "At most {LARGEST_PAYLOAD} bytes of JSON: name things by their ids, and put contents into files"
        ));
    }
    if has_nul_in(payload) {
        return Some("Texts without NUL characters".to_owned());
    }
    if payload.get("file_id").and_then(Value::as_str).is_some_and(|id| id.len() > LONGEST_FILE_ID) {
        return Some(format!("A file_id has at most {LONGEST_FILE_ID} bytes"));
    }
    let too_deep = payload.values().any(|value| depth(value) >= DEEPEST_PAYLOAD);
    too_deep.then(|| format!("At most {DEEPEST_PAYLOAD} levels deep"))
}

fn has_nul_in(object: &Map<String, Value>) -> bool {
    object.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(object) => has_nul_in(object),
        _ => false,
    }
}

fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => object.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The same for payloads that are equal, in whatever order their keys were written.
fn derived_key(payload: &Value) -> String {
    let mut text = String::new();
    canonical(payload, &mut text);
    let digest = Sha256::digest(text);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("payload:{hex}")
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in entries {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for value in values {
                canonical(value, out);
                out.push(',');
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(value: Value) -> JobRequest {
        let payload = value["payload"].as_object().cloned().unwrap_or_default();
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let number = |name: &str| value[name].as_i64().map(|number| i32::try_from(number).unwrap());
        JobRequest {
            task_type: text("task_type").unwrap_or_else(|| "cad_preview".to_owned()),
            payload,
            priority: number("priority").unwrap_or(10),
            max_attempts: number("max_attempts"),
            dedupe_key: text("dedupe_key"),
            dedupe: value["dedupe"] == true,
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let nested = (0..40).fold(json!(1), |inner, _| json!([inner]));
        for (value, field) in [
            (json!({"task_type": ""}), "task_type"),
            (json!({"task_type": "a b"}), "task_type"),
            (json!({"task_type": "x".repeat(101)}), "task_type"),
            (json!({"task_type": "预览"}), "task_type"),
            (json!({"task_type": "a\0"}), "task_type"),
            (json!({"dedupe_key": ""}), "dedupe_key"),
            (json!({"dedupe_key": "a\0"}), "dedupe_key"),
            (json!({"dedupe_key": "x".repeat(201)}), "dedupe_key"),
            (json!({"priority": -1}), "priority"),
            (json!({"priority": 1001}), "priority"),
            (json!({"max_attempts": 0}), "max_attempts"),
            (json!({"max_attempts": 26}), "max_attempts"),
            (json!({"payload": {"a": "x".repeat(20_000)}}), "payload"),
            (json!({"payload": {"a": [{"b\0": 1}]}}), "payload"),
            (json!({"payload": {"a": ["\0"]}}), "payload"),
            (json!({"payload": {"a": nested}}), "payload"),
            (json!({"payload": {"file_id": "文".repeat(67)}}), "payload"),
        ] {
            let error = checked(request(value.clone())).unwrap_err();
            assert_eq!(error.problems()[0].loc, ["body", field], "{value}");
        }
        let both = checked(request(json!({"priority": -1, "max_attempts": 0}))).unwrap_err();
        assert_eq!(both.problems().len(), 2);
        checked(request(json!({"task_type": "a.b-c_d:e", "dedupe_key": "料号 1", "priority": 0, "max_attempts": 25})))
            .unwrap();
    }

    #[test]
    fn a_key_is_given_or_derived_or_there_is_none() {
        let key = |value| checked(request(value)).unwrap().dedupe_key;
        assert_eq!(key(json!({"payload": {"a": 1}})), None);
        assert_eq!(key(json!({"dedupe_key": "k", "dedupe": true})), Some("k".to_owned()));
        let derived = key(json!({"payload": {"a": 1, "b": {"c": [1], "d": 2}}, "dedupe": true}));
        assert_eq!(derived, key(json!({"payload": {"b": {"d": 2, "c": [1]}, "a": 1}, "dedupe": true})));
        assert_ne!(derived, key(json!({"payload": {"a": 1, "b": {"c": [2], "d": 2}}, "dedupe": true})));
        assert!(derived.unwrap().starts_with("payload:"));
    }

    #[test]
    fn pages_and_filters_have_bounds() {
        let page = |limit, offset| PageRequest { limit, offset };
        for (page, fits) in [(page(1, 0), true), (page(500, 9), true), (page(0, 0), false), (page(501, 0), false)] {
            assert_eq!(check_page(page, 500).is_ok(), fits, "{page:?}");
        }
        assert!(check_page(page(1, u64::MAX), 500).is_err());
        let filter = |text: &str| JobFilter { file_id: Some(text.to_owned()), ..JobFilter::default() };
        assert!(check_filter(&filter("f\0")).is_err() && check_filter(&filter("文件")).is_ok());
    }
}
