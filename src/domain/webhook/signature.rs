//! Signatures: HMAC-SHA256 over `timestamp.body`, so that a receiver can tell who sent it and that it is not an old one sent
//! again. Pure but for making secrets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// Tells people and scanners for leaked secrets what it is.
const PREFIX: &str = "whsec_";

/// A secret of 244 random bits.
pub fn new_secret() -> String {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend_from_slice(Uuid::new_v4().as_bytes());
    bytes.extend_from_slice(Uuid::new_v4().as_bytes());
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The header's value: the time in seconds since 1970, and one signature for each secret, the newest first. The key is the
/// whole text of the secret.
pub fn sign(secrets: &[&str], timestamp: i64, body: &[u8]) -> String {
    let mut header = format!("t={timestamp}");
    for secret in secrets {
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
            mac.update(timestamp.to_string().as_bytes());
            mac.update(b".");
            mac.update(body);
            header.push_str(",v1=");
            header.extend(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")));
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256_of_time_and_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
        let header = sign(&["whsec_test"], 1_700_000_000, br#"{"a":1}"#);
        assert_eq!(header, "t=1700000000,v1=38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789");
        let both = sign(&["new", "old"], 5, b"x");
        assert_eq!(both.matches(",v1=").count(), 2);
        assert!(both.starts_with(&sign(&["new"], 5, b"x")) && both.ends_with(&sign(&["old"], 5, b"x")[4..]));
    }

    #[test]
    fn secrets_differ() {
        let (one, other) = (new_secret(), new_secret());
        assert!(one != other && one.len() == PREFIX.len() + 43 && one.starts_with(PREFIX));
    }
}
