//! A circuit breaker: a service that fails too often within a window is left alone for a while, then tried by one request.
//! Each time that it fails again it is left alone twice as long, up to a bound. Pure but for its lock: times are handed in.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When it opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerRules {
    pub enabled: bool,
    pub failure_threshold: usize,
    pub window: Duration,
    pub recovery: Duration,
    pub max_recovery: Duration,
}

/// What there is to see of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub enabled: bool,
    /// closed, open or half_open.
    pub state: &'static str,
    pub failures_in_window: usize,
    pub failure_threshold: usize,
    pub window: Duration,
    pub recovery: Duration,
    pub current_recovery: Duration,
    pub consecutive_open_cycles: u32,
    pub open_for: Duration,
    pub retry_in: Duration,
    pub opens_total: u64,
    pub short_circuited_total: u64,
    pub failures_total: u64,
    pub successes_total: u64,
    pub last_failure_error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Closed,
    Open {
        since: Instant,
    },
    /// One request is on its way to find out; after the recovery time another may.
    Trying {
        since: Instant,
    },
}

#[derive(Debug)]
struct Facts {
    state: State,
    failures: VecDeque<Instant>,
    cycles: u32,
    opens: u64,
    short_circuited: u64,
    failed: u64,
    succeeded: u64,
    last_error: Option<String>,
}

#[derive(Debug)]
pub struct Breaker {
    rules: BreakerRules,
    facts: Mutex<Facts>,
}

impl Breaker {
    pub fn new(rules: BreakerRules) -> Self {
        let facts = Facts {
            state: State::Closed,
            failures: VecDeque::new(),
            cycles: 0,
            opens: 0,
            short_circuited: 0,
            failed: 0,
            succeeded: 0,
            last_error: None,
        };
        Self { rules, facts: Mutex::new(facts) }
    }

    /// Whether a request may be sent now; whoever sends one says how it ended.
    pub fn admit(&self, now: Instant) -> bool {
        let mut facts = self.facts();
        let waited = match facts.state {
            State::Closed => return true,
            State::Open { since } | State::Trying { since } => now.saturating_duration_since(since),
        };
        if !self.rules.enabled {
            return true;
        }
        if waited >= self.recovery(facts.cycles) {
            facts.state = State::Trying { since: now };
            return true;
        }
        facts.short_circuited += 1;
        false
    }

    pub fn succeeded(&self) {
        let mut facts = self.facts();
        facts.succeeded += 1;
        facts.state = State::Closed;
        facts.cycles = 0;
        facts.failures.clear();
    }

    /// `error` is shown to callers, so it names nothing of the inside.
    pub fn failed(&self, now: Instant, error: &str) {
        let mut facts = self.facts();
        facts.failed += 1;
        facts.last_error = Some(error.to_owned());
        facts.failures.push_back(now);
        self.forget(&mut facts, now);
        let opens = match facts.state {
            State::Closed => self.rules.enabled && facts.failures.len() >= self.rules.failure_threshold,
            State::Trying { .. } => true,
            // A request that was on its way when it opened.
            State::Open { .. } => false,
        };
        if opens {
            facts.state = State::Open { since: now };
            facts.opens += 1;
            facts.cycles = facts.cycles.saturating_add(1);
        }
    }

    pub fn snapshot(&self, now: Instant) -> Snapshot {
        let mut facts = self.facts();
        self.forget(&mut facts, now);
        let recovery = self.recovery(facts.cycles);
        let (state, open_for, retry_in) = match facts.state {
            State::Closed => ("closed", Duration::ZERO, Duration::ZERO),
            State::Open { since } => {
                let open_for = now.saturating_duration_since(since);
                ("open", open_for, recovery.saturating_sub(open_for))
            }
            State::Trying { since } => ("half_open", now.saturating_duration_since(since), Duration::ZERO),
        };
        Snapshot {
            enabled: self.rules.enabled,
            state,
            failures_in_window: facts.failures.len(),
            failure_threshold: self.rules.failure_threshold,
            window: self.rules.window,
            recovery: self.rules.recovery,
            current_recovery: recovery,
            consecutive_open_cycles: facts.cycles,
            open_for,
            retry_in,
            opens_total: facts.opens,
            short_circuited_total: facts.short_circuited,
            failures_total: facts.failed,
            successes_total: facts.succeeded,
            last_failure_error: facts.last_error.clone(),
        }
    }

    fn recovery(&self, cycles: u32) -> Duration {
        let doubled = self.rules.recovery.checked_mul(1 << cycles.saturating_sub(1).min(20));
        let bound = self.rules.max_recovery.max(self.rules.recovery);
        doubled.map_or(bound, |time| time.min(bound))
    }

    /// Failures outside of the window, and those beyond what the threshold needs, count no more.
    fn forget(&self, facts: &mut Facts, now: Instant) {
        while facts.failures.len() > self.rules.failure_threshold
            || facts.failures.front().is_some_and(|&at| now.saturating_duration_since(at) > self.rules.window)
        {
            facts.failures.pop_front();
        }
    }

    /// A panic elsewhere leaves these plain values whole.
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: BreakerRules = BreakerRules {
        enabled: true,
        failure_threshold: 3,
        window: Duration::from_secs(60),
        recovery: Duration::from_secs(30),
        max_recovery: Duration::from_secs(100),
    };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_at_the_threshold_within_the_window_only() {
        let (breaker, start) = (Breaker::new(RULES), Instant::now());
        for second in [0, 50, 100, 150] {
            assert!(breaker.admit(after(start, second)));
            breaker.failed(after(start, second), "down");
        }
        assert_eq!(breaker.snapshot(after(start, 150)).state, "closed", "never three within a minute");
        breaker.failed(after(start, 155), "down");
        let seen = breaker.snapshot(after(start, 160));
        assert_eq!((seen.state, seen.failures_in_window, seen.opens_total), ("open", 3, 1));
        assert_eq!((seen.open_for.as_secs(), seen.retry_in.as_secs()), (5, 25));
        assert!(!breaker.admit(after(start, 160)));
        assert_eq!(breaker.snapshot(after(start, 160)).short_circuited_total, 1);
    }

    #[test]
    fn one_request_finds_out_and_a_failure_doubles_the_wait_up_to_the_bound() {
        let (breaker, start) = (Breaker::new(RULES), Instant::now());
        for _ in 0..3 {
            breaker.failed(start, "down");
        }
        let mut at = 0;
        for wait in [30, 60, 100, 100] {
            assert!(!breaker.admit(after(start, at + wait - 1)), "{wait}");
            at += wait;
            assert!(breaker.admit(after(start, at)), "{wait}");
            assert!(!breaker.admit(after(start, at)), "a second request waits for the first");
            assert_eq!(breaker.snapshot(after(start, at)).state, "half_open");
            breaker.failed(after(start, at), "still down");
        }
        assert!(breaker.admit(after(start, at + 100)));
        breaker.succeeded();
        let seen = breaker.snapshot(after(start, at + 100));
        assert_eq!((seen.state, seen.consecutive_open_cycles, seen.failures_in_window), ("closed", 0, 0));
        assert_eq!(seen.last_failure_error.as_deref(), Some("still down"));
    }

    #[test]
    fn one_that_is_switched_off_counts_and_never_opens() {
        let (breaker, start) = (Breaker::new(BreakerRules { enabled: false, ..RULES }), Instant::now());
        for _ in 0..10 {
            assert!(breaker.admit(start));
            breaker.failed(start, "down");
        }
        let seen = breaker.snapshot(start);
        assert_eq!((seen.state, seen.enabled, seen.failures_total), ("closed", false, 10));
    }
}
