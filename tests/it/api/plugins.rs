//! Plugins: the bundled one in the real program, and others in a program of the test's own.

#[path = "../../../examples/erp_number/plugin.rs"]
mod erp_number;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::context::{Actor, Ctx};
use yuantus::error::{Error, Result};
use yuantus::jobs::Event;
use yuantus::jobs::queue::outlook;
use yuantus::plugins::{
    AfterCommit, BeforeWrite, Call, Draft, HookCall, Manifest, Method, Moment, Plugin, Reply, Route, Values, refuse,
};
use yuantus::types::{OrgId, TenantId};
use yuantus::worker::{Worker, WorkerSettings};
use yuantus::{api, storage};

use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::world::{PASSWORD, World, add_part, create_tenant};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    plugins_are_listed_and_switched_for_each_organisation,
    without_autoload_an_administrator_activates_each_plugin,
    an_erp_number_is_filled_when_a_part_is_released,
    a_configuration_is_checked_merged_and_shown_without_secrets,
    what_a_plugin_breaks_stays_its_own,
    a_plugin_has_a_say_before_a_revision_is_opened,
    hooks_after_a_commit_run_while_their_plugin_is_active,
    outside_services_that_are_not_there_fail_nothing,
);

/// A program with plugins, in this process: the API and the worker.
struct Program {
    app: Arc<App>,
    admin: Client,
    address: String,
    ended: CancellationToken,
    _at: Installation,
}

impl Program {
    async fn start(at: Installation, plugins: Vec<Box<dyn Plugin>>) -> Self {
        storage::install_transport();
        create_tenant(&at, "acme");
        let config = Config::load_from(None, at.environment.clone()).unwrap().config;
        let app = Arc::new(App::build_with(config, ControlSchema::AsConfigured, plugins).await.unwrap());
        let bound = api::bind(&app).await.unwrap();
        let address = format!("http://{}", bound.address.unwrap());
        let ended = CancellationToken::new();
        tokio::spawn(api::serve(bound, app.clone(), ended.clone().cancelled_owned()));
        let settings = WorkerSettings::default();
        let worker = Worker::new(app.tenancy.clone(), app.jobs.clone(), app.subscribers.clone(), settings);
        tokio::spawn(worker.run(ended.clone()));
        let admin = Client::new(&address).login("acme", "org-1", "admin", PASSWORD).await;
        Self { app, admin, address, ended, _at: at }
    }

    async fn stop(self) {
        self.ended.cancel();
        self.app.close().await;
    }
}

