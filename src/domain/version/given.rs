//! What clients may tell with a check-out or check-in. Pure.

use serde_json::Value;

use super::model::LockContext;
use crate::domain::meta::Values;
use crate::error::{Error, Result};

/// The longest comment.
const MAX_COMMENT: usize = 2000;
const MAX_HOST: usize = 255;
const MAX_PATH: usize = 4096;
/// The most bytes of JSON that a client tells of itself.
const MAX_INFO: usize = 16 << 10;
const MAX_DEPTH: usize = 32;

/// A comment without the space around it; none where nothing is left.
pub(super) fn comment(given: Option<String>) -> Result<Option<String>> {
    text("comment", given, MAX_COMMENT)
}

pub(super) fn context(given: LockContext) -> Result<LockContext> {
    Ok(LockContext {
        client_host: text("client_host", given.client_host, MAX_HOST)?,
        workspace_path: text("client_workspace_path", given.workspace_path, MAX_PATH)?,
        client_info: given.client_info.map(info).transpose()?,
    })
}

pub(super) fn text(name: &str, given: Option<String>, most: usize) -> Result<Option<String>> {
    let refuse = |rule, message: String| Err(Error::invalid_field(rule, &["body", name], message));
    let given = given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match &given {
        Some(text) if text.chars().count() > most => refuse("string_too_long", format!("At most {most} characters")),
        Some(text) if text.contains('\0') => refuse("value_error", "NUL characters are not allowed".to_owned()),
        _ => Ok(given),
    }
}

fn info(given: Values) -> Result<Values> {
    let refuse = |message: String| Err(Error::invalid_field("value_error", &["body", "client_info"], message));
    let size = serde_json::to_vec(&given).map_or(usize::MAX, |written| written.len());
    if size > MAX_INFO {
        return refuse(format!("At most {MAX_INFO} bytes of JSON"));
    }
    if !given.iter().all(|(name, value)| !name.contains('\0') && is_storable(value, 1)) {
        return refuse(format!("Texts without NUL characters, at most {MAX_DEPTH} levels deep"));
    }
    Ok(given)
}

fn is_storable(value: &Value, depth: usize) -> bool {
    depth < MAX_DEPTH
        && match value {
            Value::String(text) => !text.contains('\0'),
            Value::Array(list) => list.iter().all(|value| is_storable(value, depth + 1)),
            Value::Object(map) => map.iter().all(|(name, value)| !name.contains('\0') && is_storable(value, depth + 1)),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blank_texts_are_none_and_long_ones_are_refused_by_name() {
        assert_eq!(comment(Some("  ".to_owned())).unwrap(), None);
        assert_eq!(comment(Some(" erste Änderung ".to_owned())).unwrap().as_deref(), Some("erste Änderung"));
        for (given, field) in [
            (LockContext { client_host: Some("x".repeat(256)), ..LockContext::default() }, "client_host"),
            (
                LockContext { workspace_path: Some("/a\0b".to_owned()), ..LockContext::default() },
                "client_workspace_path",
            ),
        ] {
            assert_eq!(context(given).unwrap_err().problems()[0].loc, ["body", field]);
        }
    }

    #[test]
    fn what_a_client_tells_of_itself_has_a_bound() {
        let given = |value: Value| LockContext { client_info: value.as_object().cloned(), ..LockContext::default() };
        assert!(context(given(json!({"app": {"name": "CAD", "版本": [1, 2.5, null]}}))).is_ok());
        let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
        for bad in [json!({"a": "x".repeat(MAX_INFO)}), json!({"a": ["\0"]}), json!({"\0": 1}), json!({"a": deep})] {
            assert_eq!(context(given(bad)).unwrap_err().problems()[0].loc, ["body", "client_info"]);
        }
    }
}
