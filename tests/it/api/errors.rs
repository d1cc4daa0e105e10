//! Failures: one form everywhere, a request id, and nothing internal.

use reqwest::Method;
use serde_json::json;

use crate::support::client::reply;
use crate::support::world::World;
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    every_failure_has_our_form_and_a_request_id,
    a_body_over_the_limit_is_refused_however_it_is_sent,
    a_given_request_id_is_kept_and_a_strange_one_replaced,
    the_documentation_is_served_from_here,
);

async fn every_failure_has_our_form_and_a_request_id(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let raw = |content_type: &'static str, body: &'static str| {
        admin.request(Method::POST, "/aml/apply").header("content-type", content_type).body(body)
    };
    let cases = [
        (admin.request(Method::GET, "/nowhere"), 404),
        (admin.request(Method::PUT, "/aml/apply"), 405),
        (admin.request(Method::GET, "/auth/login"), 405),
        (raw("text/plain", "x"), 415),
        (raw("application/json", "{\"type\": "), 422),
        (raw("application/json", "[]"), 422),
        (raw("application/json", ""), 422),
        (raw("application/json", "{\"type\": \"Part\"} trailing"), 422),
        (admin.request(Method::GET, "/aml/Part/not-an-id"), 404),
        (admin.request(Method::PATCH, "/admin/users/x").json(&json!({})), 422),
    ];
    for (request, status) in cases {
        let answer = reply(request).await;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        assert!(answer.json().get("detail").is_some(), "{answer:?}");
        assert!(answer.headers.contains_key("x-request-id"), "{answer:?}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        for internal in ["sqlx", "sea_orm", "SELECT", "src/", "panicked"] {
            assert!(!answer.text.contains(internal), "{answer:?}");
        }
    }
}

async fn a_body_over_the_limit_is_refused_however_it_is_sent(mut at: Installation) {
    at.set("YUANTUS_SERVER__MAX_BODY_BYTES", "65536");
    let World { admin, .. } = &World::start(at).await;
    let body = json!({"type": "Part", "properties": {"name": "x".repeat(100_000)}});
    assert!(admin.post("/aml/apply", &body).await.expect(413).get("detail").is_some());
    let chunks = futures::stream::iter((0..10).map(|_| Ok::<_, std::io::Error>("x".repeat(10_000))));
    let chunked = admin
        .request(Method::POST, "/aml/apply")
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(chunks));
    reply(chunked).await.expect(413);
}

async fn a_given_request_id_is_kept_and_a_strange_one_replaced(at: Installation) {
    let World { admin, server, .. } = &World::start(at).await;
    let kept = reply(admin.request(Method::GET, "/auth/me").header("x-request-id", "trace-42")).await;
    assert_eq!(kept.headers["x-request-id"], "trace-42");
    let strange = reply(admin.request(Method::GET, "/auth/me").header("x-request-id", "a b")).await;
    assert_ne!(strange.headers["x-request-id"], "a b");
    // Log lines carry the request, its tenant, organisation and user.
    let line = server.log().lines().find(|line| line.contains("trace-42")).unwrap().to_owned();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["tenant"], &line["org"], &line["user"]), (&json!("acme"), &json!("org-1"), &json!(1)));
}

async fn the_documentation_is_served_from_here(at: Installation) {
    let World { server, .. } = &World::start(at).await;
    let page = reqwest::get(format!("{}/docs", server.address)).await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains("SwaggerUIBundle") && !page.contains("src=\"http") && !page.contains("href=\"http"));
    let served = reqwest::get(format!("{}/openapi.json", server.address)).await.unwrap();
    let served: serde_json::Value = served.json().await.unwrap();
    let printed: serde_json::Value = serde_json::from_str(&yuantus::api::openapi_json()).unwrap();
    assert_eq!(served, printed);
}
