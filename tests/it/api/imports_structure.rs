//! Sheets with levels, workbooks, saved mappings, and the way out again.

use reqwest::Method;
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use super::imports::{import, import_file, let_viewers_read, parts};
use crate::support::client::Client;
use crate::support::world::{World, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    every_structure_makes_the_same_bom,
    a_sheet_may_bring_its_own_top_part,
    a_subassembly_that_is_listed_again_is_one_and_must_be_the_same,
    a_sheet_that_puts_a_part_below_itself_is_refused_by_row,
    a_sheet_whose_levels_jump_is_refused_by_row,
    verdicts_tell_what_becomes_of_every_row_and_value,
    a_workbook_is_imported_by_its_bytes,
    a_saved_mapping_reads_sheets_as_it_says,
    an_export_is_imported_as_it_is,
    the_bom_of_a_machine_is_imported,
);

const LEVELS: &str = "Level,Part Number,Name,Qty\n1,SUB,Sub,1\n2,NUT,Nut,4\n2,LEG,Leg,2\n3,NUT,Nut,1\n1,NUT,Nut,8\n";
const PARENTS: &str =
    "Parent,Part Number,Name,Qty\nROOT,SUB,Sub,1\nSUB,NUT,Nut,4\nLEG,NUT,Nut,1\nSUB,LEG,Leg,2\n,NUT,Nut,8\n";
const OUTLINE: &str =
    "Outline,Part Number,Name,Qty\n1,SUB,Sub,1\n1.1,NUT,Nut,4\n1.2,LEG,Leg,2\n1.2.1,NUT,Nut,1\n2,NUT,Nut,8\n";
const BLANKS: &str = "Part Number,Name,Qty\nSUB,Sub,1\n  NUT,Nut,4\n  LEG,Leg,2\n    NUT,Nut,1\nNUT,Nut,8\n";

/// A part of the mechanical BOM of the LumenPnP, an open pick-and-place machine, as it is published.
const LUMEN_PNP: &str = r#"Part Number,Part Name,Source 1,Link,Source 2,Link,Quantity,Cost/Unit,Total Cost
CSM-0001,staging-plate,-,,,,1,$45.00,$45.00
FDM-0001,front-left-leg,-,,,,1,$0.00,$0.00
FDM-0002,front-right-leg,-,,,,1,$0.00,$0.00
FDM-0003,back-left-leg,-,,,,1,$0.00,$0.00
FDM-0004,back-right-leg,-,,,,1,$0.00,$0.00
OTS,1kg Spool of PLA,Misc,--,,,1,$20.00,$20.00
OTS,20mm x 20mm Aluminum V-Slot - 600mm,Amazon,,,,7,$8.25,$57.75
OTS,NEMA 17 Stepper Motor,Amazon,,,,4,$9.20,$36.80
OTS,V-Slot Rollers,Amazon,,,,9,$0.92,$8.28
,,,,,,,Total:,$485.76
"This sheet contains all of the mechanical parts to make an Index Pick and Place. It does not include custom circuit boards, cable harnesses, or power supplies.",,,,,,,,
"#;

fn id_of(report: &Value) -> &str {
    report["parent"]["id"].as_str().unwrap()
}

/// The numbers and quantities of a tree, nested.
async fn tree(client: &Client, root: &str) -> Value {
    fn told(node: &Value) -> Value {
        let lines = node["children"].as_array().unwrap().iter();
        let line =
            |line: &Value| json!([line["child"]["number"], line["relationship"]["quantity"], told(&line["child"])]);
        let mut lines: Vec<Value> = lines.map(line).collect();
        lines.sort_by_key(Value::to_string);
        json!(lines)
    }
    told(&client.get(&format!("/bom/{root}/tree?depth=20")).await.expect(200))
}

fn expected() -> Value {
    let nut = |many: f64| json!(["NUT", many, []]);
    let leg = json!(["LEG", 2.0, [nut(1.0)]]);
    json!([nut(8.0), ["SUB", 1.0, [leg, nut(4.0)]]])
}

fn verdicts(report: &Value) -> Vec<&str> {
    report["rows"].as_array().unwrap().iter().map(|row| row["verdict"].as_str().unwrap()).collect()
}

fn reasons(refused: &Value) -> Vec<String> {
    let problems = refused["detail"]["details"]["problems"].as_array().expect("problems");
    problems.iter().map(|problem| format!("{}: {}", problem["row"], problem["reason"].as_str().unwrap())).collect()
}

