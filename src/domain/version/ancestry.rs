//! From which content two versions of an item went their own ways. Pure.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a version follows, and how.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub follows: Option<Uuid>,
    /// It left what it follows as it was at that moment, which may have changed since; else it follows what was released.
    pub is_branch: bool,
    pub created_at: DateTime<Utc>,
}

/// The versions of an item.
pub type Ancestry = HashMap<Uuid, Step>;

/// Where the last content stands that two versions have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Common {
    /// The version as it is: it is released, or one of the two.
    Version(Uuid),
    /// What this version began as.
    StartOf(Uuid),
}

/// The last common content; none for versions that have no ancestor in common.
///
/// Of the ways that lead from the common ancestor to either version, each begins with the ancestor's content of its own
/// moment; the earlier one is in both.
pub fn common(versions: &Ancestry, left: Uuid, right: Uuid) -> Option<Common> {
    let (up_left, up_right) = (upwards(versions, left), upwards(versions, right));
    let known: HashSet<&Uuid> = up_right.iter().collect();
    let at = up_left.iter().position(|id| known.contains(id))?;
    let ancestor = up_left[at];
    let other = up_right.iter().position(|id| *id == ancestor)?;
    let first = |way: &[Uuid], at: usize| {
        let id = *way.get(at.checked_sub(1)?)?;
        let step = versions.get(&id).filter(|step| step.is_branch)?;
        Some((step.created_at, id))
    };
    let earlier = first(&up_left, at).into_iter().chain(first(&up_right, other)).min();
    Some(earlier.map_or(Common::Version(ancestor), |(_, id)| Common::StartOf(id)))
}

/// A version and what it follows, up to the first.
fn upwards(versions: &Ancestry, from: Uuid) -> Vec<Uuid> {
    let follows = |id: &Uuid| versions.get(id).and_then(|step| step.follows);
    std::iter::successors(Some(from), follows).take(versions.len() + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// 1 -revised-> 2 -revised-> 3; 4 and 5 are branches of 1, 6 of 4, 7 of 2; made in the order of their numbers.
    fn versions() -> Ancestry {
        let steps =
            [(1, 0, false), (2, 1, false), (3, 2, false), (4, 1, true), (5, 1, true), (6, 4, true), (7, 2, true)];
        let step = |(number, follows, is_branch): (u128, u128, bool)| {
            let created_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(number).unwrap());
            (id(number), Step { follows: (follows > 0).then(|| id(follows)), is_branch, created_at })
        };
        steps.into_iter().map(step).collect()
    }

    #[test]
    fn the_last_content_in_common_is_found() {
        use Common::{StartOf, Version};
        let versions = versions();
        for (left, right, expected) in [
            (4, 1, StartOf(id(4))),
            (4, 2, StartOf(id(4))),
            (4, 5, StartOf(id(4))),
            (6, 4, StartOf(id(6))),
            (6, 5, StartOf(id(4))),
            (6, 3, StartOf(id(4))),
            (7, 3, StartOf(id(7))),
            (7, 4, StartOf(id(4))),
            (2, 3, Version(id(2))),
            (1, 3, Version(id(1))),
        ] {
            assert_eq!(common(&versions, id(left), id(right)), Some(expected), "{left} {right}");
            assert_eq!(common(&versions, id(right), id(left)), Some(expected), "{right} {left}");
        }
        assert_eq!(common(&versions, id(1), id(99)), None);
    }
}
