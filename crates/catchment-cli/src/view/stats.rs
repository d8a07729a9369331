//! How many runs there are, and how the process is.

use catchment::SyncStats;
use schemars::JsonSchema;
use serde::Serialize;

/// How many runs there are in each state, by the names of the states.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StatsView {
    /// All of them.
    total: u64,
    /// Waiting for a worker, or for their next attempt.
    pending: u64,
    /// Held by a worker.
    in_progress: u64,
    /// Ended well.
    completed: u64,
    /// Ended with an error.
    failed: u64,
    /// Cancelled.
    cancelled: u64,
}

impl From<SyncStats> for StatsView {
    fn from(stats: SyncStats) -> Self {
        let SyncStats { total, pending, in_progress, completed, failed, cancelled } = stats;
        Self { total, pending, in_progress, completed, failed, cancelled }
    }
}

/// How the process is.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HealthView {
    /// `alive`, or `ready`.
    pub(crate) status: &'static str,
}
