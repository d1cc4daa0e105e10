//! How the numbers of a type are made. Pure.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::template::Template;
use crate::domain::meta::model::{ItemType, Property};
use crate::domain::meta::typed::item_number;
use crate::domain::meta::values::Values;
use crate::error::{Error, Result};

pub const DEFAULT_PADDING: usize = 6;
/// The widest padding, and with it the largest number.
pub const MAX_PADDING: usize = 18;
pub const MAX_VALUE: i64 = 999_999_999_999_999_999;

/// The numbering of a type as the model remembers it: everything but the counters, which move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// A [`Template`].
    pub prefix: String,
    /// The least digits; a larger value has more.
    pub padding: usize,
    /// Numbers are drawn in the transaction of their item and come back when that is rolled back.
    pub gap_free: bool,
    /// Each rendered prefix has a counter of its own.
    pub counts_by_prefix: bool,
    /// With which value a counter of a new prefix begins, where there are such.
    pub start: i64,
    pub generation: i64,
}

impl Sequence {
    /// What a type has that nobody gave a numbering.
    pub fn usual(type_id: &str) -> Self {
        let letters = type_id.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' });
        Self {
            prefix: format!("{}-", letters.collect::<String>().to_uppercase()),
            padding: DEFAULT_PADDING,
            gap_free: true,
            counts_by_prefix: false,
            start: 1,
            generation: 0,
        }
    }

    /// The prefix of an item's number. Fails with `Invalid` where the item lacks a property that is part of it.
    pub fn prefix_of(&self, values: &Values, now: DateTime<Utc>) -> Result<String> {
        let template =
            Template::read(&self.prefix).map_err(|message| Error::internal(format!("Bad prefix: {message}")))?;
        template.render(values, now).map_err(|property| {
            let message = "The number is made of it: give it a value, or give the number yourself";
            Error::invalid_field("missing", &["body", "properties", &property], message)
        })
    }

    /// Whether a property is part of the numbers.
    pub fn names(&self, property: &str) -> bool {
        Template::read(&self.prefix).is_ok_and(|template| template.properties().any(|name| name == property))
    }

    /// The number of a value, checked as if a client had given it.
    pub fn number(&self, kind: &ItemType, prefix: &str, value: i64) -> Result<String> {
        let number = format!("{prefix}{value:0width$}", width = self.padding);
        if value > MAX_VALUE {
            return Err(exhausted(kind, &number, "there is no larger number"));
        }
        let Some(property) = number_property(kind) else { return Ok(number) };
        match item_number(property, Value::String(number.clone())) {
            Ok(Value::String(kept)) if kept == number => Ok(number),
            Ok(_) => Err(exhausted(kind, &number, "a number has no white space around it")),
            Err((_, message)) => Err(exhausted(kind, &number, &message)),
        }
    }

    /// Whether items of the type can be numbered so; `next` is the value that comes next.
    pub fn check(&self, kind: &ItemType, next: i64) -> Result<()> {
        let refuse = |field: &str, message: String| Err(Error::invalid_field("value_error", &["body", field], message));
        if self.padding > MAX_PADDING {
            return refuse("padding", format!("A padding is 0 to {MAX_PADDING}"));
        }
        if !(1..=MAX_VALUE).contains(&next) {
            return refuse("next_value", format!("A next value is 1 to {MAX_VALUE}"));
        }
        let template = match Template::read(&self.prefix) {
            Ok(template) => template,
            Err(message) => return refuse("prefix", message),
        };
        for name in template.properties() {
            if let Some(message) = unfit(kind, name) {
                return refuse("prefix", message);
            }
        }
        // The shortest number that can come of it must fit.
        let sample: Values = template.properties().map(|name| (name.to_owned(), "0".into())).collect();
        let prefix = self.prefix_of(&sample, DateTime::<Utc>::UNIX_EPOCH)?;
        match self.number(kind, &prefix, next) {
            Ok(_) => Ok(()),
            Err(error) => refuse("prefix", error.user_message().unwrap_or(error.message()).to_owned()),
        }
    }
}

fn number_property(kind: &ItemType) -> Option<&Property> {
    kind.number_property.as_deref().and_then(|name| kind.property(name))
}

/// Why a property cannot be part of a number.
fn unfit(kind: &ItemType, name: &str) -> Option<String> {
    if kind.number_property.as_deref() == Some(name) {
        return Some("A number is not made of itself".to_owned());
    }
    match kind.property(name) {
        None => Some(format!("{} has no property {name:?}; use yyyy, yy, mm or one of its properties", kind.id)),
        Some(property) if !property.data_type.is_plain() => Some(format!("{name} holds no plain value")),
        Some(_) => None,
    }
}

pub(super) fn exhausted(kind: &ItemType, number: &str, why: &str) -> Error {
    Error::conflict(format!("The numbering of {} cannot give {number:?}: {why}", kind.id))
        .code(
            "NUMBERING_EXHAUSTED",
            format!("The next number {number:?} does not fit: {why}. Change the numbering of {}.", kind.label),
        )
        .details(serde_json::json!({ "resource": kind.id, "number": number }))
}
