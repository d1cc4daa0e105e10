//! What a line says: as it is stored, and in the form in which it is compared.

use chrono::SecondsFormat;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::designators::designators;
use super::field::LineField;
use super::substitutes::Substitute;
use super::walk::Edge;
use crate::domain::bom::effectivity::Effectivity;
use crate::domain::meta::{Item, parse_moment};
use crate::types::quantity::exact_float;

/// A line as it is stored.
#[derive(Debug, Clone, Default)]
pub struct LineValues {
    pub quantity: Option<Decimal>,
    pub uom: Option<String>,
    pub find_num: Option<String>,
    pub refdes: Option<String>,
    pub effectivity_from: Option<String>,
    pub effectivity_to: Option<String>,
    /// None where they are not looked at.
    pub effectivities: Option<Vec<Effectivity>>,
    pub substitutes: Option<Vec<Substitute>>,
    pub config_condition: Option<Value>,
}

/// A line as it is compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Normalized {
    pub quantity: Option<Decimal>,
    pub uom: Option<String>,
    pub find_num: Option<String>,
    pub refdes: Option<Vec<String>>,
    pub effectivity_from: Option<String>,
    pub effectivity_to: Option<String>,
    pub effectivities: Option<Vec<String>>,
    pub substitutes: Option<Vec<String>>,
    pub config_condition: Option<Value>,
}

impl LineValues {
    pub(super) fn of(edge: &Edge<'_>) -> Self {
        let line = edge.line;
        Self {
            quantity: quantity(line),
            uom: text(line, "uom"),
            find_num: text(line, "find_num"),
            refdes: text(line, "refdes"),
            effectivity_from: text(line, "effectivity_from"),
            effectivity_to: text(line, "effectivity_to"),
            effectivities: edge.effectivities.map(<[Effectivity]>::to_vec),
            substitutes: edge.substitutes.map(<[Substitute]>::to_vec),
            config_condition: line.properties.get("config_condition").filter(|value| !value.is_null()).cloned(),
        }
    }

    /// Several lines as one: the sum of the quantities, all designators, and else what they agree in. None where the sum
    /// has more digits than can be kept, or the units differ and quantities matter.
    pub(super) fn merged(all: &[Self], sum: bool) -> Option<Self> {
        let (first, rest) = all.split_first()?;
        let mut merged = first.clone();
        for other in rest {
            let quantity = merged.quantity.zip(other.quantity).and_then(|(one, more)| exact_sum(one, more));
            let same_unit = unit(merged.uom.as_deref()) == unit(other.uom.as_deref());
            if sum && (quantity.is_none() || !same_unit) {
                return None;
            }
            merged.quantity = quantity.filter(|_| same_unit);
            merged.refdes = joined(merged.refdes, other.refdes.clone());
            merged.uom = merged.uom.filter(|_| same_unit);
            merged.find_num = merged.find_num.filter(|one| other.find_num.as_ref() == Some(one));
            merged.effectivity_from =
                merged.effectivity_from.filter(|one| other.effectivity_from.as_ref() == Some(one));
            merged.effectivity_to = merged.effectivity_to.filter(|one| other.effectivity_to.as_ref() == Some(one));
            merged.config_condition =
                merged.config_condition.filter(|one| other.config_condition.as_ref() == Some(one));
            merged.effectivities = both(merged.effectivities, other.effectivities.clone());
            merged.substitutes = both(merged.substitutes, other.substitutes.clone());
        }
        Some(merged)
    }

    pub fn normalized(&self) -> Normalized {
        let set = |mut found: Vec<String>| {
            found.sort_unstable();
            found.dedup();
            found
        };
        let of_effectivities = |all: &Vec<Effectivity>| set(all.iter().map(effectivity).collect());
        Normalized {
            quantity: self.quantity.map(|quantity| quantity.normalize()),
            uom: unit(self.uom.as_deref()),
            find_num: self.find_num.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
            refdes: self.refdes.as_deref().map(designators).filter(|all| !all.is_empty()),
            effectivity_from: self.effectivity_from.as_deref().map(moment),
            effectivity_to: self.effectivity_to.as_deref().map(moment),
            effectivities: self.effectivities.as_ref().map(of_effectivities),
            substitutes: self.substitutes.as_ref().map(|all| set(all.iter().map(Substitute::normalized).collect())),
            config_condition: self.config_condition.clone(),
        }
    }

    /// One field as JSON; null where there is nothing.
    pub fn value(&self, field: LineField) -> Value {
        match field {
            LineField::Quantity => self.quantity.map_or(Value::Null, number),
            LineField::Uom => json!(self.uom),
            LineField::FindNum => json!(self.find_num),
            LineField::Refdes => json!(self.refdes),
            LineField::EffectivityFrom => json!(self.effectivity_from),
            LineField::EffectivityTo => json!(self.effectivity_to),
            LineField::Effectivities => self.effectivities.as_ref().map_or(Value::Null, |all| {
                let shown = |one: &Effectivity| {
                    json!({
                        "type": one.kind, "payload": one.payload,
                        "start_date": one.start.map(written), "end_date": one.end.map(written),
                    })
                };
                all.iter().map(shown).collect()
            }),
            LineField::Substitutes => self.substitutes.as_ref().map_or(Value::Null, |all| {
                all.iter().map(|one| json!({"item_id": one.item_id, "rank": one.rank, "note": one.note})).collect()
            }),
            LineField::ConfigCondition => json!(self.config_condition),
        }
    }
}

