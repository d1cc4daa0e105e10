//! Isolation, operation by operation: generated from the OpenAPI document, so that a new operation is covered without
//! anyone remembering.
//!
//! The victim, `umbra`, holds a marker in every text it has. The intruder, administrator of `acme`, calls every operation
//! with umbra's ids in every place that takes one. No answer may bear the marker, and umbra must be as it was.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::api::types::settled;
use crate::support::client::{Client, Reply, reply};
use crate::support::samples;
use crate::support::world::{PASSWORD, World, add_line, create_tenant, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    nobody_reaches_another_tenant_by_any_operation,
    every_operation_but_the_public_ones_wants_a_token_of_the_tenant_it_names,
);

/// Operations that answer anyone; none of them says anything of a tenant.
const PUBLIC: [&str; 3] = ["login", "get_health", "get_metrics"];
const MARKER: &str = "umbra-only";
/// The intruder's own texts, which answers do show: a marker is not overlooked.
const OWN_MARKER: &str = "acme-own";

/// One operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    spec: Value,
}

fn operations() -> (Value, Vec<Operation>) {
    let document: Value = serde_json::from_str(&yuantus::api::openapi_json()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, spec) in methods.as_object().unwrap() {
            operations.push(Operation {
                id: spec["operationId"].as_str().unwrap().to_owned(),
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                path: path.clone(),
                spec: spec.clone(),
            });
        }
    }
    assert!(operations.len() > 20);
    (document, operations)
}

/// What the intruder knows of the victim: ids, in the places that could take them. Never the marker.
struct Loot {
    by_name: BTreeMap<&'static str, Vec<String>>,
}

impl Loot {
    /// Values for a parameter or field; several where several kinds of id fit.
    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "item_type" | "item_type_name" | "type" => vec!["Part".to_owned(), "Part BOM".to_owned()],
            "item_type_id" | "source_item_type_id" | "related_item_type_id" | "data_source_id" => {
                vec!["Shared Type".to_owned(), "Part".to_owned(), "Private Type".to_owned()]
            }
            "property_id" => self.by_name["property"].clone(),
            "view_id" => self.by_name["view"].clone(),
            "tenant_id" => vec!["umbra".to_owned()],
            "org_id" | "default_org_id" => self.by_name["org"].clone(),
            "job_id" => self.by_name["job"].clone(),
            "attachment_id" => self.by_name["attachment"].clone(),
            "upload_id" => self.by_name["upload"].clone(),
            "webhook_id" => self.by_name["webhook"].clone(),
            "delivery_id" => self.by_name["delivery"].clone(),
            "import_id" => self.by_name["import"].clone(),
            "mapping_id" | "mapping" => self.by_name["mapping"].clone(),
            "plugin_id" => vec!["yuantus-demo".to_owned()],
            "user_id" | "admin_user_id" | "owner_id" => self.by_name["user"].clone(),
            "version_id" | "source_version_id" | "target_version_id" | "root_version_id" | "v1" | "v2" => {
                self.by_name["version"].clone()
            }
            "baseline_id" | "baseline_a_id" | "baseline_b_id" => self.by_name["baseline"].clone(),
            "comparison_id" => self.by_name["comparison"].clone(),
            "iteration_id" => self.by_name["iteration"].clone(),
            "effectivity_id" => self.by_name["effectivity"].clone(),
            "line_id" => vec![self.by_name["item"][2].clone()],
            "file_id" => self.by_name["file"].clone(),
            "permission_id" => vec!["SHARED-SET".to_owned()],
            "access_id" => vec!["SHARED-SET:viewer".to_owned()],
            "lifecycle_id" | "copy_of" => self.by_name["lifecycle"].clone(),
            "state_id" | "from_state_id" | "to_state_id" => self.by_name["state"].clone(),
            "transition_id" => self.by_name["transition"].clone(),
            "left_type" | "right_type" => vec!["item".to_owned(), "version".to_owned()],
            "left_id" | "right_id" => vec![self.by_name["item"][0].clone(), self.by_name["version"][0].clone()],
            _ if name.ends_with("id") => self.by_name["item"].clone(),
            "parent" | "number" => vec!["SHARED-1".to_owned()],
            // What bears the marker is found by its number, and by nothing.
            "q" => vec!["SHARED".to_owned(), String::new()],
            _ => Vec::new(),
        }
    }
}

