//! Template databases: one that is filled once, and copied to make others.
//!
//! A template is made under another name and renamed when it is whole, and so is a copy: what bears the final name is
//! complete, whenever the process dies. What a template holds is the caller's matter.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::connect::{
    close, create_database, create_private_folder, is_duplicate_database, maintenance, maintenance_connection, quoted,
    remove_sqlite_files,
};
use super::dialect::statement;
use crate::config::DatabaseUrl;
use crate::error::{Error, Result};

/// Ends the name of a template or a copy that is not whole yet.
const UNFINISHED: &str = "_new";

/// Makes a template unless it is there. One process at a time makes it, the others wait.
///
/// `fill` gets the empty database under its preliminary name, fills it and closes every connection to it. Templates of the
/// same `family` (the beginning of the name) whose names sort before this one are removed: they are of older versions.
pub async fn ensure_template<F, Fut>(template: &DatabaseUrl, family: &str, fill: F) -> Result<()>
where
    F: FnOnce(DatabaseUrl) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    match template {
        DatabaseUrl::Sqlite { path } => ensure_file(path, family, fill).await,
        DatabaseUrl::Postgres { url } => ensure_database(url, family, fill).await,
    }
}

/// Makes a database from a template; one that is there stays as it is.
pub async fn copy_template(template: &DatabaseUrl, target: &DatabaseUrl) -> Result<()> {
    match (template, target) {
        (DatabaseUrl::Sqlite { path: from }, DatabaseUrl::Sqlite { path: to }) => {
            let (from, to) = (from.clone(), to.clone());
            blocking("A database file cannot be copied", move || copy_file(&from, &to)).await
        }
        (DatabaseUrl::Postgres { url: from }, DatabaseUrl::Postgres { url: to }) => copy_database(from, to).await,
        _ => Err(Error::internal("A template is of another kind than the database to be made")),
    }
}

async fn ensure_file<F, Fut>(path: &Path, family: &str, fill: F) -> Result<()>
where
    F: FnOnce(DatabaseUrl) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let lock_of = folder.clone();
    let _held = blocking("The folder of templates cannot be locked", move || locked(&lock_of)).await?;
    if path.is_file() {
        return Ok(());
    }
    let draft = suffixed(path, UNFINISHED);
    remove_sqlite_files(&draft)?;
    fill(DatabaseUrl::Sqlite { path: draft.clone() }).await?;
    let (path, family) = (path.to_owned(), family.to_owned());
    blocking("A template cannot be put in its place", move || {
        publish_file(&draft, &path)?;
        remove_older_files(&folder, &family, &path)
    })
    .await
}

/// An exclusive lock on a folder; it ends with the file, so with the process at the latest.
fn locked(folder: &Path) -> io::Result<File> {
    create_private_folder(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    file.lock()?;
    Ok(file)
}

fn publish_file(draft: &Path, path: &Path) -> io::Result<()> {
    // A log that was not written back would be lost with the file's name.
    if fs::metadata(suffixed(draft, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(io::Error::other("the template is still in use"));
    }
    File::open(draft)?.sync_all()?;
    fs::rename(draft, path)?;
    sync_folder_of(path)
}

fn remove_older_files(folder: &Path, family: &str, path: &Path) -> io::Result<()> {
    let current = path.file_name().unwrap_or_default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let older = entry.file_name().to_string_lossy().starts_with(family) && entry.file_name().as_os_str() < current;
        if older {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Two processes may copy to the same place: they take turns at the unfinished file, and the second finds the work done.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_private_folder(folder)?;
    }
    let draft = suffixed(to, UNFINISHED);
    let mut out = File::options().create(true).truncate(false).write(true).open(&draft)?;
    out.lock()?;
    if !to.exists() {
        out.set_len(0)?;
        io::copy(&mut File::open(from)?, &mut out)?;
        out.sync_all()?;
        // Unlike a rename, a link never replaces what another has put there.
        match fs::hard_link(&draft, to) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                fs::remove_file(&draft)?;
                return Err(error);
            }
            _ => {}
        }
    }
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    sync_folder_of(to)
}

/// Without it the name could be lost with the power, after it has been recorded as there.
#[cfg(unix)]
fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// Elsewhere a folder cannot be opened as a file, and its entries are journalled.
#[cfg(not(unix))]
fn sync_folder_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The unfinished copy that a process may have left behind.
pub(super) fn unfinished_copy(path: &Path) -> PathBuf {
    suffixed(path, UNFINISHED)
}

async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten();
    done.map_err(|error| Error::unavailable(what).caused_by(error))
}

async fn ensure_database<F, Fut>(url: &str, family: &str, fill: F) -> Result<()>
where
    F: FnOnce(DatabaseUrl) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let (server, name) = maintenance(url)?;
    let connection = maintenance_connection(&server).await?;
    let done = ensure_on(&connection, url, &name, family, fill).await;
    // Closing ends the lock.
    close(connection).await;
    done
}

