//! Previews: made with the upload or on demand, shown to who may read the file, and told of where they fail.

use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::{Client, Reply, reply};
use crate::support::samples;
use crate::support::world::{World, add_part, create_tenant, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_preview_is_made_with_the_upload_and_shown,
    every_format_that_is_said_to_have_a_preview_has_one,
    a_damaged_file_fails_once_and_says_why,
    files_that_need_too_much_fail_with_a_reason,
    a_preview_is_made_on_demand_and_once_at_a_time,
    previews_are_for_who_may_read_the_file,
    files_without_a_preview_say_so,
    a_content_that_is_there_already_is_not_drawn_again,
    previews_can_be_switched_off,
    a_preview_takes_room_beside_its_file_and_is_never_refused,
);

/// However busy the machine is.
async fn start(mut at: Installation) -> World {
    at.set("YUANTUS_PREVIEW__SECONDS", "600");
    World::start(at).await
}

async fn upload(client: &Client, name: &str, content: Vec<u8>, with_preview: bool) -> Value {
    let path = "/file/upload";
    let query = [("filename", name), ("generate_preview", if with_preview { "true" } else { "false" })];
    reply(client.request(Method::PUT, path).query(&query).body(content)).await.expect(200)
}

async fn summary(client: &Client, file: &str) -> Value {
    client.get(&format!("/file/{file}/conversion_summary")).await.expect(200)
}

/// The summary, once nothing is to be done any more.
async fn settled(client: &Client, file: &str) -> Value {
    for _ in 0..15_000 {
        let seen = summary(client, file).await;
        let jobs = seen["jobs"].as_array().unwrap();
        if jobs.iter().all(|job| job["completed_at"].is_string()) {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the preview of {file} does not end: {}", summary(client, file).await);
}

async fn preview(client: &Client, file: &str) -> Reply {
    client.get(&format!("/file/{file}/preview")).await
}

async fn ask(client: &Client, file: &str) -> Reply {
    client.post(&format!("/file/{file}/preview"), &json!({})).await
}

async fn a_preview_is_made_with_the_upload_and_shown(at: Installation) {
    let World { admin, .. } = &start(at).await;
    let uploaded = upload(admin, "Gehäuse.stl", samples::stl_binary([4.0, 2.0, 1.0]), true).await;
    assert_eq!(uploaded["conversion_job_ids"].as_array().unwrap().len(), 1);
    let file = id(&uploaded);
    assert_eq!(uploaded["file_status_url"], format!("/api/v1/file/{file}/conversion_summary"));

    let told = settled(admin, &file).await;
    assert_eq!((&told["conversion_status"], &told["conversion_error"]), (&json!("completed"), &Value::Null), "{told}");
    assert_eq!(told["preview_facts"], json!({"kind": "mesh", "triangles": 12, "vertices": 8, "size": [4.0, 2.0, 1.0]}));
    assert_eq!(told["conversion_job_ids"], uploaded["conversion_job_ids"]);
    let job = &told["jobs"][0];
    assert_eq!(
        (&job["task_type"], &job["status"], &job["attempt_count"]),
        (&json!("file_preview"), &json!("completed"), &json!(1))
    );

    let shown = admin.request(Method::GET, &format!("/file/{file}/preview")).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    let header = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("x-content-type-options")), ("image/png".into(), "nosniff".into()));
    assert!(header("cache-control").starts_with("private") && header("content-security-policy").contains("'none'"));
    let tag = header("etag");
    let length: usize = header("content-length").parse().unwrap();
    let png = shown.bytes().await.unwrap();
    assert_eq!(png.len(), length);
    let picture = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
    assert_eq!((picture.width(), picture.height()), (512, 512));
    let again = admin.request(Method::GET, &format!("/file/{file}/preview")).header("if-none-match", &tag);
    let again = again.send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap().len()), (304, 0));

    let known = admin.get(&format!("/file/{file}")).await.expect(200);
    assert_eq!(
        (&known["conversion_status"], &known["viewer_readiness"]["preview_available"]),
        (&json!("completed"), &json!(true))
    );
    let part = add_part(admin, "P-1").await;
    let plain = id(&upload(admin, "notes.txt", b"only a text".to_vec(), true).await);
    for file in [&file, &plain] {
        admin.post("/file/attach", &json!({"item_id": part, "file_id": file})).await.expect(200);
    }
    let listed = admin.get(&format!("/file/item/{part}")).await.expect(200);
    assert_eq!(listed[0]["preview_url"], format!("/api/v1/file/{file}/preview"));
    assert_eq!(listed[1]["preview_url"], Value::Null);
}

