//! What follows from an attempt: whether the delivery is done, and whether the webhook has failed for too long. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::model::Status;
use crate::outbound::{Answer, Failure};

/// The answer of a receiver that wants no more.
const GONE: u16 = 410;

/// Fewer deliveries that failed do not tell that a webhook fails for good: a quiet one may have met two bad moments.
const ENOUGH_FAILED: u64 = 3;

/// One attempt and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    pub at: DateTime<Utc>,
    pub number: i32,
    pub max: i32,
    /// Since when the webhook fails without a success in between.
    pub failing_since: Option<DateTime<Utc>>,
    /// Other deliveries that failed since then.
    pub others_failed: u64,
    pub disable_after: TimeDelta,
}

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub status: Status,
    /// Why it was not delivered.
    pub error: Option<String>,
    pub failing_since: Option<DateTime<Utc>>,
    /// Why the webhook is switched off now.
    pub disable: Option<String>,
}

pub fn judge(attempt: Attempt, result: &Result<Answer, Failure>) -> Outcome {
    let error = match result {
        Ok(answer) if answer.is_success() => {
            return Outcome { status: Status::Delivered, error: None, failing_since: None, disable: None };
        }
        Ok(answer) => format!("The receiver answered {}", answer.status),
        Err(failure) => failure.to_string(),
    };
    let gone = matches!(result, Ok(answer) if answer.status == GONE);
    let since = attempt.failing_since.unwrap_or(attempt.at);
    let disable = if gone {
        Some("The receiver answered 410: it wants no more events".to_owned())
    } else if attempt.at - since >= attempt.disable_after
        && attempt.number > 1
        && attempt.others_failed.saturating_add(1) >= ENOUGH_FAILED
    {
        let since = since.format("%Y-%m-%d %H:%M UTC");
        Some(format!("No delivery succeeded since {since}; the latest: {error}"))
    } else {
        None
    };
    let last = disable.is_some() || attempt.number >= attempt.max;
    let status = if last { Status::Failed } else { Status::Retrying };
    Outcome { status, error: Some(error), failing_since: Some(since), disable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(status: u16) -> Result<Answer, Failure> {
        Ok(Answer { status, body: String::new(), elapsed: Duration::ZERO })
    }

    #[test]
    fn attempts_end_as_they_should() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let since = |hours: i64| Some(now - TimeDelta::hours(hours));
        let refused = || Err(Failure::Refused("not public".into()));
        // attempt, of, failing for hours, result → status, disabled
        let table = [
            (1, 3, None, answer(200), Status::Delivered, false),
            (3, 3, since(100), answer(204), Status::Delivered, false),
            (1, 3, None, answer(500), Status::Retrying, false),
            (1, 3, None, answer(302), Status::Retrying, false),
            (1, 3, None, answer(404), Status::Retrying, false),
            (3, 3, None, answer(500), Status::Failed, false),
            (1, 3, since(71), Err(Failure::TimedOut), Status::Retrying, false),
            (1, 3, since(72), Err(Failure::TimedOut), Status::Retrying, false),
            (2, 3, since(72), Err(Failure::TimedOut), Status::Failed, true),
            (1, 3, None, answer(410), Status::Failed, true),
            // No other end than that of no connection: it would tell where a name leads.
            (1, 3, None, refused(), Status::Retrying, false),
        ];
        for (number, max, failing_since, result, status, disabled) in table {
            let disable_after = TimeDelta::hours(72);
            let attempt = Attempt { at: now, number, max, failing_since, others_failed: 2, disable_after };
            let quiet = judge(Attempt { others_failed: 1, ..attempt }, &result);
            assert!(quiet.disable.is_none() || result.as_ref().is_ok_and(|answer| answer.status == GONE));
            let outcome = judge(attempt, &result);
            let seen = (outcome.status, outcome.disable.is_some());
            assert_eq!(seen, (status, disabled), "{number}/{max} {failing_since:?} {result:?}");
            assert_eq!(outcome.failing_since.is_none(), status == Status::Delivered);
            assert_eq!(outcome.error.is_none(), status == Status::Delivered);
        }
    }
}
