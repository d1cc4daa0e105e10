//! A text that must not be seen: it is read on purpose only, with [`Secret::expose`].

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// What stands in place of a secret wherever settings are shown.
pub const HIDDEN: &str = "********";

/// A setting that never appears in logs, messages or listings.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Hides what may be a password in a URL or connection text, valid or not: the part between `:` and the last `@`, and
/// everything after `password=` up to `&`. It rather hides too much than too little.
pub fn redact(text: &str) -> String {
    if text.starts_with("sqlite:") {
        return text.to_owned();
    }
    hide_password_parameter(&hide_password_of_user(text))
}

fn hide_password_of_user(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(start);
    match rest.rsplit_once('@') {
        Some((login, place)) => match login.split_once(':') {
            Some((user, _)) => format!("{scheme}{user}:{HIDDEN}@{place}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

fn hide_password_parameter(text: &str) -> String {
    const NAME: &str = "password=";
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find(NAME) {
        let (before, value) = rest.split_at(at + NAME.len());
        shown.push_str(before);
        shown.push_str(HIDDEN);
        rest = value.find('&').map_or("", |end| &value[end..]);
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_only_on_purpose() {
        let secret = Secret::new("k9");
        assert_eq!(format!("{secret} {secret:?} {}", serde_json::to_string(&secret).unwrap()), {
            format!("{HIDDEN} {HIDDEN} \"{HIDDEN}\"")
        });
        assert_eq!(secret.expose(), "k9");
    }

    #[test]
    fn passwords_disappear_from_urls_valid_or_not() {
        for (text, shown) in [
            ("postgres://u:p@h/db", "postgres://u:********@h/db"),
            ("postgres://u:p/@:?x@h/db", "postgres://u:********@h/db"),
            ("postgresql+psycopg://u@h/db", "postgresql+psycopg://u@h/db"),
            ("postgres://h/db?user=u&password=p&x=1", "postgres://h/db?user=u&password=********&x=1"),
            ("host=h PASSWORD=p q", "host=h PASSWORD=********"),
            ("u:p@h/db", "u:********@h/db"),
            ("sqlite:////a:b@c.db", "sqlite:////a:b@c.db"),
            ("http://s3:9000", "http://s3:9000"),
        ] {
            assert_eq!(redact(text), shown);
        }
    }
}
