//! Whatever a BOM is like, its sheet imported into another organisation makes the same BOM.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::*;
use crate::domain::bom::import::{ImportRequest, SheetOptions, import_bom};
use crate::domain::meta::{AmlAction, AmlItem, apply, descend, find_by_number};
use crate::domain::testing::TestOrg;

/// A BOM: the properties of each part, and the lines by their ends, which always lead from an earlier part to a later one.
#[derive(Debug, Clone)]
struct Bom {
    parts: Vec<Value>,
    lines: Vec<(usize, usize, Value)>,
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9]{1,8}",
        "[=+@-][A-Z0-9]{1,4}",
        "'{1,2}[=+@-]?[a-z]{1,3}",
        "[a-z]{1,3}[,;\"|\t]?[a-z]{1,3}",
        "[名称料号]{1,4}",
    ]
    .prop_map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![(1_u32..2000).prop_map(f64::from), (1_u32..100_000).prop_map(|number| f64::from(number) / 1000.0)]
}

fn part() -> impl Strategy<Value = Value> {
    let optional = (prop::option::of(texts()), prop::option::of(texts()), prop::option::of(numbers()));
    (texts(), optional, prop::option::of(texts())).prop_map(|(number, (name, description, cost), vendor)| {
        json!({"item_number": number, "name": name, "description": description, "cost": cost, "vendor": vendor})
    })
}

fn line(most: usize) -> impl Strategy<Value = (usize, usize, Value)> {
    let values = (numbers(), prop_oneof![Just("EA"), Just("M")], prop::option::of("[0-9]{1,3}"), any::<bool>());
    (0..most, 0..most, values).prop_map(|(one, other, (quantity, uom, find_num, note))| {
        let until = note.then_some("2027-01-31T00:00:00Z");
        let line = json!({"quantity": quantity, "uom": uom, "find_num": find_num, "effectivity_to": until});
        (one.min(other), one.max(other), line)
    })
}

fn bom() -> impl Strategy<Value = Bom> {
    (2_usize..9).prop_flat_map(|most| {
        (prop::collection::vec(part(), most), prop::collection::vec(line(most), 1..14)).prop_map(|(parts, lines)| {
            let mut seen = BTreeSet::new();
            let number = |(at, mut part): (usize, Value)| {
                // Every number once, and not shortened by a spreadsheet.
                part["item_number"] = json!(format!("{}{at}", part["item_number"].as_str().unwrap()));
                part
            };
            let new = |(from, to, line): &(usize, usize, Value)| {
                from != to && seen.insert((*from, *to, line["uom"].to_string()))
            };
            let lines: Vec<_> = lines.into_iter().filter(new).collect();
            Bom { parts: parts.into_iter().enumerate().map(number).collect(), lines }
        })
    })
}

async fn make(ctx: &Ctx, bom: &Bom) -> Vec<String> {
    let mut ids = Vec::new();
    for part in &bom.parts {
        ids.push(add(ctx, "Part", part.clone()).await);
    }
    for (from, to, line) in &bom.lines {
        let mut line = line.clone();
        (line["source_id"], line["related_id"]) = (json!(ids[*from]), json!(ids[*to]));
        add(ctx, "Part BOM", line).await;
    }
    ids
}

async fn add(ctx: &Ctx, kind: &str, properties: Value) -> String {
    let mut properties = properties.as_object().cloned().unwrap();
    properties.retain(|_, value| !value.is_null());
    let item = AmlItem { item_type: kind.to_owned(), action: AmlAction::Add, properties, ..AmlItem::default() };
    apply(ctx, item).await.unwrap().items[0].item.id.to_string()
}

/// What there is below a part: the parts by their numbers, and the lines by their ends' numbers and their units.
async fn facts(ctx: &Ctx, number: &str) -> (BTreeMap<String, Value>, BTreeMap<String, Value>) {
    let model = Model::load(ctx).await.unwrap();
    let kind = model.item_type(PART).unwrap();
    let root = find_by_number(ctx, &model, kind, number).await.unwrap().expect(number);
    let graph = descend(ctx, PART_BOM, root.id, 50).await.unwrap();
    let number = |id: &uuid::Uuid| kind.number(&graph.items[id]).unwrap().to_owned();
    let parts = graph.items.iter().map(|(id, item)| (number(id), Value::Object(item.properties.clone()))).collect();
    let lines = graph.lines.values().flatten().map(|line| {
        let ends = [line.source_id.unwrap(), line.related_id.unwrap()].map(|id| number(&id));
        (format!("{} > {} {}", ends[0], ends[1], line.text("uom").unwrap()), Value::Object(line.properties.clone()))
    });
    (parts, lines.collect())
}

#[test]
fn what_is_exported_is_imported_as_the_same_bom() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&bom(), |bom| {
        runtime.block_on(async {
            let (from, number) = (TestOrg::new().await, bom.parts[0]["item_number"].as_str().unwrap());
            let root = make(&from.ctx, &bom).await.remove(0);
            let expected = facts(&from.ctx, number).await;
            for structure in [ExportStructure::Level, ExportStructure::Parent, ExportStructure::Indented] {
                let format = if bom.lines.len() % 2 == 0 { ExportFormat::Csv } else { ExportFormat::Xlsx };
                let request = ExportRequest { format, structure, levels: 100 };
                let file = export(&from.ctx, &root, request).await.unwrap().bytes;
                let to = TestOrg::new().await;
                let request = ImportRequest {
                    file: file.clone(),
                    file_name: None,
                    parent: String::new(),
                    create_parent: None,
                    sheet: SheetOptions::default(),
                    placeholders: Default::default(),
                    existing: Default::default(),
                };
                let report = import_bom(&to.ctx, &request, &|_, _| ()).await;
                prop_assert!(report.is_ok(), "{structure:?} {format:?}: {:?}", report.err());
                prop_assert_eq!(&facts(&to.ctx, number).await, &expected, "{:?} {:?}", structure, format);
                let again = import_bom(&from.ctx, &request, &|_, _| ()).await;
                prop_assert!(again.is_ok_and(|report| report.import_id.is_none()), "it is as it was");
            }
            Ok(())
        })
    });
    checked.unwrap();
}
