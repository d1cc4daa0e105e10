//! The checks that several sections share. They look at values only, and never at the disk or the network.

use std::ops::RangeInclusive;

use serde::de::value::StringDeserializer;
use serde::{Deserialize, Deserializer, de::IntoDeserializer};
use url::Url;

/// A value that is not allowed: its key, and what would be. `load` adds the value and where it was set.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub key: &'static str,
    pub allowed: String,
}

pub type Check = Result<(), Fault>;

/// Fails with `allowed` unless `fine`.
pub fn require(fine: bool, key: &'static str, allowed: impl Into<String>) -> Check {
    if fine { Ok(()) } else { Err(Fault { key, allowed: allowed.into() }) }
}

pub fn within(key: &'static str, value: u64, range: RangeInclusive<u64>) -> Check {
    require(range.contains(&value), key, format!("a whole number from {} to {}", range.start(), range.end()))
}

/// An address of a web server. A password in it would end up in logs and links, so none is allowed.
pub fn web_url(key: &'static str, text: Option<&str>) -> Check {
    let fine = text.is_none_or(|text| {
        Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
        })
    });
    require(fine, key, "an http:// or https:// URL without user and password")
}

/// Reads an empty text as "not set".
pub fn unset_if_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let inner: StringDeserializer<D::Error> = text.into_deserializer();
    T::deserialize(inner).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_includes_its_ends() {
        for (value, fine) in [(0, false), (1, true), (9, true), (10, false)] {
            assert_eq!(within("server.port", value, 1..=9).is_ok(), fine, "{value}");
        }
    }

    #[test]
    fn web_addresses_are_http_and_carry_no_login() {
        for good in ["http://s3:9000", "https://plm.example.com/base"] {
            assert!(web_url("server.public_url", Some(good)).is_ok(), "{good}");
        }
        for bad in ["s3:9000", "ftp://h/", "http://u:p@h/", "https://u@h/", "http://"] {
            assert!(web_url("server.public_url", Some(bad)).is_err(), "{bad}");
        }
    }
}
