//! Retries with exponential back-off, for hiccups. Longer trouble ends the attempt, and the run is resumed later.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use catchment_core::{Error, ErrorKind};
use tokio::time::Instant;

/// How often an idempotent request is repeated, and within what time: hiccups end sooner than an attempt.
const MAX_REPEATS: u32 = 3;
const REPEAT_WITHIN: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The same of a rate limit whose service is known to lift it within a minute, and tells no time.
const MAX_PAUSES: u32 = 6;
/// Rate limits that last: no pause ends them.
const LASTING: [&str; 3] = ["quota", "daily_limit", "download_quota"];

/// The back-off of one request.
pub(super) struct Backoff {
    began: Instant,
    pause: Duration,
    repeats: u32,
    /// The next pause after a rate limit that tells no time.
    limit_pause: Option<Duration>,
    pauses: u32,
}

impl Backoff {
    /// With the first pause after a rate limit that tells no time; without one, such a request is not repeated.
    pub(super) fn new(limit_pause: Option<Duration>) -> Self {
        Self { began: Instant::now(), pause: FIRST_PAUSE, repeats: 0, limit_pause, pauses: 0 }
    }

    /// How long to wait before the request is repeated; `None` where a repeat would not help, or not soon enough.
    pub(super) fn wait_after(&mut self, error: &Error) -> Option<Duration> {
        if error.kind() == ErrorKind::RateLimited && error.retry_after().is_none() {
            return self.wait_for_limit(error.code());
        }
        // A server that asks for no pause gets ours.
        let wait = error.retry_after().unwrap_or_default().max(self.pause);
        let is_worth_it = match error.kind() {
            // Nothing that passes within seconds.
            ErrorKind::Network => !matches!(error.code(), "no_such_host" | "connection_refused"),
            ErrorKind::Unavailable => true,
            ErrorKind::RateLimited => error.retry_after().is_some(),
            _ => false,
        };
        let is_in_time = self.began.elapsed().saturating_add(wait) < REPEAT_WITHIN;
        if !is_worth_it || !is_in_time || self.repeats == MAX_REPEATS {
            return None;
        }
        self.repeats += 1;
        self.pause *= 4;
        Some(wait)
    }

    /// Truncated exponential back-off with jitter, so that clients that were refused together do not come back together.
    fn wait_for_limit(&mut self, code: &str) -> Option<Duration> {
        let pause = self.limit_pause.filter(|_| self.pauses < MAX_PAUSES && !LASTING.contains(&code))?;
        self.pauses += 1;
        self.limit_pause = Some(pause * 2);
        let share = u32::try_from(RandomState::new().hash_one(self.pauses) % 1000).unwrap_or_default();
        Some(pause + pause * share / 2000)
    }
}
