//! The pairs of database and storage that every test of data runs on, and a fresh, isolated installation on one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use tempfile::TempDir;
use uuid::Uuid;

use super::servers::Servers;
use super::{postgres, s3};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    SqliteLocal,
    PostgresS3,
}

impl Backend {
    /// The settings of a fresh installation in `dir`. On PostgreSQL its control database, the product database
    /// of mode `single` and its bucket are made here.
    /// `name` begins every database and bucket of it, and must be unique in the test run.
    pub async fn environment(self, dir: &Path, name: &str) -> Vec<(String, String)> {
        let mut pairs = vec![
            ("YUANTUS_ENVIRONMENT", "dev".to_owned()),
            ("YUANTUS_HOST", "127.0.0.1".to_owned()),
            ("YUANTUS_PORT", "0".to_owned()),
            ("YUANTUS_DATA_DIR", dir.display().to_string()),
            ("YUANTUS_JWT_SECRET_KEY", format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())),
            ("YUANTUS_TENANCY_MODE", "db-per-tenant-org".to_owned()),
            ("YUANTUS_SCHEMA_MODE", "create_all".to_owned()),
        ];
        match self {
            Self::SqliteLocal => pairs.extend(sqlite_local(dir)),
            Self::PostgresS3 => pairs.extend(postgres_s3(name).await),
        }
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

fn sqlite_local(dir: &Path) -> Vec<(&'static str, String)> {
    let (databases, files) = (dir.join("databases"), dir.join("files"));
    for folder in [&databases, &files] {
        fs::create_dir_all(folder).unwrap();
    }
    let url = |file: &str| format!("sqlite:///{}", databases.join(file).display());
    vec![
        ("YUANTUS_IDENTITY_DATABASE_URL", url("control.db")),
        ("YUANTUS_DATABASE_URL", url("product.db")),
        ("YUANTUS_DATABASE_URL_TEMPLATE", url("{tenant_id}__{org_id}.db")),
        ("YUANTUS_STORAGE_TYPE", "local".to_owned()),
        ("YUANTUS_LOCAL_STORAGE_PATH", files.display().to_string()),
    ]
}

async fn postgres_s3(name: &str) -> Vec<(&'static str, String)> {
    let servers = Servers::get();
    let (control, product) = (format!("{name}__control"), format!("{name}__product"));
    for database in [&control, &product] {
        postgres::create_database(database).await.unwrap();
    }
    let bucket = bucket(name);
    s3::create_bucket(&bucket).unwrap();
    vec![
        ("YUANTUS_IDENTITY_DATABASE_URL", postgres::url(&control)),
        ("YUANTUS_DATABASE_URL", postgres::url(&product)),
        ("YUANTUS_DATABASE_URL_TEMPLATE", postgres::url(&format!("{name}__{{tenant_id}}__{{org_id}}"))),
        ("YUANTUS_STORAGE_TYPE", "s3".to_owned()),
        ("YUANTUS_S3_ENDPOINT_URL", servers.s3_endpoint.clone()),
        ("YUANTUS_S3_PUBLIC_ENDPOINT_URL", servers.s3_endpoint.clone()),
        ("YUANTUS_S3_REGION", "us-east-1".to_owned()),
        ("YUANTUS_S3_BUCKET_NAME", bucket),
        ("YUANTUS_S3_ACCESS_KEY_ID", servers.s3_access_key_id.clone()),
        ("YUANTUS_S3_SECRET_ACCESS_KEY", servers.s3_secret_access_key.clone()),
    ]
}

/// A bucket's name has no underscores.
fn bucket(name: &str) -> String {
    name.replace('_', "-")
}

/// One fresh installation: nothing is started yet. All that it made is removed when it goes.
pub struct Installation {
    pub backend: Backend,
    /// The `YUANTUS_*` pairs that a process of this installation gets.
    pub environment: Vec<(String, String)>,
    /// Begins the name of each of its databases and buckets.
    pub name: String,
    folder: TempDir,
}

impl Installation {
    pub async fn new(backend: Backend) -> Self {
        let folder = tempfile::Builder::new().prefix("yuantus-it-").tempdir().unwrap();
        let name = format!("yt_{}", &Uuid::new_v4().simple().to_string()[..12]);
        let environment = backend.environment(folder.path(), &name).await;
        Self { backend, environment, name, folder }
    }

    /// Sets or replaces one setting.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.environment.retain(|(name, _)| name != key);
        self.environment.push((key.to_owned(), value.into()));
    }

    pub fn setting(&self, key: &str) -> Option<&str> {
        self.environment.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its blobs are, as files.
    pub fn blobs(&self) -> PathBuf {
        match self.backend {
            Backend::SqliteLocal => self.folder().join("files"),
            Backend::PostgresS3 => s3::folder(&bucket(&self.name)),
        }
    }

    /// The program in this installation's folder with its settings, and nothing else of the test's environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yuantus"));
        command.args(args).current_dir(self.folder()).env_clear().envs(self.environment.iter().cloned());
        for kept in ["PATH", "LLVM_PROFILE_FILE", "RUST_BACKTRACE"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// Runs the program to its end.
    pub fn cli(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if self.backend == Backend::SqliteLocal {
            return;
        }
        let name = self.name.clone();
        // A test's own runtime cannot be waited for inside itself.
        let removed = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(postgres::drop_databases(&name)).unwrap();
            s3::drop_bucket(&bucket(&name)).unwrap();
        })
        .join();
        if removed.is_err() {
            eprintln!("the databases and the bucket of {} remain", self.name);
        }
    }
}

/// Makes one test for each backend out of each `async fn name(at: Installation)`, so that a failure names its backend:
/// `name::sqlite_local`, `name::postgres_s3`. The second needs servers, so it is ignored until asked for.
macro_rules! on_every_backend {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use $crate::support::{Backend, Installation};

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite_local() {
                super::$name(Installation::new(Backend::SqliteLocal).await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs PostgreSQL and S3: scripts/test.sh, or cargo nextest run --run-ignored all"]
            async fn postgres_s3() {
                super::$name(Installation::new(Backend::PostgresS3).await).await;
            }
        }
    )+};
}
pub(crate) use on_every_backend;