async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it does not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn plugins_are_listed_and_switched_for_each_organisation(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let listed = admin.get("/plugins").await.expect(200);
    let demo = &listed["plugins"][0];
    for (field, expected) in [
        ("id", json!("yuantus-demo")),
        ("name", json!("Yuantus Demo Plugin")),
        ("version", json!("0.1.0")),
        ("author", json!("YuantusPLM")),
        ("status", json!("active")),
        ("is_active", json!(true)),
        ("plugin_type", json!("extension")),
        ("category", json!("demo")),
        ("tags", json!(["demo", "plugin"])),
        ("dependencies", json!([])),
        ("config_schema", json!({})),
        ("capabilities", json!({})),
        ("error_count", json!(0)),
        ("last_error", Value::Null),
        ("plugin_path", json!("plugins/yuantus-demo")),
    ] {
        assert_eq!(demo[field], expected, "{field}");
    }
    assert!(demo["loaded_at"].as_str().unwrap().ends_with('Z') && demo["activated_at"].is_string());
    let stats = json!({
        "total": 1, "by_status": {"active": 1}, "by_type": {"extension": 1}, "by_category": {"demo": 1}, "errors": 0,
    });
    assert_eq!((&listed["ok"], &listed["stats"]), (&json!(true), &stats));
    assert_eq!(admin.get("/plugins/yuantus-demo").await.expect(200), *demo);
    let config = admin.get("/plugins/yuantus-demo/config").await.expect(200);
    let recorded = json!({
        "ok": true, "plugin_id": "yuantus-demo", "config": {}, "schema": {}, "capabilities": {}, "created_at": null,
        "updated_at": null, "scope": {"tenant_id": "acme", "org_id": "org-1"},
    });
    assert_eq!(config, recorded);

    let viewer = world.user("vera", &["viewer"]).await;
    let pong = json!({"ok": true, "plugin": "yuantus-demo", "message": "pong"});
    assert_eq!(viewer.get("/plugins/demo/ping").await.expect(200), pong);
    viewer.get("/plugins").await.expect(200);
    for refused in [
        viewer.put("/plugins/yuantus-demo/config", &json!({"config": {}})).await,
        viewer.post("/plugins/yuantus-demo/deactivate", &json!({})).await,
        viewer.post("/plugins/yuantus-demo/activate", &json!({})).await,
    ] {
        assert_eq!(refused.expect(403)["detail"]["code"], "PERMISSION_DENIED");
    }
    for path in ["/plugins/nothing", "/plugins/nothing/config", "/plugins/demo/pong", "/plugins/demo/ping/x"] {
        admin.get(path).await.expect(404);
    }
    admin.post("/plugins/nothing/activate", &json!({})).await.expect(404);
    admin.post("/plugins/demo/ping", &json!({})).await.expect(405);
    world.server.client().in_tenant("acme").in_org("org-1").get("/plugins/demo/ping").await.expect(401);

    let off = admin.post("/plugins/yuantus-demo/deactivate", &json!({})).await.expect(200);
    assert_eq!(
        (&off["status"], &off["is_active"], &off["activated_at"]),
        (&json!("inactive"), &json!(false), &Value::Null)
    );
    admin.get("/plugins/demo/ping").await.expect(404);
    admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(200);
    let there = world.server.client().login("acme", "org-2", "admin", PASSWORD).await;
    assert_eq!(there.get("/plugins/demo/ping").await.expect(200), pong, "another organisation keeps it");
    let on = admin.post("/plugins/yuantus-demo/activate", &json!({})).await.expect(200);
    assert_eq!((&on["status"], on["activated_at"].is_string()), (&json!("active"), true));
    assert_eq!(admin.get("/plugins/demo/ping").await.expect(200), pong);
}

async fn without_autoload_an_administrator_activates_each_plugin(mut at: Installation) {
    at.set("YUANTUS_PLUGINS_AUTOLOAD", "false");
    let World { admin, .. } = &World::start(at).await;
    let listed = admin.get("/plugins").await.expect(200);
    assert_eq!(
        (&listed["plugins"][0]["is_active"], &listed["stats"]["by_status"]),
        (&json!(false), &json!({"inactive": 1}))
    );
    admin.get("/plugins/demo/ping").await.expect(404);
    admin.post("/plugins/yuantus-demo/activate", &json!({})).await.expect(200);
    admin.get("/plugins/demo/ping").await.expect(200);
}

async fn promote(client: &Client, id: &str, state: &str) -> Value {
    let body = json!({"type": "Part", "action": "promote", "id": id, "properties": {"state": state}});
    client.post("/aml/apply", &body).await.expect(200)
}

