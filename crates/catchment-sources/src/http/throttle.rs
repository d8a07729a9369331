//! Rate limits: how many requests at a time, and how often: what the options say, and less where the server pushes back.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use catchment_core::{Error, ErrorKind, Result, invalid_option};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::answer::Answer;
use super::limits::deadline_after;
use super::status::quota_pause;

/// Requests of success after which one more may be under way.
const GOOD_REQUESTS: usize = 20;
/// A quota that is used up for longer ends the attempt, which resumes when it is renewed.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Rate limit of requests to the source.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RateLimit {
    /// Maximum requests per second; a fraction such as 0.5 is allowed. No limit by default.
    pub requests_per_second: Option<f64>,
    /// Maximum concurrent requests, where the address of the next page is known in advance. Default 4.
    pub max_concurrency: Option<usize>,
}

/// A rate limiter with an adaptive limit on concurrency: additive increase, multiplicative decrease.
pub(super) struct Throttle {
    period: Option<Duration>,
    /// When the next request may be sent.
    next: Mutex<Option<Instant>>,
    max: usize,
    now: AtomicUsize,
    good: AtomicUsize,
    /// When the quota that the server told of is renewed.
    blocked: Mutex<Option<Instant>>,
}

impl Throttle {
    pub(super) fn new(options: &RateLimit) -> Result<Self> {
        let max = options.max_concurrency.unwrap_or(4);
        if !(1..=64).contains(&max) {
            return Err(invalid_option("rateLimit/maxConcurrency", "must be from 1 to 64"));
        }
        let period = match options.requests_per_second {
            None => None,
            Some(rate) if (0.001..=100_000.0).contains(&rate) => Some(Duration::from_secs_f64(1.0 / rate)),
            Some(_) => {
                return Err(invalid_option("rateLimit/requestsPerSecond", "must be from 0.001 to 100000"));
            }
        };
        let (now, good) = (AtomicUsize::new(max), AtomicUsize::new(0));
        Ok(Self { period, next: Mutex::default(), max, now, good, blocked: Mutex::default() })
    }

    pub(super) fn concurrency(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    /// Waits until a request may be sent.
    pub(super) async fn acquire(&self) -> Result<()> {
        let until = self.blocked.lock().ok().and_then(|blocked| *blocked);
        if let Some(wait) = until.map(|until| until.saturating_duration_since(Instant::now())) {
            if wait > MAX_WAIT {
                let message = format!(
                    "the source's rate limit is exhausted and resets in {} s; the run resumes then",
                    wait.as_secs().saturating_add(1)
                );
                return Err(Error::new(ErrorKind::RateLimited, "quota", message).with_retry_after(wait));
            }
            tokio::time::sleep(wait).await;
        }
        if let Some(at) = self.slot() {
            tokio::time::sleep_until(at).await;
        }
        Ok(())
    }

    /// Takes the next time that is free.
    fn slot(&self) -> Option<Instant> {
        let period = self.period?;
        let mut next = self.next.lock().ok()?;
        let at = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
        *next = at.checked_add(period);
        Some(at)
    }

    /// Learns from an answer: more at a time after many good ones, half as many after the server pushed back.
    pub(super) fn note(&self, result: &Result<Answer>) {
        match result {
            Ok(answer) => {
                if let (Some(pause), Ok(mut blocked)) = (quota_pause(&answer.headers), self.blocked.lock()) {
                    *blocked = Some(deadline_after(pause));
                }
                if self.good.fetch_add(1, Ordering::Relaxed) % GOOD_REQUESTS == GOOD_REQUESTS - 1 {
                    self.now.store((self.concurrency() + 1).min(self.max), Ordering::Relaxed);
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Unavailable) => {
                self.now.store((self.concurrency() / 2).max(1), Ordering::Relaxed);
            }
            Err(_) => {}
        }
    }
}
