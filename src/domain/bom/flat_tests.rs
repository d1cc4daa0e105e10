//! Parts lists against the sum over every way through the structure, and structures for other tests.

use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::super::tree::Lines;
use super::*;
use crate::domain::testing::TestOrg;

pub fn item(id: u128, kind: &str, properties: &Value) -> Item {
    Item {
        id: Uuid::from_u128(id),
        item_type: kind.to_owned(),
        config_id: Uuid::from_u128(id),
        generation: 1,
        is_current: true,
        state: "Draft".to_owned(),
        current_state: None,
        current_version_id: None,
        unique_key: None,
        source_id: None,
        related_id: None,
        properties: properties.as_object().cloned().unwrap(),
        permission_id: None,
        owner_id: None,
        created_by_id: None,
        created_on: DateTime::UNIX_EPOCH,
        modified_by_id: None,
        modified_on: None,
        change_count: 0,
    }
}

/// Parent, child, quantity and unit.
pub type Edge = (usize, usize, String, &'static str);

/// A structure of numbered parts whose root is the first.
pub fn structure(parts: &[Value], edges: &[Edge], depth: u32, model: &Model) -> Held {
    let nodes: Vec<(Uuid, Arc<Item>)> = (1u128..)
        .zip(parts)
        .map(|(id, properties)| (Uuid::from_u128(id), Arc::new(item(id, "Part", properties))))
        .collect();
    let mut lines: Lines = HashMap::new();
    for (id, (parent, child, quantity, uom)) in (1_000_000u128..).zip(edges) {
        let mut line = item(id, "Part BOM", &json!({"quantity": quantity, "uom": uom}));
        line.source_id = Some(nodes[*parent].0);
        line.related_id = Some(nodes[*child].0);
        lines.entry(nodes[*parent].0).or_default().push((Arc::new(line), nodes[*child].clone()));
    }
    Held { root: nodes[0].clone(), lines, depth, model: model.clone() }
}

/// Lines that lead from lower to higher numbers, so that there is no cycle.
pub fn edges(parts: usize) -> impl Strategy<Value = Vec<Edge>> {
    let units = ["EA", "PCS", "DOZ", "KG", "G", "M", "MM", "ROLL"];
    let edge = (0..parts - 1, 1..parts, 1u32..40, 0..units.len());
    proptest::collection::vec(edge, 0..3 * parts).prop_map(move |given| {
        let down = given.into_iter().filter(|(parent, child, ..)| parent < child);
        down.map(|(parent, child, tenths, unit)| {
            (parent, child, Decimal::new(tenths.into(), 1).to_string(), units[unit])
        })
        .collect()
    })
}

/// How much of each part is needed, way by way.
fn naive(held: &Held, units: &BTreeMap<Uuid, String>) -> BTreeMap<Uuid, (Decimal, bool, u64)> {
    fn walk(
        held: &Held,
        units: &BTreeMap<Uuid, String>,
        (key, amount): (Uuid, Option<Decimal>),
        depth: u32,
        sums: &mut BTreeMap<Uuid, (Decimal, bool, u64)>,
    ) {
        if depth == 0 {
            return;
        }
        for (line, (child, _)) in held.lines.get(&key).into_iter().flatten() {
            let quantity: Decimal = line.text("quantity").unwrap().parse().unwrap();
            let each = convert(quantity, line.text("uom").unwrap(), &units[child]);
            let sum = sums.entry(*child).or_default();
            let needed = amount.zip(each).map(|(amount, each)| amount * each);
            match needed {
                Some(needed) => sum.0 += needed,
                None => sum.1 = true,
            }
            sum.2 += 1;
            walk(held, units, (*child, needed), depth - 1, sums);
        }
    }
    let mut sums = BTreeMap::new();
    walk(held, units, (held.root.0, Some(Decimal::ONE)), held.depth, &mut sums);
    sums
}

#[tokio::test]
async fn a_parts_list_is_the_sum_over_every_way() {
    let org = TestOrg::new().await;
    let model = Model::load(&org.ctx).await.unwrap();
    let parts = vec![json!({"item_number": "P"}); 8];
    let config = Config { failure_persistence: None, ..Config::with_cases(300) };
    let every_structure = (edges(8), 1u32..9);
    let run = TestRunner::new(config).run(&every_structure, |(edges, depth)| {
        let held = structure(&parts, &edges, depth, &model);
        let list = list(&held);
        let units = list.parts.iter().map(|part| (part.item.id, part.uom.clone())).collect();
        let found: BTreeMap<Uuid, (Decimal, bool, u64)> = list
            .parts
            .iter()
            .map(|part| (part.item.id, (part.quantity.normalize(), part.is_partial, part.occurrences)))
            .collect();
        let expected = naive(&held, &units);
        let known = |sums: &BTreeMap<Uuid, (Decimal, bool, u64)>| {
            sums.iter().map(|(id, (sum, partial, ways))| (*id, sum.normalize(), *partial, *ways)).collect::<Vec<_>>()
        };
        prop_assert_eq!(known(&found), known(&expected));
        Ok(())
    });
    run.unwrap();
}

#[tokio::test]
async fn many_ways_are_counted_without_being_walked() {
    let org = TestOrg::new().await;
    let model = Model::load(&org.ctx).await.unwrap();
    // Two lines between neighbours: 2^40 ways to the last.
    let parts = vec![json!({"item_number": "P"}); 41];
    let edges: Vec<Edge> = (0..40)
        .flat_map(|part| [(part, part + 1, "1".to_owned(), "EA"), (part, part + 1, "1".to_owned(), "PCS")])
        .collect();
    let list = list(&structure(&parts, &edges, 100, &model));
    let last = list.parts.last().unwrap();
    assert_eq!((last.occurrences, last.quantity), (1 << 40, Decimal::from(1u64 << 40)));
}

#[tokio::test]
async fn amounts_are_added_in_one_unit() {
    let org = TestOrg::new().await;
    let model = Model::load(&org.ctx).await.unwrap();
    let part = |number: &str, uom: Option<&str>| json!({"item_number": number, "uom": uom});
    let parts = [part("ROOT", None), part("A", None), part("WIRE", None), part("GLUE", Some("g")), part("TAPE", None)];
    let edge = |parent, child, quantity: &str, uom| (parent, child, quantity.to_owned(), uom);
    let edges = [
        edge(0, 1, "2", "EA"),
        edge(0, 2, "1", "M"),
        edge(1, 2, "250", "MM"),
        edge(0, 3, "0.5", "KG"),
        edge(0, 4, "1", "ROLL"),
        edge(1, 4, "3", "M"),
    ];
    let list = list(&structure(&parts, &edges, 10, &model));
    let shown: Vec<String> = list
        .parts
        .iter()
        .map(|part| format!("{} {} {} {}", part.number.as_deref().unwrap(), part.quantity, part.uom, part.is_partial))
        .collect();
    assert_eq!(shown, ["A 2 EA false", "GLUE 500 G false", "TAPE 6 M true", "WIRE 1.5 M false"]);
    let gaps: Vec<_> = list.unconverted.iter().map(|gap| (gap.uom.as_str(), gap.wanted.as_str(), gap.gap)).collect();
    assert_eq!(gaps, [("ROLL", "M", Gap::Unit)]);
}
