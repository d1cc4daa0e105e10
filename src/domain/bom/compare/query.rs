//! What is compared and how, as a client writes it.

use chrono::{DateTime, Utc};

use super::field::{Compared, LineField};
use super::key::LineKey;
use super::mode::CompareMode;
use super::walk::Reach;
use crate::domain::bom::tree::MAX_DEPTH;
use crate::domain::meta::query_moment;
use crate::error::{Error, Result};

/// The most properties of lines that one comparison looks at beside those that every comparison knows.
const MOST_OTHERS: usize = 50;

/// How to compare, as a client writes it.
#[derive(Debug, Clone, Default)]
pub struct CompareQuery {
    pub line_key: String,
    /// Sets the key and the fields; a name or an alias.
    pub mode: Option<String>,
    /// The fields to compare, in place of those that every comparison knows; with a mode, beside those of the mode. Each may
    /// be several, separated by commas.
    pub fields: Option<Vec<String>>,
    /// -1 for all.
    pub max_levels: i64,
    /// ISO 8601: lines that do not hold then are left out.
    pub effective_at: Option<String>,
    pub include_substitutes: bool,
    pub include_effectivity: bool,
    /// The files of items that are on both sides; of two sides.
    pub include_files: bool,
    /// Rows that are the same on every side, too.
    pub include_equal: bool,
}

/// How to compare.
#[derive(Debug, Clone)]
pub struct Options {
    pub line_key: LineKey,
    pub mode: Option<CompareMode>,
    pub fields: Vec<Compared>,
    pub aggregates: bool,
    pub levels: u32,
    pub effective_at: Option<DateTime<Utc>>,
    pub include_substitutes: bool,
    pub include_effectivity: bool,
    /// The files of items that are on both sides; of two sides.
    pub include_files: bool,
    pub include_equal: bool,
    /// Keys name the roots as [`super::ROOT`], as they need not be one item; else by what identifies the first.
    pub roots_are_one: bool,
}

impl CompareQuery {
    /// Problems are named as parameters of a query.
    pub fn options(self) -> Result<Options> {
        let mode = self.mode.as_deref().filter(|name| !name.trim().is_empty()).map(parse_mode).transpose()?;
        let line_key = match mode {
            Some(mode) => mode.line_key(),
            None => LineKey::named(self.line_key.trim()).ok_or_else(|| no_such_key(&self.line_key))?,
        };
        let given = self.fields.unwrap_or_default();
        let mut given: Vec<Compared> = given
            .iter()
            .flat_map(|names| names.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(Compared::of)
            .collect();
        let recorded =
            |field: &Compared| matches!(field, Compared::Line(LineField::Effectivities | LineField::Substitutes));
        // Those two are asked for by switches of their own.
        let include_effectivity = self.include_effectivity || given.contains(&Compared::Line(LineField::Effectivities));
        let include_substitutes = self.include_substitutes || given.contains(&Compared::Line(LineField::Substitutes));
        let named_none = given.is_empty();
        given.retain(|field| !recorded(field));
        let mut fields: Vec<Compared> = match mode {
            Some(mode) => mode.fields().iter().map(|field| Compared::Line(*field)).collect(),
            None if named_none => {
                LineField::ALL.into_iter().map(Compared::Line).filter(|field| !recorded(field)).collect()
            }
            None => Vec::new(),
        };
        fields.extend(given);
        fields.extend(include_effectivity.then_some(Compared::Line(LineField::Effectivities)));
        fields.extend(include_substitutes.then_some(Compared::Line(LineField::Substitutes)));
        // In one order, whatever order they were named in.
        fields.sort_unstable();
        fields.dedup();
        if fields.iter().filter(|field| matches!(field, Compared::Other(_))).count() > MOST_OTHERS {
            let message = format!("At most {MOST_OTHERS} properties");
            return Err(invalid("value_error", "include_relationship_props", message));
        }
        Ok(Options {
            line_key,
            mode,
            fields,
            aggregates: mode.is_some_and(CompareMode::aggregates),
            levels: levels(self.max_levels)?,
            effective_at: self.effective_at.as_deref().map(|text| query_moment("effective_at", text)).transpose()?,
            include_substitutes,
            include_effectivity,
            include_files: self.include_files,
            include_equal: self.include_equal,
            roots_are_one: true,
        })
    }
}

impl Options {
    /// Lines of one key in one assembly count as one.
    pub(super) fn merges(&self) -> bool {
        self.aggregates || self.mode == Some(CompareMode::OnlyProduct)
    }

    pub(super) fn reach(&self) -> Reach {
        Reach {
            levels: self.levels,
            effective_at: self.effective_at,
            include_effectivity: self.include_effectivity,
            include_substitutes: self.include_substitutes,
        }
    }
}

fn levels(asked: i64) -> Result<u32> {
    let most = i64::from(MAX_DEPTH);
    match asked {
        -1 => Ok(u32::try_from(MAX_DEPTH).unwrap_or(u32::MAX)),
        0.. if asked <= most => Ok(u32::try_from(asked).unwrap_or(u32::MAX)),
        _ => Err(invalid("value_error", "max_levels", format!("0 to {MAX_DEPTH} levels, or -1 for all"))),
    }
}

fn parse_mode(name: &str) -> Result<CompareMode> {
    CompareMode::named(name).ok_or_else(|| {
        let names = CompareMode::ALL.map(|mode| format!("'{}'", mode.name())).join(", ");
        invalid("enum", "compare_mode", format!("Input should be one of {names}"))
    })
}

fn no_such_key(name: &str) -> Error {
    let names = LineKey::ALL.map(|key| format!("'{}'", key.name())).join(", ");
    invalid("enum", "line_key", format!("Input should be one of {names}; {name:?} is not"))
}

fn invalid(rule: &str, parameter: &str, message: String) -> Error {
    Error::invalid_field(rule, &["query", parameter], message)
}