async fn ensure_on<F, Fut>(server: &DatabaseConnection, url: &str, name: &str, family: &str, fill: F) -> Result<()>
where
    F: FnOnce(DatabaseUrl) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let exists = "SELECT 1 FROM pg_database WHERE datname = $1";
    if server.query_one_raw(statement(server, exists, vec![name.into()])).await?.is_some() {
        return Ok(());
    }
    let lock = "SELECT pg_advisory_lock(hashtextextended($1, 0))";
    server.execute_raw(statement(server, lock, vec![name.into()])).await?;
    if server.query_one_raw(statement(server, exists, vec![name.into()])).await?.is_some() {
        return Ok(());
    }
    let draft_name = format!("{name}{UNFINISHED}");
    let draft = DatabaseUrl::Postgres { url: with_database(url, &draft_name)? };
    let quoted_draft = quoted(&draft_name);
    server.execute_unprepared(&format!("DROP DATABASE IF EXISTS {quoted_draft} WITH (FORCE)")).await?;
    create_database(&draft).await?;
    fill(draft).await?;
    // A template that nobody can connect to is always free to be copied.
    server.execute_unprepared(&format!("ALTER DATABASE {quoted_draft} WITH ALLOW_CONNECTIONS false")).await?;
    server.execute_unprepared(&format!("ALTER DATABASE {quoted_draft} RENAME TO {}", quoted(name))).await?;
    drop_older(server, family, name).await
}

async fn drop_older(server: &DatabaseConnection, family: &str, name: &str) -> Result<()> {
    let sql = "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1) AND datname < $2::name";
    for row in server.query_all_raw(statement(server, sql, vec![family.into(), name.into()])).await? {
        let older: String = row.try_get_by_index(0)?;
        // Another process may be copying it at this moment; it is removed the next time, then.
        if let Err(error) = server.execute_unprepared(&format!("DROP DATABASE IF EXISTS {}", quoted(&older))).await {
            tracing::debug!(%error, template = older, "an older template stays for now");
        }
    }
    Ok(())
}

/// The same server and login, another database.
pub fn with_database(url: &str, name: &str) -> Result<String> {
    let mut url =
        url::Url::parse(url).map_err(|error| Error::config("A database URL is not a URL").caused_by(error))?;
    url.set_path(name);
    Ok(url.into())
}

async fn copy_database(from: &str, to: &str) -> Result<()> {
    let (_, template) = maintenance(from)?;
    let (server, name) = maintenance(to)?;
    let connection = maintenance_connection(&server).await?;
    let sql = format!("CREATE DATABASE {} TEMPLATE {}", quoted(&name), quoted(&template));
    let created = connection.execute_unprepared(&sql).await;
    close(connection).await;
    match created {
        Err(error) if !is_duplicate_database(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(path: &Path) -> DatabaseUrl {
        DatabaseUrl::Sqlite { path: path.to_owned() }
    }

    async fn filled(draft: DatabaseUrl) -> Result<()> {
        let DatabaseUrl::Sqlite { path } = draft else { panic!("not a file") };
        fs::write(path, "filled").map_err(|error| Error::internal("x").caused_by(error))
    }

    #[tokio::test]
    async fn a_template_is_made_once_and_older_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new, other) =
            (folder.path().join("p_1.db"), folder.path().join("p_2.db"), folder.path().join("a.db"));
        fs::write(&other, "").unwrap();
        ensure_template(&sqlite(&old), "p_", filled).await.unwrap();
        ensure_template(&sqlite(&old), "p_", |_| async { panic!("made twice") }).await.unwrap();
        ensure_template(&sqlite(&new), "p_", filled).await.unwrap();
        assert!(new.is_file() && other.is_file() && !old.exists());
    }

    #[tokio::test]
    async fn a_template_that_fails_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p_1.db");
        let half = |draft: DatabaseUrl| async {
            filled(draft).await?;
            Err(Error::internal("power cut"))
        };
        assert!(ensure_template(&sqlite(&path), "p_", half).await.is_err());
        assert!(!path.exists());
        ensure_template(&sqlite(&path), "p_", filled).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "filled");
    }

    #[tokio::test]
    async fn a_copy_is_whole_and_never_replaces_a_database() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("template.db"), folder.path().join("deep/acme.db"));
        fs::write(&from, "template").unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(unfinished_copy(&to), "half of something longer").unwrap();
        copy_template(&sqlite(&from), &sqlite(&to)).await.unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "template");
        fs::write(&to, "in use").unwrap();
        copy_template(&sqlite(&from), &sqlite(&to)).await.unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "in use");
        assert_eq!(fs::read_dir(to.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
    }
}
