//! How long to wait before the next attempt. Pure but for the dice.

use chrono::TimeDelta;
use uuid::Uuid;

const FIRST: TimeDelta = TimeDelta::seconds(5);
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// Steps of the spread.
const STEPS: u16 = 1000;

/// The wait after a failed attempt: doubled each time, and spread by a fifth either way, so that what failed together does
/// not come back together.
pub fn wait_after(attempt: i32) -> TimeDelta {
    let dice = Uuid::new_v4().as_u128() % u128::from(STEPS);
    spread(doubled(attempt), u16::try_from(dice).unwrap_or(0))
}

fn doubled(attempt: i32) -> TimeDelta {
    let exponent = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(30);
    FIRST.checked_mul(1 << exponent).map_or(LONGEST, |wait| wait.min(LONGEST))
}

/// From 0.8 to 1.2 times the wait.
fn spread(wait: TimeDelta, dice: u16) -> TimeDelta {
    let percent = 80 + 40 * i32::from(dice) / i32::from(STEPS);
    wait * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let seconds: Vec<i64> = [0, 1, 2, 3, 9, 40, i32::MAX].map(|n| doubled(n).num_seconds()).to_vec();
        assert_eq!(seconds, [5, 5, 10, 20, 900, 900, 900]);
    }

    #[test]
    fn the_spread_is_a_fifth_either_way() {
        let wait = TimeDelta::seconds(100);
        assert_eq!((spread(wait, 0).num_seconds(), spread(wait, STEPS - 1).num_seconds()), (80, 119));
    }
}
