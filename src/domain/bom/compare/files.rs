//! The files of the items that are on both sides: by role and name, and by content.

use super::align::Aligned;
use super::walk::{Part, Walk};
use crate::domain::file::FileFact;

/// An item whose files are not the same on both sides.
pub struct FileDifference<'c, 'a> {
    pub walk: &'c Walk<'a>,
    /// On the left.
    pub part: usize,
    /// Those of the right alone, those of the left alone.
    pub added: Vec<&'a FileFact>,
    pub removed: Vec<&'a FileFact>,
    /// Of one role and name, with another content.
    pub changed: Vec<(&'a FileFact, &'a FileFact)>,
}

/// The differences of two sides, in the order of levels; none where files were not asked for.
pub fn file_differences<'c, 'a>(aligned: &'c Aligned<'a>) -> impl Iterator<Item = FileDifference<'c, 'a>> {
    aligned.counterparts.iter().filter_map(|parts| {
        let [(0, left), (1, right)] = parts.as_slice() else { return None };
        let (walk, other) = (aligned.walks.first()?, aligned.walks.get(1)?);
        let found = differing(&walk.parts[*left], &other.parts[*right]);
        let (added, removed, changed) = found;
        let some = !(added.is_empty() && removed.is_empty() && changed.is_empty());
        some.then_some(FileDifference { walk, part: *left, added, removed, changed })
    })
}

type Found<'a> = (Vec<&'a FileFact>, Vec<&'a FileFact>, Vec<(&'a FileFact, &'a FileFact)>);

fn differing<'a>(left: &Part<'a>, right: &Part<'a>) -> Found<'a> {
    let mut removed: Vec<&FileFact> = left.files.iter().filter(|one| !has(right.files, one)).collect();
    let mut added: Vec<&FileFact> = right.files.iter().filter(|one| !has(left.files, one)).collect();
    let mut changed = Vec::new();
    removed.retain(|before| {
        let same = |after: &&FileFact| (&after.role, &after.filename) == (&before.role, &before.filename);
        let Some(at) = added.iter().position(same) else { return true };
        changed.push((*before, added.remove(at)));
        false
    });
    (added, removed, changed)
}

/// The same content in the same role; that it came under another name at another time does not matter.
fn has(files: &[FileFact], one: &FileFact) -> bool {
    files.iter().any(|other| other.role == one.role && other.sha256 == one.sha256)
}
