//! Checking and releasing baselines.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::shapes::{BaselineFinding, BaselineResponse, answer};
use crate::api::auth::OrgCaller;
use crate::api::body::OptionalBody;
use crate::api::error::ApiResult;
use crate::api::shapes::{Encoded, Time};
use crate::api::v1::Tag;
use crate::domain::baseline::{self, Baseline, Finding, Findings};
use crate::domain::lifecycle::Unmet;
use crate::domain::meta::ItemView;

pub struct BaselineVerdictsApi;

/// What a check found.
#[derive(Object)]
struct BaselineValidation {
    is_valid: bool,
    errors: Vec<BaselineFinding>,
    warnings: Vec<BaselineFinding>,
    validated_at: Option<Time>,
}

#[derive(Object, Deserialize, Default)]
struct ReleaseBaselineRequest {
    /// Releases it whatever errors are found; they are kept with it.
    #[oai(default)]
    #[serde(default)]
    force: bool,
}

/// What a finding is about.
#[derive(Object)]
struct DiagnosticDetails {
    baseline_id: Option<String>,
    member_id: Option<String>,
    item_id: Option<String>,
    item_number: Option<String>,
    item_state: Option<String>,
}

#[derive(Object)]
struct Diagnostic {
    code: String,
    message: String,
    rule_id: String,
    details: DiagnosticDetails,
}

/// Whether something can be released, and what speaks against it.
#[derive(Object)]
pub struct ReleaseDiagnostics {
    ok: bool,
    resource_type: String,
    resource_id: String,
    ruleset_id: String,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl ReleaseDiagnostics {
    pub fn of(baseline: &Baseline, ruleset: &str, findings: Findings) -> Self {
        let ok = findings.is_valid();
        let id = baseline.id.to_string();
        let shown = |finding: Finding| Diagnostic {
            code: finding.kind.code().to_owned(),
            message: finding.message,
            rule_id: finding.kind.rule().to_owned(),
            details: DiagnosticDetails {
                baseline_id: Some(id.clone()),
                member_id: finding.member_id.map(|id| id.to_string()),
                item_id: finding.item_id.map(|id| id.to_string()),
                item_number: finding.item_number,
                item_state: finding.item_state,
            },
        };
        Self {
            ok,
            resource_type: "baseline".to_owned(),
            resource_id: id.clone(),
            ruleset_id: ruleset.to_owned(),
            errors: findings.errors.into_iter().map(shown).collect(),
            warnings: findings.warnings.into_iter().map(shown).collect(),
        }
    }
}

impl ReleaseDiagnostics {
    /// Whether it can be released, and how many errors and warnings there are.
    pub fn counts(&self) -> (bool, usize, usize) {
        (self.ok, self.errors.len(), self.warnings.len())
    }

    /// What stands against a release of an item.
    pub fn of_item(view: &ItemView, ruleset: &str, obstacles: &[Unmet]) -> Self {
        let shown = |unmet: &Unmet| Diagnostic {
            code: format!("item_{}", unmet.guard),
            message: unmet.message.clone(),
            rule_id: "item.release_guards".to_owned(),
            details: DiagnosticDetails {
                baseline_id: None,
                member_id: None,
                item_id: Some(view.item.id.to_string()),
                item_number: view.number.clone(),
                item_state: Some(view.item.state.clone()),
            },
        };
        Self {
            ok: obstacles.is_empty(),
            resource_type: "item".to_owned(),
            resource_id: view.item.id.to_string(),
            ruleset_id: ruleset.to_owned(),
            errors: obstacles.iter().map(shown).collect(),
            warnings: Vec::new(),
        }
    }
}

#[OpenApi(prefix_path = "/baselines", tag = "Tag::Baselines")]
impl BaselineVerdictsApi {
    /// Check a baseline
    ///
    /// Errors are items that do not exist any more; warnings are those that were not released when they were taken. What was
    /// found is kept with a draft.
    #[oai(path = "/:baseline_id/validate", method = "post", operation_id = "validate_baseline")]
    async fn validate(&self, caller: OrgCaller, baseline_id: Path<String>) -> ApiResult<Json<BaselineValidation>> {
        let (baseline, findings) = baseline::validate(&caller.0, &baseline_id).await?;
        let is_valid = findings.is_valid();
        let shown = |those: Vec<Finding>| those.into_iter().map(BaselineFinding::from).collect();
        let Findings { errors, warnings, .. } = findings;
        let validated_at = baseline.validated_at.map(Time::from);
        Ok(Json(BaselineValidation { is_valid, errors: shown(errors), warnings: shown(warnings), validated_at }))
    }

    /// Release a baseline
    ///
    /// It stays as it is for good. Errors refuse it with 409 `BASELINE_INVALID` unless it is forced.
    #[oai(path = "/:baseline_id/release", method = "post", operation_id = "release_baseline")]
    async fn release(
        &self,
        caller: OrgCaller,
        baseline_id: Path<String>,
        /// default, readiness or strict: with the last one warnings are errors.
        #[oai(default = "usual")]
        ruleset_id: Query<String>,
        body: OptionalBody<ReleaseBaselineRequest>,
    ) -> ApiResult<Encoded<BaselineResponse>> {
        let force = body.0.unwrap_or_default().force;
        let released = baseline::release(&caller.0, &baseline_id, &ruleset_id, force).await?;
        Ok(answer(&caller.0, released, true).await?)
    }

    /// See whether a baseline can be released
    #[oai(path = "/:baseline_id/release-diagnostics", method = "get", operation_id = "diagnose_baseline")]
    async fn diagnose(
        &self,
        caller: OrgCaller,
        baseline_id: Path<String>,
        /// default, readiness or strict: with the last one warnings are errors.
        #[oai(default = "usual")]
        ruleset_id: Query<String>,
    ) -> ApiResult<Json<ReleaseDiagnostics>> {
        let (baseline, findings) = baseline::diagnose(&caller.0, &baseline_id, &ruleset_id).await?;
        Ok(Json(ReleaseDiagnostics::of(&baseline, &ruleset_id, findings)))
    }
}

fn usual() -> String {
    "default".to_owned()
}
