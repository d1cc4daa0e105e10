//! What a change of an item touches, as files.

use std::io::{Cursor, Write};

use poem::{IntoResponse, Response, http::header};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Binary, Json, Payload, PlainText};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};
use zip::write::SimpleFileOptions;

use super::impact::{ImpactBaseline, ImpactSummary, ImpactUse};
use crate::api::v1::sheet::written;
use crate::error::{Error, Result};
use crate::storage::content_disposition;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImpactFormat {
    Zip,
    Json,
    Csv,
}

impl ImpactFormat {
    /// Fails with `BadRequest` for an unknown one.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "zip" => Ok(Self::Zip),
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            other => {
                Err(Error::bad_request(format!("Unsupported export format: {other}. There are zip, json and csv.")))
            }
        }
    }
}

const ZIP: &str = "application/zip";
const CSV: &str = "text/csv; charset=utf-8";

pub struct ImpactFile {
    name: String,
    content_type: &'static str,
    body: Vec<u8>,
}

impl ImpactFile {
    pub fn of(summary: &ImpactSummary, format: ImpactFormat) -> Result<Self> {
        let name = format!("impact-{}", summary.item_id);
        Ok(match format {
            ImpactFormat::Json => Self {
                name: format!("{name}.json"),
                content_type: Json::<ImpactSummary>::CONTENT_TYPE,
                body: json(summary)?,
            },
            ImpactFormat::Csv => Self { name: format!("{name}.csv"), content_type: CSV, body: uses(summary)? },
            ImpactFormat::Zip => Self { name: format!("{name}.zip"), content_type: ZIP, body: zipped(summary)? },
        })
    }
}

fn json(summary: &ImpactSummary) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(&summary.to_json())
        .map_err(|error| Error::internal("A summary could not be written").caused_by(error))
}

fn uses(summary: &ImpactSummary) -> Result<Vec<u8>> {
    let header = [
        "level",
        "parent_number",
        "parent_name",
        "quantity",
        "uom",
        "find_num",
        "refdes",
        "parent_id",
        "relationship_id",
    ];
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |one: &ImpactUse| {
        let quantity = one.line.quantity.as_ref().map(|quantity| quantity.0.to_string()).unwrap_or_default();
        vec![
            one.level.to_string(),
            text(&one.parent_number),
            text(&one.parent_name),
            quantity.trim_matches('"').to_owned(),
            text(&one.line.uom),
            text(&one.line.find_num),
            text(&one.line.refdes),
            one.parent_id.clone(),
            one.relationship_id.clone(),
        ]
    };
    written(&header, &summary.where_used.hits.iter().map(row).collect::<Vec<_>>())
}

fn baselines(summary: &ImpactSummary) -> Result<Vec<u8>> {
    let header = ["baseline_number", "name", "baseline_type", "state", "baseline_id"];
    let row = |one: &ImpactBaseline| {
        vec![
            one.baseline_number.clone(),
            one.name.clone(),
            one.baseline_type.clone(),
            one.state.clone(),
            one.baseline_id.clone(),
        ]
    };
    written(&header, &summary.baselines.hits.iter().map(row).collect::<Vec<_>>())
}

fn zipped(summary: &ImpactSummary) -> Result<Vec<u8>> {
    let failed = |error: String| Error::internal("An archive could not be written").caused_by(error);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let files =
        [("summary.json", json(summary)?), ("where_used.csv", uses(summary)?), ("baselines.csv", baselines(summary)?)];
    for (name, body) in files {
        archive.start_file(name, SimpleFileOptions::default()).map_err(|error| failed(error.to_string()))?;
        archive.write_all(&body).map_err(|error| failed(error.to_string()))?;
    }
    Ok(archive.finish().map_err(|error| failed(error.to_string()))?.into_inner())
}

impl ApiResponse for ImpactFile {
    fn meta() -> MetaResponses {
        let content = vec![
            MetaMediaType { content_type: ZIP, schema: Binary::<Vec<u8>>::schema_ref() },
            MetaMediaType {
                content_type: Json::<ImpactSummary>::CONTENT_TYPE,
                schema: <ImpactSummary as Type>::schema_ref(),
            },
            MetaMediaType { content_type: CSV, schema: PlainText::<String>::schema_ref() },
        ];
        let response =
            MetaResponse { description: "", status: Some(200), status_range: None, content, headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        <ImpactSummary as Type>::register(registry);
    }
}

impl IntoResponse for ImpactFile {
    fn into_response(self) -> Response {
        Response::builder()
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::CONTENT_DISPOSITION, content_disposition(&self.name))
            .body(self.body)
    }
}
