//! `yuantus init-storage` and `yuantus storage check-links`.

use std::process::Output;

use serde_json::Value;

use crate::support::{Backend, Installation, on_every_backend, s3};

on_every_backend!(a_storage_is_made_ready_and_made_ready_again, what_does_not_work_is_named_with_what_to_do);

fn checks(output: &Output) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(&output.stdout);
    let all: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", errors(output)));
    let of =
        |check: &Value| (check["check"].as_str().unwrap().to_owned(), check["result"].as_str().unwrap().to_owned());
    all.as_array().unwrap().iter().map(of).collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn result<'a>(checks: &'a [(String, String)], name: &str) -> &'a str {
    let found = checks.iter().find(|(check, _)| check == name);
    found.map_or_else(|| panic!("no {name} in {checks:?}"), |(_, result)| result.as_str())
}

async fn a_storage_is_made_ready_and_made_ready_again(mut at: Installation) {
    let fresh = match at.backend {
        Backend::SqliteLocal => {
            let path = at.folder().join("new").join("files");
            at.set("YUANTUS_LOCAL_STORAGE_PATH", path.display().to_string());
            path
        }
        Backend::PostgresS3 => {
            let bucket = format!("{}-new", at.setting("YUANTUS_S3_BUCKET_NAME").unwrap());
            at.set("YUANTUS_S3_BUCKET_NAME", &bucket);
            s3::folder(&bucket)
        }
    };
    assert!(!fresh.exists());
    for _ in 0..2 {
        let done = at.cli(&["init-storage", "--json"]);
        assert!(done.status.success(), "{}", errors(&done));
        let checks = checks(&done);
        for name in ["write", "read", "delete"] {
            assert_eq!(result(&checks, name), "passed");
        }
        if at.backend == Backend::PostgresS3 {
            assert_eq!(result(&checks, "bucket"), "passed");
            assert_eq!(result(&checks, "links"), "passed");
            assert_eq!(result(&checks, "link_ranges"), "passed");
            // The links lead to this machine alone.
            assert_eq!(result(&checks, "link_address"), "warning");
            // The server of the tests knows no lifecycle rules, and says so.
            assert_eq!(result(&checks, "unfinished_uploads"), "skipped");
        } else {
            assert_eq!(result(&checks, "directory"), "passed");
            assert_eq!(result(&checks, "links"), "skipped");
        }
        assert!(fresh.is_dir());
        let probes = fresh.join("probe");
        assert!(!probes.exists() || std::fs::read_dir(probes).unwrap().count() == 0, "a check leaves nothing behind");
    }
    let other = at.cli(&["init-storage", "--bucket", &format!("{}-own", at.name.replace('_', "-"))]);
    assert_eq!(other.status.success(), at.backend == Backend::PostgresS3, "{}", errors(&other));
    if at.backend == Backend::PostgresS3 {
        for bucket in [fresh, s3::folder(&format!("{}-own", at.name.replace('_', "-")))] {
            std::fs::remove_dir_all(bucket).unwrap();
        }
    }
}

async fn what_does_not_work_is_named_with_what_to_do(mut at: Installation) {
    if at.backend == Backend::SqliteLocal {
        let file = at.folder().join("file");
        std::fs::write(&file, "in the way").unwrap();
        at.set("YUANTUS_LOCAL_STORAGE_PATH", file.display().to_string());
        let refused = at.cli(&["init-storage"]);
        assert_eq!(refused.status.code(), Some(2), "{}", errors(&refused));
        assert!(errors(&refused).contains("cannot be used"), "{}", errors(&refused));
        let none = at.cli(&["storage", "check-links", "--json"]);
        assert_eq!(none.status.code(), Some(2));
        return;
    }
    let key = at.setting("YUANTUS_S3_SECRET_ACCESS_KEY").unwrap().to_owned();
    at.set("YUANTUS_S3_SECRET_ACCESS_KEY", "wrong");
    let refused = at.cli(&["init-storage"]);
    let text = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(!refused.status.success() && text.contains("FAILED"), "{text}");
    at.set("YUANTUS_S3_SECRET_ACCESS_KEY", key);

    // Nothing answers where browsers are sent.
    at.set("YUANTUS_S3_PUBLIC_ENDPOINT_URL", "http://127.0.0.1:1");
    let links = at.cli(&["storage", "check-links"]);
    let text = String::from_utf8_lossy(&links.stdout).into_owned();
    assert_eq!(links.status.code(), Some(1), "{text}");
    assert!(text.contains("nothing answers at storage.s3.public_endpoint_url"), "{text}");
    assert!(!text.contains("X-Amz-Signature"), "a link is a key: {text}");

    // Another server, which knows nothing of the signature.
    let other = crate::support::server::Server::start(&at).await;
    at.set("YUANTUS_S3_PUBLIC_ENDPOINT_URL", &other.address);
    let links = at.cli(&["storage", "check-links"]);
    let text = String::from_utf8_lossy(&links.stdout).into_owned();
    assert!(!links.status.success() && text.contains("this is no S3 server"), "{text}");

    // The unset one is the internal one, which works from here; that it may not from elsewhere is said.
    at.set("YUANTUS_S3_PUBLIC_ENDPOINT_URL", "");
    at.set("YUANTUS_SERVER__PUBLIC_URL", "https://plm.example.com");
    let links = at.cli(&["storage", "check-links"]);
    let text = String::from_utf8_lossy(&links.stdout).into_owned();
    assert!(
        links.status.success() && text.contains("set storage.s3.public_endpoint_url to an https address"),
        "{text}"
    );
}