impl Normalized {
    /// One field as JSON; null where there is nothing.
    pub fn value(&self, field: LineField) -> Value {
        match field {
            LineField::Quantity => self.quantity.map_or(Value::Null, number),
            LineField::Uom => json!(self.uom),
            LineField::FindNum => json!(self.find_num),
            LineField::Refdes => json!(self.refdes),
            LineField::EffectivityFrom => json!(self.effectivity_from),
            LineField::EffectivityTo => json!(self.effectivity_to),
            LineField::Effectivities => json!(self.effectivities),
            LineField::Substitutes => json!(self.substitutes),
            LineField::ConfigCondition => json!(self.config_condition),
        }
    }

    /// Whether a field is the same on both.
    pub(super) fn agrees(&self, other: &Self, field: LineField) -> bool {
        match field {
            LineField::Quantity => self.quantity == other.quantity,
            LineField::Uom => self.uom == other.uom,
            LineField::FindNum => self.find_num == other.find_num,
            LineField::Refdes => self.refdes == other.refdes,
            LineField::EffectivityFrom => self.effectivity_from == other.effectivity_from,
            LineField::EffectivityTo => self.effectivity_to == other.effectivity_to,
            LineField::Effectivities => self.effectivities == other.effectivities,
            LineField::Substitutes => self.substitutes == other.substitutes,
            LineField::ConfigCondition => self.config_condition == other.config_condition,
        }
    }
}

/// A quantity as JSON has numbers; compared it is as a decimal.
pub fn number(quantity: Decimal) -> Value {
    let nearest = || quantity.to_string().parse::<f64>().ok();
    exact_float(quantity).or_else(nearest).map_or(Value::Null, Value::from)
}

fn quantity(line: &Item) -> Option<Decimal> {
    let written = match line.properties.get("quantity")? {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    Decimal::from_str_exact(&written).or_else(|_| Decimal::from_scientific(&written)).ok()
}

fn text(line: &Item, name: &str) -> Option<String> {
    match line.properties.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => {
            let texts: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            Some(texts.join(","))
        }
        other => Some(other.to_string()),
    }
}

fn unit(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_uppercase)
}

/// What is no time is compared as it is written.
fn moment(text: &str) -> String {
    parse_moment(text).map_or_else(|| text.trim().to_owned(), written)
}

fn written(moment: chrono::DateTime<chrono::Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn effectivity(one: &Effectivity) -> String {
    let end = |moment: Option<chrono::DateTime<chrono::Utc>>| moment.map(written).unwrap_or_default();
    let payload = match &one.payload {
        Value::Object(facts) if facts.is_empty() => String::new(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    format!("{}|{}|{}|{payload}", one.kind, end(one.start), end(one.end))
}

fn joined(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(format!("{one},{other}")),
        (one, other) => one.or(other),
    }
}

fn both<T>(one: Option<Vec<T>>, other: Option<Vec<T>>) -> Option<Vec<T>> {
    let (mut one, other) = (one?, other?);
    one.extend(other);
    Some(one)
}

/// None rather than a rounded sum.
fn exact_sum(one: Decimal, other: Decimal) -> Option<Decimal> {
    let (one, other) = (one.normalize(), other.normalize());
    let sum = one.checked_add(other)?;
    (sum.scale() == one.scale().max(other.scale())).then(|| sum.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: &str, uom: &str, refdes: &str) -> LineValues {
        LineValues {
            quantity: quantity.parse().ok(),
            uom: Some(uom.to_owned()),
            refdes: Some(refdes.to_owned()),
            ..LineValues::default()
        }
    }

    #[test]
    fn what_is_written_differently_and_means_the_same_is_the_same() {
        let (one, other) = (line("2.50", "ea ", "R1-R3"), line("2.5", "EA", "R3, R1 R2"));
        assert_eq!(one.normalized(), other.normalized());
        let dated = |text: &str| LineValues { effectivity_from: Some(text.to_owned()), ..LineValues::default() };
        assert_eq!(dated("2026-07-01T02:00:00+02:00").normalized(), dated("2026-07-01T00:00:00Z").normalized());
        assert_ne!(dated("soon").normalized(), dated("later").normalized());
    }

    #[test]
    fn lines_are_summed_exactly_or_not_at_all() {
        let sum = |all: &[LineValues]| LineValues::merged(all, true).map(|one| (one.quantity, one.refdes));
        let decimal = |text: &str| text.parse::<Decimal>().ok();
        assert_eq!(
            sum(&[line("0.1", "EA", "R1"), line("0.2", "ea", "R2")]),
            Some((decimal("0.3"), Some("R1,R2".to_owned())))
        );
        assert_eq!(sum(&[line("1", "EA", ""), line("1", "M", "")]), None);
        assert_eq!(sum(&[line("10000000000000000000000000000", "EA", ""), line("0.0000000001", "EA", "")]), None);
        let apart = LineValues::merged(&[line("1", "EA", ""), line("1", "M", "")], false);
        assert_eq!(apart.map(|one| (one.quantity, one.uom)), Some((None, None)));
    }
}
