//! What a rollup answers with: documented for weights and for costs, written by one writer for both.

use poem_openapi::Object;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use uuid::Uuid;

use crate::domain::bom::{Measure, Missing, RolledLine, RolledPart, Rollup, Update};
use crate::types::unit::EACH;

/// A value that is not known.
#[derive(Object)]
pub struct MissingValue {
    item_id: String,
    item_number: Option<String>,
    item_name: Option<String>,
    /// Where a line is to blame.
    relationship_id: Option<String>,
    /// `no_value`, `no_quantity`, `unit`: no conversion is known, `digits`: more than can be kept.
    reason: String,
}

impl From<&Missing> for MissingValue {
    fn from(missing: &Missing) -> Self {
        Self {
            item_id: missing.item.id.to_string(),
            item_number: missing.number.clone(),
            item_name: missing.item.name().map(str::to_owned),
            relationship_id: missing.line.as_ref().map(|line| line.id.to_string()),
            reason: missing.reason.as_str().to_owned(),
        }
    }
}

macro_rules! shapes {
    ($response:ident, $summary:ident, $node:ident, $update:ident, $key:ident, $total:ident, $own:ident, $computed:ident,
     $line:ident) => {
        #[derive(Object)]
        pub struct $response {
            summary: $summary,
            tree: $node,
            /// Where values were stored, the root first.
            updates: Vec<$update>,
        }

        #[derive(Object)]
        pub struct $summary {
            root_id: String,
            /// The property that is added up.
            $key: String,
            /// Its own value, else the computed one.
            $total: Option<f64>,
            $own: Option<f64>,
            $computed: Option<f64>,
            /// Each once; nothing below a part that says its own value.
            missing_items: Vec<MissingValue>,
            missing_count: u64,
            /// The computed value lacks something.
            is_partial: bool,
        }

        /// A part and what it is made of.
        #[derive(Object)]
        pub struct $node {
            item_id: String,
            item_number: Option<String>,
            item_name: Option<String>,
            $own: Option<f64>,
            $computed: Option<f64>,
            $total: Option<f64>,
            is_partial: bool,
            children: Vec<$node>,
            /// What is missing of the part itself and of its lines.
            missing_items: Vec<MissingValue>,
            /// Of the line that leads to it; the root has none.
            relationship_id: Option<String>,
            quantity: Option<f64>,
            uom: Option<String>,
            $line: Option<f64>,
        }

        #[derive(Object)]
        pub struct $update {
            item_id: String,
            field: String,
            /// The computed value as it is stored, rounded.
            value: f64,
            /// `updated`, `unchanged`, or why not: `skipped_existing`, `skipped_partial`, `skipped_locked`,
            /// `skipped_checked_out`, `skipped_forbidden`, `skipped_missing`.
            status: String,
            $own: Option<f64>,
            $computed: Option<f64>,
        }
    };
}

shapes!(
    WeightRollupResponse,
    WeightRollupSummary,
    WeightRollupNode,
    WeightRollupUpdate,
    weight_key,
    total_weight,
    own_weight,
    computed_weight,
    line_weight
);
shapes!(
    CostRollupResponse,
    CostRollupSummary,
    CostRollupNode,
    CostRollupUpdate,
    cost_key,
    total_cost,
    own_cost,
    computed_cost,
    line_cost
);

/// How the fields of one measure are called.
struct Names {
    key: &'static str,
    total: &'static str,
    own: &'static str,
    computed: &'static str,
    line: &'static str,
}

fn names(measure: Measure) -> Names {
    match measure {
        Measure::Weight => Names {
            key: "weight_key",
            total: "total_weight",
            own: "own_weight",
            computed: "computed_weight",
            line: "line_weight",
        },
        Measure::Cost => Names {
            key: "cost_key",
            total: "total_cost",
            own: "own_cost",
            computed: "computed_cost",
            line: "line_cost",
        },
    }
}

/// JSON's numbers are floats to their readers.
pub fn float(value: Decimal) -> Option<f64> {
    value.to_string().parse().ok()
}

/// Writes [`WeightRollupResponse`] or [`CostRollupResponse`].
pub struct ShownRollup<'a> {
    pub rollup: &'a Rollup,
    pub field: &'a str,
    pub updates: &'a [Update],
}

impl ShownRollup<'_> {
    fn shown(&self, value: Option<Decimal>) -> Option<f64> {
        value.and_then(|value| float(self.rollup.rounded(value)))
    }
}

