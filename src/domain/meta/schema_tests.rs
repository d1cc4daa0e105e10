use proptest::prelude::*;

use super::*;

fn property(data_type: DataType) -> Property {
    Property {
        name: "p".to_owned(),
        label: "P".to_owned(),
        ui_type: "text".to_owned(),
        data_type,
        ..Property::default()
    }
}

fn kind(properties: Vec<Property>) -> ItemType {
    ItemType {
        id: "Part".to_owned(),
        label: "Part".to_owned(),
        accepts_undeclared: true,
        properties,
        ..ItemType::default()
    }
}

fn verdict(property: Property, value: Value) -> Vec<(String, Vec<String>)> {
    let values: Values = [("p".to_owned(), value)].into_iter().collect();
    match check(&kind(vec![property]), &values) {
        Ok(()) => Vec::new(),
        Err(error) => error.problems().iter().map(|problem| (problem.rule.clone(), problem.loc.clone())).collect(),
    }
}

#[test]
fn the_schema_has_the_shape_that_clients_know() {
    let number = Property {
        name: "item_number".to_owned(),
        label: "Part Number".to_owned(),
        length: Some(32),
        is_required: true,
        ..property(DataType::String)
    };
    let state = Property {
        name: "state".to_owned(),
        label: "State".to_owned(),
        default_value: Some("Draft".to_owned()),
        ..property(DataType::String)
    };
    let cost = Property {
        name: "cost".to_owned(),
        label: "Cost".to_owned(),
        default_value: Some("2.5".to_owned()),
        ..property(DataType::Float)
    };
    let expected = json!({
        "type": "object", "title": "Part", "required": ["item_number"],
        "properties": {
            "item_number": {"type": "string", "title": "Part Number", "maxLength": 32, "default": null, "ui_type": "text"},
            "state": {"type": "string", "title": "State", "default": "Draft", "ui_type": "text"},
            "cost": {"type": "number", "title": "Cost", "default": 2.5, "ui_type": "text"},
        },
    });
    assert_eq!(json_schema(&kind(vec![number, state, cost])), expected);
}

#[test]
fn what_breaks_a_rule_is_named_by_rule_and_field() {
    let text = property(DataType::String);
    let pattern = Property { pattern: Some("[A-Z]{2}|x".to_owned()), ..text.clone() };
    let chosen = Property { choices: Some(vec![json!("red"), json!("blau")]), ..text.clone() };
    let bounded = Property { minimum: Some(0.0), maximum: Some(10.0), ..property(DataType::Float) };
    let list = Property { choices: Some(vec![json!("a"), json!("b")]), ..property(DataType::List) };
    let table = [
        (Property { length: Some(2), ..text.clone() }, json!("料号"), None),
        (Property { length: Some(2), ..text.clone() }, json!("abc"), Some("string_too_long")),
        (pattern.clone(), json!("AB"), None),
        (pattern.clone(), json!("x"), None),
        // The whole value, not a part of it, and no line end more.
        (pattern.clone(), json!("ABC"), Some("string_pattern_mismatch")),
        (pattern.clone(), json!("xx"), Some("string_pattern_mismatch")),
        (pattern, json!("AB\n"), Some("string_pattern_mismatch")),
        (chosen.clone(), json!("blau"), None),
        (chosen, json!("Red"), Some("enum")),
        (bounded.clone(), json!(10), None),
        (bounded.clone(), json!(10.5), Some("less_than_equal")),
        (bounded, json!(-0.5), Some("greater_than_equal")),
        (list.clone(), json!("a"), None),
        (list.clone(), json!(["b", "a"]), None),
        (list.clone(), json!(["a", "a"]), Some("enum")),
        (list, json!(["c"]), Some("enum")),
    ];
    for (property, value, rule) in table {
        let found = verdict(property, value.clone());
        let at = vec!["body".to_owned(), "properties".to_owned(), "p".to_owned()];
        let expected: Vec<_> = rule.into_iter().map(|rule| (rule.to_owned(), at.clone())).collect();
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn a_name_with_slashes_and_tildes_is_named_as_it_is() {
    let odd = Property { name: "a/b~c".to_owned(), length: Some(1), ..property(DataType::String) };
    let error = check(&kind(vec![odd]), &[("a/b~c".to_owned(), json!("xy"))].into_iter().collect()).unwrap_err();
    assert_eq!(error.problems()[0].loc, ["body", "properties", "a/b~c"]);
    let closed = ItemType { accepts_undeclared: false, ..kind(Vec::new()) };
    let error =
        check(&closed, &[("x".to_owned(), json!(1)), ("y".to_owned(), json!(2))].into_iter().collect()).unwrap_err();
    assert_eq!(error.problems().len(), 2, "every undeclared property is named");
}

#[test]
fn patterns_are_bounded_and_cannot_leave_their_place() {
    for good in ["", "a|b", "\\d+", "^x$", "(?i)ab", "[^\\s]{1,50}", "零件-\\d{3}"] {
        assert_eq!(check_pattern(good), Ok(()), "{good}");
    }
    for bad in ["(", "a)(b", "[", "a{1000000}", "(a{1000}){1000}", "\\p{Nope}", "(?=x)", "*"] {
        let reason = check_pattern(bad).unwrap_err();
        assert!(!reason.is_empty() && !reason.contains('\n'), "{bad}: {reason}");
    }
}

fn stored_form() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e6..1e6f64).prop_map(Value::from),
        "[a-zA-Z0-9 :.TZ-]{0,12}".prop_map(Value::from),
        "\\PC{0,9}".prop_map(Value::from),
        "[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z)?".prop_map(Value::from),
        any::<u128>().prop_map(|bits| uuid::Uuid::from_u128(bits).to_string().into()),
        any::<u128>().prop_map(|bits| uuid::Uuid::from_u128(bits).to_string().to_uppercase().into()),
        Just(json!([1])),
        Just(json!({"a": 1})),
    ]
}

proptest! {
    // A value that a property keeps as it is, and no other, is one that the schema accepts.
    #[test]
    fn the_schema_accepts_what_values_are_brought_into(value in stored_form(), length in 1usize..12) {
        for data_type in [
            DataType::String, DataType::Text, DataType::Integer, DataType::Float, DataType::Boolean, DataType::Date,
            DataType::DateTime, DataType::Item, DataType::List, DataType::Json,
        ] {
            let length = data_type.is_text().then_some(length);
            let property = Property { length, ..property(data_type) };
            let read = of_type(&property, value.clone());
            let stays = read.as_ref().is_ok_and(|read| super::super::values::same_value(read, &value));
            prop_assert_eq!(verdict(property.clone(), value.clone()).is_empty(), stays, "{:?} {}", data_type, value);
            if let Ok(read) = read {
                prop_assert!(verdict(property, read.clone()).is_empty(), "{:?} {}", data_type, read);
            }
        }
    }

    #[test]
    fn quantities_and_units_in_their_form_are_accepted(value in stored_form()) {
        for data_type in [DataType::Quantity, DataType::Unit] {
            if let Ok(read) = of_type(&property(data_type), value.clone()) {
                prop_assert!(verdict(property(data_type), read.clone()).is_empty(), "{:?} {}", data_type, read);
            }
        }
    }
}
