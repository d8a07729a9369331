//! An outage of the database: told once when it begins and once when it ends, however many wait for it; one that follows
//! another at once only if it lasts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A single connection that broke is no outage to turn people away for.
const SHORT: Duration = Duration::from_secs(2);
/// A server at its limit of connections answers and refuses by turns: outages that follow one another so soon are told
/// only when they last.
const QUIET: Duration = Duration::from_secs(60);
/// How long one lasts that is told then.
const LASTING: Duration = Duration::from_secs(10);

/// Whether the database is away, since when, and why.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// Whether there is a current one: asked after each statement, without the lock.
    is_on: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Current>,
    last_told: Option<Instant>,
}

#[derive(Debug)]
struct Current {
    began: Instant,
    why: String,
    is_told: bool,
}

impl Outage {
    /// A connection could not be had, or broke. Called by each who meets it.
    pub(super) fn begins(&self, database: &str, why: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { current, last_told } = &mut *state;
        let current = current.get_or_insert_with(|| Current {
            began: Instant::now(),
            why: why.to_owned(),
            is_told: false,
        });
        self.is_on.store(true, Ordering::SeqCst);
        let is_news =
            last_told.is_none_or(|told| told.elapsed() > QUIET) || current.began.elapsed() > LASTING;
        if !current.is_told && is_news {
            current.is_told = true;
            *last_told = Some(Instant::now());
            tracing::warn!(target: "catchment::outage", database, error = why, "waiting for the database");
        }
    }

    /// A statement ended well.
    pub(super) fn ends(&self) {
        if self.is_on.load(Ordering::Relaxed) && self.is_on.swap(false, Ordering::SeqCst) {
            let ended = self.state.lock().unwrap_or_else(PoisonError::into_inner).current.take();
            if let Some(Current { began, is_told: true, .. }) = ended {
                tracing::info!(target: "catchment::outage", seconds = began.elapsed().as_secs(), "the database answers again");
            }
        }
    }

    /// Why the database is away, if it has been for more than a moment.
    pub(super) fn why(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state
            .current
            .as_ref()
            .filter(|current| current.began.elapsed() > SHORT)
            .map(|current| current.why.clone())
    }
}