async fn every_format_that_is_said_to_have_a_preview_has_one(at: Installation) {
    let World { admin, .. } = &start(at).await;
    let formats = admin.get("/file/supported-formats").await.expect(200);
    assert_eq!((&formats["freecad_available"], &formats["previews_enabled"]), (&json!(false), &json!(true)));
    assert!(formats["input_formats"].as_array().unwrap().contains(&json!("step")));
    let size = [3.0, 2.0, 1.0];
    let mut files = Vec::new();
    for (number, format) in formats["preview_formats"].as_array().unwrap().iter().enumerate() {
        let extension = format.as_str().unwrap();
        // Of one content there is one file.
        let side = 20 + u32::try_from(number).unwrap();
        let picture = |format| samples::picture(format, side, 20);
        let content = match extension {
            "png" => picture(ImageFormat::Png),
            "jpg" | "jpeg" => picture(ImageFormat::Jpeg),
            "gif" => picture(ImageFormat::Gif),
            "webp" => picture(ImageFormat::WebP),
            "bmp" => picture(ImageFormat::Bmp),
            "tif" | "tiff" => picture(ImageFormat::Tiff),
            "pdf" => samples::pdf(2, 595, 842),
            "stl" => samples::stl_text(size),
            "obj" => samples::obj(size),
            "gltf" => samples::gltf(size),
            "glb" => samples::glb(size),
            "dxf" => samples::dxf(),
            other => panic!("no sample of {other}"),
        };
        files.push((extension, id(&upload(admin, &format!("sample.{extension}"), content, true).await)));
    }
    for (extension, file) in files {
        let told = settled(admin, &file).await;
        assert_eq!(told["conversion_status"], "completed", "{extension}: {told}");
        assert_eq!(preview(admin, &file).await.status, 200, "{extension}");
    }
}

async fn a_damaged_file_fails_once_and_says_why(at: Installation) {
    let World { admin, .. } = &start(at).await;
    let mut cut = samples::picture(ImageFormat::Png, 300, 200);
    cut.truncate(cut.len() / 2);
    let mut wrong = samples::stl_binary([1.0; 3]);
    wrong.truncate(200);
    let circle = "0;BLOCK;8;0;2;A;70;0;10;0;20;0;0;INSERT;8;0;2;A;0;ENDBLK;8;0;";
    for (name, content, reason) in [
        ("cut.png", cut, "damaged"),
        ("wrong.stl", wrong, "damaged"),
        ("nothing.pdf", b"%PDF-1.7\nnothing".to_vec(), "PDF"),
        ("elsewhere.gltf", samples::gltf_in_two_files(), "another file"),
        ("circle.dxf", samples::dxf_of(circle, "0;INSERT;8;0;2;A;"), "deep"),
    ] {
        let file = id(&upload(admin, name, content, true).await);
        let told = settled(admin, &file).await;
        assert_eq!(told["conversion_status"], "failed", "{name}: {told}");
        assert!(told["conversion_error"].as_str().unwrap().contains(reason), "{name}: {told}");
        let job = &told["jobs"][0];
        assert_eq!((&job["status"], &job["attempt_count"]), (&json!("failed"), &json!(1)), "{name}: {told}");
        assert!(job["last_error"].as_str().unwrap().contains(reason), "{name}: {told}");
        let missing = preview(admin, &file).await;
        assert_eq!((missing.status.as_u16(), missing.json()), (404, json!({"detail": "Preview not available"})));
        let known = admin.get(&format!("/file/{file}")).await.expect(200);
        assert_eq!(known["viewer_readiness"]["blocking_reasons"], json!(["conversion_failed"]));
    }
}

