//! `yuantus storage gc`: what nothing refers to goes, after its grace, and nothing else.

use serde_json::{Value, json};

use crate::support::contents::{answer, edition, folder, object, without_grace};
use crate::support::database::change_model;
use crate::support::faults::{Fault, Proxy};
use crate::support::files::{bring, download};
use crate::support::server::Server;
use crate::support::servers::Servers;
use crate::support::world::{World, add_part, id};
use crate::support::{Backend, Installation, on_every_backend};

on_every_backend!(
    what_nothing_refers_to_is_collected_and_nothing_else,
    an_object_without_a_row_has_its_grace_too,
    files_that_hang_on_nothing_go_when_they_are_asked_for,
    a_grace_keeps_what_is_fresh,
    collecting_comes_by_itself_every_day,
    a_removal_that_is_carried_out_late_reaches_nothing_new,
    a_collection_that_was_killed_is_finished_by_the_next,
    parts_that_nobody_knows_are_collected,
    a_later_edition_than_the_known_one_is_found_again,
);

fn gc(at: &Installation, options: &[&str]) -> Value {
    answer(&at.cli(&[&["storage", "gc", "--json"], options].concat()))[0].clone()
}

async fn attach(world: &World, part: &str, file: &str) {
    let body = json!({"item_id": part, "file_id": file, "file_role": "attachment"});
    world.admin.post("/file/attach", &body).await.expect(200);
}

async fn what_nothing_refers_to_is_collected_and_nothing_else(mut at: Installation) {
    without_grace(&mut at);
    let world = World::start(at).await;
    let (admin, at) = (&world.admin, &world.at);
    let part = add_part(admin, "P-1").await;
    let kept = bring(admin, "kept.txt", b"kept").await;
    attach(&world, &part, &kept).await;
    let removed = bring(admin, "removed.txt", b"removed").await;
    admin.delete(&format!("/file/{removed}")).await.expect(200);
    std::fs::create_dir_all(folder(at).join("uploads")).unwrap();
    let left = folder(at).join("uploads").join(uuid::Uuid::new_v4().to_string());
    std::fs::write(&left, "half a file").unwrap();

    let status = answer(&at.cli(&["storage", "status", "--json"]))[0].clone();
    assert_eq!((&status["files"], &status["contents"], &status["orphans"]), (&json!(1), &json!(2), &json!(1)));
    assert_eq!((&status["bytes"], &status["orphans_bytes"]), (&json!(4), &json!(7)));
    let table = at.cli(&["storage", "status"]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("acme/org-1"));

    let dry = gc(at, &["--dry-run"]);
    assert_eq!((&dry["contents"], &dry["bytes"], &dry["remains"]), (&json!(1), &json!(7), &json!(1)));
    assert!(object(at, b"removed").exists() && left.exists(), "a dry run removes nothing");
    assert_eq!(gc(at, &[])["contents"], 1);
    assert!(!object(at, b"removed").exists() && !left.exists());
    assert!(object(at, b"kept").exists());
    let again = gc(at, &[]);
    assert_eq!((&again["contents"], &again["remains"], &again["failed"]), (&json!(0), &json!(0), &json!(0)));
    // What was collected can be brought again.
    bring(admin, "removed.txt", b"removed").await;
    assert!(object(at, b"removed").exists());
}

/// As after a kill between the writing of the object and of its row, or the restore of an older database.
async fn an_object_without_a_row_has_its_grace_too(mut at: Installation) {
    without_grace(&mut at);
    let world = World::start(at).await;
    let at = &world.at;
    bring(&world.admin, "other.txt", b"other").await;
    let lost = object(at, b"nobody knows me");
    std::fs::create_dir_all(lost.parent().unwrap()).unwrap();
    std::fs::write(&lost, "nobody knows me").unwrap();

    let first = gc(at, &[]);
    assert_eq!((&first["unknown"], &first["contents"]), (&json!(1), &json!(0)));
    assert!(lost.exists(), "never at once");
    let second = gc(at, &[]);
    assert_eq!((&second["unknown"], &second["contents"]), (&json!(0), &json!(1)));
    assert!(!lost.exists() && object(at, b"other").exists());

    // What comes back of an edition that was removed is nobody's.
    std::fs::write(&lost, "nobody knows me").unwrap();
    let third = gc(at, &[]);
    assert_eq!((&third["outdated"], &third["outdated_bytes"], &third["unknown"]), (&json!(1), &json!(15), &json!(0)));
    assert!(!lost.exists());

    // Brought before it is collected, it stays.
    let found = object(at, b"somebody knows me");
    std::fs::create_dir_all(found.parent().unwrap()).unwrap();
    std::fs::write(&found, "somebody knows me").unwrap();
    gc(at, &[]);
    bring(&world.admin, "known.txt", b"somebody knows me").await;
    assert_eq!(gc(at, &[])["contents"], 0);
    assert!(found.exists());
}

