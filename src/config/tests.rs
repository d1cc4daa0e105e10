//! The layers together, the shipped files, and that the documentation keeps up.

use std::io::Write;
use std::path::Path;

use super::*;

/// Loads with these variables only.
pub fn load(file: Option<&Path>, pairs: &[(&str, &str)]) -> Result<Loaded> {
    Config::load_from(file, pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// The configuration of these variables.
pub fn with(pairs: &[(&str, &str)]) -> Config {
    load(None, pairs).unwrap().config
}

/// Why these variables are refused; always one line.
pub fn refusal(pairs: &[(&str, &str)]) -> String {
    let error = load(None, pairs).unwrap_err();
    assert_eq!(error.kind(), crate::error::Kind::Config);
    assert!(!error.message().contains('\n'), "{error}");
    error.message().to_owned()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn nothing_has_to_be_configured() {
    let config = with(&[]);
    assert_eq!(config.environment, Environment::Production);
    assert_eq!((config.server.host.as_str(), config.server.port), ("127.0.0.1", 7910));
    assert_eq!(config.identity_database_url(), "sqlite:///./data/control.db");
    assert_eq!(config.product_database_template(), "sqlite:///./data/tenants/{tenant_id}/{org_id}.db");
    assert_eq!(config.local_storage_path(), Path::new("./data/objects"));
    assert!(config.auth.jwt_secret_key.is_none());
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = file("[server]\nport = 1\nhost = \"10.0.0.1\"\n");
    let loaded = load(Some(file.path()), &[("YUANTUS_PORT", "2")]).unwrap();
    let server = &loaded.config.server;
    assert_eq!((server.port, server.host.as_str(), server.org_header.as_str()), (2, "10.0.0.1", "x-org-id"));
    assert_eq!(loaded.source("server.port"), "YUANTUS_PORT");
    assert_eq!(loaded.source("server.host"), format!("{} line 3", file.path().display()));
    assert_eq!(loaded.source("server.org_header"), "default");
}

#[test]
fn the_given_file_wins_over_the_one_of_the_variable() {
    let (given, named) = (file("[server]\nport = 1\n"), file("[server]\nport = 2\n"));
    let pairs = [(FILE_VARIABLE, named.path().to_str().unwrap())];
    assert_eq!(load(Some(given.path()), &pairs).unwrap().config.server.port, 1);
    assert_eq!(load(None, &pairs).unwrap().config.server.port, 2);
    assert_eq!(load(None, &[(FILE_VARIABLE, "")]).unwrap().config.server.port, 7910);
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let message = refusal(&[(FILE_VARIABLE, "/nowhere/y.toml")]);
    assert!(message.starts_with("cannot read /nowhere/y.toml (YUANTUS_CONFIG): "), "{message}");
}

#[test]
fn a_wrong_value_in_a_file_names_file_and_line() {
    let file = file("\n[tenancy]\nmode = \"shared\"\n");
    let error = load(Some(file.path()), &[]).unwrap_err();
    let at = format!("({} line 3)", file.path().display());
    let words = "db-per-tenant-org, db-per-tenant, single";
    assert_eq!(error.message(), format!("tenancy.mode = \"shared\" {at}: allowed is {words}"));
}

#[test]
fn a_quoted_dotted_key_is_not_silently_ignored() {
    let file = file("\"server.port\" = 80\n");
    let error = load(Some(file.path()), &[]).unwrap_err();
    let at = file.path().display();
    assert_eq!(error.message(), format!("unknown key \"server.port\" ({at}): did you mean server.port?"));
}

#[test]
fn the_environment_has_its_established_spellings() {
    for (text, environment) in [
        ("dev", Environment::Dev),
        ("development", Environment::Dev),
        ("prod", Environment::Production),
        ("production", Environment::Production),
        ("test", Environment::Test),
    ] {
        assert_eq!(with(&[("YUANTUS_ENVIRONMENT", text)]).environment, environment);
    }
    assert!(refusal(&[("YUANTUS_ENVIRONMENT", "staging")]).contains("dev"));
}

#[test]
fn product_databases_follow_the_mode() {
    for (mode, template) in [
        ("db-per-tenant-org", "sqlite:////y/tenants/{tenant_id}/{org_id}.db"),
        ("db-per-tenant", "sqlite:////y/tenants/{tenant_id}.db"),
        ("single", "sqlite:////y/yuantus.db"),
    ] {
        let config = with(&[("YUANTUS_TENANCY_MODE", mode), ("YUANTUS_DATA_DIR", "/y")]);
        assert_eq!(config.product_database_template(), template);
        assert!(DatabaseUrl::parse(&template.replace(['{', '}'], "")).is_ok());
    }
    let url = "postgresql+psycopg://u:p@h/y";
    let config = with(&[("YUANTUS_TENANCY_MODE", "single"), ("YUANTUS_DATABASE_URL", url)]);
    assert_eq!(config.product_database_template(), url);
}

#[test]
fn data_dir_cannot_smuggle_placeholders_into_a_url() {
    for bad in ["", "data/{org_id}", "data?x"] {
        assert!(refusal(&[("YUANTUS_DATA_DIR", bad)]).starts_with("data_dir = "), "{bad}");
    }
}

#[test]
fn the_samples_load_as_they_are_shipped() {
    let embedded = load(Some(&shipped("config/embedded.toml")), &[]).unwrap().config;
    assert_eq!(format!("{embedded:?}"), format!("{:?}", with(&[])));
    let production = load(Some(&shipped("config/production.toml")), &[]).unwrap().config;
    assert_eq!((production.environment, production.storage.kind), (Environment::Production, StorageKind::S3));
    assert!(production.auth.jwt_secret_key.is_none() && production.storage.s3.secret_access_key.is_none());
    for url in [production.identity_database_url(), production.product_database_template()] {
        assert_eq!(secret::redact(&url), url);
    }
}

#[test]
fn every_key_is_explained_in_the_documentation_and_the_defaults() {
    let page = std::fs::read_to_string(shipped("docs/CONFIGURATION.md")).unwrap();
    let loaded = load(None, &[]).unwrap();
    for setting in show(&loaded).unwrap() {
        let start = format!("| `{}` |", setting.key);
        let row = page.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {start}"));
        let default = serde_json::to_string(&loaded.value(&setting.key)).unwrap();
        assert!(row.contains(&format!("| `{default}` |")), "{row}\nlacks {default}");
        for name in &setting.env_names {
            assert!(row.contains(&format!("`{name}`")), "{row}\nlacks {name}");
        }
        for flat in setting.env_names.iter().skip(1) {
            assert!(DEFAULTS.contains(&format!("Also {flat}.")), "{flat}");
        }
    }
}