async fn nobody_reaches_another_tenant_by_any_operation(at: Installation) {
    create_tenant(&at, "umbra");
    let world = World::start(at).await;
    let victim = world.server.client().login("umbra", "org-1", "admin", PASSWORD).await;
    let loot = furnish(&victim, MARKER).await;
    furnish(&world.admin, OWN_MARKER).await;
    let before = everything_of(&victim).await;

    // First: one of the operations below ends the intruder's own session.
    for (path, body) in calls_within_calls(&world.admin, &loot).await {
        let answer = world.admin.post(path, &body).await;
        assert!(!answer.text.contains(MARKER), "{path} {body} shows what is umbra's: {answer:?}");
        assert!((400..500).contains(&answer.status.as_u16()), "{path} {body}: {answer:?}");
    }

    let (document, operations) = operations();
    let (mut calls, mut own) = (0, 0);
    for operation in operations.iter().filter(|operation| !PUBLIC.contains(&operation.id.as_str())) {
        for choice in 0..4 {
            let answer = intrude(&world.admin, &document, operation, &loot, choice).await;
            assert!(!answer.text.contains(MARKER), "{} shows what is umbra's: {answer:?}", operation.id);
            assert!(answer.status.as_u16() != 500, "{}: {answer:?}", operation.id);
            calls += 1;
            own += usize::from(answer.text.contains(OWN_MARKER));
        }
    }
    assert!(calls > 80 && own > 8, "{calls} calls, {own} answers with the intruder's own texts");
    assert_eq!(everything_of(&victim).await, before, "umbra was changed from outside");
}

/// Bodies that name what to do and to what: every method of RPC, and every action on many items, with the victim's ids.
async fn calls_within_calls(client: &Client, loot: &Loot) -> Vec<(&'static str, Value)> {
    let mut calls = Vec::new();
    let methods = client.get("/rpc").await.expect(200);
    for item in &loot.by_name["item"] {
        for kind in ["Part", "Part BOM"] {
            let change =
                |action: &str| json!({"type": kind, "id": item, "action": action, "properties": {"state": "Review"}});
            let line =
                json!({"type": "Part BOM", "action": "add", "properties": {"source_id": item, "related_id": item}});
            for action in ["update", "delete", "promote", "dummy"] {
                calls.push(("/aml/apply/bulk", json!({"items": [change(action)]})));
            }
            calls.push(("/aml/apply/bulk", json!({"items": [line]})));
            let side = json!({"type": "item", "id": item, "label": "x"});
            calls.push(("/bom/compare/many", json!({"sides": [side, side]})));
            for method in methods["items"].as_array().unwrap() {
                // Those that take no id of an item.
                if ["ItemType.list", "Item.query", "Item.create"].contains(&method["name"].as_str().unwrap()) {
                    continue;
                }
                let mut kwargs = Map::new();
                for parameter in method["parameters"].as_array().unwrap() {
                    let value = match parameter["name"].as_str().unwrap() {
                        "type" => json!(kind),
                        "item_id" | "id" => json!(item),
                        "item" => change("update"),
                        "items" => json!([change("delete")]),
                        "state" => json!("Review"),
                        _ => continue,
                    };
                    kwargs.insert(parameter["name"].as_str().unwrap().to_owned(), value);
                }
                let body = json!({"model": method["model"], "method": method["method"], "kwargs": kwargs});
                calls.push(("/rpc", body));
            }
        }
    }
    assert!(calls.len() > 60);
    calls
}

