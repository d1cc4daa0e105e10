//! Searching, the index behind it, and its reports.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::database::texts;
use crate::support::files::{bring, form, send_form};
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    what_is_added_changed_and_deleted_is_found_as_it_is,
    the_likeliest_comes_first,
    every_word_must_occur,
    slips_of_the_finger_are_forgiven,
    chinese_is_found_by_one_and_more_characters,
    a_users_text_is_never_syntax,
    queries_that_make_no_sense_are_refused_or_list_everything,
    hits_are_filtered_and_paged,
    finds_are_marked_in_html_that_is_safe,
    what_may_not_be_read_is_neither_found_nor_counted,
    the_index_is_made_anew_at_once_or_as_a_job,
    a_broken_index_is_mended_by_the_command_line,
    reports_count_as_json_and_as_sheets,
    files_are_found_by_those_who_may_read_them,
    names_that_others_gave_are_not_told,
    files_and_change_orders_are_searched_before_there_are_any,
);

/// Waits until the index has followed every change.
async fn settled(admin: &Client) {
    for _ in 0..1500 {
        let status = admin.get("/search/status").await.expect(200);
        if status["pending"] == 0 && (status["rebuild"].is_null() || !status["rebuild"]["finished_at"].is_null()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the index does not follow");
}

/// The same for every kind of document, whatever the state of one index says: nothing waits in the outbox.
async fn delivered(at: &Installation) {
    for _ in 0..1500 {
        let waiting = texts(at, "SELECT CAST(COUNT(*) AS TEXT) FROM outbox WHERE delivered_at IS NULL").await;
        if waiting == ["0"] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the outbox is not delivered");
}

async fn search(client: &Client, query: &[(&str, &str)]) -> Value {
    let request = client.request(reqwest::Method::GET, "/search/").query(query);
    crate::support::client::reply(request).await.expect(200)
}

/// The numbers that a query finds, in their order; the total must be theirs.
async fn numbers(client: &Client, query: &str) -> Vec<String> {
    let found = search(client, &[("q", query), ("limit", "100")]).await;
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(found["total"], hits.len(), "{query}: {found}");
    hits.iter().map(|hit| hit["item_number"].as_str().unwrap_or("-").to_owned()).collect()
}

async fn part(client: &Client, number: &str, name: &str) -> String {
    let properties = json!({"item_number": number, "name": name});
    id(&client
        .post("/aml/apply", &json!({"type": "Part", "action": "add", "properties": properties}))
        .await
        .expect(200))
}

async fn act(client: &Client, action: &str, id: &str, properties: Value) {
    let body = json!({"type": "Part", "action": action, "id": id, "properties": properties});
    client.post("/aml/apply", &body).await.expect(200);
}

async fn what_is_added_changed_and_deleted_is_found_as_it_is(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let properties = json!({"item_number": "S-A-1", "name": "Part S-A-1", "weight": 2.5, "cost": 10});
    let added = json!({"type": "Part", "action": "add", "properties": properties});
    let first = id(&admin.post("/aml/apply", &added).await.expect(200));
    let second = part(admin, "S-A-2", "dup").await;
    settled(admin).await;
    let found = search(admin, &[("q", "S-A")]).await;
    assert_eq!(
        (&found["total"], &found["total_is_exact"], &found["similar"]),
        (&json!(2), &json!(true), &json!(false))
    );
    let hit = &found["hits"][0];
    assert_eq!((&hit["id"], &hit["item_type_id"], &hit["state"]), (&json!(first), &json!("Part"), &json!("Draft")));
    assert_eq!(hit["search_text"], "S-A-1 Part S-A-1 10.0 2.5 Draft");
    assert_eq!(hit["properties"]["number"], "S-A-1");
    assert_eq!((&hit["is_current"], &hit["is_released"]), (&json!(true), &json!(false)));
    assert!(hit["created_at"].as_str().unwrap().ends_with('Z') && hit["updated_at"].is_null());
    // The final slash is not needed.
    assert_eq!(admin.get("/search?q=S-A").await.expect(200)["total"], 2);

    act(admin, "update", &first, json!({"item_number": "T-9", "description": "Housing, anodised"})).await;
    act(admin, "delete", &second, json!({})).await;
    settled(admin).await;
    assert_eq!(numbers(admin, "S-A-2").await, [""; 0]);
    assert_eq!(numbers(admin, "anodised").await, ["T-9"]);
    assert_eq!(numbers(admin, "S-A").await, ["T-9"], "its name still holds it");
    act(admin, "promote", &first, json!({"state": "Review"})).await;
    settled(admin).await;
    assert_eq!(search(admin, &[("q", "t-9"), ("state", "Review")]).await["total"], 1);
    assert_eq!(search(admin, &[("q", "review"), ("item_type", "Part")]).await["total"], 1);
}

async fn the_likeliest_comes_first(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for (number, name) in [
        ("X-1", "for BR-10"),
        ("A-BR-10", "holder"),
        ("BR-100", "bracket"),
        ("BR-10", "bracket"),
        ("Y-1", "BR-10"),
        ("Y-2", "BR-10 left"),
        ("BR-10-2", "bracket"),
    ] {
        part(admin, number, name).await;
    }
    let properties = json!({"item_number": "Z-1", "name": "x", "note": "fits br-10"});
    admin.post("/aml/apply", &json!({"type": "Part", "action": "add", "properties": properties})).await.expect(200);
    settled(admin).await;
    let expected = ["BR-10", "BR-100", "BR-10-2", "A-BR-10", "Y-1", "Y-2", "X-1", "Z-1"];
    assert_eq!(numbers(admin, "br-10").await, expected);
    assert_eq!(numbers(admin, " ＢＲ－１０ ").await, expected, "width and case do not matter");
}

async fn every_word_must_occur(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    part(admin, "P-1", "Hex bolt M6x20 zinc").await;
    part(admin, "P-2", "Hex bolt M8x20 zinc").await;
    part(admin, "P-3", "Hex nut M6 zinc Größe").await;
    part(admin, "P-4", "Plug ZM6").await;
    settled(admin).await;
    for (query, expected) in [
        ("bolt", vec!["P-1", "P-2"]),
        ("bolt m6", vec!["P-1"]),
        ("zinc m6", vec!["P-1", "P-3"]),
        ("m6", vec!["P-1", "P-3", "P-4"]),
        ("x2", vec!["P-1", "P-2"]),
        ("olt", vec!["P-1", "P-2"]),
        ("große", vec!["P-3"]),
        ("bolt nut", vec![]),
        ("P-2 bolt", vec!["P-2"]),
    ] {
        assert_eq!(numbers(admin, query).await, expected, "{query}");
    }
    let page = search(admin, &[("q", "m6"), ("limit", "2")]).await;
    assert_eq!((&page["total"], &page["total_is_exact"]), (&json!(2), &json!(false)), "there may be more inside words");
}

async fn slips_of_the_finger_are_forgiven(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    part(admin, "BRK-00123", "Bracket left").await;
    part(admin, "BRK-00777", "Bracket right").await;
    part(admin, "P-9", "Bolt").await;
    settled(admin).await;
    for (query, expected) in [
        ("braket left", vec!["BRK-00123"]),
        ("Bracekt", vec!["BRK-00123", "BRK-00777"]),
        ("BRK-0O123", vec!["BRK-00123"]),
        ("BRK-01777", vec!["BRK-00777"]),
        ("botl", vec!["P-9"]),
        ("gasket", vec![]),
    ] {
        let found = search(admin, &[("q", query)]).await;
        assert_eq!(numbers(admin, query).await, expected, "{query}");
        assert_eq!(found["similar"], !expected.is_empty(), "{query}");
    }
    assert_eq!(search(admin, &[("q", "bracket")]).await["similar"], false);
    let second = search(admin, &[("q", "bracekt"), ("limit", "1"), ("offset", "1")]).await;
    assert_eq!((&second["total"], &second["hits"][0]["item_number"]), (&json!(2), &json!("BRK-00777")));
}

async fn chinese_is_found_by_one_and_more_characters(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    part(admin, "腿-1", "深沟球轴承座").await;
    part(admin, "P-2", "滚动轴承 6204").await;
    part(admin, "P-3", "六角螺栓 Ｍ６").await;
    settled(admin).await;
    for (query, expected) in [
        ("轴", vec!["P-2", "腿-1"]),
        ("轴承", vec!["P-2", "腿-1"]),
        ("轴承座", vec!["腿-1"]),
        ("球轴承座", vec!["腿-1"]),
        ("轴承 6204", vec!["P-2"]),
        ("栓", vec!["P-3"]),
        ("螺栓 m6", vec!["P-3"]),
        ("腿-1", vec!["腿-1"]),
        ("座轴", vec![]),
    ] {
        let mut found = numbers(admin, query).await;
        found.sort();
        assert_eq!(found, expected, "{query}");
    }
}

async fn a_users_text_is_never_syntax(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    part(admin, "Q\"1", "50% (net) a_b 'c' \\d").await;
    part(admin, "AND-1", "NEAR(x) NOT OR * ^ : - +").await;
    part(admin, "P-3", "50x ab plain").await;
    settled(admin).await;
    for (query, expected) in [
        ("\"", vec!["Q\"1"]),
        ("Q\"1", vec!["Q\"1"]),
        ("*", vec!["AND-1"]),
        (":", vec!["AND-1"]),
        ("(", vec!["AND-1", "Q\"1"]),
        (")", vec!["AND-1", "Q\"1"]),
        ("^", vec!["AND-1"]),
        ("AND", vec!["AND-1"]),
        ("NEAR", vec!["AND-1"]),
        ("NOT OR", vec!["AND-1"]),
        ("near(x)", vec!["AND-1"]),
        ("50%", vec!["Q\"1"]),
        ("%", vec!["Q\"1"]),
        ("a_b", vec!["Q\"1"]),
        ("_", vec!["Q\"1"]),
        ("'c'", vec!["Q\"1"]),
        ("\\d", vec!["Q\"1"]),
        ("\\", vec!["Q\"1"]),
        ("plain AND ab", vec![]),
        ("x\" OR \"1\"=\"1", vec![]),
        ("'); DROP TABLE items; --", vec![]),
        ("a:b | c & d <-> e !f", vec![]),
    ] {
        let mut found = numbers(admin, query).await;
        found.sort();
        assert_eq!(found, expected, "{query}");
    }
}

async fn queries_that_make_no_sense_are_refused_or_list_everything(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for number in ["P-1", "P-2"] {
        add_part(admin, number).await;
    }
    settled(admin).await;
    assert_eq!(numbers(admin, "").await, ["P-2", "P-1"], "the newest first");
    assert_eq!(numbers(admin, " \u{0}\t\u{3000}").await, ["P-2", "P-1"]);
    let missing = admin.get("/search/").await.expect(422);
    assert_eq!(missing["detail"][0]["loc"], json!(["query", "q"]));
    let long = "x".repeat(201);
    let refused = admin.get(&format!("/search/?q={long}")).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["query", "q"]));
    let words = (0..17).map(|index| format!("w{index}")).collect::<Vec<_>>().join("+");
    admin.get(&format!("/search/?q={words}")).await.expect(422);
    assert_eq!(numbers(admin, &"x".repeat(200)).await, [""; 0]);
    admin.get("/search/?q=x&limit=many").await.expect(422);
    admin.get("/search/?q=x&item_type=Nothing").await.expect(404);
    admin.get("/search/ecos?limit=0").await.expect(422);
    for (path, place) in [("/search/?q=x&state=%00", "state"), ("/search/ecos?state=%00", "state")] {
        assert_eq!(admin.get(path).await.expect(422)["detail"][0]["loc"], json!(["query", place]), "{path}");
    }
    for path in ["/search/?q=x", "/search/files?q=x", "/search/ecos?q=x"] {
        let refused = admin.get(&format!("{path}&offset={}", u64::MAX)).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["query", "offset"]), "{path}");
    }
    admin.get("/search/files?limit=201").await.expect(422);
    admin.get("/search/reports/eco-state-trend?days=367").await.expect(422);
    admin.get("/search/reports/summary?format=xlsx").await.expect(422);
}