async fn every_structure_makes_the_same_bom(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for (sheet, structure) in [(LEVELS, ""), (PARENTS, ""), (OUTLINE, "level"), (BLANKS, "indented")] {
        let fields = [("parent", "ROOT"), ("create_parent", "Root"), ("structure", structure)];
        let planned = import(admin, sheet, &[&fields[..], &[("dry_run", "true")]].concat()).await.expect(200);
        assert_eq!(planned["problems"], json!([]));
        assert_eq!(parts(admin).await.len(), 0);
        let report = import(admin, sheet, &fields).await.expect(200);
        assert_eq!((&report["parts_created"], &report["lines_created"]), (&json!(3), &json!(5)), "{sheet}");
        assert_eq!(tree(admin, id_of(&report)).await, expected(), "{sheet}");
        let again = import(admin, sheet, &fields).await.expect(200);
        assert_eq!((&again["lines_unchanged"], &again["import_id"]), (&json!(5), &Value::Null));
        assert_eq!(verdicts(&again), ["unchanged"; 5]);
        let undo = format!("/imports/{}/undo", report["import_id"].as_str().unwrap());
        admin.post(&undo, &json!({})).await.expect(200);
    }
    let flat = import(admin, LEVELS, &[("parent", "ROOT"), ("create_parent", ""), ("structure", "flat")]).await;
    assert_eq!(flat.expect(422)["detail"]["code"], "IMPORT_REFUSED", "NUT is listed twice");
    for structure in ["level", "parent", "deep"] {
        let fields = [("parent", "ROOT"), ("create_parent", ""), ("structure", structure)];
        let refused = import(admin, "Part Number,Qty\nA,1\n", &fields).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "structure"]));
    }
}

async fn a_sheet_may_bring_its_own_top_part(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let sheet = "Level,Part Number,Name,Qty,Cost\n0,TOP,Machine,,12.5\n1,A,Arm,2,\n";
    let report = import(admin, sheet, &[]).await.expect(200);
    assert_eq!((&report["parent"]["created"], &report["parent"]["name"]), (&json!(true), &json!("Machine")));
    assert_eq!(tree(admin, id_of(&report)).await, json!([["A", 2.0, []]]));
    let dearer = sheet.replace("12.5", "13");
    let refused = import(admin, &dearer, &[]).await.expect(422);
    assert!(reasons(&refused)[0].starts_with("2: TOP is there with other values: cost 12.5 (here 13)"), "{refused}");
    let updated = import(admin, &dearer, &[("existing", "update")]).await.expect(200);
    let change = json!([{"of": "part", "field": "cost", "before": "12.5", "after": "13"}]);
    assert_eq!(updated["parent"]["changes"], change);
    import(admin, "Part Number,Qty\nA,1\n", &[]).await.expect(422);
}

async fn a_subassembly_that_is_listed_again_is_one_and_must_be_the_same(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "ROOT").await;
    let sheet = |second: &str| {
        format!("Level,PN,Qty\n1,L,1\n2,SUB,1\n3,NUT,4\n3,BOLT,2\n1,R,1\n2,SUB,3\n{second}1,X,1\n2,SUB,1\n")
    };
    let same =
        import(admin, &sheet("3,BOLT,2\n3,NUT,4\n"), &[("parent", "ROOT"), ("dry_run", "true")]).await.expect(200);
    assert_eq!((&same["lines"], &same["lines_created"], &same["problems"]), (&json!(10), &json!(8), &json!([])));
    for second in ["3,NUT,4\n", "3,NUT,4\n3,BOLT,3\n", "3,NUT,4\n3,BOLT,2\n3,PIN,1\n"] {
        let refused = import(admin, &sheet(second), &[("parent", "ROOT")]).await.expect(422);
        let reasons = reasons(&refused);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert!(reasons[0].starts_with("7: Row 3 lists SUB with something else below it"), "{reasons:?}");
    }
    assert_eq!(parts(admin).await.len(), 1);
    let report = import(admin, &sheet("3,BOLT,2\n3,NUT,4\n"), &[("parent", "ROOT")]).await.expect(200);
    let sub = |many: f64| json!(["SUB", many, [["BOLT", 2.0, []], ["NUT", 4.0, []]]]);
    let expected = json!([["L", 1.0, [sub(1.0)]], ["R", 1.0, [sub(3.0)]], ["X", 1.0, [sub(1.0)]]]);
    assert_eq!(tree(admin, id_of(&report)).await, expected);
}

async fn a_sheet_that_puts_a_part_below_itself_is_refused_by_row(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "ROOT").await;
    let sheet = "Level,PN,Qty\n1,A,1\n2,B,1\n3,C,1\n4,A,1\n";
    let refused = import(admin, sheet, &[("parent", "ROOT")]).await.expect(422);
    assert_eq!(reasons(&refused).len(), 1);
    assert!(reasons(&refused)[0].starts_with("5: A part cannot be below itself: "), "{refused}");
    // One that closes only with what is there already.
    import(admin, "PN,Qty\nB,1\n", &[("parent", "A"), ("create_parent", "")]).await.expect(200);
    let closing = "Level,PN,Qty\n1,X,1\n1,B,1\n2,A,1\n";
    let refused = import(admin, closing, &[("parent", "ROOT")]).await.expect(409);
    assert_eq!(
        (&refused["detail"]["code"], &refused["detail"]["details"]["row"]),
        (&json!("CYCLE_DETECTED"), &json!(4))
    );
    assert_eq!(parts(admin).await.len(), 3, "X did not arrive");
}

