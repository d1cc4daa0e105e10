//! Random conditions over random items: the databases find what a naive reading of the conditions finds.

use std::cmp::Ordering;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::world::World;
use crate::support::{Installation, on_every_backend};

on_every_backend!(queries_find_what_a_naive_reading_finds);

/// A declared number, a declared text, and what is not declared, once under a name that needs care.
const FIELDS: [&str; 4] = ["cost", "name", "v", "k\"'.$[0] \\腿"];
const ITEMS: usize = 60;
const QUERIES: usize = 250;

fn number() -> impl Strategy<Value = Value> {
    let wide = prop_oneof![
        Just(json!(9_007_199_254_740_993_i64)),
        Just(json!(9_007_199_254_740_992.0)),
        Just(json!(1e17)),
        Just(json!(0.1)),
        Just(json!(-0.5)),
        Just(json!(1e300)),
        Just(json!(5e-324)),
        Just(json!(0.30000000000000004)),
        Just(json!(i64::MIN)),
    ];
    prop_oneof![4 => (-3i64..4).prop_map(Value::from), 2 => wide, 2 => any::<i32>().prop_map(|n| json!(f64::from(n) / 7e3))]
}

fn text() -> impl Strategy<Value = Value> {
    let some = [
        "",
        "a",
        "A",
        "ab",
        "aB%",
        "a_b",
        "腿",
        "é",
        "É",
        "10",
        "9",
        "true",
        "null",
        "b*",
        "\u{1F600}",
        "\u{FFFD}",
        "a'b\"c\\",
    ];
    proptest::sample::select(some.to_vec()).prop_map(Value::from)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![4 => number(), 4 => text(), 1 => any::<bool>().prop_map(Value::from)]
}

fn anything() -> impl Strategy<Value = Value> {
    let object = prop_oneof![Just(json!({})), Just(json!({"a": 1})), Just(json!({"a": 1.0, "b": [2]}))];
    prop_oneof![8 => scalar(), 1 => Just(Value::Null), 2 => proptest::collection::vec(scalar(), 0..3).prop_map(Value::from), 1 => object]
}

fn properties() -> impl Strategy<Value = Value> {
    let optional = |share, some: BoxedStrategy<Value>| proptest::option::weighted(share, some);
    (
        optional(0.8, number().boxed()),
        optional(0.8, text().boxed()),
        optional(0.9, anything().boxed()),
        optional(0.7, anything().boxed()),
    )
        .prop_map(|(cost, name, v, odd)| {
            let given = FIELDS.into_iter().zip([cost, name, v, odd]);
            Value::Object(given.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
        })
}

/// A field and a test of it that the field takes.
fn leaf() -> impl Strategy<Value = Value> {
    let pattern = proptest::sample::select(vec!["*", "a*", "*b*", "?", "A%", "*腿", "a\\*", "é", "", "??"]);
    let order = proptest::sample::select(vec!["gt", "ge", "lt", "le"]);
    let number_test = prop_oneof![
        number().prop_map(|value| json!({"eq": value})),
        number().prop_map(|value| json!({"ne": value})),
        (order.clone(), number()).prop_map(|(operator, value)| json!({operator: value})),
        (number(), number()).prop_map(|(from, to)| json!({"between": [from, to]})),
        proptest::collection::vec(number(), 0..4).prop_map(|list| json!({"in": list})),
        any::<bool>().prop_map(|flag| json!({"null": flag})),
    ];
    let text_test = prop_oneof![
        text().prop_map(|value| json!({"eq": value})),
        text().prop_map(|value| json!({"ne": value})),
        (order.clone(), text()).prop_map(|(operator, value)| json!({operator: value})),
        pattern.clone().prop_map(|pattern| json!({"like": pattern})),
        text().prop_map(|part| json!({"contains": part})),
        text().prop_map(|part| json!({"starts_with": part})),
        proptest::collection::vec(text(), 0..4).prop_map(|list| json!({"nin": list})),
        any::<bool>().prop_map(|flag| json!({"null": flag})),
    ];
    let free_test = prop_oneof![
        3 => anything().prop_map(|value| json!({"eq": value})),
        1 => anything().prop_map(|value| json!({"ne": value})),
        2 => (order.clone(), number()).prop_map(|(operator, value)| json!({operator: value})),
        2 => (order, text()).prop_map(|(operator, value)| json!({operator: value})),
        2 => proptest::collection::vec(prop_oneof![4 => scalar(), 1 => Just(Value::Null)], 0..4).prop_map(|list| json!({"in": list})),
        2 => scalar().prop_map(|element| json!({"contains": element})),
        1 => pattern.prop_map(|pattern| json!({"like": pattern})),
        1 => any::<bool>().prop_map(|flag| json!({"null": flag})),
    ];
    prop_oneof![
        number_test.prop_map(|test| json!({FIELDS[0]: test})),
        text_test.prop_map(|test| json!({FIELDS[1]: test})),
        (2usize..4, free_test).prop_map(|(field, test)| json!({FIELDS[field]: test})),
    ]
}

fn conditions() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|list| json!({"and": list})),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|list| json!({"or": list})),
            inner.prop_map(|inner| json!({"not": inner})),
        ]
    })
}

fn holds(item: &Value, conditions: &Value) -> bool {
    conditions.as_object().unwrap().iter().all(|(name, given)| match name.as_str() {
        "and" => given.as_array().unwrap().iter().all(|inner| holds(item, inner)),
        "or" => given.as_array().unwrap().iter().any(|inner| holds(item, inner)),
        "not" => !holds(item, given),
        name => given.as_object().unwrap().iter().all(|(operator, value)| test(&item[name], operator, value)),
    })
}

