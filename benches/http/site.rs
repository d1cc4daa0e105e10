//! A fresh installation with one tenant, filled with parts and served by the real program.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::context::{Actor, Ctx};
use yuantus::domain::meta::{Model, Turns, Write, add_item};
use yuantus::types::{OrgId, TenantId};

const BINARY: &str = env!("CARGO_BIN_EXE_yuantus");
const PASSWORD: &str = "correct horse";
const AT_ONCE: usize = 1000;
const NAMES: [&str; 5] = ["Bracket, steel", "Motor mount", "支架 左", "Housing, upper", "Feeder gear"];

pub struct Site {
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
    /// The product database, for the raw queries.
    database: String,
}

pub struct Running {
    site: Site,
    server: Child,
    /// `http://127.0.0.1:PORT/api/v1`
    pub base: String,
    /// Of a user who is no administrator: every right is looked up.
    pub token: String,
    pub ids: Vec<String>,
    client: reqwest::Client,
}

impl Site {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let template = format!("sqlite:///{}/{{tenant_id}}__{{org_id}}.db", folder.path().display());
        Self::with(folder, None, template)
    }

    pub fn postgres(url: &str) -> Self {
        let name = format!("bench_{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
        let template = format!("{url}/{name}__{{tenant_id}}__{{org_id}}");
        Self::with(tempfile::tempdir().unwrap(), Some(format!("{url}/{name}__control")), template)
    }

    fn with(folder: tempfile::TempDir, control: Option<String>, template: String) -> Self {
        let data = folder.path().display().to_string();
        let database = template.replace("{tenant_id}", "acme").replace("{org_id}", "org-1");
        let mut settings = vec![
            ("YUANTUS_ENVIRONMENT", "dev".to_owned()),
            ("YUANTUS_DATA_DIR", data),
            ("YUANTUS_PORT", "0".to_owned()),
            ("YUANTUS_DATABASE_URL_TEMPLATE", template),
        ];
        settings.extend(control.map(|url| ("YUANTUS_IDENTITY_DATABASE_URL", url)));
        let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self { folder, settings, database }
    }

    pub fn with_settings(mut self, more: &[(&str, String)]) -> Self {
        self.settings.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).env_clear().envs(self.settings.iter().cloned()).current_dir(self.folder.path());
        command
    }

    /// Makes the tenant, fills it, starts the server and waits until all is indexed.
    pub async fn start(self, parts: usize) -> Running {
        let made = self.command(&["tenant", "create", "acme", "--admin-password", PASSWORD]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let ids = self.fill(parts).await;
        let mut server = self.command(&["start"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains("listening on "));
        let line = line.expect("the server ended");
        let origin = line.split_once("listening on ").unwrap().1.split_whitespace().next().unwrap().to_owned();
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let mut running = Running {
            site: self,
            server,
            base: format!("{origin}/api/v1"),
            token: String::new(),
            ids,
            client: reqwest::Client::new(),
        };
        running.token = running.log_in_as_an_engineer().await;
        running.settle().await;
        running
    }

    async fn fill(&self, parts: usize) -> Vec<String> {
        let config = Config::load_from(None, self.settings.iter().cloned()).unwrap().config;
        let app = App::build(config, ControlSchema::AsConfigured).await.unwrap();
        let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
        let ctx = Ctx::open(&app.tenancy, Actor::System { name: "bench" }, tenant, org, None).await.unwrap();
        let model = Model::load(&ctx).await.unwrap();
        let kind = model.item_type("Part").unwrap();
        let mut ids = Vec::new();
        while ids.len() < parts {
            let write = Write::begin(&ctx, &model, Turns::default()).await.unwrap();
            for number in ids.len()..(ids.len() + AT_ONCE).min(parts) {
                let values = json!({
                    "item_number": number_of(number), "name": NAMES[number % NAMES.len()], "weight": number % 97,
                    "description": format!("Lot {} of the line", number * 7919 % 100_003),
                });
                let item = add_item(&write, kind, values.as_object().cloned().unwrap()).await.unwrap();
                ids.push(item.id.to_string());
            }
            write.commit().await.unwrap();
        }
        drop(ctx);
        app.close().await;
        ids
    }
}

pub fn number_of(part: usize) -> String {
    format!("N-{part:06}")
}

impl Running {
    pub fn folder(&self) -> PathBuf {
        self.site.folder.path().to_owned()
    }

    pub fn database(&self) -> &str {
        &self.site.database
    }

    /// Waits until nothing is left to index, and says how long that took.
    pub async fn settle(&self) -> Duration {
        let began = Instant::now();
        while crate::raw::undelivered(self).await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    }

    pub fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Uploads a file, and answers with its id.
    pub async fn put(&self, name: &str, body: reqwest::Body) -> String {
        let path = format!("{}/file/upload?filename={name}&generate_preview=false", self.base);
        let answer = self.client.put(path).bearer_auth(&self.token).body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Where it leads elsewhere, that is followed.
    pub async fn get(&self, path: &str) -> reqwest::Response {
        let answer = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send().await.unwrap();
        answer.error_for_status().unwrap()
    }

    async fn log_in_as_an_engineer(&self) -> String {
        let admin = self.log_in("admin").await;
        let user = json!({"username": "engineer", "password": PASSWORD});
        let user = self.post(&admin, "/admin/users", &user).await;
        let member = json!({"user_id": user["id"], "roles": ["engineer"]});
        self.post(&admin, "/admin/orgs/org-1/members", &member).await;
        self.log_in("engineer").await
    }

    async fn log_in(&self, name: &str) -> String {
        let body = json!({"tenant_id": "acme", "org_id": "org-1", "username": name, "password": PASSWORD});
        self.post("", "/auth/login", &body).await["access_token"].as_str().unwrap().to_owned()
    }

    async fn post(&self, token: &str, path: &str, body: &Value) -> Value {
        let mut request = reqwest::Client::new().post(format!("{}{path}", self.base)).json(body);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
