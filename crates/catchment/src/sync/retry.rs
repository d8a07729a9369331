//! Whether an attempt is worth another one, and when.

use std::time::Duration;

use catchment_core::{Error, ErrorKind, VOLUME_AWAY};

/// Attempts in a row without progress after which a run fails.
pub(super) const MAX_FRUITLESS: u32 = 5;
/// The same for what seldom mends itself.
const MAX_FRUITLESS_SYSTEM: u32 = 3;
/// The longest wait between two attempts that nobody asked for.
const MAX_DELAY: Duration = Duration::from_secs(3600);
/// The longest wait that the other side can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// The first wait for a database that is away: most often it answers at once.
const FIRST_AWAY_DELAY: Duration = Duration::from_secs(1);
/// The longest one: whoever waits for a database looks often enough to be there when it is.
const MAX_AWAY_DELAY: Duration = Duration::from_secs(60);

/// How long a run waits for its volume.
const MAX_VOLUME_WAIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often it looks at least: most often somebody tells when it is plugged in.
const MAX_VOLUME_DELAY: Duration = Duration::from_secs(600);

/// What follows from an attempt that ended with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryDecision {
    /// Another attempt after this time; so many in a row committed no page.
    Retry { fruitless_attempts: u32, delay: Duration },
    /// The run fails.
    Fail,
}

/// What came of an attempt that ended with an error, and of those before it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AttemptHistory {
    /// Attempts in a row before this one that committed nothing and count.
    pub(super) fruitless_before: u32,
    /// Whether this one committed a page, which begins the count anew.
    pub(super) has_moved: bool,
    /// Attempts in a row, this one included, that were deferred and do not count yet: by the source, or as the database
    /// was away.
    pub(super) deferrals: u32,
}

/// Whether this error defers the run without counting as a failed attempt: rate limited, or the database or the source's volume
/// is away.
pub(super) fn is_deferral(error: &Error) -> bool {
    error.kind() == ErrorKind::RateLimited || is_database_away(error) || is_volume_away(error)
}

/// How long a run may be deferred by an error in all before that counts; `max_wait` is what the options say of rate limits.
pub(super) fn longest_deferral(error: &Error, max_wait: Duration) -> Duration {
    if is_volume_away(error) { MAX_VOLUME_WAIT } else { max_wait }
}

/// Whether the volume that is read is not plugged in.
fn is_volume_away(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && error.code() == VOLUME_AWAY
}

fn is_database_away(error: &Error) -> bool {
    error.kind() == ErrorKind::Database && matches!(error.code(), "database_away" | "database_login")
}

/// Decides whether and when a run is retried. `jitter` is from 0 to 1.
pub(super) fn decide(error: &Error, record: AttemptHistory, jitter: f64) -> RetryDecision {
    if !error.kind().is_retryable() {
        return RetryDecision::Fail;
    }
    let fruitless_attempts = match record {
        AttemptHistory { has_moved: true, .. } => 0,
        AttemptHistory { fruitless_before, deferrals, .. } => fruitless_before + u32::from(deferrals == 0),
    };
    let max = if error.kind() == ErrorKind::System { MAX_FRUITLESS_SYSTEM } else { MAX_FRUITLESS };
    if fruitless_attempts >= max {
        return RetryDecision::Fail;
    }
    let nth = fruitless_attempts.max(record.deferrals).max(1);
    let own = if is_database_away(error) {
        away_delay(record.deferrals.max(1), jitter)
    } else if is_volume_away(error) {
        back_off(nth, jitter).min(MAX_VOLUME_DELAY)
    } else {
        back_off(nth, jitter)
    };
    let delay = error.retry_after().unwrap_or_default().min(MAX_RETRY_AFTER).max(own);
    RetryDecision::Retry { fruitless_attempts, delay }
}

