//! Whether an attempt is worth another one, and when.

use std::time::Duration;

use catchment_core::{Error, ErrorKind};

/// Attempts in a row without progress after which a run fails.
pub(super) const MAX_FRUITLESS: u32 = 5;
/// The same for what seldom mends itself.
const MAX_FRUITLESS_SYSTEM: u32 = 3;
/// The longest wait between two attempts that nobody asked for.
const MAX_DELAY: Duration = Duration::from_secs(3600);

/// What follows from an attempt that ended with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another attempt after this time; so many in a row committed no page.
    Retry { fruitless_attempts: u32, delay: Duration },
    /// The run fails.
    Fail,
}

/// What came of an attempt that ended with an error, and of those before it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record {
    /// Attempts in a row before this one that committed nothing and count.
    pub(super) fruitless_before: u32,
    /// Whether this one committed a page, which begins the count anew.
    pub(super) moved: bool,
    /// Attempts in a row, this one included, that the source put off and that do not count yet.
    pub(super) put_off: u32,
}

/// Decides. `jitter` is from 0 to 1.
pub(super) fn decide(error: &Error, record: Record, jitter: f64) -> Next {
    if !error.kind().is_retryable() {
        return Next::Fail;
    }
    let fruitless_attempts = match record {
        Record { moved: true, .. } => 0,
        Record { fruitless_before, put_off, .. } => fruitless_before + u32::from(put_off == 0),
    };
    let max = if error.kind() == ErrorKind::System { MAX_FRUITLESS_SYSTEM } else { MAX_FRUITLESS };
    if fruitless_attempts >= max {
        return Next::Fail;
    }
    let nth = fruitless_attempts.max(record.put_off).max(1);
    let delay = error.retry_after().unwrap_or_else(|| back_off(nth, jitter));
    Next::Retry { fruitless_attempts, delay }
}

/// 10 s, 30 s, 90 s, 270 s, …, each from 80 to 120 % so that many runs do not come back at once.
pub(super) fn back_off(attempt: u32, jitter: f64) -> Duration {
    let seconds = 10 * 3_u64.saturating_pow(attempt.saturating_sub(1));
    Duration::from_secs(seconds).min(MAX_DELAY).mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(next: Next) -> Option<u64> {
        match next {
            Next::Retry { delay, .. } => Some(delay.as_secs()),
            Next::Fail => None,
        }
    }

    fn after(fruitless_before: u32) -> Record {
        Record { fruitless_before, ..Record::default() }
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
            decide(&error, Record { moved: true, ..after(4) }, 0.5),
            Next::Retry { fruitless_attempts: 0, delay: Duration::from_secs(10) }
        );
    }

    #[test]
    fn the_other_side_says_when() {
        let error = Error::new(ErrorKind::Unavailable, "503", "").with_retry_after(Duration::from_secs(77));
        assert_eq!(seconds(decide(&error, after(0), 0.0)), Some(77));
    }

    #[test]
    fn being_put_off_does_not_count_but_the_wait_grows() {
        let error = Error::new(ErrorKind::RateLimited, "429", "");
        assert_eq!(
            decide(&error, Record { put_off: 6, ..after(4) }, 0.5),
            Next::Retry { fruitless_attempts: 4, delay: Duration::from_secs(2430) }
        );
    }

    #[test]
    fn what_cannot_mend_itself_is_not_tried_again() {
        assert_eq!(decide(&Error::config("x", ""), Record { moved: true, ..after(0) }, 0.5), Next::Fail);
        assert_eq!(decide(&Error::new(ErrorKind::System, "disk_full", ""), after(2), 0.5), Next::Fail);
    }
}
