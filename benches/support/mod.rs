//! What benchmarks over the domain share: the parts that are asked for, and an organisation to measure in.

use std::future::Future;
use std::sync::Arc;

use uuid::Uuid;
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::context::{Actor, Ctx};
use yuantus::domain::identity::ensure_org;
use yuantus::types::{OrgId, TenantId};

/// Measures on SQLite, and on PostgreSQL where its address is given; or only on what the command line names.
pub fn on_engines<F: Future<Output = ()>>(measure: impl Fn(&'static str, Option<String>) -> F) {
    yuantus::storage::install_transport();
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|name| name == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if wanted("sqlite") {
        runtime.block_on(measure("SQLite", None));
    }
    if wanted("postgres") {
        match std::env::var("YUANTUS_BENCH_POSTGRES_URL") {
            Ok(url) => runtime.block_on(measure("PostgreSQL", Some(url))),
            Err(_) => println!("postgres: skipped, YUANTUS_BENCH_POSTGRES_URL is not set"),
        }
    }
}

pub async fn app(folder: &std::path::Path, postgres: Option<&str>) -> Arc<App> {
    let mut pairs = vec![
        ("YUANTUS_ENVIRONMENT".to_owned(), "dev".to_owned()),
        ("YUANTUS_DATA_DIR".to_owned(), folder.display().to_string()),
    ];
    if let Some(url) = postgres {
        let name = format!("bench_{}", &Uuid::new_v4().simple().to_string()[..8]);
        pairs.push(("YUANTUS_IDENTITY_DATABASE_URL".to_owned(), format!("{url}/{name}__control")));
        pairs.push(("YUANTUS_DATABASE_URL_TEMPLATE".to_owned(), format!("{url}/{name}__{{tenant_id}}__{{org_id}}")));
    }
    let loaded = Config::load_from(None, pairs).unwrap();
    Arc::new(App::build(loaded.config, ControlSchema::AsConfigured).await.unwrap())
}

/// An empty organisation.
pub async fn organisation(app: &App) -> Ctx {
    let (tenant, org) = (TenantId::new("bench").unwrap(), OrgId::new("org-1").unwrap());
    ensure_org(&app.platform("bench"), &tenant, &org).await.unwrap();
    Ctx::open(&app.tenancy, Actor::System { name: "bench" }, tenant, org, None).await.unwrap()
}
