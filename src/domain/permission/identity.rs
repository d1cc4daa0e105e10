//! Whom an entry names, and what a set is called. Pure.

use super::model::{CREATOR, OWNER, WORLD};
use crate::error::{Error, Result};
use crate::types::UserId;
use crate::types::text::hidden_in_identity;

/// The longest id of a set.
const MAX_SET_ID: usize = 100;
/// The longest name of a set, and the longest identity.
const MAX_TEXT: usize = 200;
/// Passes every check, so that an entry for it would mislead.
const SUPERUSER: &str = "superuser";

/// An identity as entries keep it: `world`, `Creator`, `Owner`, the number of a user, or a role.
pub(super) fn read_identity(given: &str) -> Result<String> {
    let loc = ["body", "identity_id"];
    let identity = shown_text(given, &loc, MAX_TEXT)?;
    if [WORLD, CREATOR, OWNER].contains(&identity) {
        return Ok(identity.to_owned());
    }
    if identity.bytes().all(|byte| byte.is_ascii_digit()) {
        let user = identity.parse::<UserId>().ok().filter(|user| *user > 0);
        let user = user.ok_or_else(|| Error::invalid_field("value_error", &loc, "A user's id is a positive number"))?;
        return Ok(user.to_string());
    }
    read_role(identity, &loc)
}

/// The name of a role, as members have it.
pub fn read_role(given: &str, loc: &[&str]) -> Result<String> {
    let role = shown_text(given, loc, MAX_TEXT)?;
    let refuse = |message: String| Err(Error::invalid_field("value_error", loc, message));
    if role.eq_ignore_ascii_case(SUPERUSER) {
        return refuse("Superusers pass every check; name a role, a user, world, Creator or Owner".to_owned());
    }
    if let Some(meant) = [WORLD, CREATOR, OWNER].into_iter().find(|name| role.eq_ignore_ascii_case(name)) {
        return refuse(format!("{role:?} is no role; {meant:?} has a meaning of its own in permission sets"));
    }
    if role.bytes().all(|byte| byte.is_ascii_digit()) {
        return refuse("A role is no number; numbers are users".to_owned());
    }
    Ok(role.to_owned())
}

/// The id of a new set.
pub(super) fn read_set_id(given: &str) -> Result<String> {
    let loc = ["body", "id"];
    let id = shown_text(given, &loc, MAX_SET_ID)?;
    // Entries are known by `set:identity`, which must name one pair only.
    if id.contains([':', '/']) {
        return Err(Error::invalid_field("value_error", &loc, "An id has no \":\" and no \"/\""));
    }
    Ok(id.to_owned())
}

pub(super) fn read_name(given: &str) -> Result<String> {
    shown_text(given, &["body", "name"], MAX_TEXT).map(str::to_owned)
}

/// A text with something to see and nothing unseen, without the white space around it.
fn shown_text<'a>(given: &'a str, loc: &[&str], most: usize) -> Result<&'a str> {
    let text = given.trim();
    if text.is_empty() {
        return Err(Error::invalid_field("string_too_short", loc, "At least 1 character"));
    }
    if text.chars().count() > most {
        return Err(Error::invalid_field("string_too_long", loc, format!("At most {most} characters")));
    }
    match hidden_in_identity(text) {
        Some(sign) => {
            let message = format!("Holds the invisible character U+{:04X}", u32::from(sign));
            Err(Error::invalid_field("value_error", loc, message))
        }
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_roles_users_and_the_three_words() {
        let table = [
            ("world", "world"),
            ("Creator", "Creator"),
            ("Owner", "Owner"),
            ("0042", "42"),
            (" engineer ", "engineer"),
            ("admin", "admin"),
            ("设计师", "设计师"),
            ("quality-lead 2", "quality-lead 2"),
            ("team:a/b", "team:a/b"),
        ];
        for (given, expected) in table {
            assert_eq!(read_identity(given).unwrap(), expected, "{given:?}");
        }
        let too_long = "x".repeat(201);
        for bad in [
            "",
            "  ",
            "World",
            "creator",
            "OWNER",
            "superuser",
            "0",
            "99999999999999999999",
            "a\nb",
            "a\u{200b}",
            &too_long,
        ] {
            assert_eq!(read_identity(bad).unwrap_err().problems()[0].loc, ["body", "identity_id"], "{bad:?}");
        }
    }

    #[test]
    fn ids_and_names_can_be_read_and_stand_in_a_path() {
        assert_eq!(read_set_id(" Read Only ").unwrap(), "Read Only");
        assert_eq!(read_name("只读").unwrap(), "只读");
        for bad in ["", "a/b", "a:b", "a\u{0}", &"x".repeat(101)] {
            assert!(read_set_id(bad).is_err(), "{bad:?}");
        }
        assert!(read_name("\t").is_err());
    }
}
