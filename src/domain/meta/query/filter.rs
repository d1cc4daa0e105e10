//! Which items are wanted, as a value: what `where` is read into and SQL is made of. Pure.
//!
//! A test of a value that an item does not have fails, and so its negation holds.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::pattern::Pattern;
use crate::domain::meta::model::{DataType, ItemType};

#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test(Field, Test),
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    Column(Column),
    Property(String, Kind),
}

/// What every item has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Id,
    /// The number of an item, which is unique in its type.
    Key,
    State,
    Generation,
    IsCurrent,
    ConfigId,
    SourceId,
    RelatedId,
    OwnerId,
    CreatedById,
    CreatedOn,
    ModifiedById,
    ModifiedOn,
}

/// How values of a field are read and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A text without blanks around it.
    Number,
    Unit,
    Decimal,
    Whole,
    Flag,
    Date,
    Moment,
    Id,
    /// By the kind of the given value: numbers with numbers, texts with texts.
    Free,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Is(Operand),
    IsOneOf(Vec<Operand>),
    Compare(Comparison, Operand),
    Like(Pattern),
    /// It is a list with this element.
    Has(Value),
    IsMissing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Json(Value),
    Id(Uuid),
    Moment(DateTime<Utc>),
}

/// How a property is named where a field of every item has the same name.
const PROPERTY_PREFIX: &str = "properties.";

impl Field {
    /// The field of a type that a client names; none where the type has no such property.
    pub fn of(kind: &ItemType, name: &str) -> Option<Self> {
        if let Some(property) = name.strip_prefix(PROPERTY_PREFIX) {
            return Self::property(kind, property);
        }
        Column::of(name).map(Self::Column).or_else(|| Self::property(kind, name))
    }

    /// The property of a type, or the mirror of its number.
    pub fn property(kind: &ItemType, name: &str) -> Option<Self> {
        let is_mirror = name == "number" && kind.property(name).is_none();
        let name = kind.number_property.as_deref().filter(|_| is_mirror).unwrap_or(name);
        if kind.number_property.as_deref() == Some(name) && !kind.is_relationship {
            return Some(Self::Column(Column::Key));
        }
        match kind.property(name) {
            Some(property) => Some(Self::Property(name.to_owned(), Kind::of(property.data_type))),
            None if kind.accepts_undeclared && !name.is_empty() && !name.contains('\0') => {
                Some(Self::Property(name.to_owned(), Kind::Free))
            }
            None => None,
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Column(column) => column.kind(),
            Self::Property(_, kind) => *kind,
        }
    }
}

impl Column {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "state" => Self::State,
            "generation" => Self::Generation,
            "is_current" => Self::IsCurrent,
            "config_id" => Self::ConfigId,
            "source_id" => Self::SourceId,
            "related_id" => Self::RelatedId,
            "owner_id" => Self::OwnerId,
            "created_by_id" => Self::CreatedById,
            "created_on" | "created_at" => Self::CreatedOn,
            "modified_by_id" => Self::ModifiedById,
            "modified_on" | "modified_at" | "updated_at" => Self::ModifiedOn,
            _ => return None,
        })
    }

    fn kind(self) -> Kind {
        match self {
            Self::Id | Self::ConfigId | Self::SourceId | Self::RelatedId => Kind::Id,
            Self::Key => Kind::Number,
            Self::State => Kind::Text,
            Self::Generation | Self::OwnerId | Self::CreatedById | Self::ModifiedById => Kind::Whole,
            Self::IsCurrent => Kind::Flag,
            Self::CreatedOn | Self::ModifiedOn => Kind::Moment,
        }
    }
}

impl Kind {
    fn of(data_type: DataType) -> Self {
        match data_type {
            DataType::String | DataType::Text => Self::Text,
            DataType::Integer | DataType::Float | DataType::Quantity => Self::Decimal,
            DataType::Boolean => Self::Flag,
            DataType::Date => Self::Date,
            DataType::DateTime => Self::Moment,
            DataType::Item => Self::Id,
            DataType::Unit => Self::Unit,
            _ => Self::Free,
        }
    }

    pub fn has_order(self) -> bool {
        !matches!(self, Self::Flag | Self::Id)
    }

    pub fn has_text(self) -> bool {
        matches!(self, Self::Text | Self::Number | Self::Unit | Self::Free)
    }
}
