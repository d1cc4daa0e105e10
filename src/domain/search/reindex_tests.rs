//! A rebuild that its caller leaves in the middle.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use uuid::Uuid;

use super::document::{Document, Kind};
use super::indexer::{Filters, Indexer, Indexes};
use super::reindex::{Reindex, ReindexJob, reindex};
use super::status::status;
use crate::context::{Ctx, now};
use crate::db::{Db, Sql, Tx};
use crate::domain::meta::Model;
use crate::domain::testing::TestOrg;
use crate::error::{Error, Result};
use crate::jobs::{Job, queue};

/// Three documents, one in a batch; the second batch fails the first time.
#[derive(Default)]
struct Breaks(AtomicU32);

#[async_trait]
impl Indexer for Breaks {
    fn kind(&self) -> Kind {
        Kind::File
    }

    fn topics(&self) -> &'static [&'static str] {
        &[]
    }

    async fn load(&self, _: &Ctx, _: &Tx, _: &[Uuid]) -> Result<Vec<Document>> {
        Ok(Vec::new())
    }

    async fn page(&self, _: &Ctx, _: &Tx, _: Option<&str>, after: Option<Uuid>, _: u64) -> Result<Vec<Document>> {
        if self.0.fetch_add(1, Ordering::Relaxed) == 1 {
            return Err(Error::unavailable("The caller is gone"));
        }
        let next = after.map_or(1, |id| id.as_u128() + 1);
        let document = |number: u128| Document {
            id: Uuid::from_u128(number),
            type_id: None,
            state: None,
            stage: None,
            number: None,
            name: None,
            text: String::new(),
            fields: None,
            created_at: now(),
            updated_at: None,
        };
        Ok((next..=3).take(1).map(document).collect())
    }

    async fn count(&self, _: &Db, _: Option<&str>) -> Result<u64> {
        Ok(3)
    }

    fn admits(&self, sql: &mut Sql, _: &Model, _: &Filters) {
        sql.push("TRUE");
    }

    fn is_gone(&self, sql: &mut Sql) {
        sql.push("FALSE");
    }
}

#[tokio::test]
async fn what_a_caller_leaves_half_done_is_a_job_that_goes_on() {
    let org = TestOrg::new().await;
    let indexes = Indexes::default().with(Breaks::default());
    let asked = Reindex { scope: None, reset: true, limit: None, batch: 1, background: false };
    reindex(&org.ctx, &indexes, Kind::File, asked.clone()).await.unwrap_err();
    let left = status(&org.ctx, &indexes, Kind::File).await.unwrap();
    assert_eq!((left.documents, left.rebuild.unwrap().finished_at), (Some(1), None));

    let job = ReindexJob::new(indexes.clone());
    let later = now() + chrono::TimeDelta::hours(1);
    let lease = std::time::Duration::from_secs(60);
    let claimed = queue::claim(&org.ctx.db, "w", &[job.name()], later, lease).await.unwrap().unwrap();
    assert_eq!(claimed.task.payload["reset"], true);
    job.run(org.ctx.clone(), claimed.task).await.unwrap();
    let done = status(&org.ctx, &indexes, Kind::File).await.unwrap();
    assert!(done.documents == Some(3) && done.rebuild.unwrap().finished_at.is_some());

    // What the caller does to the end leaves no job.
    let tx = org.ctx.begin().await.unwrap();
    crate::jobs::cancel(&tx, &org.ctx, claimed.lease.job).await.unwrap();
    tx.commit().await.unwrap();
    let again = reindex(&org.ctx, &indexes, Kind::File, asked).await.unwrap();
    assert_eq!((again.indexed, again.job_id), (3, None));
    assert!(queue::claim(&org.ctx.db, "w", &[job.name()], later, lease).await.unwrap().is_none());
    assert_eq!(status(&org.ctx, &indexes, Kind::File).await.unwrap().documents, Some(3));
}
