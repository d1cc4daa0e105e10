//! Database URLs as installations write them, read into what a driver needs. Nothing here connects.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::secret::redact;

/// Where one database lies. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file; a relative path counts from the working directory.
    Sqlite { path: PathBuf },
    /// `postgres://…`, whatever the scheme was spelled like.
    Postgres { url: String },
}

impl DatabaseUrl {
    /// Reads `postgresql+psycopg://…`, `postgresql://…`, `postgres://…`, `sqlite:///relative.db` or
    /// `sqlite:////absolute.db`.
    ///
    /// # Errors
    /// What is allowed instead. The text never repeats the URL, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or(FORMS)?;
        // A driver after the plus is a choice of the client that wrote the URL.
        match scheme.split('+').next().unwrap_or(scheme) {
            "sqlite" => parse_sqlite(rest),
            "postgres" | "postgresql" => parse_postgres(rest),
            _ => Err(FORMS.to_owned()),
        }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// For people: the password is hidden.
    pub fn redacted(&self) -> String {
        match self {
            Self::Sqlite { path } => format!("sqlite:///{}", path.display()),
            Self::Postgres { url } => redact(url),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.redacted())
    }
}

const FORMS: &str = "postgresql://user:password@host:5432/name, sqlite:///relative.db or sqlite:////absolute.db";

fn parse_sqlite(rest: &str) -> Result<DatabaseUrl, String> {
    let path =
        rest.strip_prefix('/').ok_or("sqlite:///relative.db (three slashes) or sqlite:////absolute.db (four)")?;
    if path.is_empty() || path.ends_with('/') || path.starts_with(':') || path.contains(['?', '\0']) {
        return Err("sqlite:/// and the path of a file, without parameters".to_owned());
    }
    Ok(DatabaseUrl::Sqlite { path: PathBuf::from(path) })
}

fn parse_postgres(rest: &str) -> Result<DatabaseUrl, String> {
    let url = format!("postgres://{rest}");
    let parsed = Url::parse(&url).map_err(|problem| {
        format!("{FORMS}; this one has an {problem} (write @ : / ? # % in a password as %40 %3A %2F %3F %23 %25)")
    })?;
    if parsed.path().trim_matches('/').is_empty() {
        return Err("a URL that names a database after the host: postgresql://user:password@host:5432/name".to_owned());
    }
    // The driver lets `dbname` win over the path and ignores a fragment: either would lead many tenants to one database.
    if parsed.fragment().is_some() || parsed.query_pairs().any(|(name, _)| name == "dbname") {
        return Err(
            "a URL without # and without the parameter dbname, which would override the database's name".to_owned()
        );
    }
    Ok(DatabaseUrl::Postgres { url })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(path: &str) -> Result<DatabaseUrl, String> {
        Ok(DatabaseUrl::Sqlite { path: PathBuf::from(path) })
    }

    fn postgres(url: &str) -> Result<DatabaseUrl, String> {
        Ok(DatabaseUrl::Postgres { url: url.to_owned() })
    }

    #[test]
    fn every_established_spelling_is_read() {
        for (text, expected) in [
            ("sqlite:///file.db", sqlite("file.db")),
            ("sqlite:///./data/a@b.db", sqlite("./data/a@b.db")),
            ("sqlite+aiosqlite:////var/lib/y/file.db", sqlite("/var/lib/y/file.db")),
            ("postgresql+psycopg://u:p@h:5432/db", postgres("postgres://u:p@h:5432/db")),
            ("postgresql://u@h/db?sslmode=require", postgres("postgres://u@h/db?sslmode=require")),
            ("postgres:///db?host=/run/postgresql", postgres("postgres:///db?host=/run/postgresql")),
        ] {
            assert_eq!(DatabaseUrl::parse(text), expected, "{text}");
        }
        assert!(DatabaseUrl::parse("sqlite:///a.db").unwrap().is_sqlite());
        assert!(!DatabaseUrl::parse("postgres://h/db").unwrap().is_sqlite());
    }

    #[test]
    fn anything_else_is_refused_without_repeating_it() {
        for text in [
            "",
            "file.db",
            "mysql://u:hunter2@h/db",
            "sqlite://file.db",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite:///dir/",
            "sqlite:///a.db?mode=ro",
            "postgres://u:hunter2@h",
            "postgres://u:hunter2@h/",
            "postgres://u:hunter2/x@h:y/db",
            "postgres://u:hunter2@h/db#x",
            "postgres://u:hunter2@h/db?db%6eame=x",
        ] {
            let problem = DatabaseUrl::parse(text).unwrap_err();
            assert!(!problem.contains("hunter2"), "{text}: {problem}");
        }
    }

    #[test]
    fn passwords_are_hidden_from_people() {
        let url = DatabaseUrl::parse("postgresql://u:hunter2@h/db").unwrap();
        assert_eq!(url.redacted(), "postgres://u:********@h/db");
        assert_eq!(format!("{url:?}"), url.redacted());
        assert_eq!(DatabaseUrl::parse("sqlite:////a.db").unwrap().redacted(), "sqlite:////a.db");
    }
}
