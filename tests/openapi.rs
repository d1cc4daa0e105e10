//! The committed OpenAPI document is the one that the program prints.
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[test]
fn the_committed_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/openapi.json");
    let printed = yuantus::api::openapi_json();
    if std::env::var_os("YUANTUS_TEST_REWRITE").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == printed,
        "openapi/openapi.json is not what the code says; run: yuantus openapi > openapi/openapi.json"
    );
}

#[test]
fn every_operation_has_an_id_a_tag_and_a_summary_of_its_own() {
    let document: serde_json::Value = serde_json::from_str(&yuantus::api::openapi_json()).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(!path.contains(':'), "{path}: a parameter is written {{name}}");
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["tags"][0].is_string() && operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"]["200"].is_object(), "{method} {path} documents no success");
        }
    }
}
