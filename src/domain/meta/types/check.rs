//! Whether a type or a property, as it would be, makes sense. Pure; every problem names its field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::item::FIELDS;
use super::super::model::{DataType, ItemType, Model, Property};
use super::super::schema::{self, check_pattern};
use super::super::typed::of_type;
use super::super::values::{same_value, storable};
use crate::error::Problem;
use crate::types::text::{hidden, hidden_in_identity};

const MAX_ID: usize = 100;
const MAX_LABEL: usize = 200;
const MAX_DESCRIPTION: usize = 500;
const MAX_PATTERN: usize = 500;
const MAX_CHOICES: usize = 500;
const MAX_LENGTH: usize = 1_000_000;
const MAX_UI_TYPE: usize = 50;
const MAX_OPTIONS_BYTES: usize = 65_536;
pub(super) const MAX_PROPERTIES: usize = 500;
/// A longer text does not fit into an index of every engine.
const MAX_INDEXED_LENGTH: usize = 500;
/// How the revisions of a type may be named: letters or numbers.
const REVISION_SCHEMES: [&str; 4] = ["A-Z", "1-9", "letter", "number"];

fn problem(rule: &str, field: &str, message: impl Into<String>) -> Problem {
    Problem::new(rule, &["body", field], message)
}

/// One line of text that somebody reads.
fn check_line(problems: &mut Vec<Problem>, field: &str, text: &str, most: usize) {
    if text.chars().count() > most {
        problems.push(problem("string_too_long", field, format!("At most {most} characters")));
    } else if let Some(sign) = hidden(text) {
        problems.push(problem(
            "value_error",
            field,
            format!("Holds the invisible character U+{:04X}", u32::from(sign)),
        ));
    }
}

/// A name by which a type or a property is found.
fn check_name(problems: &mut Vec<Problem>, field: &str, name: &str) {
    let wrong = if name.is_empty() {
        Some(("string_too_short", "At least 1 character".to_owned()))
    } else if name.chars().count() > MAX_ID {
        Some(("string_too_long", format!("At most {MAX_ID} characters")))
    } else if name != name.trim() {
        Some(("value_error", "No blanks at the beginning or the end".to_owned()))
    } else {
        let sign = hidden_in_identity(name).map(u32::from);
        sign.map(|sign| ("value_error", format!("Holds the invisible character U+{sign:04X}")))
    };
    problems.extend(wrong.map(|(rule, message)| problem(rule, field, message)));
}

/// Everything about a type but its properties. `types` are those there are, with or without this one.
pub(super) fn check_type(kind: &ItemType, types: &BTreeMap<String, ItemType>, model: &Model) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_name(&mut problems, "id", &kind.id);
    if kind.id.contains(['/', '\\']) {
        problems.push(problem("value_error", "id", "No slashes: the id is part of addresses"));
    }
    // A label that is the name has been looked at.
    if kind.label != kind.id {
        check_line(&mut problems, "label", &kind.label, MAX_LABEL);
    }
    if kind.label != kind.id && kind.label.trim().is_empty() {
        problems.push(problem("string_too_short", "label", "At least 1 character"));
    }
    let description = kind.description.as_deref().unwrap_or_default();
    if description.chars().count() > MAX_DESCRIPTION || description.contains('\0') {
        problems.push(problem("string_too_long", "description", format!("At most {MAX_DESCRIPTION} characters")));
    }
    if !REVISION_SCHEMES.contains(&kind.revision_scheme.as_str()) {
        let message = format!("Input should be one of {}", REVISION_SCHEMES.join(", "));
        problems.push(problem("enum", "revision_scheme", message));
    }
    if kind.permission_id.as_deref().is_some_and(|set| !model.has_set(set)) {
        problems.push(problem("reference", "permission_id", "There is no permission set with this id"));
    }
    if let Some(map) = kind.lifecycle_map_id
        && model.lifecycles().start(map).is_none()
    {
        problems.push(problem("reference", "lifecycle_map_id", "There is no lifecycle with this id and a start state"));
    }
    check_ends(&mut problems, kind, types);
    check_uses(&mut problems, kind);
    problems
}

fn check_ends(problems: &mut Vec<Problem>, kind: &ItemType, types: &BTreeMap<String, ItemType>) {
    for (field, end) in [("source_item_type_id", &kind.source_type), ("related_item_type_id", &kind.related_type)] {
        match end {
            Some(_) if !kind.is_relationship => {
                problems.push(problem("value_error", field, "Only a relationship has ends"));
            }
            None if kind.is_relationship => {
                problems.push(problem("missing", field, "A relationship names the types at both its ends"));
            }
            Some(end) if !types.contains_key(end) => {
                problems.push(problem("reference", field, format!("There is no item type {end:?}")));
            }
            _ => {}
        }
    }
    if kind.is_acyclic && !kind.is_relationship {
        problems.push(problem("value_error", "is_acyclic", "Only relationships can form a cycle"));
    }
}

