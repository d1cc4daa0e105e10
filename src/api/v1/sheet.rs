//! A report as JSON, or as a sheet to download.

use poem::{IntoResponse, Response, http::header};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Json, Payload, PlainText};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};

use super::table::harmless;
use crate::error::{Error, Result};
use crate::storage::content_disposition;

/// What a report is as a sheet.
pub trait Sheet {
    /// The name of the file.
    const NAME: &'static str;
    const HEADER: &'static [&'static str];

    fn rows(&self) -> Vec<Vec<String>>;
}

pub enum Report<T> {
    Json(T),
    Csv { name: &'static str, text: Vec<u8> },
}

impl<T: Sheet> Report<T> {
    pub fn of(report: T, as_sheet: bool) -> Result<Self> {
        if !as_sheet {
            return Ok(Self::Json(report));
        }
        Ok(Self::Csv { name: T::NAME, text: written(T::HEADER, &report.rows())? })
    }
}

/// Rows below a header as CSV.
pub fn written(header: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>> {
    let failed = |error: String| Error::internal("A sheet could not be written").caused_by(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(|error| failed(error.to_string()))?;
    for row in rows {
        writer.write_record(row.iter().map(|text| harmless(text))).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

impl<T: Type + ToJSON> ApiResponse for Report<T> {
    fn meta() -> MetaResponses {
        let content = vec![
            MetaMediaType { content_type: Json::<T>::CONTENT_TYPE, schema: T::schema_ref() },
            MetaMediaType { content_type: "text/csv; charset=utf-8", schema: PlainText::<String>::schema_ref() },
        ];
        let response =
            MetaResponse { description: "", status: Some(200), status_range: None, content, headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + ToJSON> IntoResponse for Report<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Json(report) => Json(report).into_response(),
            Self::Csv { name, text } => Response::builder()
                .header(header::CONTENT_TYPE, "text/csv; charset=utf-8")
                .header(header::CONTENT_DISPOSITION, content_disposition(name))
                .body(text),
        }
    }
}
