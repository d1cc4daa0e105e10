//! SQL of the queue and of the outbox.

pub mod jobs;
pub mod outbox;
