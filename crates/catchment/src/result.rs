//! What a run came to, and how many there are.

use serde::Serialize;

use crate::counts::Counters;
use crate::run::{RunError, RunStatus, SyncRun};

/// The result of a run.
#[derive(Debug, Clone)]
pub struct SyncResult {
    /// The run that did it: the one asked for, or the one that took its place.
    pub sync_run_id: i64,
    /// Whether it is completed.
    pub success: bool,
    /// Its final state.
    pub status: RunStatus,
    /// Inserted, updated and unchanged.
    pub items_processed: u64,
    /// Rejected.
    pub items_failed: u64,
    /// Left alone.
    pub items_skipped: u64,
    /// The finer counts.
    pub counts: Counters,
    /// Why it failed.
    pub error: Option<RunError>,
}

impl From<SyncRun> for SyncResult {
    fn from(run: SyncRun) -> Self {
        Self {
            sync_run_id: run.id,
            success: run.status == RunStatus::Completed,
            status: run.status,
            items_processed: run.items_processed,
            items_failed: run.items_failed,
            items_skipped: run.items_skipped,
            counts: run.metadata.counts,
            error: run.error,
        }
    }
}

/// How many runs there are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SyncStats {
    /// All of them.
    pub total: u64,
    /// Waiting.
    pub pending: u64,
    /// Held by a worker.
    pub in_progress: u64,
    /// Ended well.
    pub completed: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Cancelled.
    pub cancelled: u64,
}