/// What the type does with its properties.
fn check_uses(problems: &mut Vec<Problem>, kind: &ItemType) {
    if let Some(name) = &kind.number_property {
        let fits = |property: &Property| property.data_type == DataType::String && property.is_required;
        if kind.is_relationship {
            problems.push(problem("value_error", "number_property", "Relationships have no numbers, but a key"));
        } else if !kind.property(name).is_some_and(fits) {
            let message = format!("{name:?} is no required property of type string");
            problems.push(problem("reference", "number_property", message));
        } else if name != "number" && kind.property("number").is_some() {
            let message = "A property called number shows the number itself; let that one number the items";
            problems.push(problem("value_error", "number_property", message));
        } else if kind.property(name).is_some_and(has_default) {
            let message =
                format!("{name} has a default, and each number is an item's own; take the default away first");
            problems.push(problem("value_error", "number_property", message));
        }
    }
    let Some(keys) = &kind.key_properties else { return };
    if !kind.is_relationship {
        problems.push(problem("value_error", "key_properties", "Only relationships have a key; items have a number"));
    }
    if keys.iter().collect::<BTreeSet<_>>().len() != keys.len() {
        problems.push(problem("value_error", "key_properties", "Each property once"));
    }
    let unknown = keys.iter().filter(|name| kind.property(name).is_none());
    problems
        .extend(unknown.map(|name| problem("reference", "key_properties", format!("There is no property {name:?}"))));
}

fn has_default(property: &Property) -> bool {
    property.default_value.is_some() || property.default_expression.is_some()
}

fn default_field(property: &Property) -> &'static str {
    if property.default_value.is_some() { "default_value" } else { "default_value_expression" }
}

/// One property of a type, as it would be. `kind` has the property already, or does not.
pub(super) fn check_property(kind: &ItemType, property: &Property, types: &BTreeMap<String, ItemType>) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_name(&mut problems, "name", &property.name);
    if property.name.contains(['"', '\\']) {
        problems.push(problem("value_error", "name", "No quotation marks and backslashes"));
    }
    let mirrors_number =
        property.name == "number" && kind.number_property.as_deref().is_some_and(|own| own != "number");
    if FIELDS.contains(&property.name.as_str()) || property.name == "type" || mirrors_number {
        problems.push(problem("value_error", "name", "Every item has a field of this name already"));
    }
    if property.name == "state" && !property.data_type.is_text() {
        problems.push(problem("value_error", "data_type", "The state of an item is a text"));
    }
    if property.label != property.name {
        check_line(&mut problems, "label", &property.label, MAX_LABEL);
    }
    check_line(&mut problems, "ui_type", &property.ui_type, MAX_UI_TYPE);
    let options = property.ui_options.as_ref();
    if options.is_some_and(|options| !options.is_object() || options.to_string().len() > MAX_OPTIONS_BYTES) {
        problems.push(problem("value_error", "ui_options", format!("An object of at most {MAX_OPTIONS_BYTES} bytes")));
    }
    check_storable(&mut problems, property);
    check_kind_of_values(&mut problems, property, types);
    check_index(&mut problems, property);
    if kind.number_property.as_deref() == Some(&property.name)
        && !(property.is_required && property.data_type == DataType::String)
    {
        problems.push(problem("value_error", "is_required", format!("It numbers {}: a required string", kind.id)));
    }
    if kind.number_property.as_deref() == Some(&property.name) && has_default(property) {
        let message = format!("It numbers {}: the numbering gives each item its own, not a default", kind.id);
        problems.push(problem("value_error", default_field(property), message));
    }
    if problems.is_empty() {
        check_default(&mut problems, property);
    }
    problems
}

/// What every database keeps alike.
fn check_storable(problems: &mut Vec<Problem>, property: &Property) {
    let texts = [
        ("default_value", &property.default_value),
        ("pattern", &property.pattern),
        ("data_source_id", &property.data_source_id),
    ];
    for (field, text) in texts {
        if text.as_ref().is_some_and(|text| text.contains('\0')) {
            problems.push(problem("value_error", field, "NUL characters are not allowed"));
        }
    }
    if property.data_source_id.as_ref().is_some_and(|id| id.chars().count() > MAX_LABEL) {
        problems.push(problem("string_too_long", "data_source_id", format!("At most {MAX_LABEL} characters")));
    }
    let choices = property.choices.clone().map(Value::Array);
    for (field, value) in [("ui_options", property.ui_options.clone()), ("choices", choices)] {
        if let Some(Err((rule, message))) = value.map(|value| storable(value, 0)) {
            problems.push(problem(rule, field, message));
        }
    }
}