async fn hits_are_filtered_and_paged(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let mut ids = Vec::new();
    for index in 0..5 {
        ids.push(part(admin, &format!("F-{index}"), "frame").await);
    }
    let document = json!({"type": "Document", "action": "add", "properties": {"doc_number": "F-9", "name": "frame"}});
    admin.post("/aml/apply", &document).await.expect(200);
    add_line(admin, &ids[0], &ids[1]).await;
    for state in ["Review", "Released"] {
        act(admin, "promote", &ids[4], json!({"state": state})).await;
    }
    settled(admin).await;
    assert_eq!(search(admin, &[("q", "frame")]).await["total"], 6);
    assert_eq!(search(admin, &[("q", "frame"), ("item_type", "Document")]).await["total"], 1);
    assert_eq!(search(admin, &[("q", "frame"), ("state", "Draft"), ("item_type", "Part")]).await["total"], 4);
    let released = search(admin, &[("q", "f-"), ("released_only", "true")]).await;
    assert_eq!((&released["total"], &released["hits"][0]["id"]), (&json!(1), &json!(ids[4])));
    assert_eq!(released["hits"][0]["is_released"], true);
    let page = search(admin, &[("q", "F-"), ("limit", "2"), ("offset", "2")]).await;
    let found: Vec<&Value> = page["hits"].as_array().unwrap().iter().map(|hit| &hit["item_number"]).collect();
    assert_eq!((found, &page["total"]), (vec![&json!("F-2"), &json!("F-3")], &json!(6)));
    let behind = search(admin, &[("q", "F-"), ("offset", "99")]).await;
    assert_eq!((&behind["total"], &behind["hits"]), (&json!(6), &json!([])));
    let none = search(admin, &[("q", "F-"), ("limit", "0")]).await;
    assert_eq!((&none["total"], &none["hits"]), (&json!(6), &json!([])));
    search(admin, &[("q", "F-"), ("limit", "100000")]).await;
    // A line is found where lines are looked for.
    let lines = search(admin, &[("q", ""), ("item_type", "Part BOM")]).await;
    assert_eq!((&lines["total"], &lines["hits"][0]["item_type_id"]), (&json!(1), &json!("Part BOM")));
}

