//! Defaults that depend on when and by whom an item is made.
//!
//! The grammar is three words: `today` (the day, in UTC), `now` (the moment), `user_id` (who makes it).

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::Value;

use super::item_type::DataType;
use crate::context::Ctx;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultExpression {
    Today,
    Now,
    UserId,
}

const EXPRESSIONS: [(DefaultExpression, &str); 3] =
    [(DefaultExpression::Today, "today"), (DefaultExpression::Now, "now"), (DefaultExpression::UserId, "user_id")];

impl DefaultExpression {
    pub fn as_str(self) -> &'static str {
        EXPRESSIONS.iter().find(|(known, _)| *known == self).map_or("now", |(_, name)| name)
    }

    pub fn parse(text: &str) -> Option<Self> {
        EXPRESSIONS.iter().find(|(_, name)| *name == text.trim()).map(|(known, _)| *known)
    }

    /// Whether a property of this type can take what it says.
    pub fn suits(self, data_type: DataType) -> bool {
        match self {
            Self::Today => matches!(data_type, DataType::Date | DataType::DateTime) || data_type.is_text(),
            Self::Now => data_type == DataType::DateTime || data_type.is_text(),
            Self::UserId => data_type == DataType::Integer || data_type.is_text(),
        }
    }

    /// The value at this moment; none where nobody in particular acts.
    pub fn value(self, ctx: &Ctx) -> Option<Value> {
        match self {
            Self::Today => Some(ctx.now().date_naive().to_string().into()),
            Self::Now => Some(ctx.now().to_rfc3339_opts(SecondsFormat::AutoSi, true).into()),
            Self::UserId => ctx.actor.user_id().map(Value::from),
        }
    }
}
