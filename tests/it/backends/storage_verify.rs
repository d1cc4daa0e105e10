//! `yuantus storage verify`: what is missing or damaged is found, named with what it hurts, and healed by the next upload.

use serde_json::{Value, json};

use crate::support::contents::{answer, edition, folder, object, sha256, without_grace};
use crate::support::files::bring;
use crate::support::world::{World, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(damage_is_found_named_and_healed);

/// Whether it was all sound, the findings, and the summary.
fn verify(at: &Installation, options: &[&str]) -> (bool, Vec<Value>, Value) {
    let output = at.cli(&[&["storage", "verify", "--json"], options].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), lines, summary)
}

fn find<'a>(findings: &'a [Value], content: &[u8]) -> &'a Value {
    findings.iter().find(|finding| finding["sha256"] == sha256(content)).unwrap()
}

async fn damage_is_found_named_and_healed(mut at: Installation) {
    without_grace(&mut at);
    let world = World::start(at).await;
    let (admin, at) = (&world.admin, &world.at);
    let part = add_part(admin, "P-1").await;
    let (lost, bent, cut) = (b"a drawing that is lost", b"a drawing that is bent", b"a drawing that is cut");
    let file = bring(admin, "lost.txt", lost).await;
    for (name, content) in [("bent.txt", &bent[..]), ("cut.txt", cut), ("sound.txt", b"a drawing that is sound")] {
        bring(admin, name, content).await;
    }
    let body = json!({"item_id": part, "file_id": file, "file_role": "drawing"});
    admin.post("/file/attach", &body).await.expect(200);
    let (sound, findings, summary) = verify(at, &[]);
    assert!(sound && findings.is_empty(), "{findings:?}");
    assert_eq!((&summary["contents"], &summary["read"], &summary["bytes_read"]), (&json!(4), &json!(4), &json!(88)));

    std::fs::remove_file(object(at, lost)).unwrap();
    std::fs::write(object(at, bent), b"a drawing that is BENT").unwrap();
    std::fs::write(object(at, cut), b"a drawing").unwrap();
    let orphan = object(at, b"an orphan");
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, "an orphan").unwrap();

    let (sound, findings, summary) = verify(at, &[]);
    assert!(!sound && findings.len() == 4, "{findings:?}");
    for (count, expected) in [("missing", 1), ("damaged", 2), ("orphaned", 1), ("orphaned_bytes", 9), ("unreadable", 0)]
    {
        assert_eq!(summary[count], expected, "{count}");
    }
    let missing = find(&findings, lost);
    assert_eq!((&missing["problem"], &missing["files"][0]["filename"]), (&json!("missing"), &json!("lost.txt")));
    assert_eq!(missing["files"][0]["items"][0]["item_id"], part);
    assert_eq!(missing["files"][0]["items"][0]["number"], "P-1");
    let damaged = find(&findings, bent);
    assert_eq!(damaged["found_sha256"], sha256(b"a drawing that is BENT"));
    assert_eq!((&damaged["found_size"], &damaged["set_aside"]), (&json!(22), &json!(false)));
    assert_eq!(find(&findings, b"an orphan")["problem"], "orphaned");
    let status = answer(&at.cli(&["storage", "status", "--json"]))[0].clone();
    assert_eq!((&status["orphans"], &status["orphans_bytes"]), (&summary["orphaned"], &summary["orphaned_bytes"]));
    // By the size alone the missing and the cut one are seen.
    let (sound, _, sampled) = verify(at, &["--sample", "0"]);
    assert!(!sound);
    assert_eq!((&sampled["missing"], &sampled["damaged"], &sampled["read"]), (&json!(1), &json!(1), &json!(0)));
    let shown = at.cli(&["storage", "verify", "--list", "1"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(!shown.status.success() && text.contains("and 2 more") && text.contains("1 missing, 2 damaged"), "{text}");

    // The missing and the cut one heal by being brought again; the bent one passes for itself until it is set aside.
    for content in [&lost[..], bent, cut] {
        bring(admin, "again.txt", content).await;
    }
    let (sound, findings, _) = verify(at, &["--set-aside"]);
    assert!(!sound);
    assert_eq!(find(&findings, bent)["set_aside"], true);
    assert!(!edition(at, bent, 0).exists());
    let aside = std::fs::read(folder(at).join("damaged").join(sha256(bent))).unwrap();
    assert_eq!(aside, b"a drawing that is BENT");
    bring(admin, "again.txt", bent).await;
    assert!(edition(at, bent, 1).exists() && !edition(at, bent, 0).exists());
    let (sound, findings, summary) = verify(at, &[]);
    assert!(sound, "{findings:?}");
    assert_eq!((&summary["contents"], &summary["orphaned"]), (&json!(4), &json!(1)));
}
