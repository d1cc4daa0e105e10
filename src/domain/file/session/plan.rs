//! Into which parts a content is cut, and whether those that arrived are these. Pure.

use serde_json::json;

use crate::error::{Error, Result};
use crate::storage::StoredPart;

/// What S3 takes at most, and nobody needs more elsewhere.
const MOST_PARTS: u64 = 10_000;
const LEAST_PART: u64 = 8 << 20;
/// Parts are whole mebibytes.
const STEP: u64 = 1 << 20;
/// Parts that an error names.
const MOST_NAMED: usize = 100;

/// A part as its sender knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPart {
    pub number: u32,
    pub etag: String,
}

/// The smallest part from 8 MiB on of which 10 000 are enough.
pub fn part_size(size: u64) -> u64 {
    let least = size.div_ceil(MOST_PARTS);
    if least <= LEAST_PART { LEAST_PART } else { least.div_ceil(STEP) * STEP }
}

pub fn part_count(size: u64, part_size: u64) -> u32 {
    u32::try_from(size.div_ceil(part_size.max(1))).unwrap_or(u32::MAX)
}

/// How long a part must be; `None` for a number that there is not.
pub fn length_of(size: u64, part_size: u64, number: u32) -> Option<u64> {
    let start = u64::from(number.checked_sub(1)?).checked_mul(part_size)?;
    (start < size).then(|| (size - start).min(part_size))
}

/// Every part as it must be.
pub fn all(size: u64, part_size: u64) -> Vec<StoredPart> {
    let part = |number| length_of(size, part_size, number).map(|size| StoredPart { number, size, etag: None });
    (1..=part_count(size, part_size)).filter_map(part).collect()
}

/// The parts of a content that has all of them, in their order.
pub fn check(size: u64, part_size: u64, stored: &[StoredPart], named: &[NamedPart]) -> Result<Vec<StoredPart>> {
    let (mut whole, mut missing, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=part_count(size, part_size) {
        let expected = length_of(size, part_size, number).unwrap_or_default();
        match stored.iter().find(|part| part.number == number) {
            None => missing.push(number),
            Some(part) if part.size != expected => {
                wrong.push(json!({ "number": number, "size": part.size, "expected": expected }));
            }
            Some(part) => whole.push(part.clone()),
        }
    }
    if missing.is_empty() && wrong.is_empty() {
        return confirm(whole, named);
    }
    let message = format!("{} parts are missing, {} have another length than they should", missing.len(), wrong.len());
    let details = json!({
        "missing_count": missing.len(), "missing": missing.iter().take(MOST_NAMED).collect::<Vec<_>>(),
        "wrong_size": wrong.iter().take(MOST_NAMED).collect::<Vec<_>>(),
    });
    Err(Error::conflict(message)
        .code("UPLOAD_INCOMPLETE", "Send the parts in the details (again), then complete the upload.")
        .details(details))
}

/// What the sender says of parts holds for them. Where the storage tells no ETags, the sender's are passed on.
fn confirm(mut parts: Vec<StoredPart>, named: &[NamedPart]) -> Result<Vec<StoredPart>> {
    let mut other = Vec::new();
    for NamedPart { number, etag } in named {
        let Some(part) = number.checked_sub(1).and_then(|at| parts.get_mut(at as usize)) else {
            return Err(Error::invalid_field("value_error", &["body", "parts"], format!("There is no part {number}")));
        };
        match &part.etag {
            Some(stored) if bare(stored) != bare(etag) => other.push(*number),
            Some(_) => {}
            None => part.etag = Some(format!("\"{}\"", bare(etag))),
        }
    }
    if other.is_empty() {
        return Ok(parts);
    }
    other.truncate(MOST_NAMED);
    Err(Error::conflict("Some parts were stored with another content than the one named")
        .code("UPLOAD_PART_CHANGED", "Send the parts in the details again, then complete the upload.")
        .details(json!({ "parts": other })))
}

fn bare(etag: &str) -> &str {
    etag.trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored(sizes: &[u64]) -> Vec<StoredPart> {
        let part = |(at, size): (usize, &u64)| StoredPart { number: at as u32 + 1, size: *size, etag: None };
        sizes.iter().enumerate().map(part).collect()
    }

    #[test]
    fn parts_grow_when_there_would_be_too_many() {
        for (size, expected) in [
            (1, 8 << 20),
            (8 << 20, 8 << 20),
            (80_000 << 20, 8 << 20),
            ((80_000 << 20) + 1, 9 << 20),
            (5 << 40, 525 << 20),
        ] {
            assert_eq!(part_size(size), expected, "{size}");
            assert!(u64::from(part_count(size, expected)) <= MOST_PARTS);
        }
    }

    #[test]
    fn the_last_part_is_the_rest_and_there_is_none_behind_it() {
        let lengths: Vec<_> = (0..5).map(|number| length_of(25, 10, number)).collect();
        assert_eq!(lengths, [None, Some(10), Some(10), Some(5), None]);
        assert_eq!(length_of(20, 10, 2), Some(10));
        assert_eq!(length_of(20, 10, 3), None);
        assert_eq!(length_of(25, u64::MAX, u32::MAX), None);
    }

    #[test]
    fn all_parts_must_be_there_at_their_length() {
        assert_eq!(check(25, 10, &stored(&[10, 10, 5]), &[]).unwrap(), all(25, 10));
        // What is there beyond the last part does not count.
        assert_eq!(check(25, 10, &stored(&[10, 10, 5, 9]), &[]).unwrap().len(), 3);
        let lacking = check(25, 10, &stored(&[10, 9]), &[]).unwrap_err();
        assert_eq!(lacking.code_name(), Some("UPLOAD_INCOMPLETE"));
        let details = lacking.details_value().unwrap();
        assert_eq!((&details["missing"], &details["missing_count"]), (&json!([3]), &json!(1)));
        assert_eq!(details["wrong_size"], json!([{ "number": 2, "size": 9, "expected": 10 }]));
    }

    #[test]
    fn what_the_sender_names_must_be_what_is_stored() {
        let named = |number, etag: &str| NamedPart { number, etag: etag.to_owned() };
        let mut parts = stored(&[10, 5]);
        parts[0].etag = Some("\"aa\"".to_owned());
        let confirmed = check(15, 10, &parts, &[named(1, "aa"), named(2, "bb")]).unwrap();
        assert_eq!(confirmed[1].etag.as_deref(), Some("\"bb\""));
        let changed = check(15, 10, &parts, &[named(1, "cc")]).unwrap_err();
        assert_eq!(changed.code_name(), Some("UPLOAD_PART_CHANGED"));
        for number in [0, 3, u32::MAX] {
            assert_eq!(check(15, 10, &parts, &[named(number, "x")]).unwrap_err().problems()[0].loc, ["body", "parts"]);
        }
    }

    proptest! {
        #[test]
        fn the_parts_of_any_content_add_up_to_it(size in 1u64..(6 << 40)) {
            let part_size = part_size(size);
            let count = part_count(size, part_size);
            prop_assert!(u64::from(count) <= MOST_PARTS && part_size >= LEAST_PART);
            let last = length_of(size, part_size, count).unwrap();
            prop_assert_eq!(u64::from(count - 1) * part_size + last, size);
            prop_assert!(length_of(size, part_size, count + 1).is_none());
        }
    }
}
