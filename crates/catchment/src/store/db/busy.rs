//! Waiting for another process that writes to the same file of SQLite.

use std::time::{Duration, Instant};

use super::error::is_busy;

/// How long SQLite waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a statement of SQLite is repeated while another process is writing.
pub(super) struct BusyRetry(Instant);

impl BusyRetry {
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    pub(super) fn asks_again<T>(&self, result: &Result<T, sqlx::Error>) -> bool {
        matches!(result, Err(error) if is_busy(error)) && self.0.elapsed() < BUSY_TIMEOUT
    }
}
