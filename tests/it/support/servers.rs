//! How to reach the PostgreSQL and S3 servers of this test run. They are shared by all test processes, so none of them
//! starts its own: `scripts/test-servers.sh` does it once, under a lock.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

pub struct Servers {
    /// Without a database's name: `postgresql://user:password@host:port`.
    pub postgres_url: String,
    pub s3_endpoint: String,
    /// The folder the S3 server serves; a bucket is a folder in it.
    pub s3_root: String,
    pub s3_access_key_id: String,
    pub s3_secret_access_key: String,
}

impl Servers {
    /// The servers that the environment names; without `YUANTUS_TEST_POSTGRES_URL`, those of this checkout, started if
    /// they are not. A test that asked for them and cannot have them fails.
    pub fn get() -> &'static Self {
        static SERVERS: OnceLock<Servers> = OnceLock::new();
        SERVERS.get_or_init(|| match std::env::var("YUANTUS_TEST_POSTGRES_URL") {
            Ok(_) => Self::from(&std::env::vars().collect()),
            Err(_) => Self::from(&started()),
        })
    }

    fn from(variables: &HashMap<String, String>) -> Self {
        let value = |name: &str| match variables.get(name) {
            Some(value) => value.clone(),
            None => panic!("{name} is not set; scripts/test-servers.sh start prints all that tests need"),
        };
        Self {
            postgres_url: value("YUANTUS_TEST_POSTGRES_URL"),
            s3_endpoint: value("YUANTUS_TEST_S3_ENDPOINT"),
            s3_root: value("YUANTUS_TEST_S3_ROOT"),
            s3_access_key_id: value("YUANTUS_TEST_S3_ACCESS_KEY_ID"),
            s3_secret_access_key: value("YUANTUS_TEST_S3_SECRET_ACCESS_KEY"),
        }
    }
}

fn started() -> HashMap<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/test-servers.sh");
    let output = Command::new(&script).arg("start").output().expect("scripts/test-servers.sh runs");
    assert!(
        output.status.success(),
        "PostgreSQL and S3 were asked for and do not start:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
