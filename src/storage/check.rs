//! A check of the storage, for the operator who runs it: what was looked at, what came of it, what to do.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    /// Files work; something beside them should be mended.
    Warning,
    Failed,
    /// It does not apply to this storage, or what it needs failed before.
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `bucket`, `directory`, `write`, `read`, `delete`, `unfinished_uploads`, `links`, `clock`
    pub check: &'static str,
    pub result: Verdict,
    pub detail: String,
    /// What to do, the likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}

impl Check {
    pub(super) fn new(check: &'static str, result: Verdict, detail: impl Into<String>) -> Self {
        Self { check, result, detail: detail.into(), advice: Vec::new() }
    }

    pub(super) fn passed(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Passed, detail)
    }

    pub(super) fn failed(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Failed, detail)
    }

    #[must_use]
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    pub fn is_failed(&self) -> bool {
        self.result == Verdict::Failed
    }
}