impl Serialize for ShownRollup<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(3))?;
        map.serialize_entry("summary", &Summary(self))?;
        let root = self.rollup.root().map(|root| Node { all: self, part: root, line: None });
        map.serialize_entry("tree", &root)?;
        let updates: Vec<UpdateEntry> = self.updates.iter().map(|update| UpdateEntry { all: self, update }).collect();
        map.serialize_entry("updates", &updates)?;
        map.end()
    }
}

struct Summary<'a>(&'a ShownRollup<'a>);

impl Serialize for Summary<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let (all, rollup) = (self.0, self.0.rollup);
        let (names, root) = (names(rollup.measure), rollup.root());
        let mut map = out.serialize_map(None)?;
        map.serialize_entry("root_id", &root.map(|root| root.item.id))?;
        map.serialize_entry(names.key, rollup.measure.key())?;
        map.serialize_entry(names.total, &all.shown(root.and_then(RolledPart::total)))?;
        map.serialize_entry(names.own, &all.shown(root.and_then(|root| root.own)))?;
        map.serialize_entry(names.computed, &all.shown(root.and_then(|root| root.computed)))?;
        let missing: Vec<MissingEntry> = rollup.missing.iter().map(MissingEntry::from).collect();
        map.serialize_entry("missing_items", &missing)?;
        map.serialize_entry("missing_count", &missing.len())?;
        map.serialize_entry("is_partial", &(!missing.is_empty() || root.is_some_and(|root| root.is_partial)))?;
        map.end()
    }
}

/// Writes [`MissingValue`].
#[derive(Serialize)]
struct MissingEntry<'a> {
    item_id: Uuid,
    item_number: Option<&'a str>,
    item_name: Option<&'a str>,
    relationship_id: Option<Uuid>,
    reason: &'static str,
}

impl<'a> From<&'a Missing> for MissingEntry<'a> {
    fn from(missing: &'a Missing) -> Self {
        Self {
            item_id: missing.item.id,
            item_number: missing.number.as_deref(),
            item_name: missing.item.name(),
            relationship_id: missing.line.as_ref().map(|line| line.id),
            reason: missing.reason.as_str(),
        }
    }
}

struct Node<'a> {
    all: &'a ShownRollup<'a>,
    part: &'a RolledPart,
    /// None for the root.
    line: Option<&'a RolledLine>,
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let (all, part, rollup) = (self.all, self.part, self.all.rollup);
        let names = names(rollup.measure);
        let mut map = out.serialize_map(None)?;
        map.serialize_entry("item_id", &part.item.id)?;
        map.serialize_entry("item_number", &part.number)?;
        map.serialize_entry("item_name", &part.item.name())?;
        map.serialize_entry(names.own, &all.shown(part.own))?;
        map.serialize_entry(names.computed, &all.shown(part.computed))?;
        map.serialize_entry(names.total, &all.shown(part.total()))?;
        map.serialize_entry("is_partial", &part.is_partial)?;
        let shown = if rollup.with_tree { part.lines.as_slice() } else { &[] };
        let below =
            shown.iter().filter_map(|line| Some(Node { all, part: rollup.parts.get(line.part)?, line: Some(line) }));
        map.serialize_entry("children", &below.collect::<Vec<_>>())?;
        let missing = rollup.missing_of(part);
        map.serialize_entry("missing_items", &missing.iter().map(MissingEntry::from).collect::<Vec<_>>())?;
        if let Some(line) = self.line {
            map.serialize_entry("relationship_id", &line.line.id)?;
            map.serialize_entry("quantity", &line.line.properties.get("quantity"))?;
            map.serialize_entry("uom", line.line.text("uom").unwrap_or(EACH))?;
            map.serialize_entry(names.line, &all.shown(line.value))?;
        }
        map.end()
    }
}

struct UpdateEntry<'a> {
    all: &'a ShownRollup<'a>,
    update: &'a Update,
}

impl Serialize for UpdateEntry<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let (all, update) = (self.all, self.update);
        let names = names(all.rollup.measure);
        let mut map = out.serialize_map(None)?;
        map.serialize_entry("item_id", &update.item_id)?;
        map.serialize_entry("field", all.field)?;
        map.serialize_entry("value", &float(update.value))?;
        map.serialize_entry("status", update.status.as_str())?;
        map.serialize_entry(names.own, &all.shown(update.own))?;
        map.serialize_entry(names.computed, &all.shown(update.computed))?;
        map.end()
    }
}
