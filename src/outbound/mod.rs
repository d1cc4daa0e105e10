//! Requests that leave the installation: to which addresses they may go, how long they may take, how much of an answer is
//! read, and when a service that fails is left alone. What is sent and to whom belongs to others.

mod address;
mod breaker;
mod client;

pub use address::{Refused, check_url, is_public};
pub use breaker::{Breaker, BreakerRules, Snapshot};
pub use client::{Answer, Client, Failure, Reach};