/// A storage may answer that it failed, or not at all, and remove the object minutes later all the same.
async fn a_removal_that_is_carried_out_late_reaches_nothing_new(mut at: Installation) {
    without_grace(&mut at);
    let proxy = match at.backend {
        Backend::SqliteLocal => None,
        Backend::PostgresS3 => Some(Proxy::start(&Servers::get().s3_endpoint).await),
    };
    if let Some(proxy) = &proxy {
        at.set("YUANTUS_S3_ENDPOINT_URL", proxy.url.clone());
    }
    let world = World::start(at).await;
    let (admin, at) = (&world.admin, &world.at);
    let content = b"removed, and brought again";
    let file = bring(admin, "a.txt", content).await;
    admin.delete(&format!("/file/{file}")).await.expect(200);
    if let Some(proxy) = &proxy {
        proxy.set(Fault::RemovesLate);
        assert!(!at.cli(&["storage", "gc"]).status.success());
        assert!(edition(at, content, 0).exists());
    } else {
        assert_eq!(gc(at, &[])["contents"], 1);
    }
    let again = bring(admin, "a.txt", content).await;
    match &proxy {
        Some(proxy) => {
            proxy.set(Fault::None);
            assert!(proxy.remove_late().await > 0);
        }
        None => assert!(std::fs::remove_file(edition(at, content, 0)).is_err(), "it was removed before"),
    }
    assert!(!edition(at, content, 0).exists());
    assert_eq!(download(admin, &again, &[]).await.2, content);
    // Nor does any later collection take it.
    assert_eq!(gc(at, &[])["failed"], 0);
    assert_eq!(download(admin, &again, &[]).await.2, content);
    let verified = at.cli(&["storage", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

async fn a_collection_that_was_killed_is_finished_by_the_next(mut at: Installation) {
    without_grace(&mut at);
    let world = World::start(at).await;
    let (admin, at) = (&world.admin, &world.at);
    let file = bring(admin, "a.txt", b"half removed").await;
    admin.delete(&format!("/file/{file}")).await.expect(200);
    let moment = || chrono::Utc::now().into();
    change_model(at, &[("UPDATE objects SET leaving_at = $1", vec![moment()])]).await;
    assert!(object(at, b"half removed").exists());
    assert_eq!(gc(at, &[])["contents"], 1);
    assert!(!object(at, b"half removed").exists());
    assert_eq!(gc(at, &[])["contents"], 0);

    // Brought again between the two: what was begun ends, and the new one stays.
    let file = bring(admin, "b.txt", b"taken back").await;
    admin.delete(&format!("/file/{file}")).await.expect(200);
    let statement = "UPDATE objects SET leaving_at = $1 WHERE removed_at IS NULL";
    change_model(at, &[(statement, vec![moment()])]).await;
    let again = bring(admin, "b.txt", b"taken back").await;
    assert!(edition(at, b"taken back", 0).exists() && edition(at, b"taken back", 1).exists());
    let done = gc(at, &[]);
    assert_eq!((&done["contents"], &done["outdated"]), (&json!(0), &json!(1)));
    assert!(!edition(at, b"taken back", 0).exists());
    assert_eq!(download(admin, &again, &[]).await.2, b"taken back");
}

async fn parts_that_nobody_knows_are_collected(mut at: Installation) {
    without_grace(&mut at);
    let world = World::start(at).await;
    let at = &world.at;
    let known = world.admin.post("/file/uploads", &json!({"filename": "a.bin", "size": 5})).await.expect(200);
    let place = |upload: &str| folder(at).join("parts").join(upload).join("00001");
    let [kept, lost] = [id(&known), uuid::Uuid::new_v4().to_string()].map(|upload| place(&upload));
    for part in [&kept, &lost] {
        std::fs::create_dir_all(part.parent().unwrap()).unwrap();
        std::fs::write(part, "parts").unwrap();
    }
    let dry = gc(at, &["--dry-run"]);
    assert_eq!((&dry["remains"], &dry["remains_bytes"]), (&json!(1), &json!(5)));
    assert!(lost.exists());
    assert_eq!(gc(at, &[])["remains"], 1);
    assert!(!lost.exists() && kept.exists());
    // With its upload it goes, too.
    let over = "UPDATE upload_sessions SET expires_at = $1";
    change_model(at, &[(over, vec![chrono::DateTime::UNIX_EPOCH.into()])]).await;
    gc(at, &[]);
    assert!(!kept.exists());
    world.admin.get(&format!("/file/uploads/{}", id(&known))).await.expect(404);
}

/// As after the restore of an older database: the storage is ahead of it.
async fn a_later_edition_than_the_known_one_is_found_again(mut at: Installation) {
    without_grace(&mut at);
    let world = World::start(at).await;
    let (admin, at) = (&world.admin, &world.at);
    let file = bring(admin, "a.txt", b"ahead").await;
    std::fs::rename(edition(at, b"ahead", 0), edition(at, b"ahead", 2)).unwrap();
    assert_eq!(download(admin, &file, &[]).await.0, 503);
    gc(at, &[]);
    assert_eq!(download(admin, &file, &[]).await.2, b"ahead");
}

async fn files_that_hang_on_nothing_go_when_they_are_asked_for(mut at: Installation) {
    without_grace(&mut at);
    let world = World::start(at).await;
    let (admin, at) = (&world.admin, &world.at);
    let part = add_part(admin, "P-1").await;
    let (kept, loose) = (bring(admin, "a.txt", b"a").await, bring(admin, "b.txt", b"bb").await);
    attach(&world, &part, &kept).await;
    let counted = gc(at, &[]);
    assert_eq!((&counted["unattached_files"], &counted["files_removed"]), (&json!(1), &json!(0)));
    admin.get(&format!("/file/{loose}")).await.expect(200);
    let removed = gc(at, &["--unattached", "--tenant", "acme", "--org", "org-1"]);
    assert_eq!((&removed["files_removed"], &removed["contents"]), (&json!(1), &json!(1)));
    admin.get(&format!("/file/{loose}")).await.expect(404);
    assert!(!object(at, b"bb").exists());
    admin.get(&format!("/file/{kept}")).await.expect(200);
}

async fn a_grace_keeps_what_is_fresh(at: Installation) {
    let world = World::start(at).await;
    let at = &world.at;
    let file = bring(&world.admin, "fresh.txt", b"fresh").await;
    world.admin.delete(&format!("/file/{file}")).await.expect(200);
    assert_eq!(gc(at, &["--grace", "1"])["contents"], 0);
    assert!(object(at, b"fresh").exists());
    let refused = at.cli(&["storage", "gc", "--grace", "0"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("at least 1 hour"));
    assert!(!at.cli(&["storage", "gc", "--tenant", "nobody"]).status.success());
}

async fn collecting_comes_by_itself_every_day(mut at: Installation) {
    without_grace(&mut at);
    at.set("YUANTUS_STORAGE__GC_ENABLED", "true");
    let world = World::start(at).await;
    let file = bring(&world.admin, "gone.txt", b"gone").await;
    world.admin.delete(&format!("/file/{file}")).await.expect(200);
    let World { at, server, .. } = world;
    assert!(server.stop().success());
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", crate::support::world::PASSWORD).await;
    for _ in 0..600 {
        let jobs = admin.get("/jobs?task_type=storage.gc").await.expect(200);
        if jobs["items"][0]["status"] == "completed" {
            assert!(!object(&at, b"gone").exists());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no collection came");
}
