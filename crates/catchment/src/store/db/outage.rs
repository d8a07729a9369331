//! An outage of the database: told once when it begins and once when it ends, however many wait for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A single connection that broke is no outage to turn people away for.
const SHORT: Duration = Duration::from_secs(2);

/// Whether the database is away, since when, and why.
#[derive(Debug, Default)]
pub(super) struct Outage {
    is_on: AtomicBool,
    began: Mutex<Option<(Instant, String)>>,
}

impl Outage {
    pub(super) fn begins(&self, database: &str, why: &str) {
        if !self.is_on.swap(true, Ordering::SeqCst) {
            *self.began.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((Instant::now(), why.to_owned()));
            tracing::warn!(database, error = why, "waiting for the database");
        }
    }

    pub(super) fn ends(&self) {
        if self.is_on.load(Ordering::Relaxed) && self.is_on.swap(false, Ordering::SeqCst) {
            let began = self.began.lock().unwrap_or_else(PoisonError::into_inner).take();
            let seconds = began.map_or(0, |(since, _)| since.elapsed().as_secs());
            tracing::info!(seconds, "the database answers again");
        }
    }

    /// Why the database is away, if it has been for more than a moment.
    pub(super) fn why(&self) -> Option<String> {
        let began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        began.as_ref().filter(|(since, _)| since.elapsed() > SHORT).map(|(_, why)| why.clone())
    }
}
