//! When the sweep takes its next step. Every database is looked at once in a long while, one after the other and spread over
//! the whole time, for hints that were lost. Pure: times in, times out.

use std::time::Duration;

use tokio::time::Instant;

use super::WorkerSettings;
use super::agenda::Agenda;

/// The first sweep, after which a crash has left nothing behind, is not slower than this from one database to the next.
const FIRST_PACE: Duration = Duration::from_secs(1);
const TIDY_EVERY: Duration = Duration::from_secs(3600);
const TRY_AGAIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Sweep {
    spread: Duration,
    /// When the next one begins.
    begins: Instant,
    /// When the present one goes on.
    goes_on: Instant,
    pace: Duration,
    is_first: bool,
    delay: Duration,
    tidies: Instant,
    tidying: bool,
}

impl Sweep {
    pub fn new(settings: &WorkerSettings, time: Instant) -> Self {
        Self {
            spread: settings.sweep,
            begins: time,
            goes_on: time,
            pace: Duration::ZERO,
            is_first: true,
            delay: settings.sweep_delay,
            tidies: time,
            tidying: false,
        }
    }

    /// When there is something to do: the next step of a sweep under way, or the next sweep.
    pub fn next(&self, agenda: &Agenda) -> Instant {
        if agenda.is_sweeping() { self.goes_on } else { self.begins }
    }

    pub fn is_step_due(&self, time: Instant) -> bool {
        time >= self.goes_on
    }

    pub fn is_due(&self, time: Instant) -> bool {
        time >= self.begins
    }

    /// A sweep of so many databases begins.
    pub fn begin(&mut self, places: usize, time: Instant) {
        let even = self.spread / u32::try_from(places.max(1)).unwrap_or(u32::MAX);
        self.pace = if self.is_first { even.min(FIRST_PACE) } else { even };
        // Bells come first at the start: what they name needs no sweep.
        self.goes_on = if self.is_first { time + self.delay } else { time };
        self.begins = time + self.spread;
        self.is_first = false;
        self.tidying = time >= self.tidies;
        if self.tidying {
            self.tidies = time + TIDY_EVERY;
        }
    }

    pub fn stepped(&mut self, time: Instant) {
        self.goes_on = time + self.pace;
    }

    pub fn failed(&mut self, time: Instant) {
        self.begins = time + TRY_AGAIN;
    }

    /// Whether this sweep also deletes old traces.
    pub fn is_tidying(&self) -> bool {
        self.tidying
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(sweep: u64) -> WorkerSettings {
        WorkerSettings {
            sweep: Duration::from_secs(sweep),
            sweep_delay: Duration::from_secs(5),
            ..WorkerSettings::default()
        }
    }

    #[test]
    fn the_first_sweep_is_quick_where_there_is_little_and_later_ones_are_spread() {
        let start = Instant::now();
        let seconds = Duration::from_secs;
        for (places, first, later) in [(3, 1000, 300_000), (9000, 100, 100)] {
            let mut sweep = Sweep::new(&settings(900), start);
            assert!(sweep.is_due(start));
            sweep.begin(places, start);
            assert!(sweep.is_tidying() && !sweep.is_step_due(start) && sweep.is_step_due(start + seconds(5)));
            assert_eq!(sweep.pace, Duration::from_millis(first));
            assert!(!sweep.is_due(start + seconds(899)) && sweep.is_due(start + seconds(900)));
            sweep.begin(places, start + seconds(900));
            assert!(!sweep.is_tidying());
            sweep.stepped(start + seconds(900));
            assert_eq!(sweep.goes_on, start + seconds(900) + Duration::from_millis(later));
        }
    }

    #[test]
    fn no_database_at_all_is_no_trouble() {
        let mut sweep = Sweep::new(&settings(900), Instant::now());
        sweep.begin(0, Instant::now());
        assert!(!sweep.is_due(Instant::now()));
    }
}
