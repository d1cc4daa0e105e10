//! What can go wrong, in words of the product.
//!
//! An [`Error`] says what happened, to whom it matters and what to do next. It knows nothing of HTTP: `api::error` maps
//! each [`Kind`] to a status, `main` maps it to an exit code. Internal causes stay in `source`, for the log only.

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// The result of everything below `api`.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// The few classes of failure that callers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request contradicts a rule that needs no data to check.
    BadRequest,
    /// Values do not fit; `problems` names each field.
    Invalid,
    /// Who is calling is unknown.
    Unauthenticated,
    /// The caller is known, may know the thing exists, and may not do this.
    Forbidden,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The present state does not allow it.
    Conflict,
    /// A body or file is larger than allowed.
    TooLarge,
    /// A part of a content that does not exist was asked for.
    OutOfRange,
    /// A quota or rate is used up.
    LimitReached,
    /// It cannot be served now and can be tried again.
    Unavailable,
    /// A setting is wrong. Stops the start.
    Config,
    /// A defect or a broken part; details go to the log, never to a caller.
    Internal,
}

/// One value that does not fit, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Machine name of the rule: `missing`, `type_error`, `enum`, `value_error`, `string_too_long` …
    pub rule: String,
    /// Where: `["body", "properties", "cost"]`, `["query", "item_id"]`.
    pub loc: Vec<String>,
    /// For a person: what is expected.
    pub message: String,
}

impl Problem {
    pub fn new(rule: &str, loc: &[&str], message: impl Into<String>) -> Self {
        Self {
            rule: rule.to_owned(),
            loc: loc.iter().map(|part| (*part).to_owned()).collect(),
            message: message.into(),
        }
    }
}

/// What happened, with a stable `code` where clients branch on it.
///
/// One pointer wide, since every fallible function returns it.
#[derive(Debug)]
pub struct Error(Box<Facts>);

#[derive(Debug)]
struct Facts {
    kind: Kind,
    code: Option<&'static str>,
    message: String,
    user_message: Option<String>,
    details: Option<Value>,
    problems: Vec<Problem>,
    retry_after_seconds: Option<u64>,
    source: Option<Source>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            kind,
            code: None,
            message: message.into(),
            user_message: None,
            details: None,
            problems: Vec::new(),
            retry_after_seconds: None,
            source: None,
        }))
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, message)
    }

    /// Values that do not fit. The message is the first problem's; an empty list is a caller's mistake and reads as such.
    pub fn invalid(problems: Vec<Problem>) -> Self {
        let message = problems.first().map_or_else(|| "invalid".to_owned(), |problem| problem.message.clone());
        let mut error = Self::new(Kind::Invalid, message);
        error.0.problems = problems;
        error
    }

    /// One value that does not fit.
    pub fn invalid_field(rule: &str, loc: &[&str], message: impl Into<String>) -> Self {
        Self::invalid(vec![Problem::new(rule, loc, message)])
    }

    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Adds the stable code and the sentence for a person; the response then carries an object instead of a text.
    #[must_use]
    pub fn code(mut self, code: &'static str, user_message: impl Into<String>) -> Self {
        self.0.code = Some(code);
        self.0.user_message = Some(user_message.into());
        self
    }

    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same problems, each of a part of the body that stands under `path` in the whole body.
    #[must_use]
    pub fn under(self, path: &[&str]) -> Self {
        let whole: Vec<&str> = std::iter::once("body").chain(path.iter().copied()).collect();
        self.moved("body", &whole)
    }

    /// The same problems, those whose place begins with `from` at the place `to` instead.
    #[must_use]
    pub fn moved(mut self, from: &str, to: &[&str]) -> Self {
        for problem in self.0.problems.iter_mut().filter(|problem| problem.loc.first().is_some_and(|at| at == from)) {
            problem.loc.splice(..1, to.iter().map(|part| (*part).to_owned()));
        }
        self
    }

    /// Adds a fact: to the details where there is a code, to the message where there is none. Problems name their place.
    #[must_use]
    pub fn noting(mut self, name: &str, value: Value) -> Self {
        let facts = &mut *self.0;
        if !facts.problems.is_empty() {
            return self;
        }
        if facts.code.is_none() {
            facts.message = format!("{} ({name}: {value})", facts.message);
            return self;
        }
        let details = facts.details.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Value::Object(details) = details {
            details.insert(name.to_owned(), value);
        }
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn code_name(&self) -> Option<&'static str> {
        self.0.code
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn user_message(&self) -> Option<&str> {
        self.0.user_message.as_deref()
    }

    pub fn details_value(&self) -> Option<&Value> {
        self.0.details.as_ref()
    }

    pub fn problems(&self) -> &[Problem] {
        &self.0.problems
    }

    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.0.retry_after_seconds
    }

    /// The message and every cause below it on one line, for logs and the command line.
    pub fn chain(&self) -> String {
        let mut text = self.0.message.clone();
        let mut cause: Option<&(dyn StdError + 'static)> = self.source();
        while let Some(error) = cause {
            let next = error.to_string();
            if !text.contains(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_lists_each_cause_once() {
        let io = std::io::Error::other("disk full");
        let error = Error::internal("cannot save the part").caused_by(io);
        assert_eq!(error.chain(), "cannot save the part: disk full");
    }

    #[test]
    fn problems_of_a_part_name_their_place_in_the_whole() {
        let error = Error::invalid(vec![
            Problem::new("missing", &["body", "id"], "x"),
            Problem::new("missing", &["query", "id"], "x"),
        ]);
        let error = error.under(&["items", "3"]).moved("query", &["body", "kwargs"]);
        assert_eq!(error.problems()[0].loc, ["body", "items", "3", "id"]);
        assert_eq!(error.problems()[1].loc, ["body", "kwargs", "id"]);
    }

    #[test]
    fn a_noted_fact_stands_in_the_details_or_the_message() {
        let coded = Error::conflict("no").code("NO", "No.").noting("index", 3.into());
        assert_eq!(coded.details_value(), Some(&serde_json::json!({ "index": 3 })));
        assert_eq!(Error::not_found("no").noting("index", 3.into()).message(), "no (index: 3)");
    }

    #[test]
    fn invalid_speaks_with_its_first_problem() {
        let error = Error::invalid_field("missing", &["query", "item_id"], "Field required");
        assert_eq!(error.message(), "Field required");
        assert_eq!(error.problems()[0].loc, ["query", "item_id"]);
    }
}
