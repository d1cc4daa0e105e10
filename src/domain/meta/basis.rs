//! What a change was based on: the state of the item that its author has seen. A change of an item that has moved on since
//! is refused, with the item as it is now.

use std::fmt;
use std::str::FromStr;

use serde_json::json;
use uuid::Uuid;

use super::item::Item;
use super::mirrors::ItemView;
use super::model::Model;
use crate::error::{Error, Result};

/// Names one state of one item: `<id>-<number of changes>`; quoted as HTTP's `ETag` wherever it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ETag {
    id: Uuid,
    change_count: i64,
}

impl ETag {
    pub fn of(item: &Item) -> Self {
        Self { id: item.id, change_count: item.change_count }
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}-{}\"", self.id, self.change_count)
    }
}

impl FromStr for ETag {
    type Err = ();

    /// With or without quotes. A proxy that compresses answers marks their tags as weak (`W/`); they name the same state.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        let text = text.strip_prefix("W/").unwrap_or(text);
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let (id, count) = bare.rsplit_once('-').ok_or(())?;
        if count.is_empty() || !count.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(());
        }
        Ok(Self { id: Uuid::parse_str(id).map_err(|_| ())?, change_count: count.parse().map_err(|_| ())? })
    }
}

/// A list of states, as `If-Match` and `If-None-Match` write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ETags {
    /// `*`: whatever state the item is in.
    Any,
    OneOf(Vec<ETag>),
}

impl ETags {
    pub fn hold(&self, tag: ETag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.contains(&tag),
        }
    }

    /// Reads a list of tags; fails with `Invalid`, naming where it stands.
    pub fn read(text: &str, loc: &[&str]) -> Result<Self> {
        text.parse().map_err(|()| {
            let message = "Expected an ETag as an answer gave it, several with commas between, or *";
            Error::invalid_field("value_error", loc, message)
        })
    }
}

impl FromStr for ETags {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        text.split(',').map(str::parse).collect::<Result<_, ()>>().map(Self::OneOf)
    }
}

/// What the author of a change has seen; by default nothing in particular.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    pub if_match: Option<ETags>,
    pub generation: Option<i32>,
}

impl Basis {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The item is still as its author has seen it; else `Conflict` `STALE_ITEM` with the item in the details. For who may
    /// read the item.
    pub fn require(&self, model: &Model, item: &Item) -> Result<()> {
        let fresh = self.if_match.as_ref().is_none_or(|tags| tags.hold(ETag::of(item)))
            && self.generation.is_none_or(|generation| generation == item.generation);
        if fresh {
            return Ok(());
        }
        Err(Error::conflict(format!("{} {} has been changed meanwhile", item.item_type, item.id))
            .code("STALE_ITEM", "Somebody changed it since you read it. Look at what it is now, and change that.")
            .details(json!({ "resource": item.item_type, "item": ItemView::new(model, item.clone()).json() })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0193b0f5-0000-7000-8000-000000000001";

    #[test]
    fn a_tag_is_read_as_it_is_written_and_as_proxies_change_it() {
        let tag = ETag { id: Uuid::parse_str(ID).unwrap(), change_count: 12 };
        assert_eq!(tag.to_string(), format!("\"{ID}-12\""));
        for text in [tag.to_string(), format!("{ID}-12"), format!("W/\"{ID}-12\""), format!(" \"{ID}-12\" ")] {
            assert_eq!(text.parse(), Ok(tag), "{text}");
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        let mut table: Vec<String> =
            ["", "x", "\"\"", "12", "\"x-1\"", "*, \"x\"", ","].iter().map(|text| (*text).to_owned()).collect();
        table.extend(["", "-", "--1", "-+1", "-1.0", "-99999999999999999999"].map(|end| format!("\"{ID}{end}\"")));
        for text in table {
            assert!(text.parse::<ETags>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_holds_each_of_its_tags_and_a_star_all() {
        let tags: ETags = format!("\"{ID}-1\", \"{ID}-2\"").parse().unwrap();
        let tag = |change_count| ETag { id: Uuid::parse_str(ID).unwrap(), change_count };
        assert_eq!([1, 2, 3].map(|count| tags.hold(tag(count))), [true, true, false]);
        assert!("*".parse::<ETags>().unwrap().hold(tag(7)));
    }
}
