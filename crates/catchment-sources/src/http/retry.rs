//! Retries with exponential back-off, for hiccups. Longer trouble ends the attempt, and the run is resumed later.

use std::time::Duration;

use catchment_core::{Error, ErrorKind};
use tokio::time::Instant;

/// How often an idempotent request is repeated, and within what time: hiccups end sooner than an attempt.
const MAX_REPEATS: u32 = 3;
const REPEAT_WITHIN: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The back-off of one request.
pub(super) struct Backoff {
    began: Instant,
    pause: Duration,
    repeats: u32,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), pause: FIRST_PAUSE, repeats: 0 }
    }

    /// How long to wait before the request is repeated; `None` where a repeat would not help, or not soon enough.
    pub(super) fn wait_after(&mut self, error: &Error) -> Option<Duration> {
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
}
