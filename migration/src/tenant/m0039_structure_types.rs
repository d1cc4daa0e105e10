//! The types of substitutes, equivalents, spares and manufacturing structures, in databases that have the seeded model
//! already; a new one gets them with that.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

#[derive(DeriveMigrationName)]
pub struct Migration;

struct NewType {
    id: &'static str,
    /// Source and related type of a relationship.
    ends: Option<(&'static str, &'static str)>,
    /// Properties that with source and related item occur once, as JSON.
    key: Option<&'static str>,
    is_structure: bool,
    properties: &'static [NewProperty],
}

/// Name, label, data type, the most characters, whether it is required, default.
type NewProperty = (&'static str, &'static str, &'static str, Option<i32>, bool, Option<&'static str>);

const RANK: NewProperty = ("rank", "Rank", "integer", None, false, None);
const NOTE: NewProperty = ("note", "Note", "text", None, false, None);

const TYPES: [NewType; 5] = [
    NewType {
        id: "Part BOM Substitute",
        ends: Some(("Part BOM", "Part")),
        key: Some("[]"),
        is_structure: false,
        properties: &[RANK, NOTE],
    },
    NewType {
        id: "Part Equivalent",
        ends: Some(("Part", "Part")),
        key: Some("[]"),
        is_structure: false,
        properties: &[RANK, NOTE],
    },
    NewType {
        id: "Part Spare",
        ends: Some(("Part", "Part")),
        key: Some("[]"),
        is_structure: false,
        properties: &[
            RANK,
            ("quantity", "Quantity", "quantity", None, false, None),
            ("uom", "Unit", "unit", None, false, None),
            NOTE,
        ],
    },
    NewType {
        id: "Manufacturing Part",
        ends: None,
        key: None,
        is_structure: false,
        properties: &[
            ("item_number", "Part Number", "string", Some(64), true, None),
            ("name", "Name", "string", Some(128), false, None),
            ("description", "Description", "string", Some(256), false, None),
            ("state", "State", "string", None, false, Some("Draft")),
            ("cost", "Cost", "float", None, false, None),
            ("weight", "Weight", "float", None, false, None),
            ("source_ebom_id", "Engineering Part", "string", Some(36), false, None),
            ("converted_at", "Converted At", "datetime", None, false, None),
        ],
    },
    NewType {
        id: "Manufacturing BOM",
        ends: Some(("Manufacturing Part", "Manufacturing Part")),
        key: Some("[\"uom\"]"),
        is_structure: true,
        properties: &[
            ("quantity", "Quantity", "quantity", None, true, Some("1")),
            ("uom", "Unit", "unit", None, true, Some("EA")),
            ("find_num", "Find Number", "string", Some(32), false, None),
            ("refdes", "Reference Designators", "text", None, false, None),
            ("effectivity_from", "Effective From", "datetime", None, false, None),
            ("effectivity_to", "Effective To", "datetime", None, false, None),
            ("config_condition", "Configuration Condition", "condition", None, false, None),
            ("source_rel_id", "Engineering Line", "string", Some(36), false, None),
        ],
    },
];

/// How one engine writes what the two write differently.
struct Words {
    new_id: &'static str,
    json: fn(&str) -> String,
}

fn words(backend: DbBackend) -> Words {
    match backend {
        DbBackend::Postgres => Words { new_id: "gen_random_uuid()", json: |text| format!("'{text}'::jsonb") },
        _ => Words { new_id: "randomblob(16)", json: |text| format!("'{text}'") },
    }
}

fn text(given: Option<&str>) -> String {
    given.map_or_else(|| "NULL".to_owned(), |text| format!("'{text}'"))
}

