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
///                └─ retryable error, ─┘    cancel:        pending | in_progress ─> cancelled
///                   shutdown,              retry:         failed | cancelled ─> pending
///                   expired lease          resume, daily: failed ─> pending
///                                          unreadable:    pending | in_progress ─> failed
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// In: `schedule_sync` inserts it; an attempt that failed with a retryable error, or whose worker shut down,
    /// returns it; a claim of another run in its lane frees it where its lease has expired; `retry`, `resume` and the
    /// daily job requeue it. Out: a worker that may read its source claims it, once `next_attempt_at` has passed and
    /// its lane is free; or `cancel`.
    Pending,
    /// In: a worker claims it, and holds its lease. Out: that worker, when the attempt ends: to `completed`, `failed`
    /// or `pending`; or `cancel`; or a change by hand. Where nobody renews the lease, the next worker that polls takes
    /// the run over, in this state, with a new fence and a new attempt.
    InProgress,
    /// In: its worker, when the source was read to its end and every record is accounted for. Final: nothing leads out.
    Completed,
    /// In: its worker, when an attempt ended with an error that is not retryable, or too many attempts in a row
    /// committed no page; any worker, where the stored run cannot be read; or a change by hand. Out: `retry`; or
    /// `resume` and the daily job, within 7 days and where the error is retryable or set by hand; each only while no
    /// later run of its source and target exists. Where its source changed meanwhile, a new run has replaced it
    /// (`replaced_by`).
    Failed,
    /// In: `cancel`, at once; a worker that holds it notices at its next page or heartbeat. Out: `retry`, while no
    /// later run of its source and target exists.
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
    /// Whether it has ended: no worker claims it. A failed run may still be requeued by the daily job.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// What a run does with what it reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    /// It writes its table.
    #[default]
    Sync,
    /// It finds out what a run would change, and writes nothing to its table.
    Preview,
    /// It writes what a preview has shown, and nothing else.
    Approve,
    /// It marks or deletes the rows that left the source of another run, which that held.
    Release,
    /// It reads rejects of another run, mended, and writes them.
    Replay,
}

stored_names!(
    RunMode,
    "mode",
    Sync = "sync",
    Preview = "preview",
    Approve = "approve",
    Release = "release",
    Replay = "replay"
);

/// What starts a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Somebody asked for it.
    Manual,
    /// Its schedule.
    Schedule,
    /// Its volume was plugged in.
    Volume,
}

stored_names!(Trigger, "trigger", Manual = "manual", Schedule = "schedule", Volume = "volume");

/// A row of `sync_runs`.
#[derive(Debug, Clone)]
pub struct SyncRun {
    /// Given when it is scheduled; later runs have higher ids.
    pub id: i64,
    /// What was asked for; secrets in it are sealed. Set when it is scheduled, and never changed; below as well.
    pub request: SyncRequest,
    /// What the rows' identities hold for the source: its identifier, or `options.sourceName`.
    pub source_name: String,
    /// The table that is written, or would be.
    pub target_table: String,
    /// What it does with what it reads.
    pub mode: RunMode,
    /// The run that it goes on from: the preview that it writes, or the one whose held rows it releases.
    pub based_on: Option<i64>,
    /// The saved sync that it is of.
    pub sync_id: Option<i64>,
    /// Its name, while there is one.
    pub sync_name: Option<String>,
    /// What started it, where it is of a saved sync.
    pub trigger: Option<Trigger>,
    /// The time at which it was due by a schedule.
    pub scheduled_for: Option<Timestamp>,
    /// See [`RunStatus`].
    pub status: RunStatus,
    /// Records applied: inserted, updated and unchanged. Raised by each page, in its transaction; below as well.
    pub items_processed: u64,
    /// Records rejected.
    pub items_failed: u64,
    /// Records left alone.
    pub items_skipped: u64,
    /// The finer counts, and what else is worth knowing. Written by each page, in its transaction, but for what its
    /// fields say otherwise.
    pub metadata: RunMetadata,
    /// Why it failed, or why its last attempt did. Set or cleared by the end of an attempt, cleared by the next claim;
    /// kept by `retry` until then.
    pub error: Option<RunError>,
    /// Attempts begun. Raised by each claim.
    pub attempt: u32,
    /// When the next attempt is due: set by `schedule_sync`, by the end of an attempt that is retried (back-off,
    /// `Retry-After`), and by `retry` and `resume` (now); cleared by the claim and by `cancel`.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was scheduled.
    pub created_at: Timestamp,
    /// When its first attempt began. Set by the first claim, and never again.
    pub started_at: Option<Timestamp>,
    /// When it became completed, failed or cancelled: set with that state, cleared by `retry`, `resume`, the daily job
    /// and the claim.
    pub completed_at: Option<Timestamp>,
    /// Pages committed, over all attempts. Raised by the statement that moves the cursor, and never reset.
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
