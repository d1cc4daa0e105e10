//! Imports into a database: what is written, what a second import finds, and what two at once leave behind.

use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::domain::bom::import::{Duplicates, MissingNumbers, Verdict};
use crate::domain::bom::import::{Existing, PlaceholderRule, SheetOptions};
use crate::domain::meta::{AmlAction, AmlItem, Values, apply};
use crate::domain::testing::TestOrg;

const FRAME: &str = "Part Number,Name,Qty,UoM,Cost\nP-1,Plate,2,,4.50\nP-2,Bar,1.25,M,\nP-3,Foot,4,,0.10\n";

fn request(sheet: &str) -> ImportRequest {
    ImportRequest {
        file: sheet.as_bytes().to_vec(),
        file_name: None,
        parent: "ASSY-1".to_owned(),
        create_parent: Some("Frame".to_owned()),
        sheet: SheetOptions::default(),
        placeholders: PlaceholderRule::default(),
        existing: Existing::default(),
    }
}

async fn import(ctx: &Ctx, request: &ImportRequest) -> Result<ImportReport> {
    import_bom(ctx, request, &|_, _| ()).await
}

/// (number, name, quantity, unit) of the lines below a part, in the order of creation.
async fn lines(ctx: &Ctx, number: &str) -> Vec<(String, String, f64, String)> {
    let model = Model::load(ctx).await.unwrap();
    let kind = model.item_type(PART).unwrap();
    let Some(parent) = meta::find_by_number(ctx, &model, kind, number).await.unwrap() else { return Vec::new() };
    let graph = meta::descend(ctx, PART_BOM, parent.id, 1).await.unwrap();
    let text = |item: &Item, name: &str| item.text(name).unwrap_or_default().to_owned();
    let line = |line: &Item| {
        let child = &graph.items[&line.related_id.unwrap()];
        let quantity = line.properties["quantity"].as_f64().unwrap();
        (text(child, "item_number"), text(child, "name"), quantity, text(line, "uom"))
    };
    graph.lines.get(&parent.id).map(|lines| lines.iter().map(line).collect()).unwrap_or_default()
}

async fn part_count(ctx: &Ctx) -> usize {
    let model = Model::load(ctx).await.unwrap();
    meta::find_by_prefix(ctx, &model, model.item_type(PART).unwrap(), "").await.unwrap().len()
}

async fn add_part(ctx: &Ctx, properties: serde_json::Value) -> Item {
    let properties: Values = serde_json::from_value(properties).unwrap();
    let given = AmlItem { item_type: PART.into(), action: AmlAction::Add, properties, ..AmlItem::default() };
    apply(ctx, given).await.unwrap().items.remove(0).item
}

fn verdicts(report: &ImportReport) -> Vec<Verdict> {
    report.rows.iter().map(|row| row.verdict).collect()
}