async fn finds_are_marked_in_html_that_is_safe(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    part(admin, "H-1", "<script>alert('Rahmen')</script> & Rahmen").await;
    settled(admin).await;
    let found = search(admin, &[("q", "RAHMEN")]).await;
    let expected = "&lt;script&gt;alert(&#39;<em>Rahmen</em>&#39;)&lt;/script&gt; &amp; <em>Rahmen</em>";
    assert_eq!(found["hits"][0]["highlights"], json!({"name": expected}));
}

/// Lets only this role read what is in a state: a permission set of its own, written as an administrator's tool would.
async fn hide_state(world: &World, state: &str, role: &str) {
    use sea_orm::{ConnectionTrait, Database};
    let url = world.at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap();
    let url = url.replace("{tenant_id}", "acme").replace("{org_id}", "org-1");
    let url = if url.starts_with("sqlite") { format!("{url}?mode=rw") } else { url };
    let db = Database::connect(url).await.unwrap();
    for sql in [
        "INSERT INTO permissions (id, name) VALUES ('Hidden', 'Hidden')".to_owned(),
        format!(
            "INSERT INTO permission_entries (id, permission_id, identity_id, can_create, can_get, can_update, can_delete, \
             can_discover) VALUES ('hidden-1', 'Hidden', '{role}', FALSE, TRUE, FALSE, FALSE, TRUE)"
        ),
        format!("UPDATE lifecycle_states SET permission_id = 'Hidden' WHERE name = '{state}'"),
        "UPDATE model_revision SET value = value + 1".to_owned(),
        "INSERT INTO model_revision (id, value) SELECT 1, 1000 WHERE NOT EXISTS (SELECT 1 FROM model_revision)"
            .to_owned(),
    ] {
        db.execute_unprepared(&sql).await.unwrap();
    }
    db.close().await.unwrap();
}