fn test(stored: &Value, operator: &str, value: &Value) -> bool {
    let ordered = |wanted: &[Ordering], value: &Value| compare(stored, value).is_some_and(|is| wanted.contains(&is));
    match operator {
        "eq" => same(stored, value),
        "ne" => !same(stored, value),
        "gt" => ordered(&[Ordering::Greater], value),
        "ge" => ordered(&[Ordering::Greater, Ordering::Equal], value),
        "lt" => ordered(&[Ordering::Less], value),
        "le" => ordered(&[Ordering::Less, Ordering::Equal], value),
        "between" => test(stored, "ge", &value[0]) && test(stored, "le", &value[1]),
        "in" => value.as_array().unwrap().iter().any(|value| same(stored, value)),
        "nin" => !test(stored, "in", value),
        "null" => stored.is_null() == value.as_bool().unwrap(),
        "contains" => {
            stored.as_array().is_some_and(|list| list.iter().any(|element| same(element, value)))
                || both_texts(stored, value, |text, part| text.contains(part))
        }
        "starts_with" => both_texts(stored, value, |text, part| text.starts_with(part)),
        "like" => both_texts(stored, value, |text, pattern| {
            matches(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())
        }),
        _ => panic!("{operator}"),
    }
}

fn both_texts(stored: &Value, value: &Value, test: impl Fn(&str, &str) -> bool) -> bool {
    let lower = |value: &Value| value.as_str().map(str::to_ascii_lowercase);
    lower(stored).zip(lower(value)).is_some_and(|(stored, value)| test(&stored, &value))
}

fn matches(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*' | '%', rest @ ..], _) => (0..=text.len()).any(|skipped| matches(&text[skipped..], rest)),
        (['?', rest @ ..], [_, text @ ..]) => matches(text, rest),
        (['\\', letter, rest @ ..], [first, text @ ..]) => first == letter && matches(text, rest),
        ([letter, rest @ ..], [first, text @ ..]) => first == letter && matches(text, rest),
        _ => false,
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => compare(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// Numbers with numbers and texts with texts; numbers exactly.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.as_str().cmp(right)),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            (Some(left), None) => Some(whole_with_float(left, right.as_f64()?)),
            (None, Some(right)) => Some(whole_with_float(right, left.as_f64()?).reverse()),
            (None, None) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "bounded before")]
fn whole_with_float(whole: i64, float: f64) -> Ordering {
    if float.abs() >= 1e19 {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    let floor = float.floor();
    i128::from(whole).cmp(&(floor as i128)).then(if float > floor { Ordering::Less } else { Ordering::Equal })
}

/// Numbers, texts, true and false, the rest; within each by value, then by position.
fn sorted(items: &[(String, Value)], field: &str, descending: bool) -> Vec<String> {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        _ => 3,
    };
    let mut items: Vec<_> = items.to_vec();
    items.sort_by(|(_, left), (_, right)| {
        let (left, right) = (&left[field], &right[field]);
        let flags = left.as_bool().zip(right.as_bool()).map(|(left, right)| left.cmp(&right));
        let within = compare(left, right).or(flags).unwrap_or(Ordering::Equal);
        rank(left).cmp(&rank(right)).then(if descending { within.reverse() } else { within })
    });
    items.into_iter().map(|(number, _)| number).collect()
}

async fn queries_find_what_a_naive_reading_finds(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let mut items = Vec::new();
    for index in 0..ITEMS {
        let mut given = properties().new_tree(&mut runner).unwrap().current();
        given["item_number"] = json!(format!("P{index:03}"));
        items.push(json!({"type": "Part", "action": "add", "properties": given}));
    }
    let added = admin.post("/aml/apply/bulk", &json!({"items": items})).await.expect(200);
    // As they are kept: a declared number is a float, -0 is 0.
    let kept = |item: &Value| (item["properties"]["number"].as_str().unwrap().to_owned(), item["properties"].clone());
    let items: Vec<(String, Value)> = added["items"].as_array().unwrap().iter().map(kept).collect();
    let mut some = 0;
    for round in 0..QUERIES {
        let conditions = conditions().new_tree(&mut runner).unwrap().current();
        let (field, descending) = (FIELDS[round % 4], round % 3 == 0);
        let body = json!({
            "type": "Part", "where": conditions, "page_size": 1000,
            "order_by": [format!("properties.{field} {}", if descending { "desc" } else { "asc" })],
        });
        let found = admin.post("/aml/query", &body).await.expect(200);
        let found: Vec<String> =
            found["items"].as_array().unwrap().iter().map(|item| item["number"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<(String, Value)> =
            items.iter().filter(|(_, item)| holds(item, &conditions)).cloned().collect();
        some += usize::from((1..ITEMS).contains(&expected.len()));
        assert_eq!(found, sorted(&expected, field, descending), "round {round}: {body}");
    }
    assert!(some > QUERIES / 2, "most conditions tell items apart: {some}");
    // A get by properties finds the same as equality does.
    for (_, item) in &items {
        let wanted: Map<String, Value> =
            FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone()))).collect();
        let conditions: Map<String, Value> =
            wanted.iter().map(|(name, value)| (name.clone(), json!({"eq": value}))).collect();
        let conditions = Value::Object(conditions);
        let found = admin.post("/aml/apply", &json!({"type": "Part", "properties": wanted})).await.expect(200);
        let expected = items.iter().filter(|(_, item)| holds(item, &conditions)).count();
        assert_eq!(found["count"], json!(expected), "{conditions}");
    }
}
