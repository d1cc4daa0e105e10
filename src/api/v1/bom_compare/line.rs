//! Lines as comparisons show them.

use std::borrow::Cow;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use poem_openapi::{Object, Union};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::shapes::{AnyValue, FreeObject, Time};
use crate::domain::bom::Effectivity;
use crate::domain::bom::compare::{LineValues, Normalized, Part, ROOT, Substitute, number};

/// An item on the way from the root.
#[derive(Object, Serialize)]
pub struct BomComparePathItem {
    id: String,
    /// `ROOT` of the root.
    config_id: String,
    item_number: Option<String>,
    name: Option<String>,
}

impl BomComparePathItem {
    pub fn new(part: &Part<'_>, roots_are_one: bool) -> Self {
        Self {
            id: part.item.id.to_string(),
            config_id: config_id(part, roots_are_one),
            item_number: part.number.map(str::to_owned),
            name: part.item.name().map(str::to_owned),
        }
    }
}

/// What an item is through all its generations; that of a root is a name, since roots need not be one item.
pub fn config_id(part: &Part<'_>, roots_are_one: bool) -> String {
    match (part.above, roots_are_one) {
        (None, true) => ROOT.to_owned(),
        _ => part.item.config_id.to_string(),
    }
}

/// An item at one end of a line.
#[derive(Object, Serialize)]
pub struct BomCompareItem {
    id: String,
    item_type_id: String,
    config_id: String,
    generation: i32,
    state: String,
    current_version_id: Option<String>,
    number: Option<String>,
    name: Option<String>,
    revision: Option<String>,
    properties: FreeObject,
}

impl From<&Part<'_>> for BomCompareItem {
    fn from(part: &Part<'_>) -> Self {
        let item = part.item;
        Self {
            id: item.id.to_string(),
            item_type_id: item.item_type.clone(),
            config_id: item.config_id.to_string(),
            generation: item.generation,
            state: item.state.clone(),
            current_version_id: item.current_version_id.map(|id| id.to_string()),
            number: part.number.map(str::to_owned),
            name: item.name().map(str::to_owned),
            revision: item.text("revision").map(str::to_owned),
            properties: FreeObject(item.properties.clone()),
        }
    }
}

/// When a line holds.
#[derive(Object, Serialize)]
pub struct BomCompareEffectivity {
    /// Date, Lot, Serial or Unit.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    start_date: Option<Time>,
    end_date: Option<Time>,
    payload: AnyValue,
}

impl From<&Effectivity> for BomCompareEffectivity {
    fn from(one: &Effectivity) -> Self {
        let time = |moment: Option<DateTime<Utc>>| moment.map(Time::from);
        Self {
            kind: one.kind.clone(),
            start_date: time(one.start),
            end_date: time(one.end),
            payload: AnyValue(one.payload.clone()),
        }
    }
}

/// What may stand in for the child.
#[derive(Object, Serialize)]
pub struct BomCompareSubstitute {
    item_id: String,
    rank: Option<i64>,
    note: Option<String>,
}

impl From<&Substitute> for BomCompareSubstitute {
    fn from(one: &Substitute) -> Self {
        Self { item_id: one.item_id.to_string(), rank: one.rank, note: one.note.clone() }
    }
}

/// What a line says.
#[derive(Object, Serialize)]
pub struct BomCompareLine {
    quantity: Option<f64>,
    uom: Option<String>,
    find_num: Option<String>,
    refdes: Option<String>,
    effectivity_from: Option<String>,
    effectivity_to: Option<String>,
    /// Null unless they were asked for.
    effectivities: Option<Vec<BomCompareEffectivity>>,
    /// Null unless they were asked for.
    substitutes: Option<Vec<BomCompareSubstitute>>,
    config_condition: Option<AnyValue>,
}

impl From<&LineValues> for BomCompareLine {
    fn from(line: &LineValues) -> Self {
        Self {
            quantity: line.quantity.and_then(|quantity| number(quantity).as_f64()),
            uom: line.uom.clone(),
            find_num: line.find_num.clone(),
            refdes: line.refdes.clone(),
            effectivity_from: line.effectivity_from.clone(),
            effectivity_to: line.effectivity_to.clone(),
            effectivities: line.effectivities.as_ref().map(|all| all.iter().map(Into::into).collect()),
            substitutes: line.substitutes.as_ref().map(|all| all.iter().map(Into::into).collect()),
            config_condition: line.config_condition.clone().map(AnyValue),
        }
    }
}

/// What a line says in the form in which it is compared.
#[derive(Object, Serialize)]
pub struct BomCompareNormalizedLine {
    quantity: Option<f64>,
    /// In capitals.
    uom: Option<String>,
    find_num: Option<String>,
    /// Each once and in order, with ranges spelled out.
    refdes: Option<Vec<String>>,
    /// In UTC.
    effectivity_from: Option<String>,
    effectivity_to: Option<String>,
    /// `type|start|end|payload`.
    effectivities: Option<Vec<String>>,
    /// `item|rank|note`.
    substitutes: Option<Vec<String>>,
    config_condition: Option<AnyValue>,
}

impl From<&Normalized> for BomCompareNormalizedLine {
    fn from(line: &Normalized) -> Self {
        Self {
            quantity: line.quantity.and_then(|quantity| number(quantity).as_f64()),
            uom: line.uom.clone(),
            find_num: line.find_num.clone(),
            refdes: line.refdes.clone(),
            effectivity_from: line.effectivity_from.clone(),
            effectivity_to: line.effectivity_to.clone(),
            effectivities: line.effectivities.clone(),
            substitutes: line.substitutes.clone(),
            config_condition: line.config_condition.clone().map(AnyValue),
        }
    }
}

/// The fields of a line that were compared, by name; properties that were asked for by name stand beside these.
#[derive(Object)]
pub struct BomCompareFields {
    quantity: Option<f64>,
    uom: Option<String>,
    find_num: Option<String>,
    refdes: Option<String>,
    effectivity_from: Option<String>,
    effectivity_to: Option<String>,
    effectivities: Option<Vec<BomCompareEffectivity>>,
    substitutes: Option<Vec<BomCompareSubstitute>>,
    config_condition: Option<AnyValue>,
}

/// A value of a field.
#[derive(Union)]
#[oai(one_of)]
pub enum BomCompareValue {
    Number(f64),
    Text(String),
    Texts(Vec<String>),
    Effectivities(Vec<BomCompareEffectivity>),
    Substitutes(Vec<BomCompareSubstitute>),
    Condition(FreeObject),
}

/// Values that are written as they are and documented as `T`.
pub struct Documented<T, V = Map<String, Value>>(V, PhantomData<fn() -> T>);

impl<T, V> From<V> for Documented<T, V> {
    fn from(value: V) -> Self {
        Self(value, PhantomData)
    }
}

impl<T, V: Serialize> Serialize for Documented<T, V> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(out)
    }
}

impl<T: Type, V: Serialize + Send + Sync> Type for Documented<T, V> {
    const IS_REQUIRED: bool = T::IS_REQUIRED;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<T: Type, V: Serialize + Send + Sync> ToJSON for Documented<T, V> {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(&self.0).ok()
    }
}

impl<T: Type, V: Serialize + Send + Sync> ParseFromJSON for Documented<T, V> {
    fn parse_from_json(_: Option<Value>) -> ParseResult<Self> {
        Err(ParseError::custom("It is written, never read"))
    }
}