/// 1 s, 2 s, 4 s, … up to a minute, each up to twice as long.
fn away_delay(attempt: u32, jitter: f64) -> Duration {
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
    FIRST_AWAY_DELAY.saturating_mul(factor).min(MAX_AWAY_DELAY).mul_f64(1.0 + jitter.clamp(0.0, 1.0))
}

/// 10 s, 30 s, 90 s, 270 s, …, each from 80 to 120 % so that many runs do not come back at once.
pub(super) fn back_off(attempt: u32, jitter: f64) -> Duration {
    let seconds = 3_u64.saturating_pow(attempt.saturating_sub(1)).saturating_mul(10);
    Duration::from_secs(seconds).min(MAX_DELAY).mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(next: RetryDecision) -> Option<u64> {
        match next {
            RetryDecision::Retry { delay, .. } => Some(delay.as_secs()),
            RetryDecision::Fail => None,
        }
    }

    fn after(fruitless_before: u32) -> AttemptHistory {
        AttemptHistory { fruitless_before, ..AttemptHistory::default() }
    }

    #[test]
    fn the_wait_grows_until_the_run_fails() {
        let error = Error::new(ErrorKind::Network, "reset", "");
        let waits: Vec<_> = (0..5).map(|before| seconds(decide(&error, after(before), 0.5))).collect();
        assert_eq!(waits, [Some(10), Some(30), Some(90), Some(270), None]);
    }

    #[test]
    fn an_attempt_that_moved_begins_the_count_anew() {
        let error = Error::new(ErrorKind::Database, "away", "");
        assert_eq!(
            decide(&error, AttemptHistory { has_moved: true, ..after(4) }, 0.5),
            RetryDecision::Retry { fruitless_attempts: 0, delay: Duration::from_secs(10) }
        );
    }

    #[test]
    fn the_other_side_says_when() {
        let error = Error::new(ErrorKind::Unavailable, "503", "").with_retry_after(Duration::from_secs(77));
        assert_eq!(seconds(decide(&error, after(0), 0.0)), Some(77));
    }

    #[test]
    fn what_the_other_side_says_has_a_floor_and_a_ceiling() {
        let told = |delay| Error::new(ErrorKind::RateLimited, "429", "").with_retry_after(delay);
        for (delay, seconds_) in [(Duration::ZERO, 10), (Duration::MAX, 24 * 60 * 60)] {
            assert_eq!(seconds(decide(&told(delay), after(0), 0.5)), Some(seconds_));
        }
        assert_eq!(back_off(u32::MAX, 1.0), MAX_DELAY.mul_f64(1.2));
    }

    #[test]
    fn a_database_that_was_away_is_asked_again_at_once_and_does_not_count() {
        let away = Error::new(ErrorKind::Database, "database_away", "the connection was reset");
        let deferrals = |deferrals| decide(&away, AttemptHistory { deferrals, ..after(4) }, 0.5);
        assert_eq!(
            deferrals(1),
            RetryDecision::Retry { fruitless_attempts: 4, delay: Duration::from_millis(1500) }
        );
        assert_eq!(
            deferrals(30),
            RetryDecision::Retry { fruitless_attempts: 4, delay: Duration::from_secs(90) }
        );
        assert_eq!(deferrals(0), RetryDecision::Fail, "past the longest wait it counts");
    }

    #[test]
    fn being_deferred_does_not_count_but_the_wait_grows() {
        let error = Error::new(ErrorKind::RateLimited, "429", "");
        assert_eq!(
            decide(&error, AttemptHistory { deferrals: 6, ..after(4) }, 0.5),
            RetryDecision::Retry { fruitless_attempts: 4, delay: Duration::from_secs(2430) }
        );
    }

    #[test]
    fn what_cannot_mend_itself_is_not_tried_again() {
        assert_eq!(
            decide(&Error::config("x", ""), AttemptHistory { has_moved: true, ..after(0) }, 0.5),
            RetryDecision::Fail
        );
        assert_eq!(
            decide(&Error::new(ErrorKind::System, "disk_full", ""), after(2), 0.5),
            RetryDecision::Fail
        );
    }
}