async fn a_sheet_whose_levels_jump_is_refused_by_row(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "ROOT").await;
    let sheet = "Level,PN,Qty\n1,A,1\n3,B,1\n";
    let planned = import(admin, sheet, &[("parent", "ROOT"), ("dry_run", "true")]).await.expect(200);
    assert_eq!((&planned["problems"][0]["row"], &planned["problems"][0]["column"]), (&json!(3), &json!("Level")));
    let refused = import(admin, sheet, &[("parent", "ROOT")]).await.expect(422);
    assert!(reasons(&refused)[0].contains("jumps from 1 to 3"), "{refused}");
    assert_eq!(parts(admin).await.len(), 1);
}

async fn verdicts_tell_what_becomes_of_every_row_and_value(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "FREE").await;
    let first = "Level,PN,Name,Qty,Cost\n1,A,Arm,1,2\n2,B,Bolt,4,0.5\n";
    import(admin, first, &[("parent", "ROOT"), ("create_parent", "")]).await.expect(200);
    let sheet = "Level,PN,Name,Qty,Cost\n1,A,Arm,1,3\n2,B,Bolt,5,\n2,FREE,FREE,1,\n1,NEW,New,1,\n1,BAD,Bad,none,\n";
    let fields = [("parent", "ROOT"), ("existing", "update"), ("dry_run", "true")];
    let planned = import(admin, sheet, &fields).await.expect(200);
    assert_eq!(verdicts(&planned), ["changed", "changed", "matched", "new"]);
    assert_eq!(planned["rows"][0]["changes"], json!([{"of": "part", "field": "cost", "before": "2", "after": "3"}]));
    assert_eq!(
        planned["rows"][1]["changes"],
        json!([{"of": "line", "field": "quantity", "before": "4", "after": "5"}])
    );
    assert_eq!((&planned["rows"][1]["parent"], &planned["rows"][1]["level"]), (&json!("A"), &json!(2)));
    assert_eq!(planned["problems"][0]["row"], 6);
    let refused = import(admin, sheet, &[("parent", "ROOT"), ("dry_run", "true")]).await.expect(200);
    assert_eq!(verdicts(&refused), ["error", "error", "matched", "new"]);
    assert_eq!(refused["rows"][0]["changes"][0]["after"], "3", "what is refused is told all the same");
    let good = sheet.replace("1,BAD,Bad,none,\n", "");
    let done = import(admin, &good, &fields[..2]).await.expect(200);
    assert_eq!(verdicts(&done), ["changed", "changed", "matched", "new"]);
    assert_eq!(done["rows"][1]["changes"], planned["rows"][1]["changes"]);
}

fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Notes").unwrap().write_string(0, 0, "nothing").unwrap();
    let sheet = workbook.add_worksheet();
    sheet.set_name("BOM").unwrap();
    for (row, line) in LEVELS.lines().enumerate() {
        for (column, text) in line.split(',').enumerate() {
            match text.parse::<f64>() {
                Ok(number) => sheet.write_number(row as u32, column as u16, number),
                Err(_) => sheet.write_string(row as u32, column as u16, text),
            }
            .unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

async fn a_workbook_is_imported_by_its_bytes(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let fields = [("parent", "ROOT"), ("create_parent", "Root")];
    let named = [&fields[..], &[("sheet", "BOM")]].concat();
    let report = import_file(admin, workbook(), &named).await.expect(200);
    assert_eq!(tree(admin, id_of(&report)).await, expected());
    import_file(admin, workbook(), &fields).await.expect(422);
    let wrong = import_file(admin, workbook(), &[&fields[..], &[("sheet", "Bill")]].concat()).await.expect(422);
    assert_eq!(wrong["detail"][0]["loc"], json!(["body", "sheet"]));
    let none = import(admin, LEVELS, &named).await.expect(422);
    assert_eq!(none["detail"][0]["loc"], json!(["body", "sheet"]), "CSV has no sheets");
    let mut cut = workbook();
    cut.truncate(cut.len() / 2);
    for bytes in [cut, b"PK\x03\x04".to_vec(), b"\xD0\xCF\x11\xE0 old".to_vec(), Vec::new()] {
        import_file(admin, bytes, &fields).await.expect(422);
    }
}

async fn a_saved_mapping_reads_sheets_as_it_says(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    add_part(admin, "ROOT").await;
    let sheet = "Tiefe;Ident;Was;Wieviel\n1;A;Arm;1,5\n2;B;Bolzen;4\n";
    let new = json!({
        "name": "ERP export", "columns": "level=Tiefe,number=Ident,name=Was,quantity=Wieviel",
        "options": {"decimal": "comma", "structure": "level"},
    });
    let saved = admin.post("/imports/mappings", &new).await.expect(200);
    let path = format!("/imports/mappings/{}", saved["id"].as_str().unwrap());
    assert_eq!(admin.post("/imports/mappings", &new).await.expect(409)["detail"]["code"], "MAPPING_EXISTS");
    for mapping in ["ERP export", saved["id"].as_str().unwrap()] {
        let fields = [("parent", "ROOT"), ("mapping", mapping), ("dry_run", "true")];
        assert_eq!(import(admin, sheet, &fields).await.expect(200)["lines_created"], 2);
        let own = [&fields[..], &[("structure", "flat")]].concat();
        assert_eq!(import(admin, sheet, &own).await.expect(200)["structure"], "flat", "the form goes first");
    }
    let unknown = import(admin, sheet, &[("parent", "ROOT"), ("mapping", "Other")]).await.expect(404);
    assert_eq!(unknown["detail"]["code"], "MAPPING_NOT_FOUND");
    for (field, value) in [("name", json!("")), ("columns", json!("nonsense")), ("options", json!({"decimal": "x"}))] {
        admin.patch(&path, &json!({field: value})).await.expect(422);
    }
    let changed = admin.patch(&path, &json!({"name": "ERP"})).await.expect(200);
    assert_eq!((&changed["name"], &changed["options"]["decimal"]), (&json!("ERP"), &json!("comma")));
    let_viewers_read(admin).await;
    let viewer = world.user("viewer", &["viewer"]).await;
    assert_eq!(viewer.get("/imports/mappings").await.expect(200)["total"], 1);
    viewer.delete(&path).await.expect(403);
    viewer.post("/imports/mappings", &json!({"name": "Mine"})).await.expect(403);
    admin.delete(&path).await.expect(200);
    admin.get(&path).await.expect(404);
    assert_eq!(admin.get("/imports/mappings").await.expect(200)["items"], json!([]));
}

async fn export(client: &Client, id: &str, query: &str) -> (reqwest::header::HeaderMap, Vec<u8>) {
    let answer = client.request(Method::GET, &format!("/bom/{id}/export{query}")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

async fn an_export_is_imported_as_it_is(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let report = import(admin, LEVELS, &[("parent", "=TOP|1"), ("create_parent", "@root")]).await.expect(200);
    let root = id_of(&report).to_owned();
    for query in ["", "?format=xlsx&structure=parent", "?structure=indented", "?format=xlsx"] {
        let (_, file) = export(admin, &root, query).await;
        let unchanged = import_file(admin, file, &[]).await.expect(200);
        assert_eq!((&unchanged["lines_unchanged"], &unchanged["import_id"]), (&json!(5), &Value::Null), "{query}");
    }
    let (headers, text) = export(admin, &root, "?levels=1").await;
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename="));
    let text = String::from_utf8(text).unwrap();
    let expected =
        "\u{feff}Level,Part Number,Name,Quantity,UoM\r\n0,'=TOP|1,'@root,1,EA\r\n1,SUB,Sub,1,EA\r\n1,NUT,Nut,8,EA\r\n";
    assert_eq!(text, expected);
    let (headers, text) = export(admin, &root, "?format=md&structure=indented").await;
    assert_eq!(headers["content-type"], "text/markdown; charset=utf-8");
    assert!(String::from_utf8(text).unwrap().contains("| =TOP\\|1 | @root | 1 | EA |\n| &emsp;SUB |"));
    for query in ["?format=pdf", "?structure=flat", "?levels=-1", "?levels=101"] {
        admin.get(&format!("/bom/{root}/export{query}")).await.expect(422);
    }
    admin.get("/bom/00000000-0000-0000-0000-000000000000/export").await.expect(404);
}

async fn the_bom_of_a_machine_is_imported(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let reply = import_file(
        admin,
        LUMEN_PNP.as_bytes().to_vec(),
        &[("parent", "LUMEN"), ("create_parent", "LumenPnP"), ("map", "quantity=Quantity"), ("placeholders", "suffix")],
    )
    .await;
    let report = reply.expect(200);
    assert_eq!(report["structure"], "flat");
    assert_eq!((&report["lines"], &report["lines_created"]), (&json!(9), &json!(9)));
    assert_eq!(report["skipped"].as_array().unwrap().len(), 2, "totals and a note");
    let (_, file) = export(admin, id_of(&report), "?format=xlsx").await;
    let again = import_file(admin, file, &[]).await.expect(200);
    assert_eq!((&again["lines_unchanged"], &again["import_id"]), (&report["lines"], &Value::Null));
}
