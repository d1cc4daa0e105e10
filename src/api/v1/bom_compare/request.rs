//! What a client asks of several sides.

use poem_openapi::{Enum, Object};
use serde::Deserialize;

use crate::api::v1::table::TableFormat;
use crate::context::Ctx;
use crate::domain::baseline;
use crate::domain::bom::compare::{CompareQuery, Options, Side};
use crate::error::Result;

/// A file to download.
#[derive(Enum, Clone, Copy, Default)]
#[oai(rename_all = "lowercase")]
pub enum BomCompareFileFormat {
    #[default]
    Csv,
    Xlsx,
    /// Markdown.
    Md,
}

impl From<BomCompareFileFormat> for TableFormat {
    fn from(format: BomCompareFileFormat) -> Self {
        match format {
            BomCompareFileFormat::Csv => Self::Csv,
            BomCompareFileFormat::Xlsx => Self::Xlsx,
            BomCompareFileFormat::Md => Self::Markdown,
        }
    }
}

#[derive(Enum, Deserialize, Clone, Copy, Default)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum BomCompareAnswerFormat {
    #[default]
    Json,
    Csv,
    Xlsx,
    /// Markdown.
    Md,
}

/// One side.
#[derive(Object, Deserialize)]
struct BomCompareManySide {
    /// item, version or baseline.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    id: String,
    /// ISO 8601: the item as it stood released then.
    as_of: Option<String>,
    /// How the side is called in the answer; the number of its root unless it is given.
    label: Option<String>,
}

#[derive(Object, Deserialize)]
pub struct BomCompareManyRequest {
    /// 2 to 8.
    sides: Vec<BomCompareManySide>,
    #[oai(default = "super::child_config")]
    #[serde(default = "super::child_config")]
    line_key: String,
    /// Sets the key and the fields.
    compare_mode: Option<String>,
    /// The fields to compare, in place of those of the schema. Other properties of lines may be among them.
    include_relationship_props: Option<Vec<String>>,
    /// Levels, 0 to 100; -1 for all.
    #[oai(default = "super::ten")]
    #[serde(default = "super::ten")]
    max_levels: i64,
    /// ISO 8601: without lines that do not hold then.
    effective_at: Option<String>,
    #[oai(default)]
    #[serde(default)]
    include_substitutes: bool,
    #[oai(default)]
    #[serde(default)]
    include_effectivity: bool,
    /// Lines that are the same on every side, too.
    #[oai(default)]
    #[serde(default)]
    include_equal: bool,
    #[oai(default)]
    #[serde(default)]
    format: BomCompareAnswerFormat,
}

/// The same, understood.
pub struct Asked {
    pub sides: Vec<Side>,
    pub labels: Vec<Option<String>>,
    pub options: Options,
    /// None for JSON.
    pub format: Option<TableFormat>,
}

impl BomCompareManyRequest {
    pub async fn read(self, ctx: &Ctx) -> Result<Asked> {
        let mut sides = Vec::with_capacity(self.sides.len());
        let mut labels = Vec::with_capacity(self.sides.len());
        for (at, side) in self.sides.into_iter().enumerate() {
            let read = baseline::side(ctx, &side.kind, &side.id, side.as_of.as_deref(), ["type", "as_of"]).await;
            sides.push(read.map_err(|error| error.moved("query", &["body", "sides", &at.to_string()]))?);
            labels.push(side.label);
        }
        let query = CompareQuery {
            line_key: self.line_key,
            mode: self.compare_mode,
            fields: self.include_relationship_props,
            max_levels: self.max_levels,
            effective_at: self.effective_at,
            include_substitutes: self.include_substitutes,
            include_effectivity: self.include_effectivity,
            include_files: false,
            include_equal: self.include_equal,
        };
        let options = query.options().map_err(|error| error.moved("query", &["body"]))?;
        let format = match self.format {
            BomCompareAnswerFormat::Json => None,
            BomCompareAnswerFormat::Csv => Some(TableFormat::Csv),
            BomCompareAnswerFormat::Xlsx => Some(TableFormat::Xlsx),
            BomCompareAnswerFormat::Md => Some(TableFormat::Markdown),
        };
        Ok(Asked { sides, labels, options, format })
    }
}
