//! Guards as a table: what is demanded × what there is.

use super::*;

fn guards(written: Value) -> Guards {
    serde_json::from_value::<Guards>(written).unwrap().checked().unwrap()
}

fn child(state: &str, is_released: bool, number: Option<&str>) -> Child {
    let shown = number.map(|number| (Uuid::nil(), Some(number.to_owned())));
    Child { relationship: "Part BOM".into(), shown, state: state.into(), is_released }
}

#[test]
fn each_guard_names_what_is_not_met() {
    let values = json!({"name": "Leg", "weight": 12.5, "blank": "  ", "count": 0, "null": null});
    let released = child("Released", true, Some("P-1"));
    let draft = child("Draft", false, Some("P-2"));
    let document = Child { relationship: "Document Part".into(), ..child("Draft", false, None) };
    let children = [released, draft, document];
    let table = [
        (json!({}), vec![]),
        (json!({"requires": ["name", "weight", "count"]}), vec![]),
        (json!({"requires": ["name", "colour", "blank", "null"]}), vec!["requires"]),
        (json!({"condition": {"property": "weight", "op": "lte", "value": 20}}), vec![]),
        (json!({"condition": {"property": "weight", "op": "gt", "value": 20}}), vec!["condition"]),
        (json!({"condition": {"property": "colour", "value": "red"}}), vec!["condition"]),
        (json!({"condition": {"property": "colour", "op": "ne", "value": "red"}}), vec![]),
        (json!({"condition": {"not": {"property": "colour", "value": "red"}}}), vec![]),
        (
            json!({"condition": {"any": [{"property": "colour", "value": "red"}, {"property": "name", "value": "Leg"}]}}),
            vec![],
        ),
        (
            json!({"condition": {"all": [{"property": "colour", "value": "red"}, {"property": "name", "value": "Leg"}]}}),
            vec!["condition"],
        ),
        (json!({"children_released": true}), vec!["children_released"]),
        (json!({"children_in_states": ["Released"]}), vec!["children_in_states"]),
        (json!({"children_in_states": ["Released", "Draft"]}), vec![]),
        (json!({"children_released": true, "relationship": "Nothing"}), vec![]),
        (json!({"roles": ["approver", "chief"]}), vec!["roles"]),
        (json!({"roles": ["engineer"]}), vec![]),
        (json!({"comment_required": true}), vec!["comment_required"]),
        (
            json!({"comment_required": true, "roles": ["chief"], "requires": ["colour"]}),
            vec!["requires", "roles", "comment_required"],
        ),
    ];
    let roles = ["engineer".to_owned()];
    let facts = Facts {
        values: values.as_object().unwrap(),
        roles: &roles,
        is_administrator: false,
        comment: Some(" \n"),
        children: &children,
    };
    for (written, expected) in table {
        let unmet = guards(written.clone()).unmet(&facts);
        assert_eq!(unmet.iter().map(|unmet| unmet.guard).collect::<Vec<_>>(), expected, "{written}");
    }
    let administrator = Facts { is_administrator: true, comment: Some("approved"), ..facts };
    assert!(guards(json!({"roles": ["chief"], "comment_required": true})).unmet(&administrator).is_empty());
    let unmet = guards(json!({"children_released": true})).unmet(&facts);
    let named = json!([{"id": Uuid::nil(), "number": "P-2", "state": "Draft"}]);
    assert_eq!(unmet[0].details, json!({"count": 2, "children": named}), "what may not be seen is counted alone");
}

#[test]
fn guards_of_a_newer_version_are_never_met() {
    let stored = Guards::stored(Some(json!({"signature": true})));
    let values = Map::new();
    let facts = Facts { values: &values, roles: &[], is_administrator: true, comment: None, children: &[] };
    assert_eq!(stored.unmet(&facts)[0].guard, "unknown");
    assert_eq!(Guards::stored(None), Guards::default());
    let kept = guards(json!({"requires": [" name ", "name"], "comment_required": true}));
    assert_eq!(kept.stored_form(), Some(json!({"requires": ["name"], "comment_required": true})));
    assert_eq!(Guards::stored(kept.stored_form()), kept);
    assert_eq!(Guards::default().stored_form(), None);
}

#[test]
fn guards_that_make_no_sense_are_refused_by_field() {
    let long = "x".repeat(101);
    let many: Vec<String> = (0..51).map(|index| format!("p{index}")).collect();
    for (written, field) in [
        (json!({"requires": [""]}), "requires"),
        (json!({"requires": [long]}), "requires"),
        (json!({"requires": many}), "requires"),
        (json!({"roles": ["world"]}), "roles"),
        (json!({"condition": "weight > 3"}), "condition"),
        (json!({"condition": {"property": "weight", "op": "like", "value": 1}}), "condition"),
        (json!({"relationship": "Part BOM"}), "relationship"),
    ] {
        let refused = serde_json::from_value::<Guards>(written.clone()).unwrap().checked().unwrap_err();
        assert_eq!(refused.problems()[0].loc, ["body", "guards", field], "{written}");
    }
}
