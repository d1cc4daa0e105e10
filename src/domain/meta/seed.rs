//! The model that every product database begins with. Repeatable: what is there stays as it is.

use serde_json::json;
use uuid::Uuid;

use super::model::DataType;
use super::repo;
use crate::context::Ctx;
use crate::db::Tx;
use crate::db::dialect::lock;
use crate::domain::permission::DEFAULT_SET;
use crate::domain::{lifecycle, permission, revision};
use crate::error::Result;

/// A type as it is seeded.
pub(super) struct SeedType {
    pub id: &'static str,
    pub label: &'static str,
    pub lifecycle_map_id: Option<Uuid>,
    pub permission_id: Option<&'static str>,
    /// Relationships: source and related type.
    pub ends: Option<(&'static str, &'static str)>,
    pub number_property: Option<&'static str>,
    pub key_properties: Option<serde_json::Value>,
    pub is_acyclic: bool,
    pub period_properties: Option<serde_json::Value>,
    pub properties: &'static [SeedProperty],
}

#[derive(Clone, Copy)]
pub(super) struct SeedProperty {
    pub name: &'static str,
    pub label: &'static str,
    pub data_type: DataType,
    pub length: Option<i32>,
    pub is_required: bool,
    pub default: Option<&'static str>,
}

const fn property(name: &'static str, label: &'static str, data_type: DataType) -> SeedProperty {
    SeedProperty { name, label, data_type, length: None, is_required: false, default: None }
}

const fn text(name: &'static str, label: &'static str, length: i32) -> SeedProperty {
    SeedProperty { length: Some(length), ..property(name, label, DataType::String) }
}

const fn number(name: &'static str, label: &'static str) -> SeedProperty {
    SeedProperty { is_required: true, ..text(name, label, 32) }
}

const STATE: SeedProperty = SeedProperty { default: Some("Draft"), ..property("state", "State", DataType::String) };

const PART: &[SeedProperty] = &[
    number("item_number", "Part Number"),
    text("name", "Name", 128),
    text("description", "Description", 256),
    text("revision", "Revision", 32),
    STATE,
    property("cost", "Cost", DataType::Float),
    property("weight", "Weight", DataType::Float),
    property("weight_rollup", "Weight Rollup", DataType::Float),
];

const DOCUMENT: &[SeedProperty] = &[
    number("doc_number", "Document Number"),
    text("name", "Name", 128),
    text("description", "Description", 256),
    STATE,
];

const PART_BOM: &[SeedProperty] = &[
    SeedProperty { is_required: true, default: Some("1"), ..property("quantity", "Quantity", DataType::Quantity) },
    SeedProperty { is_required: true, default: Some("EA"), ..property("uom", "Unit", DataType::Unit) },
    text("find_num", "Find Number", 32),
    property("refdes", "Reference Designators", DataType::Text),
    property("effectivity_from", "Effective From", DataType::DateTime),
    property("effectivity_to", "Effective To", DataType::DateTime),
    property("config_condition", "Configuration Condition", DataType::Condition),
];

const MANUFACTURING_PART: &[SeedProperty] = &[
    SeedProperty { is_required: true, ..text("item_number", "Part Number", 64) },
    text("name", "Name", 128),
    text("description", "Description", 256),
    STATE,
    property("cost", "Cost", DataType::Float),
    property("weight", "Weight", DataType::Float),
    // Not a reference: the part that it was made from may go.
    text("source_ebom_id", "Engineering Part", 36),
    property("converted_at", "Converted At", DataType::DateTime),
];

const SOURCE_LINE: SeedProperty = text("source_rel_id", "Engineering Line", 36);

const MANUFACTURING_BOM: &[SeedProperty] =
    &[PART_BOM[0], PART_BOM[1], PART_BOM[2], PART_BOM[3], PART_BOM[4], PART_BOM[5], PART_BOM[6], SOURCE_LINE];

const RANKED: &[SeedProperty] =
    &[property("rank", "Rank", DataType::Integer), property("note", "Note", DataType::Text)];

const SPARE: &[SeedProperty] = &[
    RANKED[0],
    property("quantity", "Quantity", DataType::Quantity),
    property("uom", "Unit", DataType::Unit),
    RANKED[1],
];