/// Fills an organisation with a BOM, users and a second org whose texts all bear a marker; numbers are the same in both.
async fn furnish(client: &Client, marker: &str) -> Loot {
    let mut items = Vec::new();
    for number in ["SHARED-1", "SHARED-2"] {
        let properties = json!({"item_number": number, "name": marker, "description": marker});
        let part = json!({"type": "Part", "action": "add", "properties": properties});
        items.push(id(&client.post("/aml/apply", &part).await.expect(200)));
    }
    let line = add_line(client, &items[0], &items[1]).await;
    items.push(line["relationship_id"].as_str().unwrap().to_owned());
    let (file, attachment) = furnish_file(client, marker, &items[0]).await;
    // Of a type that nobody runs: it stays as it is.
    let job = json!({"task_type": "cad_preview", "payload": {"note": marker, "file_id": "x"}, "dedupe_key": "x"});
    let job = client.post("/jobs", &job).await.expect(200);
    let user = json!({"username": format!("{marker}-user"), "password": PASSWORD, "email": marker, "user_id": 4711});
    client.post("/admin/users", &user).await.expect(200);
    client.post("/admin/orgs", &json!({"id": "org-2", "name": marker})).await.expect(200);
    client.patch("/admin/orgs/org-1", &json!({"name": marker})).await.expect(200);
    let hook = json!({"url": format!("https://{marker}.invalid/{marker}"), "name": marker, "events": ["bom.changed"]});
    let hook = client.post("/webhooks", &hook).await.expect(200)["webhook"]["id"].as_str().unwrap().to_owned();
    let delivery = client.post(&format!("/webhooks/{hook}/test"), &json!({})).await.expect(200);
    let config = json!({"config": {"note": marker}});
    client.put("/plugins/yuantus-demo/config", &config).await.expect(200);
    let promote = json!({"type": "Part", "action": "promote", "id": items[1], "properties": {"state": "Review", "comment": marker}});
    client.post("/aml/apply", &promote).await.expect(200);
    client.post("/meta/permissions", &json!({"id": "SHARED-SET", "name": marker})).await.expect(200);
    let access = json!({"identity_id": "viewer", "can_get": true});
    client.post("/meta/permissions/SHARED-SET/accesses", &access).await.expect(200);
    client.put("/meta/item-types/Document/numbering", &json!({"prefix": marker})).await.expect(200);
    let lifecycle = client.post("/meta/lifecycles", &json!({"name": marker})).await.expect(200);
    let path = format!("/meta/lifecycles/{}", id(&lifecycle));
    let state = id(&client.post(&format!("{path}/states"), &json!({"name": marker})).await.expect(200));
    let start = id(&lifecycle["states"][0]);
    let step = json!({"action": marker, "from_state_id": start, "to_state_id": state});
    let step = id(&client.post(&format!("{path}/transitions"), &step).await.expect(200));
    let (import, mapping) = furnish_import(client, marker).await;
    let (properties, views) = furnish_model(client, marker).await;
    let (version, bound) = furnish_version(client, marker, &items[0]).await;
    let (baseline, comparison) = furnish_baseline(client, marker, &items[0]).await;
    let (branch, iterations, effectivities) = furnish_branch(client, marker, &items[0], &version).await;
    let upload = json!({"filename": format!("{marker}.bin"), "size": 5, "author": marker});
    let upload = id(&client.post("/file/uploads", &upload).await.expect(200));
    Loot {
        by_name: BTreeMap::from([
            ("property", properties),
            ("view", views),
            ("item", items),
            ("version", vec![version, branch]),
            ("iteration", iterations),
            ("effectivity", effectivities),
            ("baseline", vec![baseline]),
            ("comparison", vec![comparison]),
            ("file", vec![bound, file]),
            ("attachment", vec![attachment]),
            ("lifecycle", vec![id(&lifecycle)]),
            ("state", vec![state, start]),
            ("transition", vec![step]),
            ("user", vec!["4711".to_owned(), "1".to_owned()]),
            ("org", vec!["org-1".to_owned(), "org-2".to_owned()]),
            ("import", vec![import]),
            ("mapping", vec![mapping]),
            ("upload", vec![upload]),
            ("webhook", vec![hook]),
            ("delivery", vec![id(&delivery)]),
            ("job", vec![id(&job)]),
        ]),
    }
}

/// A part from a sheet, and how the sheet was read; both bear the marker.
async fn furnish_import(client: &Client, marker: &str) -> (String, String) {
    let sheet = format!("Part Number,Name,Qty\nSHARED-4,{marker},1\n");
    let file = reqwest::multipart::Part::bytes(sheet.into_bytes()).file_name(format!("{marker}.csv"));
    let form = reqwest::multipart::Form::new().part("file", file).text("parent", "SHARED-3");
    let form = form.text("create_parent", marker.to_owned());
    let report = reply(client.request(Method::POST, "/imports/bom").multipart(form)).await.expect(200);
    let mapping = json!({"name": marker, "columns": format!("name={marker}"), "options": {"sheet": marker}});
    let mapping = id(&client.post("/imports/mappings", &mapping).await.expect(200));
    (report["import_id"].as_str().unwrap().to_owned(), mapping)
}