async fn what_may_not_be_read_is_neither_found_nor_counted(at: Installation) {
    let world = &World::start(at).await;
    let admin = &world.admin;
    for number in ["V-1", "V-2", "V-3"] {
        part(admin, number, "vault").await;
    }
    let secret = part(admin, "V-9-secret", "vault").await;
    act(admin, "promote", &secret, json!({"state": "Review"})).await;
    settled(admin).await;
    let (viewer, reviewer) = (world.user("vera", &["viewer"]).await, world.user("rex", &["reviewer"]).await);
    assert_eq!(search(&viewer, &[("q", "vault")]).await["total"], 4);
    hide_state(world, "Review", "reviewer").await;
    for (query, total) in [("vault", 3), ("V-9", 0), ("secret", 0), ("secrte", 0), ("", 3), ("V-", 3)] {
        let found = search(&viewer, &[("q", query)]).await;
        assert_eq!(found["total"], total, "{query}");
        assert!(!found.to_string().contains("secret"), "{query}");
    }
    for (client, total) in [(&reviewer, 4), (admin, 4)] {
        assert_eq!(search(client, &[("q", "vault")]).await["total"], total);
    }
    let count = async |client: &Client| client.get("/search/reports/summary").await.expect(200)["items"].clone();
    let seen = count(&viewer).await;
    assert_eq!((&seen["total"], &seen["by_state"]), (&json!(3), &json!([{"key": "Draft", "count": 3}])));
    assert_eq!(count(admin).await["total"], 4);
    let status = viewer.get("/search/status").await.expect(200);
    assert_eq!(
        (&status["enabled"], &status["documents"], &status["pending"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    for path in ["/search/reindex", "/search/ecos/reindex"] {
        let refused = viewer.post(path, &json!({})).await.expect(403);
        assert_eq!(refused["detail"]["code"], "PERMISSION_DENIED");
    }
}

async fn the_index_is_made_anew_at_once_or_as_a_job(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let ids = [add_part(admin, "R-1").await, add_part(admin, "R-2").await, add_part(admin, "R-3").await];
    add_line(admin, &ids[0], &ids[1]).await;
    settled(admin).await;
    let body = json!({"item_type_id": "Part", "reset": false, "limit": 200, "batch_size": 200});
    let done = admin.post("/search/reindex", &body).await.expect(200);
    assert_eq!((&done["ok"], &done["engine"], &done["index"]), (&json!(true), &json!("db"), &json!("yuantus-items")));
    assert_eq!((&done["indexed"], &done["reset"], &done["item_type_id"]), (&json!(3), &json!(false), &json!("Part")));
    for (body, indexed) in [
        (json!({"reset": true}), 4),
        (json!({"reset": true, "batch_size": 1}), 4),
        (json!({"limit": 2}), 2),
        (json!({"item_type_id": "Part BOM", "reset": true}), 1),
    ] {
        assert_eq!(admin.post("/search/reindex", &body).await.expect(200)["indexed"], indexed, "{body}");
        assert_eq!(numbers(admin, "R-").await.len(), 3, "{body}");
    }
    let begun = json!({"background": true, "reset": true});
    let begun = admin.post("/search/reindex", &begun).await.expect(200);
    assert!(begun["job_id"].is_string() && begun["indexed"] == 0, "{begun}");
    for _ in 0..500 {
        let status = admin.get("/search/status").await.expect(200);
        if status["rebuild"]["finished_at"].is_string() && status["rebuild"]["total"] == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = admin.get("/search/status").await.expect(200);
    assert_eq!(
        (&status["engine"], &status["enabled"], &status["index_exists"]),
        (&json!("db"), &json!(true), &json!(true))
    );
    assert_eq!(status["rebuild"]["total"], 4);
    for (body, place) in [(json!({"limit": 0}), "limit"), (json!({"batch_size": 2001}), "batch_size")] {
        let refused = admin.post("/search/reindex", &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", place]));
    }
    admin.post("/search/reindex", &json!({"item_type_id": "Nothing"})).await.expect(404);
}

async fn a_broken_index_is_mended_by_the_command_line(at: Installation) {
    let world = &World::start(at).await;
    let admin = &world.admin;
    for number in ["C-1", "C-2"] {
        part(admin, number, "casing").await;
    }
    bring(admin, "casing.txt", b"a file").await;
    settled(admin).await;
    // An index that lost a row and has one too many, as after a restore.
    {
        use sea_orm::{ConnectionTrait, Database};
        let url = world.at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap();
        let db = Database::connect(url.replace("{tenant_id}", "acme").replace("{org_id}", "org-1")).await.unwrap();
        db.execute_unprepared("DELETE FROM search_documents WHERE number_key = 'c-1' OR kind = 'file'").await.unwrap();
        let stray = sea_orm::Statement::from_sql_and_values(
            db.get_database_backend(),
            "INSERT INTO search_documents (kind, document_id, type_id, title, body, created_at) \
             VALUES ('item', $1, 'Part', 'stray', 'stray', $2)",
            [uuid::Uuid::new_v4().into(), chrono::Utc::now().into()],
        );
        db.execute_raw(stray).await.unwrap();
        db.close().await.unwrap();
    }
    assert_eq!(numbers(admin, "casing").await, ["C-2"]);
    let json = |args: &[&str]| -> Value {
        let done = world.at.cli(args);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    };
    let done = json(&["search", "reindex", "--all", "--json"]);
    assert_eq!(done, json!([{"database": "acme/org-1", "indexed": 3}]));
    assert_eq!(admin.get("/search/files?q=casing").await.expect(200)["total"], 1);
    assert_eq!(numbers(admin, "casing").await, ["C-1", "C-2"]);
    assert_eq!(admin.get("/search/status").await.expect(200)["documents"], 2);
    let reset = ["search", "reindex", "--tenant", "acme", "--org", "org-1", "--reset", "--json"];
    assert_eq!(json(&reset)[0]["indexed"], 3);
    assert_eq!(json(&["search", "reindex", "--tenant", "acme", "--item-type", "Part", "--json"])[0]["indexed"], 2);
    assert_eq!(numbers(admin, "casing").await, ["C-1", "C-2"]);
    for (args, told) in [
        (vec!["search", "reindex"], "--tenant"),
        (vec!["search", "reindex", "--tenant", "nobody"], "nobody"),
        (vec!["search", "reindex", "--tenant", "acme", "--item-type", "Nothing"], "ItemType not found"),
    ] {
        let refused = world.at.cli(&args);
        let all = [refused.stdout.clone(), refused.stderr.clone()].concat();
        assert!(!refused.status.success() && String::from_utf8_lossy(&all).contains(told), "{args:?}: {refused:?}");
    }
    let help = String::from_utf8_lossy(&world.at.cli(&["search", "reindex", "--help"]).stdout).into_owned();
    assert!(help.contains("follows every change by itself") && help.contains("--all --json"), "{help}");
}

async fn reports_count_as_json_and_as_sheets(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let ids = [add_part(admin, "N-1").await, add_part(admin, "N-2").await];
    add_line(admin, &ids[0], &ids[1]).await;
    act(admin, "promote", &ids[0], json!({"state": "Review"})).await;
    let found = admin.get("/search/reports/summary").await.expect(200);
    assert_eq!(found["engine"], "db");
    assert_eq!(found["items"]["total"], 3);
    let expected = json!([{"key": "Part", "count": 2}, {"key": "Part BOM", "count": 1}]);
    assert_eq!(found["items"]["by_item_type"], expected);
    assert_eq!(found["ecos"], json!({"total": 0, "by_state": [], "by_stage": []}));
    let sheet = admin.get("/search/reports/summary?format=csv").await;
    assert_eq!(sheet.headers["content-type"], "text/csv; charset=utf-8");
    assert!(sheet.headers["content-disposition"].to_str().unwrap().contains("search-summary.csv"));
    let lines: Vec<&str> = sheet.text.lines().collect();
    assert_eq!(lines[..4], ["documents,by,key,count", "items,total,,3", "ecos,total,,0", "items,item_type,Part,2"]);
    let trend = admin.get("/search/reports/eco-state-trend?days=7").await.expect(200);
    assert_eq!((&trend["days"], &trend["buckets"]), (&json!(7), &json!([])));
    assert!(trend["start_date"].as_str() < trend["end_date"].as_str());
    let aging = admin.get("/search/reports/eco-stage-aging").await.expect(200);
    assert_eq!(aging, json!({"engine": "db", "age_source": "updated_at_or_created_at", "buckets": []}));
    for (path, header) in
        [("eco-stage-aging", "stage,count,avg_age_days,max_age_days\n"), ("eco-state-trend", "date,state,count\n")]
    {
        assert_eq!(admin.get(&format!("/search/reports/{path}?format=csv")).await.text, header);
    }
}

async fn files_are_found_by_those_who_may_read_them(at: Installation) {
    let world = &World::start(at).await;
    let (admin, engineer) = (&world.admin, world.user("lin", &["engineer"]).await);
    let texts = [("author", "Mori Hanako"), ("source_system", "CAD-X"), ("generate_preview", "false")];
    let drawing = send_form(admin, form("bracket-0815 齿轮.dxf", b"a drawing", &texts)).await.expect(200);
    let sheet = bring(admin, "prices.csv", b"a;b").await;
    // The same content under another name is found by both.
    assert_eq!(bring(admin, "angle-4711.dxf", b"a drawing").await, drawing["id"]);
    delivered(&world.at).await;
    let found = async |client: &Client, query: &str| {
        let answer = client.get(&format!("/search/files?q={query}")).await.expect(200);
        let ids: Vec<String> =
            answer["results"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(answer["total"], ids.len(), "{query}: {answer}");
        ids
    };
    let id = drawing["id"].as_str().unwrap();
    for query in ["bracket-0815", "0815", "齿轮", "轮", "hanako", "cad-x", "angle-4711", "brackte-0815"] {
        assert_eq!(found(admin, query).await, [id], "{query}");
        assert!(found(&engineer, query).await.is_empty(), "{query}");
    }
    assert_eq!(found(admin, "").await, [sheet.as_str(), id]);
    // Whoever may get the item finds what hangs on it, and nobody what is deleted.
    let part = part(admin, "P-1", "Bracket").await;
    let attached = admin.post("/file/attach", &json!({"item_id": part, "file_id": id})).await.expect(200);
    assert_eq!(found(&engineer, "0815").await, [id]);
    assert!(found(&engineer, "prices").await.is_empty());
    admin.delete(&format!("/file/attachment/{}", attached["id"].as_str().unwrap())).await.expect(200);
    assert!(found(&engineer, "0815").await.is_empty());
    admin.delete(&format!("/file/{id}")).await.expect(200);
    delivered(&world.at).await;
    assert!(found(admin, "0815").await.is_empty());
}

async fn names_that_others_gave_are_not_told(at: Installation) {
    let world = &World::start(at).await;
    let (ada, ben) = (world.user("ada", &["engineer"]).await, world.user("ben", &["engineer"]).await);
    let texts = [("author", "Ada"), ("document_version", "B.7"), ("generate_preview", "false")];
    let first = send_form(&ada, form("secret-merger.txt", b"the same bytes", &texts)).await.expect(200);
    let second = send_form(&ben, form("blank.txt", b"the same bytes", &[])).await.expect(200);
    assert_eq!((&second["id"], &second["duplicate"]), (&first["id"], &json!(true)));
    let path = format!("/file/{}", second["id"].as_str().unwrap());
    for told in [&second, &ben.get(&path).await.expect(200)] {
        assert_eq!((&told["filename"], &told["author"]), (&json!("blank.txt"), &Value::Null), "{told}");
        assert!(!told.to_string().contains("secret") && !told.to_string().contains("B.7"), "{told}");
    }
    assert_eq!(ada.get(&path).await.expect(200)["filename"], "secret-merger.txt");
    delivered(&world.at).await;
    let found = async |client: &Client, query: &str| {
        let answer = client.get(&format!("/search/files?q={query}")).await.expect(200);
        let names: Vec<String> = answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["filename"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(answer["total"], names.len(), "{query}: {answer}");
        names
    };
    assert_eq!(found(&ben, "").await, ["blank.txt"]);
    assert_eq!(found(&ben, "blank").await, ["blank.txt"]);
    assert_eq!(found(&ada, "merger").await, ["secret-merger.txt"]);
    assert_eq!(found(&ada, "ada").await, ["secret-merger.txt"]);
    for (client, query) in [(&ben, "secret"), (&ben, "merger"), (&ben, "ada"), (&ada, "blank")] {
        assert!(found(client, query).await.is_empty(), "{query}");
    }
    assert_eq!(found(&world.admin, "blank").await, ["secret-merger.txt"]);
    // Whoever may read it where it hangs knows it as everybody there does.
    let part = part(&ada, "P-1", "Bracket").await;
    ada.post("/file/attach", &json!({"item_id": part, "file_id": first["id"]})).await.expect(200);
    assert_eq!(ben.get(&path).await.expect(200)["filename"], "secret-merger.txt");
    assert_eq!(found(&ben, "merger").await, ["secret-merger.txt"]);
}

async fn files_and_change_orders_are_searched_before_there_are_any(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "E-1").await;
    assert_eq!(admin.get("/search/files?q=E-").await.expect(200), json!({"total": 0, "results": []}));
    assert_eq!(admin.get("/search/ecos?q=E-").await.expect(200), json!({"hits": [], "total": 0}));
    let status = admin.get("/search/ecos/status").await.expect(200);
    assert_eq!((&status["index"], &status["enabled"]), (&json!("yuantus-ecos"), &json!(false)));
    let done = admin.post("/search/ecos/reindex", &json!({"state": "draft"})).await.expect(200);
    assert_eq!((&done["ok"], &done["indexed"], &done["state"]), (&json!(true), &json!(0), &json!("draft")));
}
