//! Password hashes: argon2id for new ones; `pbkdf2_sha256` of existing installations is verified and replaced at login.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// A hash takes tens of milliseconds and 19 MiB: more at once only makes all of them slower.
static HASHING: Semaphore = Semaphore::const_new(4);
/// An existing hash with more rounds than this would only serve to keep a core busy.
const MAX_PBKDF2_ROUNDS: u32 = 2_000_000;
/// What an unknown user's password is compared with, so that the answer takes as long as for a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$VGhpcyBpcyBub2JvZHk$6a0a5GN9ZjW3dTYI0p4tYl5m0Kk6oVn3pRjBz0kUu4s";

/// Hashes a new password.
pub async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    on_hashing_thread(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| Error::internal("A password could not be hashed").caused_by(error.to_string()))
    })
    .await?
}

/// What comparing a password with a stored hash gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and the hash is of an older kind: store a new one.
    RightButOld,
}

/// Compares in constant time; without a stored hash (no such user) it takes as long and is wrong.
pub async fn verify(password: &str, stored: Option<&str>) -> Result<Verdict> {
    let password = password.to_owned();
    let known = stored.is_some();
    let stored = stored.unwrap_or(NOBODY).to_owned();
    let verdict = on_hashing_thread(move || verify_now(password.as_bytes(), &stored)).await?;
    Ok(if known { verdict } else { Verdict::Wrong })
}

async fn on_hashing_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _turn = HASHING.acquire().await.map_err(|error| Error::internal("Hashing is closed").caused_by(error))?;
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal("Hashing was interrupted").caused_by(error))
}

fn verify_now(password: &[u8], stored: &str) -> Verdict {
    if let Some(rest) = stored.strip_prefix("pbkdf2_sha256$") {
        return if verify_pbkdf2(password, rest) { Verdict::RightButOld } else { Verdict::Wrong };
    }
    let right = PasswordHash::new(stored).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok());
    if right { Verdict::Right } else { Verdict::Wrong }
}

/// `ROUNDS$SALT$HASH`, the salt as text or in base64, the hash in base64.
fn verify_pbkdf2(password: &[u8], rest: &str) -> bool {
    let mut parts = rest.splitn(3, '$');
    let (Some(rounds), Some(salt), Some(hash)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let (Ok(rounds), Some(hash)) = (rounds.parse::<u32>(), from_base64(hash)) else { return false };
    if hash.is_empty() || hash.len() > 64 || !(1..=MAX_PBKDF2_ROUNDS).contains(&rounds) {
        return false;
    }
    let mut salts = vec![salt.as_bytes().to_vec()];
    salts.extend(from_base64(salt));
    salts.iter().any(|salt| {
        let mut derived = vec![0; hash.len()];
        pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut derived);
        derived.ct_eq(&hash).into()
    })
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].iter().find_map(|engine| engine.decode(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_and_another_does_not() {
        let stored = hash("correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert_eq!(verify("correct horse", Some(&stored)).await.unwrap(), Verdict::Right);
        assert_eq!(verify("wrong horse", Some(&stored)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn an_unknown_user_is_compared_with_a_real_hash_and_wrong() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert_eq!(verify("anything", None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn existing_pbkdf2_hashes_are_right_but_old() {
        // python3: base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"secret-1", SALT, 1000))
        let text_salt = "pbkdf2_sha256$1000$seasalt$l5kpZUs0y9XxpIt4bTujyrwb3gqa5+bqHAjx3R9g1GI=";
        let base64_salt = "pbkdf2_sha256$1000$c2Vhc2FsdA==$l5kpZUs0y9XxpIt4bTujyrwb3gqa5+bqHAjx3R9g1GI=";
        for stored in [text_salt, base64_salt] {
            assert_eq!(verify("secret-1", Some(stored)).await.unwrap(), Verdict::RightButOld, "{stored}");
            assert_eq!(verify("secret-2", Some(stored)).await.unwrap(), Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn a_mangled_hash_is_wrong_and_no_error() {
        for stored in ["", "plain", "pbkdf2_sha256$", "pbkdf2_sha256$x$y$z", "pbkdf2_sha256$999999999$a$YQ=="] {
            assert_eq!(verify("x", Some(stored)).await.unwrap(), Verdict::Wrong, "{stored}");
        }
    }
}
