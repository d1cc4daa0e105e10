//! What there is, counted, as JSON or as a sheet.

use poem_openapi::param::Query;
use poem_openapi::{Enum, Object, OpenApi};

use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::api::v1::sheet::{Report, Sheet};
use crate::domain::search::{self, Count, DayCount, Indexes, StageAge, StateTrend, Summary};

pub struct SearchReportsApi;

const ENGINE: &str = "db";

#[derive(Enum, Clone, Copy, Default)]
#[oai(rename_all = "lowercase")]
enum ReportFormat {
    #[default]
    Json,
    /// A sheet to download.
    Csv,
}

impl ReportFormat {
    fn is_sheet(self) -> bool {
        matches!(self, Self::Csv)
    }
}

#[derive(Object)]
struct CountResponse {
    key: String,
    count: u64,
}

fn counts(counts: Vec<Count>) -> Vec<CountResponse> {
    counts.into_iter().map(|Count { key, count }| CountResponse { key, count }).collect()
}

#[derive(Object)]
struct ItemsSummary {
    total: u64,
    by_item_type: Vec<CountResponse>,
    by_state: Vec<CountResponse>,
}

#[derive(Object)]
struct EcosSummary {
    total: u64,
    by_state: Vec<CountResponse>,
    by_stage: Vec<CountResponse>,
}

#[derive(Object)]
struct SummaryResponse {
    engine: String,
    items: ItemsSummary,
    ecos: EcosSummary,
}

impl From<Summary> for SummaryResponse {
    fn from(found: Summary) -> Self {
        Self {
            engine: ENGINE.to_owned(),
            items: ItemsSummary {
                total: found.items,
                by_item_type: counts(found.items_by_type),
                by_state: counts(found.items_by_state),
            },
            ecos: EcosSummary {
                total: found.ecos,
                by_state: counts(found.ecos_by_state),
                by_stage: counts(found.ecos_by_stage),
            },
        }
    }
}

impl Sheet for SummaryResponse {
    const NAME: &'static str = "search-summary.csv";
    const HEADER: &'static [&'static str] = &["documents", "by", "key", "count"];

    fn rows(&self) -> Vec<Vec<String>> {
        let total = |of: &str, count: u64| vec![of.to_owned(), "total".to_owned(), String::new(), count.to_string()];
        let parts = [
            ("items", "item_type", &self.items.by_item_type),
            ("items", "state", &self.items.by_state),
            ("ecos", "state", &self.ecos.by_state),
            ("ecos", "stage", &self.ecos.by_stage),
        ];
        let counted = parts.into_iter().flat_map(|(of, by, counts)| {
            counts.iter().map(move |row| vec![of.to_owned(), by.to_owned(), row.key.clone(), row.count.to_string()])
        });
        [total("items", self.items.total), total("ecos", self.ecos.total)].into_iter().chain(counted).collect()
    }
}

#[derive(Object)]
struct StageAgeResponse {
    /// The stage's id.
    key: String,
    count: u64,
    avg_age_days: f64,
    max_age_days: f64,
}

impl From<StageAge> for StageAgeResponse {
    fn from(age: StageAge) -> Self {
        let hundredths = |days: f64| (days * 100.0).round() / 100.0;
        Self {
            key: age.stage,
            count: age.count,
            avg_age_days: hundredths(age.average_days),
            max_age_days: hundredths(age.most_days),
        }
    }
}

#[derive(Object)]
struct StageAgingResponse {
    engine: String,
    /// Ages count from the latest change.
    age_source: String,
    buckets: Vec<StageAgeResponse>,
}

impl Sheet for StageAgingResponse {
    const NAME: &'static str = "eco-stage-aging.csv";
    const HEADER: &'static [&'static str] = &["stage", "count", "avg_age_days", "max_age_days"];

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |age: &StageAgeResponse| {
            vec![age.key.clone(), age.count.to_string(), age.avg_age_days.to_string(), age.max_age_days.to_string()]
        };
        self.buckets.iter().map(row).collect()
    }
}

#[derive(Object)]
struct DayCountResponse {
    date: String,
    state: String,
    count: u64,
}

impl From<DayCount> for DayCountResponse {
    fn from(DayCount { date, state, count }: DayCount) -> Self {
        Self { date, state, count }
    }
}

#[derive(Object)]
struct StateTrendResponse {
    engine: String,
    /// By the day of creation and the present state.
    trend_source: String,
    days: u32,
    start_date: String,
    end_date: String,
    buckets: Vec<DayCountResponse>,
}

impl From<StateTrend> for StateTrendResponse {
    fn from(trend: StateTrend) -> Self {
        Self {
            engine: ENGINE.to_owned(),
            trend_source: "created_at_current_state".to_owned(),
            days: trend.days,
            start_date: trend.start.to_string(),
            end_date: trend.end.to_string(),
            buckets: trend.counts.into_iter().map(DayCountResponse::from).collect(),
        }
    }
}

impl Sheet for StateTrendResponse {
    const NAME: &'static str = "eco-state-trend.csv";
    const HEADER: &'static [&'static str] = &["date", "state", "count"];

    fn rows(&self) -> Vec<Vec<String>> {
        self.buckets.iter().map(|day| vec![day.date.clone(), day.state.clone(), day.count.to_string()]).collect()
    }
}

fn thirty() -> u32 {
    30
}

#[OpenApi(prefix_path = "/search/reports", tag = "Tag::Search")]
impl SearchReportsApi {
    /// Count items and change orders
    ///
    /// By type, state and stage; only what the caller may read.
    #[oai(path = "/summary", method = "get", operation_id = "get_search_summary")]
    async fn summary(
        &self,
        caller: OrgCaller,
        #[oai(default)] format: Query<ReportFormat>,
    ) -> ApiResult<Report<SummaryResponse>> {
        let found = search::summary(&caller.0, &Indexes::standard()).await?;
        Ok(Report::of(found.into(), format.is_sheet())?)
    }

    /// How long change orders have been in their stages
    #[oai(path = "/eco-stage-aging", method = "get", operation_id = "get_eco_stage_aging")]
    async fn stage_aging(
        &self,
        caller: OrgCaller,
        #[oai(default)] format: Query<ReportFormat>,
    ) -> ApiResult<Report<StageAgingResponse>> {
        let ages = search::stage_aging(&caller.0, &Indexes::standard()).await?;
        let buckets = ages.into_iter().map(StageAgeResponse::from).collect();
        let (engine, age_source) = (ENGINE.to_owned(), "updated_at_or_created_at".to_owned());
        Ok(Report::of(StageAgingResponse { engine, age_source, buckets }, format.is_sheet())?)
    }

    /// Change orders of the last days by their state
    #[oai(path = "/eco-state-trend", method = "get", operation_id = "get_eco_state_trend")]
    async fn state_trend(
        &self,
        caller: OrgCaller,
        /// Today included.
        #[oai(default = "thirty", validator(minimum(value = "1"), maximum(value = "366")))]
        days: Query<u32>,
        #[oai(default)] format: Query<ReportFormat>,
    ) -> ApiResult<Report<StateTrendResponse>> {
        let trend = search::state_trend(&caller.0, &Indexes::standard(), days.0).await?;
        Ok(Report::of(trend.into(), format.is_sheet())?)
    }
}