/// A version that is checked out with a file bound to it; both bear the marker.
async fn furnish_version(client: &Client, marker: &str, item: &str) -> (String, String) {
    let out = json!({"comment": marker, "client_host": marker, "client_info": {"note": marker}});
    let version = id(&client.post(&format!("/versions/items/{item}/checkout"), &out).await.expect(200));
    let file = reqwest::multipart::Part::bytes(marker.as_bytes().to_vec()).file_name(format!("{marker}.txt"));
    let form = reqwest::multipart::Form::new().part("file", file).text("author", marker.to_owned());
    let file = id(&reply(client.request(Method::POST, "/file/upload").multipart(form)).await.expect(200));
    client.post(&format!("/versions/{version}/files"), &json!({"file_id": file})).await.expect(200);
    client.post(&format!("/versions/{version}/files/{file}/checkout"), &json!({})).await.expect(200);
    (version, file)
}

/// A baseline whose texts bear the marker, and what it was compared with.
async fn furnish_baseline(client: &Client, marker: &str, item: &str) -> (String, String) {
    let new = json!({"name": marker, "description": marker, "root_item_id": item, "include_documents": true});
    let baseline = id(&client.post("/baselines", &new).await.expect(200));
    let both = json!({"baseline_a_id": baseline, "baseline_b_id": baseline});
    let compared = client.post("/baselines/compare-baselines", &both).await.expect(200);
    (baseline, compared["comparison_id"].as_str().unwrap().to_owned())
}

/// A branch, iterations and effectivities that bear the marker.
async fn furnish_branch(
    client: &Client,
    marker: &str,
    item: &str,
    version: &str,
) -> (String, Vec<String>, Vec<String>) {
    let body = json!({"source_version_id": version, "branch_name": marker});
    let branch = id(&client.post(&format!("/versions/items/{item}/branch"), &body).await.expect(200));
    let (mut iterations, mut effectivities) = (Vec::new(), Vec::new());
    for version in [version, branch.as_str()] {
        let taken = json!({"description": marker, "properties": {"description": marker}});
        iterations.push(id(&client.post(&format!("/versions/{version}/iterations"), &taken).await.expect(200)));
        let lots = json!({"version_id": version, "effectivity_type": "Lot", "payload": {"lots": [marker]}});
        effectivities.push(id(&client.post("/effectivities", &lots).await.expect(200)));
    }
    let scheme = json!({"name": marker, "description": marker});
    client.post("/versions/schemes", &scheme).await.expect(200);
    (branch, iterations, effectivities)
}

