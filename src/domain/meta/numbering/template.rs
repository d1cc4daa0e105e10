//! Prefixes of numbers with placeholders: `{yyyy}`, `{yy}` and `{mm}` of the present day in UTC, `{property}` of the item.
//! Pure.

use chrono::{DateTime, Datelike, Utc};

use crate::domain::meta::values::{Values, is_blank, text_value};

/// The longest template.
const MAX_LENGTH: usize = 100;

/// A prefix that has been understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Year,
    ShortYear,
    Month,
    Property(String),
}

impl Template {
    /// Reads a template; the error is a sentence for a person.
    pub fn read(written: &str) -> Result<Self, String> {
        if written.chars().count() > MAX_LENGTH {
            return Err(format!("A prefix has at most {MAX_LENGTH} characters"));
        }
        let mut pieces = Vec::new();
        let mut rest = written;
        while let Some(at) = rest.find(['{', '}']) {
            if at > 0 {
                pieces.push(Piece::Text(rest[..at].to_owned()));
            }
            let inner = rest[at..].strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let (name, after) = inner.ok_or_else(|| "A placeholder is written {name}, with both braces".to_owned())?;
            pieces.push(placeholder(name)?);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The properties that it names.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Property(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The prefix of an item on a day; fails with the name of the property that it needs and the item does not have.
    pub fn render(&self, values: &Values, now: DateTime<Utc>) -> Result<String, String> {
        let mut prefix = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => prefix.push_str(text),
                Piece::Year => prefix.push_str(&format!("{:04}", now.year())),
                Piece::ShortYear => prefix.push_str(&format!("{:02}", now.year() % 100)),
                Piece::Month => prefix.push_str(&format!("{:02}", now.month())),
                Piece::Property(name) => match values.get(name) {
                    Some(value) if !is_blank(Some(value)) && !value.is_array() && !value.is_object() => {
                        prefix.push_str(text_value(value).trim())
                    }
                    _ => return Err(name.clone()),
                },
            }
        }
        Ok(prefix)
    }
}

fn placeholder(name: &str) -> Result<Piece, String> {
    match name {
        "yyyy" => Ok(Piece::Year),
        "yy" => Ok(Piece::ShortYear),
        "mm" => Ok(Piece::Month),
        "" => Err("A placeholder has a name, such as {yyyy} or {category}".to_owned()),
        name if name.contains('{') => Err("A placeholder does not hold another".to_owned()),
        name => Ok(Piece::Property(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use serde_json::json;

    #[test]
    fn placeholders_are_replaced_by_the_day_and_the_item() {
        let values = json!({"category": " BR ", "size": 12, "blank": " ", "list": [1]}).as_object().cloned().unwrap();
        let now = Utc.with_ymd_and_hms(2026, 3, 9, 23, 59, 59).unwrap();
        let table = [
            ("P-", Ok("P-")),
            ("", Ok("")),
            ("料{yyyy}-{yy}{mm}-", Ok("料2026-2603-")),
            ("{category}-{size}-", Ok("BR-12-")),
            ("{colour}-", Err("colour")),
            ("{blank}-", Err("blank")),
            ("{list}-", Err("list")),
        ];
        for (written, expected) in table {
            let rendered = Template::read(written).unwrap().render(&values, now);
            assert_eq!(rendered, expected.map(str::to_owned).map_err(str::to_owned), "{written}");
        }
        assert_eq!(Template::read("{a}{yy}{b}").unwrap().properties().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_template_that_cannot_be_understood_is_refused() {
        for bad in ["{", "}", "a}b", "{yyyy", "{}", "{a{b}}", &"x".repeat(101)] {
            assert!(Template::read(bad).is_err(), "{bad:?}");
        }
    }
}
