//! A run: the states it goes through, and what it is made of.

use catchment_core::ErrorKind;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::counts::RunMetadata;
use crate::request::SyncRequest;

/// The state of a run.
///
/// ```text
/// schedule ─> pending ──claim──> in_progress ──> completed | failed
///                ^                    │
///                └─ retry, shutdown, ─┘         cancel: pending | in_progress ─> cancelled
///                   a lease that ran out        retry:  failed | cancelled ─> pending
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Every run begins here, and comes back when an attempt ended that is worth another one: with `next_attempt_at` set,
    /// before which no worker claims it. A worker that may read its source claims it as soon as it is due and its lane is
    /// free.
    Pending,
    /// A worker claimed it and holds its lease. It leaves by how the attempt ends; by `cancel`; or by a change by hand.
    /// Where nobody renews the lease, the next worker that looks takes it over.
    InProgress,
    /// The worker read the source to its end, and the account added up. Final.
    Completed,
    /// An attempt ended with an error that another one would meet again, or too many in a row got nowhere; or somebody set
    /// it by hand. `retry`, `resume` and the daily job put it back into the queue, each if its conditions hold.
    Failed,
    /// Somebody cancelled it. Only `retry` puts it back into the queue.
    Cancelled,
}

stored_names!(
    RunStatus,
    "status",
    Pending = "pending",
    InProgress = "in_progress",
    Completed = "completed",
    Failed = "failed",
    Cancelled = "cancelled"
);
impl RunStatus {
    /// Whether nothing more happens to it by itself.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// A row of `sync_runs`.
#[derive(Debug, Clone)]
pub struct SyncRun {
    /// Given when it is scheduled; later runs have higher ids.
    pub id: i64,
    /// What was asked for, as it was scheduled; secrets in it are sealed.
    pub request: SyncRequest,
    /// What the rows' identities hold for the source: its identifier, or `options.sourceName`.
    pub source_name: String,
    /// The table that is written.
    pub target_table: String,
    /// See [`RunStatus`].
    pub status: RunStatus,
    /// Records applied: inserted, updated and unchanged. Raised by each page, in its transaction; below as well.
    pub items_processed: u64,
    /// Records rejected.
    pub items_failed: u64,
    /// Records left alone.
    pub items_skipped: u64,
    /// The finer counts and what else is worth knowing.
    pub metadata: RunMetadata,
    /// Why it failed, or why its last attempt did. Set when an attempt ends, cleared by the next claim.
    pub error: Option<RunError>,
    /// Attempts begun. Raised by each claim.
    pub attempt: u32,
    /// When the next attempt is due. Set while the run is pending, cleared by the claim.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was scheduled.
    pub created_at: Timestamp,
    /// When its first attempt began. Set by the first claim, and never again.
    pub started_at: Option<Timestamp>,
    /// When it became completed, failed or cancelled; cleared when it is put back into the queue.
    pub completed_at: Option<Timestamp>,
    /// Pages committed, over all attempts.
    pub pages: u64,
}

/// Why a run or an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunError {
    /// Its kind; none where somebody set the state by hand.
    pub kind: Option<ErrorKind>,
    /// Its code.
    pub code: Option<String>,
    /// What happened.
    pub message: String,
}