/// A drawing whose name, layer and description bear the marker, and that has a preview.
async fn furnish_file(client: &Client, marker: &str, item: &str) -> (String, String) {
    let drawing = String::from_utf8(samples::dxf()).unwrap().replace("Umrisse ü", marker);
    let upload = client.request(Method::PUT, "/file/upload").query(&[("filename", format!("{marker}.dxf"))]);
    let file = id(&reply(upload.body(drawing)).await.expect(200));
    let attach = json!({"item_id": item, "file_id": file, "description": marker});
    let attachment = id(&client.post("/file/attach", &attach).await.expect(200));
    let mut told = Value::Null;
    for _ in 0..15_000 {
        told = client.get(&format!("/file/{file}/conversion_summary")).await.expect(200);
        if told["jobs"][0]["completed_at"].is_string() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(told["preview_facts"].to_string().contains(marker), "{told}");
    (file, attachment)
}

/// Types, a property and views whose texts bear the marker; only umbra has the private one.
async fn furnish_model(client: &Client, marker: &str) -> (Vec<String>, Vec<String>) {
    let private = (marker == MARKER).then_some("Private Type");
    let (mut properties, mut views) = (Vec::new(), Vec::new());
    for name in ["Shared Type"].into_iter().chain(private) {
        let kind = json!({
            "id": name, "label": marker, "description": marker,
            "properties": [{"name": "code", "label": marker, "length": 30, "is_indexed": true, "default_value": marker}],
        });
        client.post("/meta/item-types", &kind).await.expect(200);
        let kind = client.get(&format!("/meta/item-types/{name}")).await.expect(200);
        properties.push(id(&kind["properties"][0]));
        for view in ["form", "grid"] {
            let layout = json!({"label": marker, "layout": {"title": marker}});
            views.push(id(&client.put(&format!("/ui/{view}/{name}"), &layout).await.expect(200)));
        }
    }
    (properties, views)
}

async fn everything_of(client: &Client) -> Value {
    let mut seen = Map::new();
    for path in [
        "/admin/users",
        "/admin/orgs",
        "/admin/orgs/org-1/members",
        "/admin/orgs/org-2/members",
        "/admin/tenant",
        "/jobs?task_type=cad_preview",
    ] {
        seen.insert(path.to_owned(), client.get(path).await.expect(200));
    }
    let mut quota = client.get("/admin/quota").await.expect(200);
    // What jobs do meanwhile is not the intruder's doing.
    seen.insert("/admin/quota".to_owned(), json!([quota["quota"].take(), quota["updated_at"].take()]));
    let uploads = client.get("/file/uploads").await.expect(200);
    for upload in uploads["items"].as_array().unwrap() {
        let path = format!("/file/uploads/{}", id(upload));
        seen.insert(path.clone(), client.get(&path).await.expect(200));
    }
    seen.insert("/file/uploads".to_owned(), uploads);
    let previews = client.get("/jobs?task_type=file_preview").await.expect(200);
    for job in previews["items"].as_array().unwrap() {
        let file = format!("/file/{}", job["payload"]["file_id"].as_str().unwrap());
        seen.insert(file.clone(), client.get(&file).await.expect(200));
    }
    seen.insert("previews".to_owned(), previews);
    for path in ["/plugins", "/plugins/yuantus-demo/config", "/imports", "/imports/mappings"] {
        seen.insert(path.to_owned(), client.get(path).await.expect(200));
    }
    let mut hooks = client.get("/webhooks").await.expect(200);
    for hook in hooks["items"].as_array_mut().unwrap() {
        let deliveries = format!("/webhooks/{}/deliveries", hook["id"].as_str().unwrap());
        // What the worker does meanwhile is not the intruder's doing; how many there are would be.
        hook["failing_since"] = client.get(&deliveries).await.expect(200)["total"].clone();
    }
    seen.insert("/webhooks".to_owned(), hooks);
    let lists = ["/meta/permissions", "/meta/permissions/SHARED-SET", "/meta/lifecycles"];
    for path in lists.into_iter().chain(["/meta/item-types/Document/numbering", "/meta/item-types/Part/numbering"]) {
        seen.insert(path.to_owned(), client.get(path).await.expect(200));
    }
    for lifecycle in client.get("/meta/lifecycles").await.expect(200)["items"].as_array().unwrap() {
        let path = format!("/meta/lifecycles/{}", id(lifecycle));
        seen.insert(path.clone(), client.get(&path).await.expect(200));
    }
    for path in ["/versions/schemes", "/meta/item-types", "/ui/form/Shared Type", "/ui/grid/Private Type"] {
        seen.insert(path.to_owned(), client.get(path).await.expect(200));
    }
    for kind in ["Shared Type", "Private Type"] {
        // How far an index is changes by itself.
        seen.insert(kind.to_owned(), settled(client, kind, "code").await);
    }
    // The index is a moment behind; both tenants must be as they are going to be.
    for _ in 0..1000 {
        if client.get("/search/status").await.expect(200)["pending"] == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for path in ["/search/?q=SHARED", "/search/reports/summary"] {
        seen.insert(path.to_owned(), client.get(path).await.expect(200));
    }
    for kind in ["Part", "Part BOM", "Document"] {
        seen.insert(kind.to_owned(), client.post("/aml/apply", &json!({"type": kind})).await.expect(200));
    }
    for part in seen["Part"]["items"].as_array().unwrap().clone() {
        let versions = client.get(&format!("/versions/items/{}/versions", id(&part))).await.expect(200);
        let mut paths = vec![format!("/versions/items/{}/history", id(&part))];
        for version in versions["versions"].as_array().unwrap() {
            let version = version["version_id"].as_str().unwrap();
            paths.extend(["detail", "lines", "iterations"].map(|end| format!("/versions/{version}/{end}")));
            paths.push(format!("/effectivities/versions/{version}"));
        }
        for path in paths {
            seen.insert(path.clone(), client.get(&path).await.expect(200));
        }
    }
    Value::Object(seen)
}

/// Calls an operation with the victim's ids; `choice` varies which where there are several, and what the body asks for.
async fn intrude(client: &Client, document: &Value, operation: &Operation, loot: &Loot, choice: usize) -> Reply {
    let pick = |name: &str| {
        let values = loot.values(name);
        values.get(choice % values.len().max(1)).cloned().unwrap_or_else(|| "x".to_owned())
    };
    let mut path = operation.path.clone();
    let mut query = Vec::new();
    for parameter in operation.spec["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &pick(name)),
            Some("query") if !loot.values(name).is_empty() => query.push((name.to_owned(), pick(name))),
            _ => {}
        }
    }
    let request = client.request(operation.method.clone(), &path).query(&query);
    let content = operation.spec["requestBody"]["content"].as_object();
    match content.and_then(|content| content.iter().next()) {
        Some((kind, body)) if kind.contains("json") => {
            let body = filled(document, &body["schema"], loot, choice, 0);
            reply(request.json(&body)).await
        }
        Some(_) => {
            let file = reqwest::multipart::Part::bytes(&b"Part Number,Qty\nSHARED-2,1\n"[..]).file_name("s.csv");
            let form =
                reqwest::multipart::Form::new().part("file", file).text("parent", "SHARED-1").text("dry_run", "true");
            reply(request.multipart(form)).await
        }
        None => reply(request).await,
    }
}

/// A body in the shape of a schema, with the victim's ids wherever one fits.
fn filled(document: &Value, schema: &Value, loot: &Loot, choice: usize, depth: usize) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return filled(document, target, loot, choice, depth);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return filled(document, &parts[0], loot, choice, depth);
    }
    let Some(properties) = schema["properties"].as_object() else {
        return match (schema["enum"].as_array(), schema["type"].as_str()) {
            (Some(values), _) => values[choice % values.len()].clone(),
            (_, Some("array")) => json!([]),
            (_, Some("object")) => json!({"related_id": loot.by_name["item"][1], "source_id": loot.by_name["item"][0]}),
            (_, Some("integer" | "number")) => json!(1),
            (_, Some("boolean")) => json!(true),
            _ => json!("x"),
        };
    };
    let mut body = Map::new();
    for (name, property) in properties {
        let values = loot.values(name);
        let value = match values.get(choice % values.len().max(1)) {
            Some(value) if property["type"] == "integer" => json!(value.parse::<i64>().unwrap()),
            Some(value) => json!(value),
            None if depth > 1 => continue,
            None => filled(document, property, loot, choice, depth + 1),
        };
        body.insert(name.clone(), value);
    }
    Value::Object(body)
}

async fn every_operation_but_the_public_ones_wants_a_token_of_the_tenant_it_names(at: Installation) {
    create_tenant(&at, "umbra");
    let world = World::start(at).await;
    let victim = world.server.client().login("umbra", "org-1", "admin", PASSWORD).await;
    let loot = furnish(&victim, MARKER).await;
    let (document, operations) = operations();
    for operation in operations.iter().filter(|operation| !PUBLIC.contains(&operation.id.as_str())) {
        let nobody = world.server.client().in_tenant("umbra").in_org("org-1");
        let refused = intrude(&nobody, &document, operation, &loot, 0).await;
        assert_eq!(refused.status, 401, "{} without a token: {refused:?}", operation.id);
        let stranger = world.admin.in_tenant("umbra").in_org("org-1");
        let refused = intrude(&stranger, &document, operation, &loot, 0).await;
        assert_eq!(refused.status, 401, "{} with another tenant's token: {refused:?}", operation.id);
        // An answer to HEAD has no body.
        if operation.method != Method::HEAD {
            assert_eq!(refused.json()["detail"], "Tenant mismatch", "{}", operation.id);
        }
    }
}
