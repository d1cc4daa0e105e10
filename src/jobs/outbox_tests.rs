//! Delivery of events: order, once acknowledged never again, and failures that stay where they are.

use std::sync::Mutex;

use chrono::TimeDelta;
use serde_json::json;

use super::outbox::{Delivery, deliver};
use super::testing::{Installation, event, jobs, record_event};
use super::*;
use crate::context::now;
use crate::db::Tx;

/// Notes the subjects of `item.` events, enqueues a job for each, and fails on those named.
#[derive(Default)]
struct Notes {
    seen: Mutex<Vec<String>>,
    failing: Mutex<Vec<&'static str>>,
    panics: bool,
}

impl Notes {
    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

#[async_trait]
impl Subscriber for Notes {
    fn name(&self) -> &'static str {
        "notes"
    }

    fn wants(&self, topic: &str) -> bool {
        topic.starts_with("item.")
    }

    async fn handle(&self, ctx: &Ctx, tx: &Tx, event: &Event) -> Result<()> {
        self.seen.lock().unwrap().push(event.subject.clone());
        enqueue(tx, ctx, NewJob::new("work", json!({ "event": event.id }))).await?;
        let fails = self.failing.lock().unwrap().contains(&event.subject.as_str());
        assert!(!(fails && self.panics), "the subscriber breaks");
        if fails { Err(Error::unavailable("not now")) } else { Ok(()) }
    }
}

fn only(notes: &Arc<Notes>) -> [Arc<dyn Subscriber>; 1] {
    [notes.clone()]
}

#[tokio::test]
async fn events_come_in_order_and_once_acknowledged_never_again() {
    let at = Installation::with(&["acme"]).await;
    let (ctx, site, notes) = (at.ctx("acme").await, at.site("acme").await, Arc::new(Notes::default()));
    for subject in ["Part/1", "Part/2", "Part/3"] {
        record_event(&ctx, "item.created", subject).await;
    }
    let unwanted = record_event(&ctx, "bom.line_removed", "Part BOM/1").await;

    let first = deliver(&site, &only(&notes), now(), 2).await.unwrap();
    let second = deliver(&site, &only(&notes), now(), 10).await.unwrap();
    let third = deliver(&site, &only(&notes), now(), 10).await.unwrap();

    assert_eq!([first.delivered, second.delivered, third.delivered], [2, 2, 0]);
    assert_eq!(notes.seen(), ["Part/1", "Part/2", "Part/3"]);
    assert_eq!(jobs(&ctx).await.len(), 3);
    assert!(event(&ctx, unwanted).await.unwrap().delivered_at.is_some());
}

#[tokio::test]
async fn a_failure_keeps_its_event_and_holds_back_its_own_subject_only() {
    for panics in [false, true] {
        let at = Installation::with(&["acme"]).await;
        let (ctx, site) = (at.ctx("acme").await, at.site("acme").await);
        let notes = Arc::new(Notes { panics, failing: Mutex::new(vec!["Part/1"]), ..Notes::default() });
        let stuck = record_event(&ctx, "item.created", "Part/1").await;
        record_event(&ctx, "item.updated", "Part/1").await;
        record_event(&ctx, "item.created", "Part/2").await;

        let done = deliver(&site, &only(&notes), now(), 10).await.unwrap();
        assert_eq!(
            (done, notes.seen()),
            (Delivery { delivered: 1, failed: 1 }, vec!["Part/1".into(), "Part/2".into()])
        );
        // What the subscriber wrote before it failed is undone.
        assert_eq!(jobs(&ctx).await.len(), 1);
        let row = event(&ctx, stuck).await.unwrap();
        assert_eq!((row.delivered_at, row.attempt_count), (None, 1));
        assert!(row.scheduled_at > now() && row.last_error.is_some());

        record_event(&ctx, "item.created", "Part/3").await;
        deliver(&site, &only(&notes), now(), 10).await.unwrap();
        assert_eq!(notes.seen(), ["Part/3"]);

        notes.failing.lock().unwrap().clear();
        let later = now() + TimeDelta::minutes(1);
        assert_eq!(deliver(&site, &only(&notes), later, 10).await.unwrap().delivered, 2);
        assert_eq!(notes.seen(), ["Part/1", "Part/1"]);
    }
}

#[tokio::test]
async fn many_broken_events_do_not_hide_a_sound_one() {
    let at = Installation::with(&["acme"]).await;
    let (ctx, site) = (at.ctx("acme").await, at.site("acme").await);
    let broken = ["Part/1", "Part/2", "Part/3"];
    let notes = Arc::new(Notes { failing: Mutex::new(broken.to_vec()), ..Notes::default() });
    for subject in broken {
        record_event(&ctx, "item.created", subject).await;
    }
    record_event(&ctx, "item.created", "Part/9").await;
    for _ in 0..2 {
        deliver(&site, &only(&notes), now(), 2).await.unwrap();
    }
    assert_eq!(notes.seen(), ["Part/1", "Part/2", "Part/3", "Part/9"]);
}

/// Takes all at once, and refuses to when a subject is among them.
struct Many {
    calls: Mutex<Vec<usize>>,
    refused: &'static str,
}

#[async_trait]
impl Subscriber for Many {
    fn name(&self) -> &'static str {
        "many"
    }

    fn wants(&self, _: &str) -> bool {
        true
    }

    fn takes_many(&self) -> bool {
        true
    }

    async fn handle(&self, ctx: &Ctx, tx: &Tx, event: &Event) -> Result<()> {
        self.handle_many(ctx, tx, std::slice::from_ref(event)).await
    }

    async fn handle_many(&self, _: &Ctx, _: &Tx, events: &[Event]) -> Result<()> {
        self.calls.lock().unwrap().push(events.len());
        match events.iter().any(|event| event.subject == self.refused) {
            true => Err(Error::internal("no")),
            false => Ok(()),
        }
    }
}

#[tokio::test]
async fn who_takes_many_gets_them_at_once_and_after_a_failure_one_by_one() {
    let at = Installation::with(&["acme"]).await;
    let (ctx, site) = (at.ctx("acme").await, at.site("acme").await);
    while outbox::deliver(&site, &[], now(), 100).await.unwrap().delivered > 0 {}
    for subject in ["Part/1", "Part/2", "Part/3"] {
        record_event(&ctx, "item.created", subject).await;
    }
    let many = Arc::new(Many { calls: Mutex::default(), refused: "Part/2" });
    let subscribers: [Arc<dyn Subscriber>; 1] = [many.clone()];
    let done = outbox::deliver(&site, &subscribers, now(), 100).await.unwrap();
    assert_eq!((done.delivered, done.failed), (2, 1));
    assert_eq!(*many.calls.lock().unwrap(), [3, 1, 1, 1]);
    for subject in ["Part/4", "Part/5"] {
        record_event(&ctx, "item.created", subject).await;
    }
    let done = outbox::deliver(&site, &subscribers, now(), 100).await.unwrap();
    assert_eq!((done.delivered, done.failed), (2, 0));
    assert_eq!(many.calls.lock().unwrap().last(), Some(&2));
}
