//! A run: the contract's fields, and more.

use catchment::{
    AttemptRecord, ColumnMapping, GoneHeld, PreviewSummary, RunMode, RunStatus, StoredError, SyncRun, Trigger,
};
use catchment_core::{Finding, mask_url_query};
use schemars::JsonSchema;
use serde::Serialize;

use super::attempt::{AttemptView, RunErrorView};
use super::reject::{ErrorView, omitted_errors};
use super::time::iso;

/// The first errors that the view of a run has.
pub(crate) const SHOWN_ERRORS: u32 = 100;

/// A run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunView {
    /// Its id.
    sync_run_id: i64,
    /// What it does with what it reads.
    mode: RunMode,
    /// The run that it goes on from: the preview that it writes.
    based_on: Option<i64>,
    /// Its state.
    status: RunStatus,
    /// Records read: the sum of all below.
    items_read: u64,
    /// Records applied: inserted, updated and unchanged.
    items_processed: u64,
    /// Records rejected.
    items_failed: u64,
    /// Records left alone on purpose.
    items_skipped: u64,
    /// Of these, how many repeat an earlier record with other values.
    duplicates_differing: u64,
    /// Fields that differ from the source, and that the table keeps as the option `conflicts` says.
    fields_kept: u64,
    /// Of these, how many somebody has to settle that nobody had to before.
    conflicts: u64,
    /// The first errors.
    errors: Vec<ErrorView>,
    /// How many are stored.
    errors_stored: u64,
    /// How many more were counted.
    errors_omitted: u64,
    /// The type of its source.
    source_type: String,
    /// Path or address of its source; the values of an address's query are masked.
    source_identifier: String,
    /// The table that it writes.
    target_table: String,
    /// The saved sync that it is of.
    sync: Option<String>,
    /// What started it, where it is of one.
    trigger: Option<Trigger>,
    /// The time at which it was due by its schedule.
    scheduled_for: Option<String>,
    /// Whether the source was not read to its end, or cannot be sure to have been.
    truncated: bool,
    /// What people should know of a run that is completed and not complete.
    warning: Option<String>,
    /// What was found out of the source rather than given by the options.
    findings: Vec<Finding>,
    /// New rows.
    items_inserted: u64,
    /// Rows of which a value changed.
    items_updated: u64,
    /// Rows that were as the source has them.
    items_unchanged: u64,
    /// Rows that left the source, and were marked or deleted; of a preview, that would be. Not part of what was read.
    items_gone: u64,
    /// Rows that left the source and were left alone, and why.
    gone_held: Option<GoneHeld>,
    /// Target column to source column, as given or as chosen by name.
    column_mapping: Option<ColumnMapping>,
    /// Of a preview, what would change.
    preview: Option<PreviewSummary>,
    /// Of a replay, the run whose rejects it reads.
    replay_of: Option<i64>,
    /// The run whose place this one takes.
    replaces: Option<i64>,
    /// The run that took this one's place.
    replaced_by: Option<i64>,
    /// Why it failed, or why its last attempt did.
    error: Option<RunErrorView>,
    /// Its attempts, the first one first.
    attempts: Vec<AttemptView>,
    /// When its next attempt is due (RFC 3339, as all times).
    next_attempt_at: Option<String>,
    /// When it was scheduled.
    created_at: String,
    /// When its first attempt began.
    started_at: Option<String>,
    /// When it ended.
    completed_at: Option<String>,
    /// Why it is not under way, in words; null where it is over, or nobody asked.
    waits_for: Option<String>,
}

impl RunView {
    /// A run, with as much of what belongs to it as is to be shown.
    pub(crate) fn new(run: &SyncRun, errors: &[StoredError], attempts: &[AttemptRecord]) -> Self {
        let counts = run.metadata.counts;
        Self {
            sync_run_id: run.id,
            mode: run.mode,
            based_on: run.based_on,
            status: run.status,
            items_read: counts.total(),
            items_processed: run.items_processed,
            items_failed: run.items_failed,
            items_skipped: run.items_skipped,
            duplicates_differing: run.metadata.duplicates_differing,
            fields_kept: run.metadata.fields_kept,
            conflicts: run.metadata.conflicts,
            errors: errors.iter().map(ErrorView::from).collect(),
            errors_stored: run.metadata.errors_stored,
            errors_omitted: omitted_errors(run),
            source_type: run.request.source_type.clone(),
            source_identifier: mask_url_query(&run.request.source_identifier),
            target_table: run.target_table.clone(),
            sync: run.sync_name.clone(),
            trigger: run.trigger,
            scheduled_for: run.scheduled_for.map(iso),
            truncated: run.metadata.truncated,
            warning: run.metadata.effective_warning().map(str::to_owned),
            findings: run.metadata.findings.clone(),
            items_inserted: counts.inserted,
            items_updated: counts.updated,
            items_unchanged: counts.unchanged,
            items_gone: run.metadata.gone,
            gone_held: run.metadata.gone_held.clone(),
            column_mapping: run.metadata.mapping.clone(),
            preview: run.metadata.preview.clone(),
            replay_of: run.metadata.replay.as_ref().map(|replay| replay.run),
            replaces: run.metadata.replaces,
            replaced_by: run.metadata.replaced_by,
            error: run.error.as_ref().map(RunErrorView::from),
            attempts: attempts.iter().map(AttemptView::from).collect(),
            next_attempt_at: run.next_attempt_at.map(iso),
            created_at: iso(run.created_at),
            started_at: run.started_at.map(iso),
            completed_at: run.completed_at.map(iso),
            waits_for: None,
        }
    }

    /// The same, with why it waits.
    pub(crate) fn with_wait(self, waits_for: Option<String>) -> Self {
        Self { waits_for, ..self }
    }
}

/// A run that was scheduled.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduledView {
    /// Its id; that of an equal one where that was waiting already.
    pub(crate) sync_run_id: i64,
}

/// Rejects that do not matter.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct IgnoredView {
    /// How many.
    pub(crate) ignored: u64,
}

/// A run whose state was changed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangedView {
    /// Its id.
    pub(crate) sync_run_id: i64,
    /// Its new state.
    pub(crate) status: RunStatus,
}

impl From<&SyncRun> for ChangedView {
    fn from(run: &SyncRun) -> Self {
        Self { sync_run_id: run.id, status: run.status }
    }
}