fn problems(error: &Error) -> Vec<String> {
    let details = error.details_value().expect("details");
    let reasons = details["problems"].as_array().unwrap().iter();
    reasons.map(|problem| format!("{}: {}", problem["row"], problem["reason"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_dry_run_tells_what_an_import_will_do_and_writes_nothing() {
    let org = TestOrg::new().await;
    let planned = plan_import(&org.ctx, &request(FRAME)).await.unwrap();
    assert!(planned.dry_run && planned.parent.created && planned.parent.id.is_none());
    assert_eq!(part_count(&org.ctx).await, 0);

    let heard = Mutex::new(Vec::new());
    let done = import_bom(&org.ctx, &request(FRAME), &|done, total| heard.lock().unwrap().push((done, total))).await;
    let done = done.unwrap();
    assert!(!done.dry_run && done.parent.id.is_some());
    assert_eq!(heard.into_inner().unwrap(), [(1, 3), (2, 3), (3, 3)]);
    assert_eq!((&done.rows, done.parts_created, done.lines_created), (&planned.rows, 3, 3));
    let expected = [("P-1", "Plate", 2.0, "EA"), ("P-2", "Bar", 1.25, "M"), ("P-3", "Foot", 4.0, "EA")];
    let expected = expected.map(|(number, name, quantity, uom)| (number.into(), name.into(), quantity, uom.into()));
    assert_eq!(lines(&org.ctx, "ASSY-1").await, expected);
}

#[tokio::test]
async fn a_second_import_of_the_same_sheet_changes_nothing() {
    let org = TestOrg::new().await;
    let sheet = "Part Number,Name,Qty\nOTS,M5 nut,8\nOTS,M5 bolt,8\nP-1,Plate,2\n,Glue,1\n,M5 nut,1\n";
    for rule in [PlaceholderRule::Suffix, PlaceholderRule::Name, PlaceholderRule::Sequence] {
        let request = ImportRequest { parent: rule.as_str().to_owned(), placeholders: rule, ..request(sheet) };
        let first = import(&org.ctx, &request).await.unwrap();
        let (parts, lines_first) = (part_count(&org.ctx).await, lines(&org.ctx, rule.as_str()).await);
        let second = import(&org.ctx, &request).await.unwrap();
        assert_eq!(verdicts(&second), [Verdict::Unchanged; 5], "{rule:?}");
        assert_eq!(part_count(&org.ctx).await, parts, "{rule:?}");
        assert_eq!(lines(&org.ctx, rule.as_str()).await, lines_first, "{rule:?}");
        let numbers = |report: &ImportReport| report.rows.iter().map(|row| row.number.clone()).collect::<Vec<_>>();
        assert_eq!(numbers(&first), numbers(&second), "{rule:?}");
        assert!(numbers(&first).iter().all(Option::is_some), "{rule:?}");
    }
}

#[tokio::test]
async fn a_name_from_a_placeholder_is_one_part_under_several_parents() {
    let org = TestOrg::new().await;
    let suffix = |parent: &str, sheet: &str| ImportRequest {
        parent: parent.to_owned(),
        placeholders: PlaceholderRule::Suffix,
        ..request(sheet)
    };
    import(&org.ctx, &suffix("A", "PN,Name,Qty\nOTS,nut,1\nOTS,bolt,1\n")).await.unwrap();
    let second = import(&org.ctx, &suffix("B", "PN,Name,Qty\nOTS,washer,1\nOTS,bolt,3\n")).await.unwrap();
    let numbers: Vec<_> = second.rows.iter().map(|row| row.number.as_deref().unwrap()).collect();
    assert_eq!(numbers, ["OTS-003", "OTS-002"]);
    assert_eq!(verdicts(&second), [Verdict::New, Verdict::Matched]);
}

#[tokio::test]
async fn any_problem_refuses_the_whole_sheet_with_the_report() {
    let org = TestOrg::new().await;
    let sheet = "Part Number,Name,Qty,UoM\nP-1,Plate,2,\nP-2,Bar,two,\nASSY-1,Frame,1,\nP-3,Tape,1,a very long unit of measure\n";
    let error = import(&org.ctx, &request(sheet)).await.unwrap_err();
    assert_eq!((error.kind(), error.code_name()), (Kind::Invalid, Some("IMPORT_REFUSED")));
    assert!(error.message().starts_with("The import was refused: 3 problems"), "{error}");
    let problems = problems(&error);
    assert!(problems[0].starts_with("3: "), "{problems:?}");
    assert!(problems[1].starts_with("4: Is the part that the sheet is imported into"), "{problems:?}");
    assert!(problems[2].starts_with("5: A unit has 1 to 16 characters"), "{problems:?}");
    assert_eq!(part_count(&org.ctx).await, 0);
}

#[tokio::test]
async fn placeholders_are_refused_unless_a_rule_is_chosen() {
    let org = TestOrg::new().await;
    let sheet = "PN,Name,Qty\nOTS,nut,1\nOTS,bolt,1\nP-1,Plate,1\n";
    let report = plan_import(&org.ctx, &request(sheet)).await.unwrap();
    assert_eq!(report.problem_count(), 1);
    assert_eq!(verdicts(&report), [Verdict::Error, Verdict::Error, Verdict::New]);
}

#[tokio::test]
async fn what_is_there_with_other_values_is_refused_kept_or_updated() {
    let org = TestOrg::new().await;
    import(&org.ctx, &request(FRAME)).await.unwrap();
    let changed = FRAME.replace("Plate,2,,4.50", "Base plate,3,,4.50").replace("Foot,4,,0.10", "Foot,4,,0.20");
    let with = |existing| ImportRequest { existing, ..request(&changed) };

    let error = import(&org.ctx, &with(Existing::Refuse)).await.unwrap_err();
    let found = problems(&error);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].contains("P-1 is there with other values: name \"Plate\" (here \"Base plate\")"), "{found:?}");
    assert!(found[1].contains("ASSY-1 has the line to P-1 with other values: quantity 2 (here 3)"), "{found:?}");
    assert!(found[2].contains("cost 0.1 (here 0.2)"), "{found:?}");

    let before = lines(&org.ctx, "ASSY-1").await;
    let kept = import(&org.ctx, &with(Existing::Keep)).await.unwrap();
    assert_eq!(verdicts(&kept), [Verdict::Unchanged; 3]);
    assert_eq!(lines(&org.ctx, "ASSY-1").await, before);

    let updated = import(&org.ctx, &with(Existing::Update)).await.unwrap();
    assert_eq!(verdicts(&updated), [Verdict::Changed, Verdict::Unchanged, Verdict::Changed]);
    assert_eq!((updated.parts_updated, updated.parts_matched, updated.lines_updated), (2, 1, 1));
    let after = lines(&org.ctx, "ASSY-1").await;
    assert_eq!((after[0].1.as_str(), after[0].2), ("Base plate", 3.0));
}

#[tokio::test]
async fn an_empty_cell_neither_contradicts_nor_erases() {
    let org = TestOrg::new().await;
    add_part(&org.ctx, json!({"item_number": "P-1", "name": "Plate", "cost": 7})).await;
    let sheet = "Part Number,Name,Qty,Cost\nP-1,,2,\n";
    let report = import(&org.ctx, &ImportRequest { existing: Existing::Update, ..request(sheet) }).await.unwrap();
    assert_eq!(verdicts(&report), [Verdict::Matched]);
    assert_eq!(lines(&org.ctx, "ASSY-1").await[0].1, "Plate");
}

#[tokio::test]
async fn a_part_with_lines_in_two_units_is_made_once_and_may_not_contradict_itself() {
    let org = TestOrg::new().await;
    let sheet = "Part Number,Name,Qty,UoM,Cost\nP-1,Tube,2,EA,3\nP-1,Tube,0.5,M,\n";
    let report = import(&org.ctx, &request(sheet)).await.unwrap();
    assert_eq!((report.parts_created, report.lines_created), (1, 2));
    let contradiction = sheet.replace("0.5,M,", "0.5,M,4");
    let request = ImportRequest { parent: "ASSY-2".into(), ..request(&contradiction) };
    let error = import(&org.ctx, &request).await.unwrap_err();
    assert_eq!(problems(&error), ["3: Row 2 gives the same part another cost: 3"]);
}

#[tokio::test]
async fn summed_and_nameless_rows_are_imported_as_asked() {
    let org = TestOrg::new().await;
    let sheet = "Part Number,Name,Qty\nP-1,Plate,0.1\nP-1,Plate,0.2\n,Glue,1\n";
    let mut request = request(sheet);
    request.sheet.duplicates = Duplicates::Sum;
    let report = import(&org.ctx, &request).await.unwrap();
    assert_eq!(report.rows[0].quantity.to_string(), "0.3");
    assert_eq!(report.rows[1].number.as_deref(), Some("P-000001"));
    request.sheet.missing_numbers = MissingNumbers::Refuse;
    assert_eq!(import(&org.ctx, &request).await.unwrap_err().code_name(), Some("IMPORT_REFUSED"));
}

#[tokio::test]
async fn a_name_that_several_children_bear_is_not_guessed() {
    let org = TestOrg::new().await;
    import(&org.ctx, &request("PN,Name,Qty\nA,nut,1\n")).await.unwrap();
    import(&org.ctx, &request("PN,Name,Qty\nB,nut,1\n")).await.unwrap();
    let error = import(&org.ctx, &request("PN,Name,Qty\n,nut,1\n")).await.unwrap_err();
    assert!(problems(&error)[0].contains("already (A, B)"), "{:?}", problems(&error));
}

#[tokio::test]
async fn a_missing_parent_is_not_found_unless_it_may_be_made() {
    let org = TestOrg::new().await;
    let mut request = request(FRAME);
    request.create_parent = None;
    let error = import(&org.ctx, &request).await.unwrap_err();
    assert_eq!((error.kind(), error.code_name()), (Kind::NotFound, Some("PARENT_NOT_FOUND")));
    request.create_parent = Some(String::new());
    let report = import(&org.ctx, &request).await.unwrap();
    assert_eq!(report.parent.name.as_deref(), Some("ASSY-1"));
    request.parent = "x".repeat(33);
    assert_eq!(import(&org.ctx, &request).await.unwrap_err().problems()[0].loc, ["body", "parent"]);
}

#[tokio::test]
async fn a_cycle_further_down_names_the_row_and_leaves_nothing() {
    let org = TestOrg::new().await;
    import(&org.ctx, &request("PN,Name,Qty\nSUB-1,Sub,1\n")).await.unwrap();
    let below = ImportRequest { parent: "SUB-1".into(), ..request("PN,Name,Qty\nNEW-1,New,1\nASSY-1,Frame,1\n") };
    assert_eq!(plan_import(&org.ctx, &below).await.unwrap().problem_count(), 0);
    let error = import(&org.ctx, &below).await.unwrap_err();
    assert_eq!((error.kind(), error.code_name()), (Kind::Conflict, Some("CYCLE_DETECTED")));
    assert!(error.message().starts_with("Row 3: Cycle detected"), "{error}");
    assert_eq!(error.details_value().unwrap()["row"], 3);
    assert_eq!(part_count(&org.ctx).await, 2);
}

#[tokio::test]
async fn a_released_parent_or_part_is_not_changed() {
    let org = TestOrg::new().await;
    import(&org.ctx, &request(FRAME)).await.unwrap();
    let model = Model::load(&org.ctx).await.unwrap();
    for number in ["ASSY-1", "P-1"] {
        let kind = model.item_type(PART).unwrap();
        let item = meta::find_by_number(&org.ctx, &model, kind, number).await.unwrap().unwrap();
        for state in ["Review", "Released"] {
            let given = AmlItem {
                item_type: PART.into(),
                action: AmlAction::Promote,
                id: Some(item.id),
                properties: serde_json::from_value(json!({ "state": state })).unwrap(),
                ..AmlItem::default()
            };
            apply(&org.ctx, given).await.unwrap();
        }
    }
    assert_eq!(verdicts(&import(&org.ctx, &request(FRAME)).await.unwrap()), [Verdict::Unchanged; 3]);
    let longer = format!("{FRAME}P-4,Cap,1,,\n");
    assert_eq!(plan_import(&org.ctx, &request(&longer)).await.unwrap_err().code_name(), Some("STATE_LOCKED"));
    let dearer = FRAME.replace("4.50", "5");
    let elsewhere = ImportRequest { parent: "ASSY-2".into(), existing: Existing::Update, ..request(&dearer) };
    let report = plan_import(&org.ctx, &elsewhere).await.unwrap();
    assert_eq!(verdicts(&report), [Verdict::Error, Verdict::Matched, Verdict::Matched]);
    assert!(report.problems[0].reason.starts_with("P-1 cannot be changed"), "{:?}", report.problems);
}

/// Everyone may do everything but read, which only the creator may.
async fn hide_parts(org: &TestOrg) {
    use crate::db::dialect::statement;
    use sea_orm::ConnectionTrait;
    let sql = [
        "UPDATE permission_entries SET can_get = $1, can_discover = $1",
        "INSERT INTO permission_entries (id, permission_id, identity_id, can_create, can_get, can_update, can_delete, can_discover) \
         SELECT permission_id || ':Creator', permission_id, 'Creator', TRUE, TRUE, TRUE, TRUE, TRUE FROM permission_entries",
    ];
    let tx = org.ctx.begin().await.unwrap();
    tx.execute_raw(statement(&tx, sql[0], vec![false.into()])).await.unwrap();
    tx.execute_raw(statement(&tx, sql[1], vec![])).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_number_that_the_caller_may_not_see_is_a_conflict_and_is_not_merged() {
    let org = TestOrg::new().await;
    hide_parts(&org).await;
    let (one, other) = (org.as_user(7, &["engineer"]), org.as_user(8, &["engineer"]));
    add_part(&one, json!({"item_number": "P-2", "name": "Secret"})).await;
    let error = import(&other, &request(FRAME)).await.unwrap_err();
    assert_eq!((error.kind(), error.code_name()), (Kind::Conflict, Some("DUPLICATE_NUMBER")));
    assert!(error.message().starts_with("Row 3: "), "{error}");
    assert_eq!(part_count(&org.ctx).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_of_one_sheet_at_once_leave_one_of_everything() {
    let org = TestOrg::new().await;
    add_part(&org.ctx, json!({"item_number": "THERE"})).await;
    let mixed = "PN,Name,Qty\nOTS,nut,1\nOTS,bolt,1\nP-1,Plate,1\n,Glue,1\n,Tape,2\n";
    let nameless = "PN,Name,Qty\n,Glue,1\n,Tape,2\n";
    for (parent, sheet, parts) in [("NEW", mixed, 6), ("THERE", nameless, 2)] {
        let before = part_count(&org.ctx).await;
        let request =
            ImportRequest { parent: parent.to_owned(), placeholders: PlaceholderRule::Suffix, ..request(sheet) };
        let reports = futures::future::join_all((0..4).map(|_| {
            let (ctx, request) = (org.ctx.clone(), request.clone());
            tokio::spawn(async move { import(&ctx, &request).await })
        }))
        .await;
        let reports: Vec<ImportReport> = reports.into_iter().map(|done| done.unwrap().unwrap()).collect();
        let winners = reports.iter().filter(|report| report.lines_created == report.lines).count();
        let late = reports.iter().filter(|report| report.lines_unchanged == report.lines).count();
        assert_eq!((winners, late), (1, 3), "{parent}");
        assert_eq!(lines(&org.ctx, parent).await.len(), reports[0].lines, "{parent}");
        assert_eq!(part_count(&org.ctx).await - before, parts, "{parent}");
    }
}

#[tokio::test]
async fn a_plan_that_was_overtaken_is_not_carried_out() {
    let org = TestOrg::new().await;
    add_part(&org.ctx, json!({"item_number": "ASSY-1"})).await;
    let request = request("PN,Name,Qty\n,Glue,1\n");
    let model = Model::load(&org.ctx).await.unwrap();
    let one = plan(&org.ctx, &model, &request).await.unwrap();
    let other = plan(&org.ctx, &model, &request).await.unwrap();
    carry_out(&org.ctx, &model, one, None, &|_, _| ()).await.unwrap();
    let error = carry_out(&org.ctx, &model, other, None, &|_, _| ()).await.unwrap_err();
    assert_eq!((error.kind(), error.code_name()), (Kind::Conflict, Some(OVERTAKEN)));
    assert_eq!(part_count(&org.ctx).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_under_different_parents_at_once_share_their_new_parts() {
    let org = TestOrg::new().await;
    let import = |parent: &str| {
        let (ctx, request) = (org.ctx.clone(), ImportRequest { parent: parent.into(), ..request(FRAME) });
        tokio::spawn(async move { import(&ctx, &request).await })
    };
    let (one, other) = (import("A"), import("B"));
    let created = [one.await, other.await].map(|done| done.unwrap().unwrap().parts_created);
    assert_eq!(created.iter().sum::<usize>(), 3);
    assert_eq!(part_count(&org.ctx).await, 5);
}
