//! What an item type and its properties are. Pure.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::defaults::DefaultExpression;
use super::item::Item;
use super::schema::Rules;

/// What values a property takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(into = "&'static str")]
pub enum DataType {
    #[default]
    String,
    Text,
    Integer,
    Float,
    Boolean,
    Date,
    DateTime,
    List,
    Item,
    Json,
    /// A positive decimal, exact to ten places.
    Quantity,
    /// A unit of measure, kept in upper case.
    Unit,
    /// For which options of a product it holds.
    Condition,
}

const DATA_TYPES: [(DataType, &str); 13] = [
    (DataType::String, "string"),
    (DataType::Text, "text"),
    (DataType::Integer, "integer"),
    (DataType::Float, "float"),
    (DataType::Boolean, "boolean"),
    (DataType::Date, "date"),
    (DataType::DateTime, "datetime"),
    (DataType::List, "list"),
    (DataType::Item, "item"),
    (DataType::Json, "json"),
    (DataType::Quantity, "quantity"),
    (DataType::Unit, "unit"),
    (DataType::Condition, "condition"),
];

impl DataType {
    pub fn as_str(self) -> &'static str {
        DATA_TYPES.iter().find(|(kind, _)| *kind == self).map_or("string", |(_, name)| name)
    }

    pub fn parse(name: &str) -> Option<Self> {
        DATA_TYPES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    pub fn names() -> impl Iterator<Item = &'static str> {
        DATA_TYPES.iter().map(|(_, name)| *name)
    }

    pub fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Text)
    }

    /// Its values are single ones, which can be part of a text.
    pub fn is_plain(self) -> bool {
        !matches!(self, Self::List | Self::Json | Self::Condition)
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::Quantity)
    }
}

impl From<DataType> for &'static str {
    fn from(kind: DataType) -> Self {
        kind.as_str()
    }
}

/// How far the index of a property is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexStatus {
    /// Being made; a unique property is not yet sure to be unique.
    Building,
    Ready,
    /// It could not be made; the property says why.
    Failed,
}

impl IndexStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Building, Self::Ready, Self::Failed].into_iter().find(|status| status.as_str() == name)
    }
}

/// A declared property of an item type.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Property {
    pub id: Uuid,
    pub name: String,
    pub label: String,
    pub data_type: DataType,
    /// The most characters of a text.
    pub length: Option<usize>,
    pub is_required: bool,
    /// As text, read like a client's value.
    pub default_value: Option<String>,
    /// What a new item gets that no fixed text can say.
    pub default_expression: Option<DefaultExpression>,
    /// A regular expression that a whole text matches.
    pub pattern: Option<String>,
    /// The values that are allowed.
    pub choices: Option<Vec<Value>>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    /// For `item`: the type of the items that may be referred to.
    pub data_source_id: Option<String>,
    /// No two items of the type have the same value.
    pub is_unique: bool,
    /// Items are found by this value quickly.
    pub is_indexed: bool,
    pub index_status: Option<IndexStatus>,
    /// Why the index failed: a sentence, and the values that occur more than once.
    pub index_problem: Option<Value>,
    pub ui_type: String,
    pub ui_options: Option<Value>,
    pub is_cad_synced: bool,
    /// Its place in forms, among the others of the type.
    pub position: i32,
}

impl Property {
    /// The type of the items that it may refer to.
    pub fn target_type(&self) -> Option<&str> {
        self.data_source_id.as_deref().filter(|_| self.data_type == DataType::Item)
    }

    /// A quantity of which there may be none: its least value says so.
    pub fn allows_zero(&self) -> bool {
        self.minimum.is_some_and(|minimum| minimum <= 0.0)
    }

    /// The engine keeps an index of its values.
    pub fn wants_index(&self) -> bool {
        self.is_unique || self.is_indexed
    }
}

/// A kind of item or relationship.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ItemType {
    pub id: String,
    pub uuid: Uuid,
    pub label: String,
    pub description: Option<String>,
    pub is_relationship: bool,
    pub is_versionable: bool,
    pub revision_scheme: String,
    pub permission_id: Option<String>,
    pub lifecycle_map_id: Option<Uuid>,
    /// Relationships: the type of the item they hang on, and of the one they lead to.
    pub source_type: Option<String>,
    pub related_type: Option<String>,
    /// The property that numbers the items of this type.
    pub number_property: Option<String>,
    /// Relationships: with source and related item, what may occur once.
    pub key_properties: Option<Vec<String>>,
    pub is_acyclic: bool,
    /// The two properties that say from when and until when an item of this type holds.
    pub period_properties: Option<(String, String)>,
    pub accepts_undeclared: bool,
    /// In the order of forms.
    pub properties: Vec<Property>,
    /// Follows from the rest.
    #[serde(skip)]
    pub rules: Rules,
}

impl ItemType {
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// An item's number, where its type has numbers.
    pub fn number<'a>(&self, item: &'a Item) -> Option<&'a str> {
        self.number_property.as_deref().and_then(|property| item.text(property))
    }

    /// What the type itself does with a property, for a person; none where it does nothing.
    pub fn use_of(&self, name: &str) -> Option<&'static str> {
        if self.number_property.as_deref() == Some(name) {
            return Some("numbers its items");
        }
        if self.key_properties.iter().flatten().any(|key| key == name) {
            return Some("is part of the key of its relationships");
        }
        let (from, to) = self.period_properties.as_ref()?;
        (from == name || to == name).then_some("says when its items hold")
    }
}
