//! Comparing structures.

mod files;
mod line;
mod many;
mod pair;
mod request;
mod schema;
mod sheet;

use poem::{IntoResponse, Response};
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, OpenApi};

use self::many::{BomCompareManyResponse, Many};
pub(super) use self::pair::{BomCompareResponse, Pair};
use self::request::{BomCompareFileFormat, BomCompareManyRequest};
use self::schema::BomCompareSchemaResponse;
use super::Tag;
use super::table::TableFile;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::Encoded;
use crate::domain::baseline;
use crate::domain::bom::compare::{self, CompareQuery};
use crate::domain::bom::too_large;
use crate::error::{Error, Result};

/// The most bytes of a comparison in one answer.
pub(super) const MAX_BYTES: usize = 256 << 20;

pub struct BomCompareApi;

fn ten() -> i64 {
    10
}

fn child_config() -> String {
    "child_config".to_owned()
}

pub(super) fn too_many_bytes() -> Error {
    too_large(format!("The comparison has more than {} MiB", MAX_BYTES >> 20))
}

/// An answer as JSON, or as a file to download.
enum Compared<T> {
    Json(Encoded<T>),
    File(TableFile),
}

impl<T: Type> ApiResponse for Compared<T> {
    fn meta() -> MetaResponses {
        let mut responses = Encoded::<T>::meta();
        let files = TableFile::meta().responses.into_iter().flat_map(|response| response.content);
        if let Some(success) = responses.responses.first_mut() {
            success.content.extend(files);
        }
        responses
    }

    fn register(registry: &mut Registry) {
        Encoded::<T>::register(registry);
    }
}

impl<T: Send> IntoResponse for Compared<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Json(answer) => answer.into_response(),
            Self::File(file) => file.into_response(),
        }
    }
}

