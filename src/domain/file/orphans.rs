//! What lies in the storage and nobody needs: the one place that says what that is, for whoever counts, reports or removes it.

use futures::stream::{BoxStream, StreamExt, TryStreamExt};

use super::repo;
use super::repo::collect::{Standing, Sum};
use crate::context::Ctx;
use crate::error::Result;
use crate::storage::Listed;

/// Contents that are looked up together.
const PAGE: usize = 500;

/// What an object in the storage is to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lot {
    /// Something refers to it.
    Kept,
    /// Nothing refers to it. It goes when its grace is over.
    Forgotten,
    /// It is being removed; the next collection goes on with that.
    Leaving,
    /// An edition that was removed; nobody writes it again.
    Outdated,
    /// A later edition than the known one, as after the restore of an older database.
    Ahead,
    /// The database knows nothing of it.
    Unknown,
}

impl Lot {
    fn of(listed: &Listed, known: Option<&Standing>) -> Self {
        let Some(known) = known else { return Self::Unknown };
        let (here, there) = (listed.object.edition, known.object.id.edition);
        if here > there {
            Self::Ahead
        } else if here < there || known.is_removed {
            Self::Outdated
        } else if known.is_leaving {
            Self::Leaving
        } else if known.is_referenced {
            Self::Kept
        } else {
            Self::Forgotten
        }
    }

    pub fn is_orphan(self) -> bool {
        self != Self::Kept
    }
}

/// Every content in the storage with what it is, some at a time.
pub async fn look(ctx: &Ctx) -> Result<BoxStream<'_, Result<Vec<(Listed, Lot)>>>> {
    let pages = ctx.store.contents().await?.try_chunks(PAGE).map_err(|error| error.1);
    Ok(pages.and_then(move |page| judge(ctx, page)).boxed())
}

/// The rows are read after the list was: whatever was written before it was listed is known by then.
async fn judge(ctx: &Ctx, page: Vec<Listed>) -> Result<Vec<(Listed, Lot)>> {
    let known = repo::collect::standing(&*ctx.db, page.iter().map(|listed| listed.object.sha256)).await?;
    let judged = page.into_iter().map(|listed| {
        let lot = Lot::of(&listed, known.get(&listed.object.sha256));
        (listed, lot)
    });
    Ok(judged.collect())
}

/// How many orphans there are.
pub async fn count(ctx: &Ctx) -> Result<Sum> {
    let add = |mut sum: Sum, page: Vec<(Listed, Lot)>| {
        for (listed, _) in page.iter().filter(|(_, lot)| lot.is_orphan()) {
            sum.count += 1;
            sum.bytes += listed.size;
        }
        std::future::ready(Ok(sum))
    };
    look(ctx).await?.try_fold(Sum::default(), add).await
}

#[cfg(test)]
mod tests {
    use super::super::repo::objects::Object;
    use super::*;
    use crate::storage::ContentHash;

    #[test]
    fn only_the_known_edition_of_what_is_referred_to_is_kept() {
        let hash = ContentHash::from_bytes([7; 32]);
        let listed = |edition| Listed { object: hash.edition(edition), size: 1, modified: None };
        let object = Object { id: hash.edition(2), size: 1 };
        for (edition, is_leaving, is_removed, is_referenced, lot) in [
            (2, false, false, true, Lot::Kept),
            (2, false, false, false, Lot::Forgotten),
            (2, true, false, false, Lot::Leaving),
            (2, true, true, false, Lot::Outdated),
            (1, false, false, true, Lot::Outdated),
            (3, false, false, true, Lot::Ahead),
            (3, true, true, false, Lot::Ahead),
        ] {
            let known = Standing { object, is_leaving, is_removed, is_referenced };
            assert_eq!(Lot::of(&listed(edition), Some(&known)), lot, "{edition} {known:?}");
        }
        assert_eq!(Lot::of(&listed(0), None), Lot::Unknown);
        assert!(
            [Lot::Forgotten, Lot::Leaving, Lot::Outdated, Lot::Ahead, Lot::Unknown].into_iter().all(Lot::is_orphan)
        );
    }
}
