//! What callers say of types and properties. In a change, what is left out stays; `Some(None)` clears.

use serde_json::Value;
use uuid::Uuid;

use super::super::model::{ItemType, Property};

/// A type to be made, whole.
#[derive(Debug, Clone, Default)]
pub struct NewType {
    pub id: String,
    pub label: Option<String>,
    pub description: Option<String>,
    pub is_relationship: bool,
    pub is_versionable: bool,
    pub revision_scheme: String,
    pub permission_id: Option<String>,
    pub lifecycle_map_id: Option<String>,
    pub source_type: Option<String>,
    pub related_type: Option<String>,
    pub number_property: Option<String>,
    pub key_properties: Option<Vec<String>>,
    pub is_acyclic: bool,
    pub accepts_undeclared: bool,
    pub properties: Vec<NewProperty>,
}

#[derive(Debug, Clone, Default)]
pub struct TypeChange {
    pub label: Option<String>,
    pub description: Option<Option<String>>,
    pub is_relationship: Option<bool>,
    pub is_versionable: Option<bool>,
    pub revision_scheme: Option<String>,
    pub permission_id: Option<Option<String>>,
    pub lifecycle_map_id: Option<Option<String>>,
    pub source_type: Option<Option<String>>,
    pub related_type: Option<Option<String>>,
    pub number_property: Option<Option<String>>,
    pub key_properties: Option<Option<Vec<String>>>,
    pub is_acyclic: Option<bool>,
    pub accepts_undeclared: Option<bool>,
}

/// A property to be added.
#[derive(Debug, Clone, Default)]
pub struct NewProperty {
    pub name: String,
    pub change: PropertyChange,
}

/// What is said of a property; of a new one, too.
#[derive(Debug, Clone, Default)]
pub struct PropertyChange {
    pub label: Option<String>,
    pub data_type: Option<String>,
    pub length: Option<Option<i64>>,
    pub is_required: Option<bool>,
    pub default_value: Option<Option<String>>,
    pub default_expression: Option<Option<String>>,
    pub pattern: Option<Option<String>>,
    pub choices: Option<Option<Vec<Value>>>,
    pub minimum: Option<Option<f64>>,
    pub maximum: Option<Option<f64>>,
    pub data_source_id: Option<Option<String>>,
    pub is_unique: Option<bool>,
    pub is_indexed: Option<bool>,
    pub ui_type: Option<String>,
    pub ui_options: Option<Option<Value>>,
    pub is_cad_synced: Option<bool>,
    pub position: Option<i64>,
}

/// Takes over what is given.
fn put<T>(target: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *target = given;
    }
}

/// An empty text names nothing.
fn named(given: Option<String>) -> Option<String> {
    given.filter(|text| !text.is_empty())
}

impl TypeChange {
    pub(super) fn apply(self, kind: &mut ItemType, lifecycle: Option<Option<Uuid>>) {
        put(&mut kind.label, self.label);
        put(&mut kind.description, self.description);
        put(&mut kind.is_relationship, self.is_relationship);
        put(&mut kind.is_versionable, self.is_versionable);
        put(&mut kind.revision_scheme, self.revision_scheme);
        put(&mut kind.permission_id, self.permission_id.map(named));
        put(&mut kind.lifecycle_map_id, lifecycle);
        put(&mut kind.source_type, self.source_type.map(named));
        put(&mut kind.related_type, self.related_type.map(named));
        put(&mut kind.number_property, self.number_property.map(named));
        put(&mut kind.key_properties, self.key_properties);
        put(&mut kind.is_acyclic, self.is_acyclic);
        put(&mut kind.accepts_undeclared, self.accepts_undeclared);
    }
}

/// A property as a change leaves it, before it is checked; what could not be read is a problem of a field.
pub(super) struct Drafted {
    pub property: Property,
    pub unread: Vec<(&'static str, String)>,
}

impl PropertyChange {
    pub(super) fn apply(self, before: &Property) -> Drafted {
        use super::super::defaults::DefaultExpression;
        use super::super::model::DataType;
        let (mut property, mut unread) = (before.clone(), Vec::new());
        if let Some(name) = self.data_type {
            match DataType::parse(&name) {
                Some(data_type) => property.data_type = data_type,
                None => unread.push(("data_type", one_of(DataType::names()))),
            }
        }
        if let Some(length) = self.length {
            match length.map(usize::try_from).transpose() {
                Ok(length) => property.length = length,
                Err(_) => unread.push(("length", "A length is at least 1".to_owned())),
            }
        }
        if let Some(expression) = self.default_expression.map(named) {
            property.default_expression = expression.as_deref().and_then(DefaultExpression::parse);
            if expression.is_some() && property.default_expression.is_none() {
                unread.push(("default_value_expression", one_of(["today", "now", "user_id"].into_iter())));
            }
        }
        put(&mut property.label, self.label);
        put(&mut property.is_required, self.is_required);
        put(&mut property.default_value, self.default_value);
        put(&mut property.pattern, self.pattern.map(named));
        // Choices may come with the options of their widget.
        let from_options = self.ui_options.as_ref().and_then(Option::as_ref).and_then(choices_of);
        put(&mut property.choices, self.choices.or_else(|| from_options.map(Some)).map(|choices| choices.map(plain)));
        put(&mut property.minimum, self.minimum);
        put(&mut property.maximum, self.maximum);
        put(&mut property.data_source_id, self.data_source_id.map(named));
        put(&mut property.is_unique, self.is_unique);
        put(&mut property.is_indexed, self.is_indexed);
        put(&mut property.ui_type, self.ui_type);
        put(&mut property.ui_options, self.ui_options);
        put(&mut property.is_cad_synced, self.is_cad_synced);
        Drafted { property, unread }
    }
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("'{name}'")).collect();
    format!("Input should be one of {}", names.join(", "))
}

/// `{"choices": […]}` or `{"options": […]}`.
fn choices_of(options: &Value) -> Option<Vec<Value>> {
    ["choices", "options"].iter().find_map(|key| options.get(key)?.as_array().cloned())
}

/// A choice with a label is an object with a value.
fn plain(choices: Vec<Value>) -> Vec<Value> {
    choices.into_iter().map(|choice| choice.get("value").cloned().unwrap_or(choice)).collect()
}