fn check_kind_of_values(problems: &mut Vec<Problem>, property: &Property, types: &BTreeMap<String, ItemType>) {
    let data_type = property.data_type;
    let only = |problems: &mut Vec<Problem>, field: &str, given: bool, fits: bool, whom: &str| {
        if given && !fits {
            problems.push(problem("value_error", field, format!("Only for {whom}, not for {}", data_type.as_str())));
        }
    };
    only(problems, "length", property.length.is_some(), data_type.is_text(), "texts");
    only(problems, "pattern", property.pattern.is_some(), data_type.is_text(), "texts");
    let bounded = property.minimum.is_some() || property.maximum.is_some();
    let field = if property.minimum.is_some() { "minimum" } else { "maximum" };
    only(problems, field, bounded, data_type.is_number(), "numbers");
    let chosen = data_type.is_text() || data_type.is_number() || data_type == DataType::List;
    only(problems, "choices", property.choices.is_some(), chosen, "texts, numbers and lists");
    if property.length.is_some_and(|length| !(1..=MAX_LENGTH).contains(&length)) {
        problems.push(problem("value_error", "length", format!("A length is 1 to {MAX_LENGTH}")));
    }
    if let (Some(least), Some(most)) = (property.minimum, property.maximum)
        && least > most
    {
        problems.push(problem("value_error", "maximum", "The maximum is less than the minimum"));
    }
    if let Some(pattern) = property.pattern.as_deref().filter(|_| data_type.is_text()) {
        if pattern.chars().count() > MAX_PATTERN {
            problems.push(problem("string_too_long", "pattern", format!("At most {MAX_PATTERN} characters")));
        } else if let Err(reason) = check_pattern(pattern) {
            problems.push(problem("value_error", "pattern", format!("It is no regular expression: {reason}")));
        }
    }
    if let Some(target) = property.target_type()
        && !types.contains_key(target)
    {
        problems.push(problem("reference", "data_source_id", format!("There is no item type {target:?}")));
    }
    if chosen {
        check_choices(problems, property);
    }
}

fn check_choices(problems: &mut Vec<Problem>, property: &Property) {
    let Some(choices) = &property.choices else { return };
    let unlimited = Property { choices: None, ..property.clone() };
    if choices.is_empty() || choices.len() > MAX_CHOICES {
        problems.push(problem("value_error", "choices", format!("1 to {MAX_CHOICES} choices")));
    }
    for (index, choice) in choices.iter().enumerate() {
        let scalar = choice.is_string() || choice.is_number();
        let fits = of_type(&unlimited, choice.clone()).is_ok_and(|value| same_value(&value, choice));
        if !scalar || !fits {
            let message = format!("{choice} is no value of type {}", property.data_type.as_str());
            problems.push(Problem::new("value_error", &["body", "choices", &index.to_string()], message));
        } else if choices.iter().take(index).any(|earlier| same_value(earlier, choice)) {
            problems.push(Problem::new("value_error", &["body", "choices", &index.to_string()], "It is there already"));
        }
    }
}

fn check_index(problems: &mut Vec<Problem>, property: &Property) {
    if !property.wants_index() {
        return;
    }
    let field = if property.is_unique { "is_unique" } else { "is_indexed" };
    let short = property.length.is_some_and(|length| length <= MAX_INDEXED_LENGTH);
    match property.data_type {
        DataType::String if !short => {
            let message = format!("Give the property a length of at most {MAX_INDEXED_LENGTH} first");
            problems.push(problem("value_error", field, message));
        }
        DataType::Text | DataType::List | DataType::Json | DataType::Condition => {
            let message = format!("A property of type {} has no index; take string", property.data_type.as_str());
            problems.push(problem("value_error", field, message));
        }
        _ => {}
    }
}

fn check_default(problems: &mut Vec<Problem>, property: &Property) {
    if let Some(expression) = property.default_expression {
        if property.default_value.is_some() {
            let message = "A property has a default value or an expression, not both";
            problems.push(problem("value_error", "default_value_expression", message));
        } else if !expression.suits(property.data_type) {
            let message = format!("{} is no {}", expression.as_str(), property.data_type.as_str());
            problems.push(problem("value_error", "default_value_expression", message));
        }
    }
    let Some(default) = &property.default_value else { return };
    match of_type(property, Value::String(default.clone())) {
        Err((rule, message)) => problems.push(problem(rule, "default_value", message)),
        Ok(value) => {
            let alone = alone(property);
            if let Err(error) = schema::check(&alone, &[(property.name.clone(), value)].into_iter().collect()) {
                problems.push(problem("value_error", "default_value", error.message()));
            }
        }
    }
}

/// A type with nothing but this property, which may be missing: to check single values.
pub(super) fn alone(property: &Property) -> ItemType {
    let property = Property { is_required: false, ..property.clone() };
    ItemType { accepts_undeclared: true, properties: vec![property], ..ItemType::default() }
}
