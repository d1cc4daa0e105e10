//! The server as a process: it answers, ends on request, and starts again after a power cut.

use std::time::Duration;

use serde_json::json;

use crate::support::server::Server;
use crate::support::world::{PASSWORD, World};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_server_answers_and_ends_on_request,
    a_killed_server_keeps_what_it_acknowledged,
    requests_in_flight_finish_when_the_server_is_told_to_end,
    two_servers_on_one_installation_share_everything,
);

async fn a_server_answers_and_ends_on_request(at: Installation) {
    let server = Server::start(&at).await;
    let health = server.client().get("/health").await.expect(200);
    assert_eq!((&health["ok"], &health["service"]), (&json!(true), &json!("yuantus-plm")), "{health}");
    assert!(server.stop().success());
}

async fn a_killed_server_keeps_what_it_acknowledged(at: Installation) {
    let world = World::start(at).await;
    let part = world.admin.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(200);
    let World { at, server, .. } = world;
    server.kill_hard();

    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    let path = format!("/aml/Part/{}", part["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.expect(200)["number"], "P-000001");
}

async fn requests_in_flight_finish_when_the_server_is_told_to_end(at: Installation) {
    let World { server, admin, at: _at } = World::start(at).await;
    let parts: Vec<_> = (0..24)
        .map(|_| {
            let admin = admin.clone();
            tokio::spawn(async move { admin.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(30)).await;
    let log = server.log_handle();
    let stopped = tokio::task::spawn_blocking(move || server.stop());
    // A request either was never taken up (no connection) or is answered in full.
    for reply in futures::future::join_all(parts).await.into_iter().filter_map(Result::ok) {
        assert_eq!(reply.status, 200, "{reply:?}\n{}", log.lock().unwrap());
    }
    assert!(stopped.await.unwrap().success());
}

async fn two_servers_on_one_installation_share_everything(at: Installation) {
    let world = World::start(at).await;
    let second = Server::start(&world.at).await;
    let there = second.client().login("acme", "org-1", "admin", PASSWORD).await;
    let adds = (0..16).map(|index| {
        let client = if index % 2 == 0 { &world.admin } else { &there };
        async move { client.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(200) }
    });
    let added = futures::future::join_all(adds).await;
    let mut numbers: Vec<String> =
        added.iter().map(|part| part["items"][0]["properties"]["number"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    let expected: Vec<String> = (1..=16).map(|value| format!("P-{value:06}")).collect();
    assert_eq!(numbers, expected, "no number is drawn twice and none is left out");
}
