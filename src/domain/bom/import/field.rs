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
    /// How deep a row stands: a level, or an item number such as `1.2.3`.
    Level,
    /// The number of the part that a row hangs below.
    Parent,
    /// Any other property of the item.
    Property(String),
    /// Any other property of the line.
    Line(String),
}

const PLAIN: [(&str, Field); 12] = [
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
    ("level", Field::Level),
    ("parent", Field::Parent),
];

impl FromStr for Field {
    type Err = String;

    /// The error is a sentence for a person, with the list of fields.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |wanted: &str| PLAIN.into_iter().find(|(name, _)| *name == wanted).map(|(_, field)| field);
        if let Some(field) = plain(text) {
            return Ok(field);
        }
        if let Some(name) = text.strip_prefix("line.").filter(|name| is_property_name(name)) {
            let own = plain(name).filter(|field| field.is_of_line() && !field.is_structure());
            return Ok(own.unwrap_or_else(|| Self::Line(name.to_owned())));
        }
        match text.strip_prefix("property.") {
            Some("item_number") => Ok(Self::Number),
            Some(name) if is_property_name(name) => {
                Ok(plain(name).filter(|field| !field.is_of_line()).unwrap_or_else(|| Self::Property(name.to_owned())))
            }
            _ => Err(format!("{text:?} is no field; the fields are {}", field_names())),
        }
    }
}

impl Field {
    fn is_of_line(&self) -> bool {
        matches!(self, Self::Quantity | Self::Uom | Self::FindNum | Self::Refdes) || self.is_structure()
    }

    fn is_structure(&self) -> bool {
        matches!(self, Self::Level | Self::Parent)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(name) => write!(out, "property.{name}"),
            Self::Line(name) => write!(out, "line.{name}"),
            plain => out.write_str(PLAIN.iter().find(|(_, field)| field == plain).map_or("", |(name, _)| name)),
        }
    }
}

fn is_property_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn field_names() -> String {
    PLAIN.iter().map(|(name, _)| *name).chain(["property.NAME", "line.NAME"]).collect::<Vec<_>>().join(", ")
}
