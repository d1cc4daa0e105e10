//! Where a tenant's objects are kept when that is not the configured bucket, or not its root. Names are checked here, and
//! only here: neither can lead out of the storage, or among another tenant's objects.

use crate::error::{Error, Result};

const MAX_PREFIX: usize = 200;
/// First parts of the keys themselves: a prefix with one of them could lie within another tenant's objects.
const RESERVED: [&str; 2] = ["tenants", "probe"];

/// A bucket of the configured S3 server, a prefix of all keys, both or neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectPlace {
    bucket: Option<String>,
    prefix: Option<String>,
}

impl ObjectPlace {
    /// # Errors
    /// `BadRequest` with what is allowed instead.
    pub fn new(bucket: Option<&str>, prefix: Option<&str>) -> Result<Self> {
        if bucket.is_some_and(|bucket| !is_bucket(bucket)) {
            return Err(Error::bad_request(
                "A bucket's name is 3 to 63 characters a-z, 0-9, dots and hyphens, beginning and ending with a letter or digit",
            ));
        }
        if prefix.is_some_and(|prefix| !is_prefix(prefix)) {
            return Err(Error::bad_request(
                "A prefix is one or more parts of a-z, 0-9 and inner hyphens, joined by /; none of them tenants or probe",
            ));
        }
        Ok(Self { bucket: bucket.map(str::to_owned), prefix: prefix.map(str::to_owned) })
    }

    pub fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }
}

fn is_plain(letter: u8) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
}

fn bounded_by_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|first| is_plain(*first)) && bytes.last().is_some_and(|last| is_plain(*last))
}

fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && bounded_by_plain(name)
        && name.bytes().all(|letter| is_plain(letter) || letter == b'-' || letter == b'.')
        && !name.contains("..")
}

fn is_prefix(prefix: &str) -> bool {
    let is_part = |part: &str| {
        bounded_by_plain(part)
            && part.bytes().all(|letter| is_plain(letter) || letter == b'-')
            && !RESERVED.contains(&part)
    };
    prefix.len() <= MAX_PREFIX && prefix.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stay_inside_are_taken_and_others_refused() {
        for good in ["files", "files-2", "eu.files.acme", "abc"] {
            assert!(ObjectPlace::new(Some(good), None).is_ok(), "{good}");
        }
        for bad in ["", "ab", "a..b", "-ab", "ab-", "A-bucket", "a/b", "../x", "a b", "a?b"] {
            assert!(ObjectPlace::new(Some(bad), None).is_err(), "{bad}");
        }
        for good in ["eu", "eu/west-1", "a/b/c"] {
            assert!(ObjectPlace::new(None, Some(good)).is_ok(), "{good}");
        }
        for bad in ["", "/", "/eu", "eu/", "a//b", "..", "a/../b", "a/.", "A", "a_b", "tenants", "a/tenants/b", "probe"]
        {
            assert!(ObjectPlace::new(None, Some(bad)).is_err(), "{bad}");
        }
    }
}
