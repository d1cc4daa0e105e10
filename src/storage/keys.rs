//! Every key of every object, built here and nowhere else.
//!
//! No text of a caller ever becomes part of a key. The parts are ids with a checked grammar, hex digits of a hash and
//! generated UUIDs, so `..`, NUL, backslashes or absolute paths cannot occur; the memory service would accept them.
//!
//! ```text
//! tenants/<tenant>/<org>/blobs/ab/cd/<sha256>   contents; with -<n> behind it those that were removed n times before
//! tenants/<tenant>/<org>/uploads/<uuid>         contents still arriving
//! tenants/<tenant>/<org>/damaged/<sha256>       contents that were found damaged and set aside; with their -<n>, too
//! tenants/<tenant>/_/…                          where all organisations of a tenant share one database
//! tenants/<tenant>/<org>/parts/<uuid>/…         contents that arrive in parts: each by its number, or one object of all
//! probe/<uuid>                                  health checks
//! ```
//!
//! A tenant that was given a prefix has its keys below that; its parts are never `tenants` or `probe` (`place`).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId};

/// The SHA-256 of a content, which is also its name in the storage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The object that holds this content in one of its editions.
    pub fn edition(self, edition: u32) -> ObjectId {
        ObjectId { sha256: self, edition }
    }
}

/// Which object holds a content. Each time a content is removed and brought again it gets another one: a removal that the storage
/// carries out late never meets what was written since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    pub sha256: ContentHash,
    /// How often the content was removed before; 0 for the first.
    pub edition: u32,
}

impl fmt::Display for ObjectId {
    /// As keys spell it: the hash alone for the first edition.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.edition {
            0 => fmt::Display::fmt(&self.sha256, out),
            edition => write!(out, "{}-{edition}", self.sha256),
        }
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for ContentHash {
    type Err = Error;

    /// Accepts 64 lower-case hex digits. Upper case is refused, so that one content has one spelling.
    fn from_str(text: &str) -> Result<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let parse = || {
            let mut bytes = [0; 32];
            let (pairs, rest) = text.as_bytes().as_chunks::<2>();
            if pairs.len() != bytes.len() || !rest.is_empty() {
                return None;
            }
            for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
                *byte = digit(high)? << 4 | digit(low)?;
            }
            Some(Self(bytes))
        };
        parse().ok_or_else(|| {
            Error::invalid_field("value_error", &["body", "sha256"], "A SHA-256 has 64 lower-case hex digits")
        })
    }
}

/// The keys of one tenant and organisation.
#[derive(Debug, Clone)]
pub(super) struct TenantKeys {
    prefix: String,
}

impl TenantKeys {
    /// Without an organisation: what all of them share. No organisation can be called `_`.
    pub(super) fn new(below: Option<&str>, tenant: &TenantId, org: Option<&OrgId>) -> Self {
        let below = below.map(|prefix| format!("{prefix}/")).unwrap_or_default();
        let org = org.map_or("_", OrgId::as_str);
        Self { prefix: format!("{below}tenants/{tenant}/{org}") }
    }

    /// The directory of everything of this organisation, with its trailing slash.
    pub(super) fn all(&self) -> String {
        format!("{}/", self.prefix)
    }

    /// Where a content lives. Two levels of 256 directories keep each one small.
    pub(super) fn blob(&self, object: &ObjectId) -> String {
        let name = object.to_string();
        format!("{}{}/{}/{name}", self.blobs(), &name[..2], &name[2..4])
    }

    /// The directory of all contents, with its trailing slash.
    pub(super) fn blobs(&self) -> String {
        format!("{}/blobs/", self.prefix)
    }

    /// The object that a key names, if it is the key of a content.
    pub(super) fn content_of(&self, key: &str) -> Option<ObjectId> {
        let (_, name) = key.rsplit_once('/')?;
        let (hash, edition) = match name.split_once('-') {
            Some((hash, edition)) => (hash, edition.parse().ok()?),
            None => (name, 0),
        };
        let object = ObjectId { sha256: hash.parse().ok()?, edition };
        // Only one spelling is ours.
        (self.blob(&object) == key).then_some(object)
    }

    /// Where a damaged object is kept, out of the way of the content that it should have been.
    pub(super) fn damaged(&self, object: &ObjectId) -> String {
        format!("{}/damaged/{object}", self.prefix)
    }

    /// A new place for a content whose hash is not known yet.
    pub(super) fn upload(&self) -> String {
        format!("{}{}", self.uploads(), Uuid::new_v4())
    }

    /// The directory of all uploads in parts, with its trailing slash.
    pub(super) fn all_parts(&self) -> String {
        format!("{}/parts/", self.prefix)
    }

    /// The directory of an upload in parts, with its trailing slash.
    pub(super) fn parts(&self, upload: Uuid) -> String {
        format!("{}{upload}/", self.all_parts())
    }

    /// The upload in parts that a key belongs to.
    pub(super) fn upload_of_part(&self, key: &str) -> Option<Uuid> {
        let (upload, _) = key.strip_prefix(&self.all_parts())?.split_once('/')?;
        upload.parse().ok()
    }