/// A type of items that pass through a lifecycle and have numbers.
fn numbered(
    id: &'static str,
    lifecycle: Uuid,
    number_property: &'static str,
    properties: &'static [SeedProperty],
) -> SeedType {
    SeedType {
        id,
        label: id,
        lifecycle_map_id: Some(lifecycle),
        permission_id: Some(DEFAULT_SET),
        ends: None,
        number_property: Some(number_property),
        key_properties: None,
        is_acyclic: false,
        period_properties: None,
        properties,
    }
}

/// A type of relationships of which there is one per source and related item.
fn link(id: &'static str, ends: (&'static str, &'static str), properties: &'static [SeedProperty]) -> SeedType {
    SeedType {
        id,
        label: id,
        lifecycle_map_id: None,
        permission_id: Some(DEFAULT_SET),
        ends: Some(ends),
        number_property: None,
        key_properties: Some(json!([])),
        is_acyclic: false,
        period_properties: None,
        properties,
    }
}

/// A type of BOM lines: one per parent, child and unit, and none that closes a cycle.
fn structure(id: &'static str, part: &'static str, properties: &'static [SeedProperty]) -> SeedType {
    SeedType {
        key_properties: Some(json!(["uom"])),
        is_acyclic: true,
        period_properties: Some(json!(["effectivity_from", "effectivity_to"])),
        ..link(id, (part, part), properties)
    }
}

/// In the order in which they refer to each other.
fn types(part_lifecycle: Uuid, document_lifecycle: Uuid) -> [SeedType; 8] {
    [
        numbered("Part", part_lifecycle, "item_number", PART),
        numbered("Document", document_lifecycle, "doc_number", DOCUMENT),
        structure("Part BOM", "Part", PART_BOM),
        link("Part BOM Substitute", ("Part BOM", "Part"), RANKED),
        link("Part Equivalent", ("Part", "Part"), RANKED),
        link("Part Spare", ("Part", "Part"), SPARE),
        numbered("Manufacturing Part", part_lifecycle, "item_number", MANUFACTURING_PART),
        structure("Manufacturing BOM", "Manufacturing Part", MANUFACTURING_BOM),
    ]
}

/// Types that the program itself works with: they stay, and stay what they are.
pub(super) const SEEDED_TYPES: [&str; 8] = [
    "Part",
    "Document",
    "Part BOM",
    "Part BOM Substitute",
    "Part Equivalent",
    "Part Spare",
    "Manufacturing Part",
    "Manufacturing BOM",
];

/// Whether the program works with a property of a seeded type, whose kind of values it then relies on.
pub(super) fn is_built_in(kind: &str, property: &str) -> bool {
    let names = |given: &[SeedProperty]| given.iter().any(|given| given.name == property);
    match kind {
        "Part BOM" => names(PART_BOM),
        "Manufacturing BOM" => names(MANUFACTURING_BOM),
        "Part BOM Substitute" | "Part Equivalent" => names(RANKED),
        "Part Spare" => names(SPARE),
        "Manufacturing Part" => ["state", "source_ebom_id", "converted_at"].contains(&property),
        "Part" | "Document" => property == "state",
        _ => false,
    }
}

/// Prefixes of the numbers that are drawn.
const PREFIXES: [(&str, &str); 3] = [("Part", "P-"), ("Document", "D-"), ("Manufacturing Part", "MP-")];
const PADDING: usize = 6;

/// Makes what is missing of the seeded model, in one transaction; says how many types were made.
pub async fn seed_model(ctx: &Ctx) -> Result<usize> {
    let tx = ctx.begin().await?;
    lock(&tx, "yuantus-seed").await?;
    permission::seed(&tx).await?;
    let part = lifecycle::seed(&tx, "Part Lifecycle").await?;
    let document = lifecycle::seed(&tx, "Document Lifecycle").await?;
    let made = seed_types(&tx, &types(part, document)).await?;
    for (kind, prefix) in PREFIXES {
        repo::numbering::ensure(&tx, kind, prefix, PADDING).await?;
    }
    revision::raise(&tx).await?;
    tx.commit().await?;
    Ok(made)
}

async fn seed_types(tx: &Tx, types: &[SeedType]) -> Result<usize> {
    let mut made = 0;
    for kind in types {
        if repo::types::insert_seed(tx, kind).await? {
            made += 1;
        }
    }
    Ok(made)
}
