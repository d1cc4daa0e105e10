//! Jobs over HTTP: asking for them, looking at them, calling them off and putting them back.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::world::{World, create_tenant, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_job_is_answered_as_clients_know_it,
    a_job_runs_and_its_result_is_shown,
    jobs_are_listed_by_status_type_and_file,
    values_out_of_bounds_name_their_field,
    an_unfinished_job_of_the_same_key_is_answered,
    twenty_clients_with_one_key_get_one_job,
    kinds_are_open_to_whom_they_say,
    only_its_creator_or_an_administrator_calls_a_job_off,
    a_cancelled_job_is_put_back_once,
    jobs_of_another_organisation_are_not_found,
    operators_look_after_jobs_by_command,
);

async fn ask(client: &Client, body: Value) -> Value {
    client.post("/jobs", &body).await.expect(200)
}

async fn a_job_is_answered_as_clients_know_it(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let file = "0190b2a5-0000-7000-8000-000000000001";
    let job = ask(admin, json!({"task_type": "cad_preview", "payload": {"file_id": file}, "priority": 5})).await;
    for (name, expected) in [
        ("task_type", json!("cad_preview")),
        ("payload", json!({"file_id": file})),
        ("status", json!("pending")),
        ("priority", json!(5)),
        ("worker_id", Value::Null),
        ("attempt_count", json!(0)),
        ("max_attempts", json!(3)),
        ("last_error", Value::Null),
        ("dedupe_key", Value::Null),
        ("started_at", Value::Null),
        ("completed_at", Value::Null),
        ("created_by_id", json!(1)),
        ("diagnostics", Value::Null),
        ("progress", json!(0)),
        ("result", Value::Null),
    ] {
        assert_eq!(job[name], expected, "{name}");
    }
    assert!(job["created_at"].as_str().unwrap().ends_with('Z') && job["scheduled_at"].is_string());
    let single = admin.get(&format!("/jobs/{}", id(&job))).await.expect(200);
    assert_eq!(single["diagnostics"]["file_id"], file);
    let plain = ask(admin, json!({"task_type": "quota_test"})).await;
    assert_eq!((&plain["payload"], &plain["priority"]), (&json!({}), &json!(10)));
    for unknown in [file, "x"] {
        assert_eq!(admin.get(&format!("/jobs/{unknown}")).await.status, 404);
    }
}