async fn an_erp_number_is_filled_when_a_part_is_released(at: Installation) {
    let program = Program::start(at, vec![Box::new(erp_number::ErpNumber)]).await;
    let admin = &program.admin;
    let leg = add_part(admin, "LEG").await;
    let reviewed = promote(admin, &leg, "Review").await;
    assert_eq!(reviewed["items"][0]["properties"].get("erp_number"), None);
    admin.put("/plugins/erp-number/config", &json!({"config": {"prefix": "腿-"}})).await.expect(200);
    let released = promote(admin, &leg, "Released").await;
    assert_eq!(released["items"][0]["properties"]["erp_number"], "腿-LEG");
    let stored = admin.get(&format!("/aml/Part/{leg}")).await.expect(200);
    assert_eq!(stored["properties"]["erp_number"], "腿-LEG");
    let preview = admin.get("/plugins/erp/numbers/TOP").await.expect(200);
    assert_eq!(preview, json!({"number": "TOP", "erp_number": "腿-TOP"}));

    // A number given by hand stays; one that the system does not take is refused where it is written.
    let given = json!({"type": "Part", "action": "add", "properties": {"item_number": "TOP", "erp_number": "T 1"}});
    let refused = admin.post("/aml/apply", &given).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", "erp_number"]));
    assert!(refused["detail"][0]["msg"].as_str().unwrap().contains("plugin erp-number"), "{refused}");
    let found = admin.post("/aml/apply", &json!({"type": "Part", "properties": {"item_number": "TOP"}})).await;
    assert_eq!(found.expect(200)["count"], 0, "nothing is left of a refused write");

    admin.post("/plugins/erp-number/deactivate", &json!({})).await.expect(200);
    admin.get("/plugins/erp/numbers/TOP").await.expect(404);
    let top = add_part(admin, "TOP").await;
    promote(admin, &top, "Review").await;
    let released = promote(admin, &top, "Released").await;
    assert_eq!(released["items"][0]["properties"].get("erp_number"), None, "an inactive plugin has no say");
    let document =
        reqwest::get(format!("{}/openapi.json", program.address)).await.unwrap().json::<Value>().await.unwrap();
    let operation = &document["paths"]["/plugins/erp/numbers/{number}"]["get"];
    assert_eq!((&operation["tags"], &operation["parameters"][0]["name"]), (&json!(["Plugins"]), &json!("number")));
    program.stop().await;
}

async fn a_configuration_is_checked_merged_and_shown_without_secrets(at: Installation) {
    let program = Program::start(at, vec![Box::new(erp_number::ErpNumber)]).await;
    let (admin, path) = (&program.admin, "/plugins/erp-number/config");
    for (config, loc, rule) in [
        (json!({"prefix": 5}), json!(["body", "config", "prefix"]), "type_error"),
        (json!({"prefix": "much too long"}), json!(["body", "config", "prefix"]), "value_error"),
        (json!({"token": "short"}), json!(["body", "config", "token"]), "value_error"),
        (json!({"surplus": 1}), json!(["body", "config"]), "extra_forbidden"),
        (json!([]), json!(["body", "config"]), "type_error"),
    ] {
        let refused = admin.put(path, &json!({"config": config})).await.expect(422);
        assert_eq!((&refused["detail"][0]["loc"], &refused["detail"][0]["type"]), (&loc, &json!(rule)), "{refused}");
        assert!(!refused.to_string().contains("short\""), "{refused}");
    }
    let missing = admin.put(path, &json!({"merge": false})).await.expect(422);
    assert_eq!(missing["detail"][0]["loc"], json!(["body", "config"]));
    let stored = admin.put(path, &json!({"config": {"prefix": "A-", "token": "long enough"}})).await.expect(200);
    assert_eq!(stored["config"], json!({"prefix": "A-", "token": "********"}));
    assert!(stored["created_at"].is_string() && stored["updated_at"].is_string());
    let back = json!({"config": {"token": "********", "prefix": null}, "merge": true});
    let merged = admin.put(path, &back).await.expect(200);
    assert_eq!((&merged["config"], &merged["created_at"]), (&json!({"token": "********"}), &stored["created_at"]));
    assert_eq!(admin.get("/plugins/erp/numbers/1").await.expect(200)["erp_number"], "ERP-1", "the default again");
    let replaced = admin.put(path, &json!({"config": {}})).await.expect(200);
    assert_eq!(replaced["config"], json!({}));
    program.stop().await;
}

/// Breaks in every place where a plugin can, and notes what it is told.
#[derive(Clone, Default)]
struct Probe {
    told: Arc<Mutex<Vec<String>>>,
    failures: Arc<Mutex<u32>>,
}

impl Plugin for Probe {
    fn manifest(&self) -> Manifest {
        Manifest { id: "probe", mount: "probe", name: "Probe", ..Manifest::default() }
    }

