//! What every request passes through: an id, a log line, limits, and failures in our form.

mod failures;
mod request;

pub use request::{Limits, Request, RequestId};