/// Triangles that each cover the whole picture.
fn endless_stl(count: u32) -> Vec<u8> {
    let mut file = vec![0; 80];
    file.extend(count.to_le_bytes());
    for layer in 0..count {
        let z = layer as f32;
        let corners = [[-9e5, -9e5, z], [9e5, -9e5, z], [0.0, 9e5, z + 9e5]];
        file.extend([0u8; 12]);
        file.extend(corners.iter().flatten().flat_map(|part| part.to_le_bytes()));
        file.extend([0u8; 2]);
    }
    file
}

async fn files_that_need_too_much_fail_with_a_reason(mut at: Installation) {
    at.set("YUANTUS_PREVIEW__CPU_SECONDS", "1");
    at.set("YUANTUS_PREVIEW__MEMORY_BYTES", (256 << 20).to_string());
    at.set("YUANTUS_PREVIEW__MAX_BYTES", (20 << 20).to_string());
    let world = start(at).await;
    for (name, content, reason) in [
        ("huge.png", samples::png_bomb(60_000), "too large"),
        ("large.png", samples::png_bomb(12_000), "memory"),
        ("endless.stl", endless_stl(300_000), "seconds of computing"),
        ("heavy.stl", vec![0; (20 << 20) + 1], "larger than the 20 MiB"),
    ] {
        let file = id(&upload(&world.admin, name, content, true).await);
        let told = settled(&world.admin, &file).await;
        assert_eq!(told["conversion_status"], "failed", "{name}: {told}");
        assert!(told["conversion_error"].as_str().unwrap().contains(reason), "{name}: {told}");
        assert_eq!(told["jobs"][0]["attempt_count"], 1, "{name}: {told}");
    }
    // The server has noticed nothing.
    let file = id(&upload(&world.admin, "fine.png", samples::png(), true).await);
    assert_eq!(settled(&world.admin, &file).await["conversion_status"], "completed");
}

async fn a_preview_is_made_on_demand_and_once_at_a_time(mut at: Installation) {
    at.set("YUANTUS_WORKER__ENABLED_IN_PROCESS", "false");
    let world = start(at).await;
    let admin = &world.admin;
    let uploaded = upload(admin, "photo.png", samples::png(), false).await;
    assert_eq!(uploaded["conversion_job_ids"], json!([]));
    let file = id(&uploaded);
    assert_eq!(summary(admin, &file).await["conversion_status"], "pending");
    let asked = futures::future::join_all((0..8).map(|_| ask(admin, &file))).await;
    let asked: Vec<Value> = asked.into_iter().map(|reply| reply.expect(200)).collect();
    assert_eq!(asked.iter().filter(|answer| answer["created"] == true).count(), 1, "{asked:?}");
    assert!(asked.iter().all(|answer| answer["job_id"] == asked[0]["job_id"]));
    assert_eq!(summary(admin, &file).await["conversion_status"], "queued");
    // Nobody does it any more: it can be asked for again.
    admin.post(&format!("/jobs/{}/cancel", asked[0]["job_id"].as_str().unwrap()), &json!({})).await.expect(200);
    assert_eq!(summary(admin, &file).await["conversion_status"], "pending");
    let again = ask(admin, &file).await.expect(200);
    assert!(again["created"] == true && again["job_id"] != asked[0]["job_id"], "{again}");
}

async fn previews_are_for_who_may_read_the_file(at: Installation) {
    let world = start(at).await;
    let admin = &world.admin;
    let file = id(&upload(admin, "photo.png", samples::png(), true).await);
    settled(admin, &file).await;
    let viewer = world.user("viewer", &["viewer"]).await;
    let calls = |client: Client, file: String| async move {
        let summary = client.get(&format!("/file/{file}/conversion_summary")).await.status.as_u16();
        [preview(&client, &file).await.status.as_u16(), summary, ask(&client, &file).await.status.as_u16()]
    };
    assert_eq!(calls(viewer.clone(), file.clone()).await, [404; 3]);
    let part = add_part(admin, "P-1").await;
    admin.post("/file/attach", &json!({"item_id": part, "file_id": file})).await.expect(200);
    assert_eq!(calls(viewer.clone(), file.clone()).await, [200; 3]);
    create_tenant(&world.at, "umbra");
    let stranger = world.server.client().login("umbra", "org-1", "admin", crate::support::world::PASSWORD).await;
    assert_eq!(calls(stranger, file).await, [404; 3]);
    for wrong in ["x", "0190b2a5-0000-7000-8000-000000000001"] {
        assert_eq!(calls(viewer.clone(), wrong.to_owned()).await, [404; 3]);
    }
}