    fn routes(&self) -> Vec<Route> {
        async fn echo(call: Call) -> Result<Reply> {
            let body = json!({"id": call.params["id"], "q": call.query("q"), "body": call.body});
            Ok(Reply { status: 201, body })
        }
        async fn breaks(_: Call) -> Result<Reply> {
            panic!("a defect of the plugin")
        }
        async fn missing(_: Call) -> Result<Reply> {
            Err(Error::not_found("No such order"))
        }
        vec![
            Route::new(Method::Post, "/echo/:id", "Echo", echo),
            Route::new(Method::Get, "/breaks", "Break", breaks),
            Route::new(Method::Get, "/missing", "Miss", missing),
        ]
    }

    fn before_write(&self) -> Option<Arc<dyn BeforeWrite>> {
        Some(Arc::new(self.clone()))
    }

    fn after_commit(&self) -> Option<Arc<dyn AfterCommit>> {
        Some(Arc::new(self.clone()))
    }
}

#[async_trait]
impl BeforeWrite for Probe {
    fn wants(&self, moment: Moment, item_type: &str) -> bool {
        moment != Moment::Update && item_type == "Part"
    }

    async fn run(&self, _: &HookCall, draft: &Draft) -> Result<Values> {
        match draft.number.as_deref() {
            Some("KEEP") if draft.was_released && !draft.is_released => Err(refuse("item_number", "It stays")),
            _ if draft.moment == Moment::Promote => Ok(Values::new()),
            Some("PANIC") => panic!("a defect of the plugin"),
            Some("HANG") => std::future::pending().await,
            Some("REFUSE") => Err(refuse("item_number", "Not this one")),
            Some("MISFIT") => Ok(Values::from_iter([("cost".to_owned(), json!("no number"))])),
            Some("DOWN") => Err(Error::unavailable("The other system is down")),
            Some("CONFLICT") => Err(Error::conflict("Booked").code("BOOKED", "Take another.")),
            _ => Ok(Values::from_iter([("cost".to_owned(), json!("2.5")), ("state".to_owned(), json!("Released"))])),
        }
    }
}

#[async_trait]
impl AfterCommit for Probe {
    fn wants(&self, topic: &str) -> bool {
        topic == "item.created"
    }

    async fn run(&self, call: &HookCall, event: &Event) -> Result<()> {
        let first = {
            let mut failures = self.failures.lock().unwrap();
            *failures += 1;
            *failures == 1
        };
        if first {
            return Err(Error::unavailable("not yet"));
        }
        self.told.lock().unwrap().push(format!("{}/{} {}", call.ctx.tenant, call.ctx.org, event.topic));
        Ok(())
    }
}

async fn what_a_plugin_breaks_stays_its_own(at: Installation) {
    let program = Program::start(at, vec![Box::new(Probe::default())]).await;
    let admin = &program.admin;
    let add = |number: &str| json!({"type": "Part", "action": "add", "properties": {"item_number": number}});
    for (number, status, code) in [
        ("PANIC", 500, "PLUGIN_FAILED"),
        ("HANG", 500, "PLUGIN_FAILED"),
        ("DOWN", 503, "PLUGIN_FAILED"),
        ("CONFLICT", 409, "BOOKED"),
    ] {
        let failed = admin.post("/aml/apply", &add(number)).await.expect(status);
        assert_eq!(failed["detail"]["code"], code, "{failed}");
        assert!(failed["detail"]["message"].as_str().unwrap().contains("probe"), "{failed}");
        assert!(!failed.to_string().contains("a defect"), "{failed}");
    }
    for (number, field) in [("REFUSE", "item_number"), ("MISFIT", "cost")] {
        let refused = admin.post("/aml/apply", &add(number)).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", field]));
        assert!(refused["detail"][0]["msg"].as_str().unwrap().contains("plugin probe"), "{refused}");
    }
    assert_eq!(admin.post("/aml/apply", &json!({"type": "Part"})).await.expect(200)["count"], 0);
    let fine = admin.post("/aml/apply", &add("FINE")).await.expect(200);
    assert_eq!(fine["items"][0]["properties"]["cost"], 2.5, "checked and normalised like a client's value");
    assert_eq!(fine["items"][0]["state"], "Draft", "the state is not a plugin's to set");

    admin.get("/plugins/probe/breaks").await.expect(500);
    assert_eq!(admin.get("/plugins/probe/missing").await.expect(404)["detail"], "No such order");
    let echo = admin.post("/plugins/probe/echo/x%20y?q=a%26b", &json!({"n": 1})).await.expect(201);
    assert_eq!(echo, json!({"id": "x y", "q": "a&b", "body": {"n": 1}}));
    let text = admin.request(reqwest::Method::POST, "/plugins/probe/echo/1").header("content-type", "text/plain");
    assert_eq!(text.body("x").send().await.unwrap().status(), 415);
    let text = admin.request(reqwest::Method::POST, "/plugins/probe/echo/1").header("content-type", "application/json");
    assert_eq!(text.body("{").send().await.unwrap().status(), 422);
    let counted = eventually(async || {
        let probe = admin.get("/plugins/probe").await.expect(200);
        // Panic, hang, down, the route, and the hook after the commit.
        (probe["error_count"].as_i64() >= Some(5)).then_some(probe)
    })
    .await;
    assert!(counted["last_error"].is_string() && counted["last_error_at"].is_string(), "{counted}");
    assert_eq!(admin.get("/plugins").await.expect(200)["stats"]["errors"], 1);
    program.stop().await;
}

