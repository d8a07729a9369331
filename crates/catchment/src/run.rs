//! A run: what it is asked for, the states it goes through, what it counts.

use std::fmt;

use catchment_core::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::mapping::Names;

/// A request for a sync, the same through every door: the body of `POST /v1/sync/trigger`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncRequest {
    /// `csv`, or another registered type.
    pub source_type: String,
    /// Path or address of the source.
    pub source_identifier: String,
    /// Options of the source and of the target.
    #[serde(default)]
    pub options: Map<String, Value>,
}

impl SyncRequest {
    /// A request from its JSON form.
    ///
    /// # Errors
    /// `config`, with the place of what does not fit.
    pub fn from_json(value: Value) -> Result<Self> {
        if !value.is_object() {
            let message = "a request is an object with sourceType, sourceIdentifier and options";
            return Err(Error::config("invalid_request", message).with_detail("", message));
        }
        catchment_core::parse("", value).map_err(|error| error.context("the request"))
    }
}

/// Which door a request came through. What it may read depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The HTTP API: files below the data directories only.
    Http,
    /// The command line: what its user can read.
    Cli,
    /// A program that uses the library: what it can read.
    Library,
}

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Waits for a worker, or for its next attempt.
    Pending,
    /// A worker holds it.
    InProgress,
    /// All records are accounted for, and in the database.
    Completed,
    /// It ended with an error.
    Failed,
    /// Somebody called it off.
    Cancelled,
}

/// Names that are stored, with what they stand for.
macro_rules! stored_names {
    ($type:ident, $what:literal, $($variant:ident = $name:literal),+) => {
        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The one of that name.
            ///
            /// # Errors
            /// `config`, with the names there are.
            pub fn from_name(name: &str) -> Result<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == name).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    let message = format!("there is no {} `{name}`; there are: {}", $what, known.join(", "));
                    Error::config("unknown_name", message)
                })
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
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
stored_names!(Door, "door", Http = "http", Cli = "cli", Library = "library");

impl RunStatus {
    /// Whether nothing more happens to it by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// What became of records. Their sum is what was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counters {
    /// New rows.
    pub inserted: u64,
    /// Rows of which a value changed.
    pub updated: u64,
    /// Rows that were as the source has them.
    pub unchanged: u64,
    /// Records left alone on purpose.
    pub skipped: u64,
    /// Records rejected.
    pub failed: u64,
}

impl Counters {
    /// Rows that are now as the source has them.
    pub const fn processed(&self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }

    /// All records accounted for.
    pub const fn total(&self) -> u64 {
        self.processed() + self.skipped + self.failed
    }

    /// These and those.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            inserted: self.inserted + other.inserted,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            skipped: self.skipped + other.skipped,
            failed: self.failed + other.failed,
        }
    }
}

/// What a run keeps in `sync_metadata`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunMetadata {
    /// The finer counts.
    #[serde(flatten)]
    pub counts: Counters,
    /// Rejects stored in `sync_errors`; the others are only counted.
    pub errors_stored: u64,
    /// Skipped records stored in `sync_skips`; the others are only counted.
    pub skips_stored: u64,
    /// Target column to source column, as given or as chosen by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Names>,
    /// The source was not read to its end: a limit of the options stopped it.
    #[serde(skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// Why a run that is completed cannot be sure to have seen all, where no limit of the options is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// A record that stood on two pages of the source: its list moved while it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shifted: Option<String>,
    /// The page of the source that the last record stood on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_page: Option<u64>,
    /// The run whose place this one takes, because its source changed while it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<i64>,
    /// The run that took this one's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<i64>,
    /// How many runs in a row were replaced before this one.
    #[serde(skip_serializing_if = "is_zero")]
    pub replacements: u32,
}

impl RunMetadata {
    /// What people should know of a run that is completed and not complete.
    pub fn shown_warning(&self) -> Option<&str> {
        const MAX_PAGES_REACHED: &str = "the source was not read to its end (option `maxPages`)";
        self.warning.as_deref().or(self.truncated.then_some(MAX_PAGES_REACHED))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A row of `sync_runs`.
#[derive(Debug, Clone)]
pub struct SyncRun {
    /// Its id.
    pub id: i64,
    /// What was asked for.
    pub request: SyncRequest,
    /// What the rows' identities hold for the source: its identifier, or `options.sourceName`.
    pub source_name: String,
    /// The table that is written.
    pub target_table: String,
    /// Its state.
    pub status: RunStatus,
    /// Records applied: inserted, updated and unchanged.
    pub items_processed: u64,
    /// Records rejected.
    pub items_failed: u64,
    /// Records left alone.
    pub items_skipped: u64,
    /// The finer counts and what else is worth knowing.
    pub metadata: RunMetadata,
    /// Why it failed, or why its last attempt did.
    pub error: Option<RunError>,
    /// Attempts begun.
    pub attempt: u32,
    /// When the next one is due, where it waits for that.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Pages committed.
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

/// What a run came to.
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
    /// Called off.
    pub cancelled: u64,
}