async fn files_without_a_preview_say_so(at: Installation) {
    let World { admin, .. } = &start(at).await;
    for (name, content) in [("part.step", &b"ISO-10303-21;\nHEADER;"[..]), ("notes.txt", b"a text")] {
        let uploaded = upload(admin, name, content.to_vec(), true).await;
        assert_eq!((&uploaded["conversion_job_ids"], &uploaded["preview_url"]), (&json!([]), &Value::Null));
        let file = id(&uploaded);
        assert_eq!(summary(admin, &file).await["conversion_status"], "unsupported");
        assert_eq!(preview(admin, &file).await.expect(404), json!({"detail": "Preview not available"}));
        let refused = ask(admin, &file).await.expect(400);
        assert_eq!(refused["detail"]["code"], "PREVIEW_UNSUPPORTED");
    }
    // What its name says is looked for in its bytes.
    let file = id(&upload(admin, "photo.txt", samples::png(), true).await);
    assert_eq!(settled(admin, &file).await["preview_facts"], json!({"kind": "image", "width": 40, "height": 20}));
}

async fn a_content_that_is_there_already_is_not_drawn_again(at: Installation) {
    let World { admin, .. } = &start(at).await;
    let first = upload(admin, "photo.png", samples::png(), false).await;
    let second = upload(admin, "photo.png", samples::png(), true).await;
    assert_eq!((id(&first), second["conversion_job_ids"].as_array().unwrap().len()), (id(&second), 1));
    let told = settled(admin, &id(&first)).await;
    assert_eq!(told["conversion_status"], "completed");
    let third = upload(admin, "copy.png", samples::png(), true).await;
    assert_eq!((&third["conversion_job_ids"], third["preview_url"].is_string()), (&json!([]), true));
    // The picture of a picture is a content like any other, and anew it is the same.
    ask(admin, &id(&first)).await.expect(200);
    let anew = settled(admin, &id(&first)).await;
    assert_eq!((anew["jobs"].as_array().unwrap().len(), &anew["conversion_status"]), (2, &json!("completed")));
}

async fn previews_can_be_switched_off(mut at: Installation) {
    at.set("YUANTUS_PREVIEW__ENABLED", "false");
    let World { admin, .. } = &start(at).await;
    let uploaded = upload(admin, "photo.png", samples::png(), true).await;
    assert_eq!(uploaded["conversion_job_ids"], json!([]));
    let refused = ask(admin, &id(&uploaded)).await.expect(409);
    assert_eq!(refused["detail"]["code"], "PREVIEWS_DISABLED");
    assert_eq!(admin.get("/file/supported-formats").await.expect(200)["previews_enabled"], false);
}

async fn a_preview_takes_room_beside_its_file_and_is_never_refused(mut at: Installation) {
    at.set("YUANTUS_QUOTA_MODE", "enforce");
    let World { admin, at, .. } = &start(at).await;
    let content = samples::stl_binary([4.0, 2.0, 1.0]);
    let size = content.len();
    let limits = at.cli(&["tenant", "quota", "acme", "--max-storage-bytes", &size.to_string()]);
    assert!(limits.status.success(), "{}", String::from_utf8_lossy(&limits.stderr));
    let file = id(&upload(admin, "a.stl", content, true).await);
    assert_eq!(settled(admin, &file).await["conversion_status"], "completed");
    let picture = admin.request(Method::GET, &format!("/file/{file}/preview")).send().await.unwrap();
    let picture = picture.bytes().await.unwrap().len();
    assert!(picture > 0);
    let quota = admin.get("/admin/quota").await.expect(200);
    assert_eq!((&quota["usage"]["files"], &quota["usage"]["storage_bytes"]), (&json!(1), &json!(size + picture)));
}
