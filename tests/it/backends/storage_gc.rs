//! `yuantus storage gc`: what nothing refers to goes, after its grace, and nothing else.

use serde_json::{Value, json};

use crate::support::contents::{answer, folder, object, without_grace};
use crate::support::files::bring;
use crate::support::server::Server;
use crate::support::world::{World, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    what_nothing_refers_to_is_collected_and_nothing_else,
    an_object_without_a_row_has_its_grace_too,
    files_that_hang_on_nothing_go_when_they_are_asked_for,
    a_grace_keeps_what_is_fresh,
    collecting_comes_by_itself_every_day,
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

    // Brought before it is collected, it stays.
    std::fs::write(&lost, "nobody knows me").unwrap();
    gc(at, &[]);
    bring(&world.admin, "known.txt", b"nobody knows me").await;
    assert_eq!(gc(at, &[])["contents"], 0);
    assert!(lost.exists());
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
