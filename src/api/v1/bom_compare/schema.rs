//! What comparisons can look at.

use poem_openapi::Object;

use crate::domain::bom::compare::{CompareMode, LineField, LineKey};

/// A field of lines that is compared.
#[derive(Object)]
struct BomCompareSchemaField {
    field: String,
    /// major, minor or info.
    severity: String,
    /// The form in which it is compared.
    normalized: String,
    description: String,
}

/// A ready choice of key and fields.
#[derive(Object)]
struct BomCompareSchemaMode {
    mode: String,
    line_key: String,
    include_relationship_props: Vec<String>,
    /// Lines of one key in one assembly are one, with the sum of their quantities.
    aggregate_quantities: bool,
    aliases: Vec<String>,
    description: String,
}

#[derive(Object)]
struct BomCompareSchemaDefaults {
    max_levels: i64,
    line_key: String,
    include_substitutes: bool,
    include_effectivity: bool,
}

/// What comparisons can look at.
#[derive(Object)]
pub struct BomCompareSchemaResponse {
    line_fields: Vec<BomCompareSchemaField>,
    compare_modes: Vec<BomCompareSchemaMode>,
    line_key_options: Vec<String>,
    defaults: BomCompareSchemaDefaults,
}

impl BomCompareSchemaResponse {
    pub fn new() -> Self {
        let field = |field: LineField| BomCompareSchemaField {
            field: field.name().to_owned(),
            severity: field.severity().as_str().to_owned(),
            normalized: field.normalized().to_owned(),
            description: field.description().to_owned(),
        };
        let mode = |mode: CompareMode| BomCompareSchemaMode {
            mode: mode.name().to_owned(),
            line_key: mode.line_key().name().to_owned(),
            include_relationship_props: mode.fields().iter().map(|field| field.name().to_owned()).collect(),
            aggregate_quantities: mode.aggregates(),
            aliases: mode.aliases().iter().map(|alias| (*alias).to_owned()).collect(),
            description: mode.description().to_owned(),
        };
        Self {
            line_fields: LineField::ALL.map(field).into(),
            compare_modes: CompareMode::ALL.map(mode).into(),
            line_key_options: LineKey::ALL.iter().map(|key| key.name().to_owned()).collect(),
            defaults: BomCompareSchemaDefaults {
                max_levels: super::ten(),
                line_key: super::child_config(),
                include_substitutes: false,
                include_effectivity: false,
            },
        }
    }
}
