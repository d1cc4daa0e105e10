//! What the columns of a sheet can hold, and how a person writes it.

use std::fmt;
use std::str::FromStr;

/// What a column can hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Number,
    Name,
    Quantity,
    Uom,
    FindNum,
    Refdes,
    Cost,
    Weight,
    Description,
    Revision,
    /// Any other property of the item.
    Property(String),
}

const PLAIN: [(&str, Field); 10] = [
    ("number", Field::Number),
    ("name", Field::Name),
    ("quantity", Field::Quantity),
    ("uom", Field::Uom),
    ("find_num", Field::FindNum),
    ("refdes", Field::Refdes),
    ("cost", Field::Cost),
    ("weight", Field::Weight),
    ("description", Field::Description),
    ("revision", Field::Revision),
];

impl FromStr for Field {
    type Err = String;

    /// The error is a sentence for a person, with the list of fields.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |wanted: &str| PLAIN.into_iter().find(|(name, _)| *name == wanted).map(|(_, field)| field);
        if let Some(field) = plain(text) {
            return Ok(field);
        }
        match text.strip_prefix("property.") {
            Some("item_number") => Ok(Self::Number),
            Some(name) if is_property_name(name) => Ok(plain(name)
                .filter(|field| !matches!(field, Self::Quantity | Self::Uom | Self::FindNum | Self::Refdes))
                .unwrap_or_else(|| Self::Property(name.to_owned()))),
            _ => Err(format!("{text:?} is no field; the fields are {}", field_names())),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(name) => write!(out, "property.{name}"),
            plain => out.write_str(PLAIN.iter().find(|(_, field)| field == plain).map_or("", |(name, _)| name)),
        }
    }
}

fn is_property_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn field_names() -> String {
    PLAIN.iter().map(|(name, _)| *name).chain(["property.NAME"]).collect::<Vec<_>>().join(", ")
}