async fn finished(client: &Client, job: &Value) -> Value {
    for _ in 0..1000 {
        let seen = client.get(&format!("/jobs/{}", id(job))).await.expect(200);
        if seen["completed_at"].is_string() {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the job does not end");
}

async fn a_job_runs_and_its_result_is_shown(at: Installation) {
    let world = World::start(at).await;
    let unknown = ask(&world.admin, json!({"task_type": "cad_preview"})).await;
    let job = ask(&world.admin, json!({"task_type": "tenant.check"})).await;
    let done = finished(&world.admin, &job).await;
    assert_eq!((&done["status"], &done["progress"]), (&json!("completed"), &json!(100)));
    assert_eq!((&done["result"]["ok"], &done["result"]["rows"]["jobs"]), (&json!(true), &json!(2)));
    // What nobody can run waits, and is no trouble to others.
    let waiting = world.admin.get(&format!("/jobs/{}", id(&unknown))).await.expect(200);
    assert_eq!((&waiting["status"], &waiting["attempt_count"]), (&json!("pending"), &json!(0)));
    let again = world.admin.post(&format!("/jobs/{}/cancel", id(&job)), &json!({})).await.expect(409);
    assert_eq!(again["detail"]["code"], "JOB_FINISHED");
    let metrics = world.server.client().get("/metrics").await.text;
    for line in [
        r#"yuantus_jobs_started_total{kind="tenant.check"} 1"#,
        r#"yuantus_jobs_completed_total{kind="tenant.check"} 1"#,
        "yuantus_job_wait_seconds_count 1",
        "yuantus_workers_alive 1",
        "yuantus_jobs_unknown_type 1",
    ] {
        assert!(metrics.lines().any(|seen| seen == line), "{line} is not in {metrics}");
    }
    assert!(!metrics.contains("acme"));
    assert_eq!(world.server.log().matches("jobs of a type that this program does not know").count(), 1);
}

async fn jobs_are_listed_by_status_type_and_file(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let mut ids = Vec::new();
    for (number, kind) in ["cad_preview", "cad_conversion", "cad_preview"].iter().enumerate() {
        let file = if number == 2 { "文件-2" } else { "file-1" };
        ids.push(id(&ask(admin, json!({"task_type": kind, "payload": {"file_id": file}})).await));
    }
    admin.post(&format!("/jobs/{}/cancel", ids[1]), &json!({})).await.expect(200);
    for (query, total, expected) in [
        ("", 3, vec![2, 1, 0]),
        ("?status=pending", 2, vec![2, 0]),
        ("?status=cancelled", 1, vec![1]),
        ("?status=failed", 0, vec![]),
        ("?task_type=cad_preview", 2, vec![2, 0]),
        ("?file_id=file-1", 2, vec![1, 0]),
        ("?file_id=%E6%96%87%E4%BB%B6-2", 1, vec![2]),
        ("?task_type=cad_preview&file_id=file-1&status=pending", 1, vec![0]),
        ("?limit=1&offset=1", 3, vec![1]),
        ("?offset=9", 3, vec![]),
    ] {
        let page = admin.get(&format!("/jobs{query}")).await.expect(200);
        let seen: Vec<String> = page["items"].as_array().unwrap().iter().map(id).collect();
        let wanted: Vec<String> = expected.iter().map(|number: &usize| ids[*number].clone()).collect();
        assert_eq!((page["total"].as_u64(), seen), (Some(total), wanted), "{query}");
    }
    for query in ["?status=done", "?limit=0", "?limit=501", "?limit=x", "?offset=-1", "?task_type=a%00", "?file_id=%00"]
    {
        assert_eq!(admin.get(&format!("/jobs{query}")).await.status, 422, "{query}");
    }
}

async fn values_out_of_bounds_name_their_field(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for (body, field) in [
        (json!({}), "task_type"),
        (json!({"task_type": ""}), "task_type"),
        (json!({"task_type": "a\0b"}), "task_type"),
        (json!({"task_type": "a", "priority": 1001}), "priority"),
        (json!({"task_type": "a", "priority": "high"}), "priority"),
        (json!({"task_type": "a", "priority": 99_999_999_999_u64}), "priority"),
        (json!({"task_type": "a", "max_attempts": 0}), "max_attempts"),
        (json!({"task_type": "a", "dedupe_key": "\0"}), "dedupe_key"),
        (json!({"task_type": "a", "payload": [1]}), "payload"),
        (json!({"task_type": "a", "payload": {"a": "\0"}}), "payload"),
        (json!({"task_type": "a", "payload": {"a": "x".repeat(17_000)}}), "payload"),
    ] {
        let refused = admin.post("/jobs", &body).await.expect(422);
        assert!(refused["detail"][0]["loc"].as_array().unwrap().contains(&json!(field)), "{field}: {refused}");
    }
    assert_eq!(admin.get("/jobs").await.expect(200)["total"], 0);
}

async fn an_unfinished_job_of_the_same_key_is_answered(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let keyed = json!({"task_type": "cad_preview", "payload": {"a": 1}, "dedupe_key": "k"});
    let first = ask(admin, keyed.clone()).await;
    assert_eq!(id(&ask(admin, keyed.clone()).await), id(&first));
    // A key is of its type.
    assert_ne!(id(&ask(admin, json!({"task_type": "other", "dedupe_key": "k"})).await), id(&first));
    let derived = ask(admin, json!({"task_type": "cad_preview", "payload": {"a": 1, "b": 2}, "dedupe": true})).await;
    let same = ask(admin, json!({"task_type": "cad_preview", "payload": {"b": 2, "a": 1}, "dedupe": true})).await;
    let other = ask(admin, json!({"task_type": "cad_preview", "payload": {"b": 3}, "dedupe": true})).await;
    assert!(id(&derived) == id(&same) && id(&derived) != id(&other) && id(&derived) != id(&first));
    // Finished is finished: the next request is another job, and then the first one is not put back beside it.
    admin.post(&format!("/jobs/{}/cancel", id(&first)), &json!({})).await.expect(200);
    let second = ask(admin, keyed).await;
    assert_ne!(id(&second), id(&first));
    let refused = admin.post(&format!("/jobs/{}/retry", id(&first)), &json!({})).await.expect(409);
    assert_eq!(refused["detail"]["code"], "JOB_DUPLICATE");
    assert_eq!(refused["detail"]["details"]["job_id"], second["id"]);
}

async fn twenty_clients_with_one_key_get_one_job(at: Installation) {
    let world = World::start(at).await;
    let asked = (0..20).map(|_| {
        let client = world.admin.clone();
        tokio::spawn(async move { id(&ask(&client, json!({"task_type": "cad_preview", "dedupe": true})).await) })
    });
    let mut ids: Vec<String> = futures::future::join_all(asked).await.into_iter().map(|asked| asked.unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.admin.get("/jobs").await.expect(200)["total"], 1);
}

async fn kinds_are_open_to_whom_they_say(at: Installation) {
    let world = World::start(at).await;
    let viewer = world.user("vera", &["viewer"]).await;
    let check = json!({"task_type": "tenant.check"});
    let refused = viewer.post("/jobs", &check).await.expect(403);
    assert_eq!(refused["detail"]["code"], "JOB_KIND_CLOSED");
    assert_eq!(viewer.get("/jobs").await.expect(200)["total"], 0);
    ask(&viewer, json!({"task_type": "cad_preview"})).await;
    ask(&world.admin, check).await;
}

async fn only_its_creator_or_an_administrator_calls_a_job_off(at: Installation) {
    let world = World::start(at).await;
    let (ada, ben) = (world.user("ada", &["engineer"]).await, world.user("ben", &["engineer"]).await);
    let job = id(&ask(&ada, json!({"task_type": "cad_preview"})).await);
    for what in ["cancel", "retry"] {
        let refused = ben.post(&format!("/jobs/{job}/{what}"), &json!({})).await.expect(403);
        assert_eq!(refused["detail"]["code"], "PERMISSION_DENIED");
    }
    ben.get(&format!("/jobs/{job}")).await.expect(200);
    let pending = ada.post(&format!("/jobs/{job}/retry"), &json!({})).await.expect(409);
    assert_eq!(pending["detail"]["code"], "JOB_NOT_FAILED");
    assert_eq!(ada.post(&format!("/jobs/{job}/cancel"), &json!({})).await.expect(200)["status"], "cancelled");
    assert_eq!(world.admin.post(&format!("/jobs/{job}/retry"), &json!({})).await.expect(200)["status"], "pending");
    assert_eq!(world.admin.post(&format!("/jobs/{job}/cancel"), &json!({})).await.expect(200)["status"], "cancelled");
    for (what, unknown) in [("cancel", "x"), ("retry", "0190b2a5-0000-7000-8000-000000000001")] {
        assert_eq!(world.admin.post(&format!("/jobs/{unknown}/{what}"), &json!({})).await.status, 404);
    }
}

async fn a_cancelled_job_is_put_back_once(at: Installation) {
    let world = World::start(at).await;
    let job = id(&ask(&world.admin, json!({"task_type": "cad_preview"})).await);
    world.admin.post(&format!("/jobs/{job}/cancel"), &json!({})).await.expect(200);
    let attempts = (0..8).map(|_| {
        let (client, path) = (world.admin.clone(), format!("/jobs/{job}/retry"));
        tokio::spawn(async move { client.post(&path, &json!({})).await.status.as_u16() })
    });
    let mut answers: Vec<u16> =
        futures::future::join_all(attempts).await.into_iter().map(|answer| answer.unwrap()).collect();
    answers.sort_unstable();
    assert_eq!(answers, [200, 409, 409, 409, 409, 409, 409, 409]);
}

async fn jobs_of_another_organisation_are_not_found(at: Installation) {
    let world = World::start(at).await;
    let job = id(&ask(&world.admin, json!({"task_type": "cad_preview"})).await);
    world.admin.post("/admin/orgs", &json!({"id": "org-2", "name": "Two"})).await.expect(200);
    world.admin.post("/admin/orgs/org-2/members", &json!({"user_id": 1, "roles": ["admin"]})).await.expect(200);
    let other = world.server.client().login("acme", "org-2", "admin", crate::support::world::PASSWORD).await;
    assert_eq!(other.get("/jobs").await.expect(200)["total"], 0);
    for what in ["", "/cancel", "/retry"] {
        let path = format!("/jobs/{job}{what}");
        let answer = if what.is_empty() { other.get(&path).await } else { other.post(&path, &json!({})).await };
        assert_eq!(answer.status, 404, "{path}");
    }
}

async fn operators_look_after_jobs_by_command(at: Installation) {
    let world = World::start(at).await;
    let job = id(&ask(&world.admin, json!({"task_type": "cad_preview", "payload": {"file_id": "f"}})).await);
    create_tenant(&world.at, "other");
    let run = |args: &[&str]| {
        let done = world.at.cli(&[&["jobs"], args].concat());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    let (code, listed, _) = run(&["list", "--tenant", "acme", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((code, &listed["total"], &listed["items"][0]["id"]), (Some(0), &json!(1), &json!(job)));
    assert!(run(&["list", "--tenant", "acme", "--status", "pending"]).1.contains("cad_preview"));
    assert!(run(&["show", &job, "--tenant", "acme", "--org", "org-1"]).1.contains(r#"{"file_id":"f"}"#));
    assert!(run(&["cancel", &job, "--tenant", "acme"]).1.contains("called off"));
    assert_eq!(run(&["cancel", &job, "--tenant", "acme"]).0, Some(1));
    assert!(run(&["retry", &job, "--tenant", "acme"]).1.contains("run again"));
    assert_eq!(world.admin.get(&format!("/jobs/{job}")).await.expect(200)["status"], "pending");
    assert!(run(&["retry", "--all-failed", "--tenant", "acme"]).1.contains("0 jobs"));
    for wrong in [
        vec!["show", &job, "--tenant", "other"],
        vec!["list", "--tenant", "nobody"],
        vec!["list", "--tenant", "acme", "--status", "done"],
        vec!["retry", "--tenant", "acme"],
    ] {
        let (code, _, said) = run(&wrong);
        assert!(code != Some(0) && !said.is_empty(), "{wrong:?}: {said}");
    }
}