    /// Where a part of an upload lives. All digits, so that a listing has them in order.
    pub(super) fn part(&self, upload: Uuid, number: u32) -> String {
        format!("{}{number:05}", self.parts(upload))
    }

    /// A new place for a part that is still arriving.
    pub(super) fn arriving_part(&self, upload: Uuid) -> String {
        format!("{}arriving-{}", self.parts(upload), Uuid::new_v4())
    }

    /// Where the storage itself joins the parts of an upload.
    pub(super) fn joined(&self, upload: Uuid) -> String {
        format!("{}joined", self.parts(upload))
    }

    /// The directory of all unfinished uploads, with its trailing slash.
    pub(super) fn uploads(&self) -> String {
        format!("{}/uploads/", self.prefix)
    }
}

/// A new key for one health check, outside of every tenant.
pub(super) fn probe() -> String {
    format!("probe/{}", Uuid::new_v4())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(tenant: &str, org: &str) -> TenantKeys {
        TenantKeys::new(None, &TenantId::new(tenant).unwrap(), Some(&OrgId::new(org).unwrap()))
    }

    fn is_confined(key: &str, prefix: &str) -> bool {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        key.starts_with(prefix) && key.split('/').all(|part| !part.is_empty() && part.chars().all(plain))
    }

    #[test]
    fn a_blob_key_spells_out_tenant_org_and_hash() {
        let hash = ContentHash::from_bytes([0xab; 32]);
        let hex = "ab".repeat(32);
        let of = |edition| keys("acme", "plant-1").blob(&hash.edition(edition));
        assert_eq!(of(0), format!("tenants/acme/plant-1/blobs/ab/ab/{hex}"));
        assert_eq!(of(2), format!("tenants/acme/plant-1/blobs/ab/ab/{hex}-2"));
    }

    #[test]
    fn an_edition_has_one_spelling() {
        let (keys, hash) = (keys("acme", "plant-1"), ContentHash::from_bytes([0xab; 32]));
        let first = keys.blob(&hash.edition(0));
        for odd in ["-0", "-01", "-+1", "-", "-x", "-1-1", "-4294967296"] {
            assert_eq!(keys.content_of(&format!("{first}{odd}")), None, "{odd}");
        }
    }

    #[test]
    fn a_hash_is_64_lower_case_hex_digits_and_nothing_else() {
        let good = "0123456789abcdef".repeat(4);
        assert_eq!(good.parse::<ContentHash>().unwrap().to_string(), good);
        let (upper, short, long) = (good.to_uppercase(), &good[..63], format!("{good}0"));
        let escape = format!("../{}", &good[..61]);
        for bad in ["", "..", &upper, short, &long, &escape, &good.replace('0', "\0"), &good.replace('0', "\\")] {
            assert!(bad.parse::<ContentHash>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_key_leaves_its_tenant(
            tenant in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
            org in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
            hash: [u8; 32],
            number: u32,
            edition: u32,
        ) {
            let keys = keys(&tenant, &org);
            let prefix = format!("tenants/{tenant}/{org}/");
            let object = ContentHash(hash).edition(edition);
            prop_assert!(is_confined(&keys.blob(&object), &prefix));
            prop_assert!(is_confined(&keys.upload(), &prefix));
            prop_assert!(is_confined(&keys.damaged(&object), &prefix));
            prop_assert_eq!(keys.content_of(&keys.blob(&object)), Some(object));
            prop_assert_eq!(keys.content_of(&keys.damaged(&object)), None);
            let upload = Uuid::new_v4();
            prop_assert_eq!(keys.upload_of_part(&keys.part(upload, number)), Some(upload));
            prop_assert_eq!(keys.upload_of_part(&keys.blob(&object)), None);
            prop_assert!(is_confined(&keys.part(upload, number), &keys.parts(upload)));
            prop_assert!(is_confined(&keys.arriving_part(upload), &keys.parts(upload)));
            prop_assert!(is_confined(&keys.joined(upload), &prefix));
            prop_assert!(is_confined(&probe(), "probe/"));
        }

        #[test]
        fn different_tenants_never_share_a_key(
            a in ("[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?", "[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?"),
            b in ("[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?", "[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?"),
            hash: [u8; 32],
        ) {
            let hash = ContentHash(hash).edition(0);
            prop_assert_eq!(a == b, keys(&a.0, &a.1).blob(&hash) == keys(&b.0, &b.1).blob(&hash));
        }

        #[test]
        fn text_is_a_hash_only_if_it_is_its_own_spelling(text in any::<String>()) {
            if let Ok(hash) = text.parse::<ContentHash>() {
                prop_assert_eq!(hash.to_string(), text);
            }
        }

        #[test]
        fn a_hash_survives_text(bytes: [u8; 32]) {
            prop_assert_eq!(ContentHash(bytes).to_string().parse::<ContentHash>().unwrap(), ContentHash(bytes));
        }
    }
}