#[OpenApi(prefix_path = "/bom/compare", tag = "Tag::Bom")]
impl BomCompareApi {
    /// Compare two structures
    ///
    /// Items as they are now or as they stood released at a moment, versions, or baselines. Each assembly is compared once, by the lines
    /// that it consists of; `GET /bom/compare/schema` names the fields, keys and modes.
    #[oai(path = "/", method = "get", operation_id = "compare_boms")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn compare(
        &self,
        caller: OrgCaller,
        /// item, version or baseline.
        left_type: Query<String>,
        left_id: Query<String>,
        /// item, version or baseline.
        right_type: Query<String>,
        right_id: Query<String>,
        /// Levels, 0 to 100; -1 for all.
        #[oai(default = "ten")]
        max_levels: Query<i64>,
        /// ISO 8601: without lines that do not hold then.
        effective_at: Query<Option<String>>,
        /// With the items at the ends of lines.
        #[oai(default)]
        include_child_fields: Query<bool>,
        /// The fields to compare, in place of those of the schema: repeated, or separated by commas. Other properties of lines
        /// may be among them.
        include_relationship_props: Query<Option<Vec<String>>>,
        #[oai(default = "child_config")] line_key: Query<String>,
        /// Sets the key and the fields.
        compare_mode: Query<Option<String>>,
        #[oai(default)] include_substitutes: Query<bool>,
        #[oai(default)] include_effectivity: Query<bool>,
        /// The files of items that are on both sides, by role and name.
        #[oai(default)]
        include_files: Query<bool>,
        /// ISO 8601: the left item as it stood released then.
        left_date: Query<Option<String>>,
        /// ISO 8601: the right item as it stood released then.
        right_date: Query<Option<String>>,
    ) -> ApiResult<Encoded<BomCompareResponse>> {
        let query = CompareQuery {
            line_key: line_key.0,
            mode: compare_mode.0,
            fields: include_relationship_props.0,
            max_levels: max_levels.0,
            effective_at: effective_at.0,
            include_substitutes: include_substitutes.0,
            include_effectivity: include_effectivity.0,
            include_files: include_files.0,
            include_equal: false,
        };
        let options = query.options()?;
        let left =
            baseline::side(&caller.0, &left_type, &left_id, left_date.0.as_deref(), ["left_type", "left_date"]).await?;
        let right =
            baseline::side(&caller.0, &right_type, &right_id, right_date.0.as_deref(), ["right_type", "right_date"])
                .await?;
        let (child_fields, shown) = (include_child_fields.0, options.clone());
        let encoded = move |comparison: &compare::Comparison<'_>| {
            Encoded::within(MAX_BYTES, &Pair { comparison, options: &shown, child_fields })?.ok_or_else(too_many_bytes)
        };
        Ok(compare::compare(&caller.0, left, right, options, encoded).await?)
    }

    /// Export a comparison of two structures
    ///
    /// A row for each line that differs, and for each field a column for each side.
    #[oai(path = "/export", method = "get", operation_id = "export_bom_comparison")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn export(
        &self,
        caller: OrgCaller,
        #[oai(default)] format: Query<BomCompareFileFormat>,
        /// item, version or baseline.
        left_type: Query<String>,
        left_id: Query<String>,
        /// item, version or baseline.
        right_type: Query<String>,
        right_id: Query<String>,
        /// Levels, 0 to 100; -1 for all.
        #[oai(default = "ten")]
        max_levels: Query<i64>,
        /// ISO 8601: without lines that do not hold then.
        effective_at: Query<Option<String>>,
        include_relationship_props: Query<Option<Vec<String>>>,
        #[oai(default = "child_config")] line_key: Query<String>,
        compare_mode: Query<Option<String>>,
        #[oai(default)] include_substitutes: Query<bool>,
        #[oai(default)] include_effectivity: Query<bool>,
        /// ISO 8601: the left item as it stood released then.
        left_date: Query<Option<String>>,
        /// ISO 8601: the right item as it stood released then.
        right_date: Query<Option<String>>,
        /// Lines that are the same on both sides, too.
        #[oai(default)]
        include_equal: Query<bool>,
    ) -> ApiResult<TableFile> {
        let query = CompareQuery {
            line_key: line_key.0,
            mode: compare_mode.0,
            fields: include_relationship_props.0,
            max_levels: max_levels.0,
            effective_at: effective_at.0,
            include_substitutes: include_substitutes.0,
            include_effectivity: include_effectivity.0,
            include_files: false,
            include_equal: include_equal.0,
        };
        let options = query.options()?;
        let left =
            baseline::side(&caller.0, &left_type, &left_id, left_date.0.as_deref(), ["left_type", "left_date"]).await?;
        let right =
            baseline::side(&caller.0, &right_type, &right_id, right_date.0.as_deref(), ["right_type", "right_date"])
                .await?;
        let (format, shown) = (format.0.into(), options.clone());
        let written = move |comparison: &compare::Comparison<'_>| {
            sheet::of_pair(&comparison.0, &shown).write(format, "bom-comparison")
        };
        Ok(compare::compare(&caller.0, left, right, options, written).await?)
    }

    /// Compare up to eight structures
    ///
    /// Lines beside each other, one column for each side; those that are the same everywhere are counted, and listed only where
    /// asked for. The first side is what the others are counted against. As JSON, or as a file to download.
    #[oai(path = "/many", method = "post", operation_id = "compare_many_boms")]
    async fn many(
        &self,
        caller: OrgCaller,
        body: Body<BomCompareManyRequest>,
    ) -> ApiResult<Compared<BomCompareManyResponse>> {
        let asked = body.0.read(&caller.0).await?;
        let (labels, format, shown) = (asked.labels, asked.format, asked.options.clone());
        let written = move |aligned: compare::Aligned<'_>| -> Result<Compared<BomCompareManyResponse>> {
            if let Some(format) = format {
                let table = sheet::of_many(&aligned, &shown, &labels);
                return table.write(format, "bom-comparison").map(Compared::File);
            }
            let many = Many { aligned: &aligned, options: &shown, labels: &labels };
            Encoded::within(MAX_BYTES, &many)?.map(Compared::Json).ok_or_else(too_many_bytes)
        };
        Ok(compare::compare_many(&caller.0, asked.sides, asked.options, written).await?)
    }

    /// What comparisons can look at
    #[oai(path = "/schema", method = "get", operation_id = "get_bom_compare_schema")]
    async fn schema(&self, _caller: OrgCaller) -> ApiResult<Json<BomCompareSchemaResponse>> {
        Ok(Json(BomCompareSchemaResponse::new()))
    }
}