fn insert_type(words: &Words, kind: &NewType) -> String {
    let (source, related) = kind.ends.unzip();
    let json = |given: Option<&str>| given.map_or_else(|| "NULL".to_owned(), words.json);
    let is_item = kind.ends.is_none();
    format!(
        "INSERT INTO item_types (id, uuid, label, is_relationship, is_versionable, revision_scheme, permission_id, \
         lifecycle_map_id, source_item_type_id, related_item_type_id, number_property, key_properties, is_acyclic, \
         period_properties, accepts_undeclared) SELECT '{id}', {new_id}, '{id}', {is_relationship}, {is_item}, 'A-Z', \
         (SELECT p.id FROM permissions p WHERE p.id = 'Default'), {lifecycle}, {source}, {related}, {number}, {key}, \
         {is_structure}, {period}, TRUE FROM item_types part WHERE part.id = 'Part'",
        id = kind.id,
        new_id = words.new_id,
        is_relationship = !is_item,
        lifecycle = if is_item { "part.lifecycle_map_id" } else { "NULL" },
        source = text(source),
        related = text(related),
        number = text(is_item.then_some("item_number")),
        key = json(kind.key),
        is_structure = kind.is_structure,
        period = json(kind.is_structure.then_some("[\"effectivity_from\", \"effectivity_to\"]")),
    )
}

fn insert_properties(words: &Words, kind: &NewType) -> impl Iterator<Item = String> {
    (0i32..).zip(kind.properties).map(|(position, (name, label, data_type, length, is_required, default))| {
        format!(
            "INSERT INTO properties (id, item_type_id, name, label, data_type, length, is_required, default_value, \
             ui_type, is_cad_synced, position, is_unique, is_indexed) VALUES ({new_id}, '{id}', '{name}', '{label}', \
             '{data_type}', {length}, {is_required}, {default}, 'text', FALSE, {position}, FALSE, FALSE)",
            new_id = words.new_id,
            id = kind.id,
            length = length.map_or_else(|| "NULL".to_owned(), |length| length.to_string()),
            default = text(*default),
        )
    })
}

const NUMBERING: &str = "INSERT INTO number_sequences (item_type_id, prefix, padding, next_value) \
    SELECT t.id, 'MP-', 6, 1 FROM item_types t WHERE t.id = 'Manufacturing Part' \
    AND NOT EXISTS (SELECT 1 FROM number_sequences s WHERE s.item_type_id = t.id)";

/// Who remembers the model reads it anew.
const RAISE: &str = "INSERT INTO model_revision (id, value) VALUES (1, 1) \
    ON CONFLICT (id) DO UPDATE SET value = model_revision.value + 1";

/// Types that nothing of the organisation's is made of.
fn delete_unused(kind: &NewType) -> String {
    format!(
        "DELETE FROM item_types WHERE id = '{id}' \
         AND NOT EXISTS (SELECT 1 FROM items i WHERE i.item_type_id = '{id}') \
         AND NOT EXISTS (SELECT 1 FROM version_lines l WHERE l.item_type_id = '{id}') \
         AND NOT EXISTS (SELECT 1 FROM item_types o WHERE o.id <> '{id}' \
         AND (o.source_item_type_id = '{id}' OR o.related_item_type_id = '{id}')) \
         AND NOT EXISTS (SELECT 1 FROM properties p WHERE p.data_source_id = '{id}')",
        id = kind.id
    )
}

async fn is_there(manager: &SchemaManager<'_>, id: &str) -> Result<bool, DbErr> {
    let sql = format!("SELECT id FROM item_types WHERE id = '{id}'");
    let statement = Statement::from_string(manager.get_database_backend(), sql);
    Ok(manager.get_connection().query_one_raw(statement).await?.is_some())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !is_there(manager, "Part").await? || !is_there(manager, "Part BOM").await? {
            return Ok(());
        }
        let words = words(manager.get_database_backend());
        let mut statements = Vec::new();
        for kind in &TYPES {
            // One that the organisation made itself stays what it is.
            if !is_there(manager, kind.id).await? {
                statements.push(insert_type(&words, kind));
                statements.extend(insert_properties(&words, kind));
            }
        }
        statements.extend([NUMBERING.to_owned(), RAISE.to_owned()]);
        crate::schema::run_together(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut statements: Vec<String> = TYPES.iter().rev().map(delete_unused).collect();
        statements.push(RAISE.to_owned());
        crate::schema::run_together(manager, &statements).await
    }
}
