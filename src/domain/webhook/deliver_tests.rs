//! Whose turn it is, and what becomes of deliveries whose job is called off or put back.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::deliver::DeliverWebhook;
use super::deliveries::{find_delivery, send_test};
use super::model::{Delivery, NewWebhook, Status, Webhook};
use super::{Webhooks, manage};
use crate::context::{Ctx, now};
use crate::domain::testing::TestOrg;
use crate::jobs::queue::{self, Claimed};
use crate::jobs::{self, Job};

struct World {
    org: TestOrg,
    rules: Arc<Webhooks>,
    job: DeliverWebhook,
}

impl World {
    async fn new() -> Self {
        let pairs = [("YUANTUS_WEBHOOKS__ALLOW_PRIVATE_ADDRESSES".to_owned(), "true".to_owned())];
        let config = crate::config::Config::load_from(None, pairs).unwrap().config;
        let rules = Arc::new(Webhooks::new(&config.webhooks));
        Self { org: TestOrg::new().await, job: DeliverWebhook::new(rules.clone()), rules }
    }

    fn ctx(&self) -> Ctx {
        self.org.ctx.clone()
    }

    /// A webhook whose receiver answers with these, one after the other.
    async fn webhook(&self, answers: &'static [u16]) -> Webhook {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            for status in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 8192]).await;
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let new = NewWebhook { name: None, url, events: vec!["*".to_owned()], item_types: vec![], is_active: true };
        manage::create(&self.ctx(), &self.rules, new).await.unwrap()
    }

    /// Deliveries of one webhook about one subject.
    async fn deliver(&self, webhook: &Webhook) -> Delivery {
        send_test(&self.ctx(), &self.rules, &webhook.id.to_string()).await.unwrap()
    }

    async fn claim(&self) -> Claimed {
        self.claim_in(0).await
    }

    async fn claim_in(&self, seconds: i64) -> Claimed {
        let (at, lease) = (now() + TimeDelta::seconds(seconds), Duration::from_secs(60));
        queue::claim(&self.ctx().db, "w", &[self.job.name()], at, lease).await.unwrap().unwrap()
    }

    /// Runs a job; whether it was put off.
    async fn run(&self, claimed: &Claimed) -> bool {
        let ended = self.job.run(self.ctx(), claimed.task.clone()).await;
        if let Some(until) = claimed.task.reporter.is_put_off() {
            assert!(queue::release(&self.ctx().db, &claimed.lease, until).await.unwrap());
            return true;
        }
        match ended {
            Ok(result) => queue::complete(&self.ctx().db, &claimed.lease, now(), result).await.unwrap(),
            Err(error) => queue::fail(&self.ctx().db, &claimed.lease, now(), &error).await.unwrap(),
        };
        false
    }

    async fn status(&self, delivery: &Delivery) -> Status {
        let found = find_delivery(&self.ctx(), &delivery.webhook_id.to_string(), &delivery.id.to_string()).await;
        found.unwrap().status
    }

    async fn change(&self, delivery: &Delivery, put_back: bool) {
        let (ctx, id) = (self.ctx(), delivery.job_id.unwrap());
        let tx = ctx.begin().await.unwrap();
        let done = if put_back { jobs::put_back(&tx, &ctx, id).await } else { jobs::cancel(&tx, &ctx, id).await };
        done.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_job_that_is_put_back_sends_the_failed_delivery() {
    let world = World::new().await;
    let webhook = world.webhook(&[410, 200]).await;
    let delivery = world.deliver(&webhook).await;
    assert!(!world.run(&world.claim().await).await);
    assert_eq!(world.status(&delivery).await, Status::Failed);
    world.change(&delivery, true).await;
    assert!(!world.run(&world.claim().await).await);
    assert_eq!(world.status(&delivery).await, Status::Delivered);
}

#[tokio::test]
async fn a_delivery_whose_job_is_called_off_ends_and_holds_up_nothing() {
    let world = World::new().await;
    let webhook = world.webhook(&[200]).await;
    let (first, second) = (world.deliver(&webhook).await, world.deliver(&webhook).await);
    world.change(&first, false).await;
    assert!(!world.run(&world.claim().await).await, "put off for a delivery that nobody sends");
    assert_eq!((world.status(&first).await, world.status(&second).await), (Status::Failed, Status::Delivered));
}

#[tokio::test]
async fn a_webhook_is_sent_one_delivery_at_a_time_and_others_go_on() {
    let world = World::new().await;
    let (slow, quick) = (world.webhook(&[500, 200, 200]).await, world.webhook(&[200]).await);
    let (first, second) = (world.deliver(&slow).await, world.deliver(&slow).await);
    let other = world.deliver(&quick).await;
    let under_way = world.claim().await;
    let waiting = world.claim().await;
    assert_eq!((under_way.lease.job, waiting.lease.job), (first.job_id.unwrap(), second.job_id.unwrap()));
    assert!(world.run(&waiting).await);
    assert!(!world.run(&world.claim().await).await);
    assert_eq!(world.status(&other).await, Status::Delivered);
    assert!(!world.run(&under_way).await);
    // Its second attempt meets the other's first: the one that began earlier goes on, and being put off is no attempt.
    let second_runs = world.claim_in(60).await;
    let first_again = world.claim_in(61).await;
    assert_eq!((second_runs.lease.job, second_runs.lease.attempt), (second.job_id.unwrap(), 1));
    assert_eq!((first_again.lease.job, first_again.lease.attempt), (first.job_id.unwrap(), 2));
    assert!(world.run(&first_again).await);
    assert!(!world.run(&second_runs).await);
    assert_eq!((world.status(&first).await, world.status(&second).await), (Status::Retrying, Status::Delivered));
    let last = world.claim_in(200).await;
    assert_eq!(last.lease.attempt, 2);
    assert!(!world.run(&last).await);
    assert_eq!(world.status(&first).await, Status::Delivered);
}
