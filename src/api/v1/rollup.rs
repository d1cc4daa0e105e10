//! What items weigh and cost by what they are made of.

use poem_openapi::param::Path;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;

use super::Tag;
use super::item_fields::encoded;
use super::rollup_shapes::{CostRollupResponse, ShownRollup, WeightRollupResponse};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{Encoded, yes};
use crate::context::Ctx;
use crate::domain::bom::{self, Measure, RollupRequest, TreeQuery, WriteBack, WriteBackMode};
use crate::error::Result;

pub struct RollupApi;

/// In which parts a value is stored.
#[derive(Enum, Deserialize, Clone, Copy, Default)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum RollupWriteMode {
    /// Where there is none.
    #[default]
    Missing,
    Overwrite,
}

macro_rules! request {
    ($name:ident, $field:tt, $default:ident) => {
        #[derive(Object, Deserialize)]
        struct $name {
            /// 1 to 100.
            #[oai(default = "ten")]
            #[serde(default = "ten")]
            levels: i64,
            /// ISO 8601; without it every line counts, whenever it holds.
            effective_date: Option<String>,
            lot_number: Option<String>,
            serial_number: Option<String>,
            unit_position: Option<String>,
            /// Stores the computed value of each part that has one; a part that may not change is passed over.
            #[oai(default)]
            #[serde(default)]
            write_back: bool,
            #[oai(default = $field)]
            #[serde(default = $field)]
            write_back_field: String,
            #[oai(default)]
            #[serde(default)]
            write_back_mode: RollupWriteMode,
            /// Decimal places of results, 0 to 10; null keeps all digits.
            #[oai(default = "three")]
            #[serde(default = "three")]
            rounding: Option<i64>,
            /// The unit of mass in which parts say their weight.
            #[oai(default = "kilograms")]
            #[serde(default = "kilograms")]
            weight_uom: String,
            /// Without it the tree is its root alone.
            #[oai(default = "yes")]
            #[serde(default = "yes")]
            include_tree: bool,
        }

        fn $default() -> String {
            stringify!($default).to_owned()
        }

        impl $name {
            async fn run<T>(self, ctx: &Ctx, measure: Measure, root: &str) -> Result<Encoded<T>> {
                let mode = match self.write_back_mode {
                    RollupWriteMode::Missing => WriteBackMode::Missing,
                    RollupWriteMode::Overwrite => WriteBackMode::Overwrite,
                };
                let write_back = WriteBack { field: self.write_back_field, mode };
                let query = TreeQuery {
                    date: self.effective_date,
                    lot: self.lot_number,
                    serial: self.serial_number,
                    unit: self.unit_position,
                    ..TreeQuery::default()
                };
                let request = RollupRequest {
                    measure,
                    levels: self.levels,
                    tree: query.all_dates().map_err(|error| error.moved("query", &["body"]))?,
                    rounding: self.rounding,
                    weight_uom: self.weight_uom,
                    with_tree: self.include_tree,
                };
                answer(ctx, root, request, self.write_back.then_some(&write_back), &write_back.field).await
            }
        }
    };
}

request!(WeightRollupRequest, "weight_rollup", weight_rollup);
request!(CostRollupRequest, "cost_rollup", cost_rollup);

async fn answer<T>(
    ctx: &Ctx,
    root: &str,
    request: RollupRequest,
    write_back: Option<&WriteBack>,
    field: &str,
) -> Result<Encoded<T>> {
    write_back.map(bom::check_field).transpose()?;
    let rollup = bom::rollup(ctx, root, request).await?;
    let updates = match write_back {
        Some(wanted) => bom::write_back(ctx, &rollup, wanted).await?,
        None => Vec::new(),
    };
    encoded(&ShownRollup { rollup: &rollup, field, updates: &updates })
}

fn ten() -> i64 {
    10
}

#[allow(clippy::unnecessary_wraps, reason = "the default of a field that may be null")]
fn three() -> Option<i64> {
    Some(3)
}

fn kilograms() -> String {
    "KG".to_owned()
}

#[OpenApi(prefix_path = "/bom", tag = "Tag::Bom")]
impl RollupApi {
    /// Roll up the weight
    ///
    /// What an item weighs by what it is made of. A part's own `weight` counts before the computed one; it is per piece, or
    /// per the unit that its property `uom` names. A line in a unit of mass says the weight of what it stands for itself.
    /// What is not known is named, never guessed.
    #[oai(path = "/:item_id/rollup/weight", method = "post", operation_id = "roll_up_weight")]
    async fn weight(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: Body<WeightRollupRequest>,
    ) -> ApiResult<Encoded<WeightRollupResponse>> {
        Ok(body.0.run(&caller.0, Measure::Weight, &item_id).await?)
    }

    /// Roll up the cost
    ///
    /// The same of the property `cost`, which is per piece, or per the unit that the part's property `uom` names.
    #[oai(path = "/:item_id/rollup/cost", method = "post", operation_id = "roll_up_cost")]
    async fn cost(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: Body<CostRollupRequest>,
    ) -> ApiResult<Encoded<CostRollupResponse>> {
        Ok(body.0.run(&caller.0, Measure::Cost, &item_id).await?)
    }
}
