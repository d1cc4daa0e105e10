//! Sheets that become bills of materials, over HTTP and by command.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::client::{Client, Reply, reply};
use crate::support::world::{World, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_sheet_becomes_a_bom_and_importing_it_again_changes_nothing,
    a_sheet_with_a_problem_is_refused_whole_with_a_reason_per_row,
    a_placeholder_number_is_never_merged_silently,
    a_dry_run_writes_nothing,
    a_misspelt_field_writes_nothing,
    two_imports_of_one_sheet_at_once_make_no_duplicates,
    what_is_no_sheet_is_refused,
    the_command_does_what_the_operation_does,
);

const SHEET: &str = "\u{feff}Part Number;Bezeichnung;Menge;Unit Cost\n\
    A-1;Frame 架;1;45,50 €\n\
    A-2;\"Screw; M5x8\";16;0,15 €\n\
    ;;;Total: 47,90 €\n";

pub(super) async fn import(client: &Client, sheet: &str, fields: &[(&'static str, &str)]) -> Reply {
    import_file(client, sheet.as_bytes().to_vec(), fields).await
}

/// The same with any bytes; the name says nothing about them.
pub(super) async fn import_file(client: &Client, bytes: Vec<u8>, fields: &[(&'static str, &str)]) -> Reply {
    let file = Part::bytes(bytes).file_name("sheet.csv");
    let form =
        fields.iter().fold(Form::new().part("file", file), |form, (name, value)| form.text(*name, (*value).to_owned()));
    reply(client.request(Method::POST, "/imports/bom").multipart(form)).await
}

pub(super) async fn parts(client: &Client) -> Vec<Value> {
    let found = client.post("/aml/apply", &json!({"type": "Part"})).await.expect(200);
    found["items"].as_array().unwrap().iter().map(|item| item["properties"].clone()).collect()
}

/// From now on only administrators change parts and lines; viewers read them, and nobody else does.
pub(super) async fn let_viewers_read(admin: &Client) {
    admin.post("/meta/permissions", &json!({"id": "Read", "name": "Read"})).await.expect(200);
    let access = json!({"identity_id": "viewer", "can_get": true});
    admin.post("/meta/permissions/Read/accesses", &access).await.expect(200);
    for kind in ["Part", "Part BOM"] {
        let path = format!("/meta/item-types/{kind}/permission");
        admin.patch(&path, &json!({"permission_id": "Read"})).await.expect(200);
    }
}

async fn a_sheet_becomes_a_bom_and_importing_it_again_changes_nothing(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let fields = [("parent", "MACHINE"), ("create_parent", "Machine"), ("map", "name=Bezeichnung,quantity=#3,cost=#4")];
    let report = import(admin, SHEET, &fields).await.expect(200);
    assert_eq!(
        (&report["lines"], &report["parts_created"], &report["lines_created"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!((&report["parent"]["number"], &report["parent"]["created"]), (&json!("MACHINE"), &json!(true)));
    assert_eq!(report["skipped"][0]["row"], 4);

    let tree = admin.get(&format!("/bom/{}/tree", report["parent"]["id"].as_str().unwrap())).await.expect(200);
    let lines: Vec<Value> = tree["children"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            json!([
                line["child"]["number"],
                line["child"]["name"],
                line["relationship"]["quantity"],
                line["child"]["cost"]
            ])
        })
        .collect();
    assert_eq!(json!(lines), json!([["A-1", "Frame 架", 1.0, 45.5], ["A-2", "Screw; M5x8", 16.0, 0.15]]));

    let again = import(admin, SHEET, &fields).await.expect(200);
    assert_eq!((&again["parts_created"], &again["lines_unchanged"]), (&json!(0), &json!(2)));
    assert_eq!(parts(admin).await.len(), 3);
}

async fn a_sheet_with_a_problem_is_refused_whole_with_a_reason_per_row(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "ROOT").await;
    let sheet = "Part Number,Name,Qty\nA,Good,1\nB,Bad,many\nC,Worse,-2\n";
    let refused = import(admin, sheet, &[("parent", "ROOT")]).await.expect(422);
    assert_eq!(refused["detail"]["code"], "IMPORT_REFUSED");
    let problems = refused["detail"]["details"]["problems"].as_array().unwrap();
    let places: Vec<_> =
        problems.iter().map(|problem| (&problem["row"], &problem["column"], &problem["value"])).collect();
    assert_eq!(places, [(&json!(3), &json!("Qty"), &json!("many")), (&json!(4), &json!("Qty"), &json!("-2"))]);
    assert_eq!(parts(admin).await.len(), 1, "nothing arrived");
    import(admin, sheet, &[("parent", "NOWHERE")]).await.expect(404);
}

async fn a_placeholder_number_is_never_merged_silently(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "ROOT").await;
    let sheet = "Part Number,Name,Qty\nOTS,Nut M5,4\nOTS,Nut M3,2\nX-1,Plate,1\n";
    let refused = import(admin, sheet, &[("parent", "ROOT")]).await.expect(422);
    assert_eq!(refused["detail"]["details"]["placeholders"][0]["number"], "OTS");
    import(admin, sheet, &[("parent", "ROOT"), ("placeholders", "suffix")]).await.expect(200);
    let again = import(admin, sheet, &[("parent", "ROOT"), ("placeholders", "suffix")]).await.expect(200);
    assert_eq!(again["lines_unchanged"], 3);
    let mut numbers: Vec<_> =
        parts(admin).await.iter().map(|part| part["number"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    assert_eq!(numbers, ["OTS-001", "OTS-002", "ROOT", "X-1"]);
}

async fn a_dry_run_writes_nothing(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let sheet = "Part Number,Name,Qty\nA,Good,1\nB,Bad,many\n";
    let fields = [("parent", "ROOT"), ("create_parent", ""), ("dry_run", "true")];
    let report = import(admin, sheet, &fields).await.expect(200);
    assert_eq!((&report["dry_run"], &report["parts_created"]), (&json!(true), &json!(1)));
    assert_eq!(report["problems"][0]["row"], 3);
    assert_eq!(parts(admin).await, Vec::<Value>::new());
}

async fn two_imports_of_one_sheet_at_once_make_no_duplicates(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "ROOT").await;
    let rows: String = (0..40).map(|row| format!(",Thing {row},1\n")).collect();
    let sheet = format!("Part Number,Name,Qty\n{rows}");
    let racers = futures::future::join_all((0..4).map(|_| import(admin, &sheet, &[("parent", "ROOT")]))).await;
    for racer in &racers {
        assert!(racer.status == 200 || racer.status == 409, "{racer:?}");
    }
    assert_eq!(parts(admin).await.len(), 41, "each name became one part");
}

async fn what_is_no_sheet_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "ROOT").await;
    for sheet in ["", "\n\n", "just a text", "Name,Colour\nA,red\n", "Part Number,Qty\n\u{0}A,1\n"] {
        import(admin, sheet, &[("parent", "ROOT")]).await.expect(422);
    }
    let good = "Part Number,Qty\nA,1\n";
    for (field, value) in [("map", "nonsense"), ("placeholders", "merge"), ("existing", "x"), ("decimal", "x")] {
        let refused = import(admin, good, &[("parent", "ROOT"), (field, value)]).await.expect(422);
        assert!(refused["detail"][0]["loc"][0] == "body", "{refused}");
    }
    reply(admin.request(Method::POST, "/imports/bom").multipart(Form::new().text("parent", "ROOT"))).await.expect(422);
    admin.post("/imports/bom", &json!({"parent": "ROOT"})).await.expect(415);
}

async fn the_command_does_what_the_operation_does(at: Installation) {
    let world = World::start(at).await;
    let path = world.at.folder().join("sheet.csv");
    std::fs::write(&path, SHEET).unwrap();
    let command = |more: &[&str]| {
        let mut args =
            vec!["import", "bom", path.to_str().unwrap(), "--tenant", "acme", "--org", "org-1", "--parent", "MACHINE"];
        args.extend(["--map", "name=Bezeichnung,quantity=Menge,cost=Unit Cost", "--json"]);
        args.extend(more);
        world.at.cli(&args)
    };
    let missing = command(&[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("MACHINE"));
    let planned = command(&["--create-parent", "Machine", "--dry-run"]);
    assert!(planned.status.success());
    assert_eq!(parts(&world.admin).await.len(), 0);
    let done = command(&["--create-parent", "Machine"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["lines_created"], 2);
    assert_eq!(parts(&world.admin).await.len(), 3);
}

async fn a_misspelt_field_writes_nothing(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let fields = [("parent", "TABLE"), ("create_parent", "Table"), ("dry-run", "true")];
    let refused = import(admin, SHEET, &fields).await;
    assert!(refused.status.is_client_error() && refused.text.contains("dry-run"), "{refused:?}");
    assert!(parts(admin).await.is_empty());
}
