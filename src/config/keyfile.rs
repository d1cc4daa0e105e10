//! Secrets that an installation generates for itself, kept in files that only their owner reads.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::error::{Error, Result};

/// Reads the secret of a file, or makes a new one of 244 random bits. Two processes that start together get the same.
pub fn load_or_create(path: &Path) -> Result<Vec<u8>> {
    if let Some(secret) = read(path)? {
        return Ok(secret);
    }
    let failed = |error: std::io::Error| fault(path, "written").caused_by(error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // Written whole beside it and then linked into place: nobody ever reads half a secret, and the first one wins.
    let draft = path.with_extension(Uuid::new_v4().to_string());
    write_private(&draft, random().as_bytes()).map_err(failed)?;
    let placed = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(failed)?;
    match placed {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    read(path)?.ok_or_else(|| fault(path, "read"))
}

/// 244 bits from the system's random source, as text.
pub fn random() -> String {
    let bytes = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut secret = Vec::new();
    match File::open(path).and_then(|mut file| file.read_to_end(&mut secret)) {
        Ok(_) if secret.is_empty() => {
            Err(fault(path, "used, since it is empty; remove it and start again to make a new one"))
        }
        Ok(_) => Ok(Some(secret)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(path, "read").caused_by(error)),
    }
}

fn fault(path: &Path, what: &str) -> Error {
    Error::config(format!("The secret in {} cannot be {what}", path.display()))
}

fn write_private(path: &Path, secret: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(secret)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_read_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets/jwt.key");
        let made: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8).map(|_| scope.spawn(|| load_or_create(&path).unwrap())).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert!(made.iter().all(|secret| *secret == made[0]) && made[0].len() >= 32);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt.key");
        load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_emptied_file_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt.key");
        fs::write(&path, "").unwrap();
        assert!(load_or_create(&path).is_err());
    }
}
