//! Rollups against the sum that a person would make, part by part.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::super::flat::tests::{Edge, edges, structure};
use super::*;
use crate::domain::testing::TestOrg;

fn roll_up(held: &Held, measure: Measure) -> Rollup {
    let mut adding = Adding {
        heights: heights(&held.lines),
        held,
        measure,
        weight_uom: "KG",
        parts: Vec::new(),
        done: HashMap::new(),
    };
    adding.part(&held.root, held.depth);
    let parts = adding.parts;
    Rollup { measure, missing: missing(&parts), parts, rounding: Some(3), with_tree: true }
}

/// The value of a part, and whether something of it is missing.
fn naive(held: &Held, (key, item): &Node, depth: u32) -> (Option<Decimal>, bool) {
    if let Some(own) = own(item, Measure::Weight) {
        return (Some(own), false);
    }
    let (mut sum, mut partial, mut any) = (Decimal::ZERO, false, false);
    let below = held.lines.get(key).filter(|_| depth > 0).map_or(&[][..], Vec::as_slice);
    for (line, child) in below {
        let quantity: Decimal = line.text("quantity").unwrap().parse().unwrap();
        let uom = line.text("uom").unwrap();
        if let Some(weight) = convert(quantity, uom, "KG") {
            (sum, any) = (sum + weight, true);
            continue;
        }
        let (each, lacks) = naive(held, child, depth - 1);
        match convert(quantity, uom, EACH).zip(each) {
            Some((pieces, each)) => (sum, any) = (sum + pieces * each, true),
            None => partial = true,
        }
        partial |= lacks;
    }
    (any.then_some(sum), partial || below.is_empty())
}

#[tokio::test]
async fn a_rollup_is_what_the_parts_add_up_to() {
    let org = TestOrg::new().await;
    let model = Model::load(&org.ctx).await.unwrap();
    let config = Config { failure_persistence: None, ..Config::with_cases(300) };
    let weights = proptest::collection::vec(proptest::option::of(1u32..100), 7);
    let run = TestRunner::new(config).run(&(edges(8), weights, 1u32..9), |(edges, weights, depth)| {
        let weight = |tenths: Option<u32>| match tenths {
            Some(tenths) => json!({"item_number": "P", "weight": f64::from(tenths) / 10.0}),
            None => json!({"item_number": "P"}),
        };
        let parts: Vec<_> = std::iter::once(None).chain(weights).map(weight).collect();
        let held = structure(&parts, &edges, depth, &model);
        let rollup = roll_up(&held, Measure::Weight);
        let root = rollup.root().unwrap();
        let expected = naive(&held, &held.root, depth);
        prop_assert_eq!(root.total().map(|total| total.normalize()), expected.0.map(|total| total.normalize()));
        prop_assert_eq!(root.is_partial || root.lines.is_empty(), expected.1);
        prop_assert_eq!(!rollup.missing.is_empty(), expected.1);
        Ok(())
    });
    run.unwrap();
}

fn edge(parent: usize, child: usize, quantity: &str, uom: &'static str) -> Edge {
    (parent, child, quantity.to_owned(), uom)
}

#[tokio::test]
async fn a_shared_subassembly_is_computed_once_and_own_values_come_first() {
    let org = TestOrg::new().await;
    let model = Model::load(&org.ctx).await.unwrap();
    // 2^30 ways through 30 pairs of lines.
    let mut parts = vec![json!({"item_number": "P"}); 30];
    parts.push(json!({"item_number": "LEAF", "weight": 0.1}));
    let lines: Vec<Edge> =
        (0..30).flat_map(|part| [edge(part, part + 1, "1", "EA"), edge(part, part + 1, "1", "PCS")]).collect();
    let rollup = roll_up(&structure(&parts, &lines, 100, &model), Measure::Weight);
    assert_eq!(rollup.parts.len(), 31);
    assert_eq!(rollup.root().unwrap().total(), Some("107374182.4".parse().unwrap()));

    let parts = [
        json!({"item_number": "ROOT"}),
        json!({"item_number": "SUB", "weight": 2.5}),
        json!({"item_number": "BOLT", "weight": 1.0}),
        json!({"item_number": "GLUE"}),
        json!({"item_number": "WIRE", "weight": 0.2, "uom": "M"}),
    ];
    let lines = [edge(0, 1, "2", "EA"), edge(1, 2, "3", "EA"), edge(0, 3, "250", "G"), edge(0, 4, "500", "MM")];
    let rollup = roll_up(&structure(&parts, &lines, 10, &model), Measure::Weight);
    assert_eq!(rollup.root().unwrap().computed, Some("5.35".parse().unwrap()));
    assert!(rollup.missing.is_empty() && !rollup.root().unwrap().is_partial);
    let sub = rollup.parts.iter().find(|part| part.number.as_deref() == Some("SUB")).unwrap();
    assert_eq!((sub.total(), sub.computed), (Some("2.5".parse().unwrap()), Some("3".parse().unwrap())));
}

#[tokio::test]
async fn what_is_not_known_is_named_once_with_the_reason() {
    let org = TestOrg::new().await;
    let model = Model::load(&org.ctx).await.unwrap();
    let parts = [
        json!({"item_number": "ROOT"}),
        json!({"item_number": "SUB"}),
        json!({"item_number": "NONE"}),
        json!({"item_number": "ROLL", "weight": 3.0}),
    ];
    let lines = [
        edge(0, 1, "1", "EA"),
        edge(1, 2, "1", "EA"),
        edge(0, 2, "1", "EA"),
        edge(0, 3, "2", "ROLL"),
        edge(1, 3, "2", "EA"),
    ];
    let rollup = roll_up(&structure(&parts, &lines, 10, &model), Measure::Weight);
    let mut missing: Vec<_> =
        rollup.missing.iter().map(|missing| (missing.number.as_deref().unwrap(), missing.reason.as_str())).collect();
    missing.sort_unstable();
    assert_eq!(missing, [("NONE", "no_value"), ("ROLL", "unit")]);
    assert_eq!(rollup.root().unwrap().computed, Some("6".parse().unwrap()));
    assert!(rollup.root().unwrap().is_partial);
    // Costs are per piece: a weight of glue has none.
    let parts = [json!({"item_number": "ROOT"}), json!({"item_number": "GLUE", "cost": 4.0})];
    let rollup = roll_up(&structure(&parts, &[edge(0, 1, "1", "KG")], 10, &model), Measure::Cost);
    assert_eq!(rollup.missing[0].reason, Reason::Unit);
}