async fn a_plugin_has_a_say_before_a_revision_is_opened(at: Installation) {
    let program = Program::start(at, vec![Box::new(Probe::default())]).await;
    let admin = &program.admin;
    for (number, status) in [("KEEP", 422), ("FREE", 200)] {
        let part = add_part(admin, number).await;
        for state in ["Review", "Released"] {
            promote(admin, &part, state).await;
        }
        admin.post(&format!("/versions/items/{part}/revise"), &json!({})).await.expect(status);
    }
    program.stop().await;
}

async fn hooks_after_a_commit_run_while_their_plugin_is_active(at: Installation) {
    let probe = Probe::default();
    let program = Program::start(at, vec![Box::new(probe.clone())]).await;
    let admin = &program.admin;
    admin.post("/plugins/probe/deactivate", &json!({})).await.expect(200);
    add_part(admin, "UNSEEN").await;
    let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
    let ctx = Ctx::open(&program.app.tenancy, Actor::System { name: "test" }, tenant, org, None).await.unwrap();
    eventually(async || (!outlook(&ctx.db, &[], ctx.now()).await.unwrap().events_due).then_some(())).await;
    admin.post("/plugins/probe/activate", &json!({})).await.expect(200);
    add_part(admin, "SEEN").await;
    let told = eventually(async || {
        let told = probe.told.lock().unwrap().clone();
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert_eq!(told, ["acme/org-1 item.created"], "the first run failed, the second did not");
    program.stop().await;
}

async fn outside_services_that_are_not_there_fail_nothing(mut at: Installation) {
    at.set("YUANTUS_ATHENA_BASE_URL", "http://127.0.0.1:1/");
    at.set("YUANTUS_INTEGRATIONS__BREAKER_FAILURE_THRESHOLD", "2");
    create_tenant(&at, "acme");
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    let expected = json!({
        "ok": false, "error_code": "upstream_request_error", "error_type": "ConnectError",
        "summary": "upstream request failed (ConnectError)",
    });
    for round in 0..3 {
        let health = admin.get("/integrations/health").await.expect(200);
        assert_eq!((&health["ok"], &health["tenant_id"]), (&json!(false), &json!("acme")));
        let (athena, other) = (&health["services"]["athena"], &health["services"]["cad_connector"]);
        if round == 0 {
            for (field, value) in expected.as_object().unwrap() {
                assert_eq!(athena[field], *value);
            }
        }
        assert_eq!(
            (&other["ok"], &other["configured"], &other["error_code"]),
            (&Value::Null, &json!(false), &Value::Null)
        );
        assert!(!health.to_string().contains("127.0.0.1"), "{health}");
    }
    let capabilities = admin.get("/integrations/capabilities").await.expect(200);
    let athena = &capabilities["services"]["athena"];
    assert_eq!(
        (&athena["configured"], &athena["available"], &athena["breaker"]["state"]),
        (&json!(true), &json!(false), &json!("open"))
    );
    assert_eq!(athena["breaker"]["short_circuited_total"], 1);
}
