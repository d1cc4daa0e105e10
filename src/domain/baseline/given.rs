//! What a client asks a baseline to be. Pure.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::model::State;
use crate::domain::meta::parse_moment;
use crate::error::{Error, Result};

/// The deepest baseline.
pub const MOST_LEVELS: i32 = 50;
/// All levels.
pub const ALL_LEVELS: i32 = -1;

/// What a baseline keeps beside the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Include {
    #[serde(rename = "include_bom")]
    pub bom: bool,
    #[serde(rename = "include_substitutes")]
    pub substitutes: bool,
    #[serde(rename = "include_effectivity")]
    pub effectivity: bool,
    #[serde(rename = "include_documents")]
    pub documents: bool,
    /// Lists lines as members of their own.
    #[serde(rename = "include_relationships")]
    pub relationships: bool,
}

/// A baseline that is to be made.
#[derive(Debug, Clone)]
pub struct NewBaseline {
    pub name: String,
    pub description: Option<String>,
    pub root_item_id: Option<String>,
    pub root_version_id: Option<String>,
    pub baseline_type: String,
    pub scope: String,
    pub number: Option<String>,
    pub eco_id: Option<String>,
    /// -1 for all.
    pub max_levels: i32,
    /// ISO 8601.
    pub effective_at: Option<String>,
    pub include: Include,
    pub line_key: String,
    /// Only with it the baseline takes what is below its root.
    pub auto_populate: bool,
    pub state: Option<String>,
}

impl NewBaseline {
    /// Fails with `Invalid` on the field.
    pub fn checked(self) -> Result<Self> {
        let name = self.name.trim().to_owned();
        text("name", &name, 1, 200)?;
        text("description", self.description.as_deref().unwrap_or_default(), 0, 2000)?;
        text("baseline_type", &self.baseline_type, 1, 50)?;
        text("scope", &self.scope, 1, 50)?;
        text("line_key", &self.line_key, 1, 50)?;
        if let Some(number) = &self.number {
            text("baseline_number", number.trim(), 1, 60)?;
        }
        text("eco_id", self.eco_id.as_deref().unwrap_or_default(), 0, 100)?;
        if !(ALL_LEVELS..=MOST_LEVELS).contains(&self.max_levels) {
            return Err(invalid("max_levels", format!("{ALL_LEVELS} (all) to {MOST_LEVELS} levels")));
        }
        let number = self.number.as_deref().map(|number| number.trim().to_owned());
        Ok(Self { name, number, ..self })
    }

    /// Whether it is released at once.
    pub fn state(&self) -> Result<State> {
        let Some(given) = self.state.as_deref() else { return Ok(State::Draft) };
        State::parse(&given.trim().to_lowercase()).ok_or_else(|| invalid("state", "draft or released".to_owned()))
    }

    pub fn moment(&self) -> Result<Option<DateTime<Utc>>> {
        let Some(given) = self.effective_at.as_deref() else { return Ok(None) };
        let message = "Expected a time: 2026-11-24T08:00:00Z".to_owned();
        let read = parse_moment(given.trim()).map(Some);
        read.ok_or_else(|| Error::invalid_field("datetime_type", &["body", "effective_at"], message))
    }

    /// How many levels are read.
    pub fn depth(&self) -> u32 {
        match (self.auto_populate && self.include.bom, u32::try_from(self.max_levels)) {
            (false, _) => 0,
            (true, Ok(levels)) => levels,
            (true, Err(_)) => u32::MAX,
        }
    }
}

fn text(field: &str, value: &str, least: usize, most: usize) -> Result<()> {
    if (least..=most).contains(&value.chars().count()) && !value.contains('\0') {
        return Ok(());
    }
    Err(invalid(field, format!("{least} to {most} characters")))
}

fn invalid(field: &str, message: String) -> Error {
    Error::invalid_field("value_error", &["body", field], message)
}
