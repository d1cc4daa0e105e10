//! Names of tenants and organisations, and ids of users.
//!
//! A tenant or org id is `[a-z0-9]` with inner hyphens, 1 to 63 characters. Since neither `_` nor an upper-case letter can
//! occur, joining two ids with `__` is injective, and no two ids differ by case alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The longest tenant or org id, in characters: one label of a DNS name.
pub const MAX_ID_LENGTH: usize = 63;

/// Users are numbered per tenant; the pair (tenant, user id) is what identifies one.
pub type UserId = i64;

fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(&first), Some(&last)) => {
            bytes.len() <= MAX_ID_LENGTH
                && plain(first)
                && plain(last)
                && bytes.iter().all(|&byte| plain(byte) || byte == b'-')
        }
        _ => false,
    }
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $field:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the grammar; `loc` in the problem is `["body", field]` until the caller knows better.
            pub fn new(text: impl Into<String>) -> Result<Self> {
                let text = text.into();
                if is_slug(&text) {
                    return Ok(Self(text));
                }
                Err(Error::invalid_field(
                    "value_error",
                    &["body", $field],
                    concat!(
                        "A ", $what, " id has 1 to 63 characters a-z, 0-9 and inner hyphens, and starts and ends with a letter or digit"
                    ),
                ))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

slug! {
    /// A company: the outer boundary of isolation.
    TenantId, "tenant_id", "tenant"
}
slug! {
    /// An organisation within a tenant; the key everywhere is (tenant, org).
    OrgId, "org_id", "org"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_grammar_is_a_dns_label() {
        for good in ["a", "0", "tenant-1", "a--b", &"x".repeat(63)] {
            assert!(TenantId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "a/b", "../x", "ä", "a b", "a\0", &"x".repeat(64)] {
            assert!(TenantId::new(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn joining_two_ids_is_injective(a in "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", b in "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?") {
            let joined = format!("{a}__{b}");
            prop_assert_eq!(joined.split_once("__"), Some((a.as_str(), b.as_str())));
        }
    }
}
