//! Saved syncs.

use catchment::{RunStatus, SavedSync, SyncSchedule, TickOutcome, Trigger};
use catchment_core::mask_url_query;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::time::iso;

/// A saved sync.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SavedSyncView {
    /// Its name.
    pub(crate) name: String,
    /// The type of its source.
    pub(crate) source_type: String,
    /// Path or address of its source.
    pub(crate) source_identifier: String,
    /// Its options; a secret that was given in the clear is `{"set": true}`.
    options: Map<String, Value>,
    /// When it runs by itself.
    pub(crate) schedule: Option<SyncSchedule>,
    /// Whether its schedule rests.
    pub(crate) paused: bool,
    /// The next times at which it begins (RFC 3339, as all times); none while it is paused.
    pub(crate) next: Vec<String>,
    /// The last time at which it was due.
    last_tick: Option<TickView>,
    /// Its last run.
    pub(crate) last_run: Option<LastRunView>,
    /// Goes up with each change; its `ETag`.
    pub(crate) version: i64,
    /// When it was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

/// A time at which a saved sync was due.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TickView {
    /// That time.
    at: String,
    /// What came of it: `run`, `skipped` as one was under way, `missed` as no service was there, or `failed`.
    outcome: TickOutcome,
    /// Why no run could be made.
    error: Option<String>,
}

/// The last run of a saved sync.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastRunView {
    /// Its id.
    pub(crate) sync_run_id: i64,
    /// Its state.
    pub(crate) status: RunStatus,
}

impl From<&SavedSync> for SavedSyncView {
    fn from(sync: &SavedSync) -> Self {
        let request = &sync.request;
        Self {
            name: sync.name.clone(),
            source_type: request.source_type.clone(),
            source_identifier: request.source_identifier.clone(),
            options: request.options.clone(),
            schedule: sync.schedule.clone(),
            paused: sync.is_paused,
            next: sync.next.iter().copied().map(iso).collect(),
            last_tick: sync.last_tick.as_ref().map(|tick| TickView {
                at: iso(tick.at),
                outcome: tick.outcome,
                error: tick.error.clone(),
            }),
            last_run: sync.last_run.map(|(sync_run_id, status)| LastRunView { sync_run_id, status }),
            version: sync.version,
            created_at: iso(sync.created_at),
            updated_at: iso(sync.updated_at),
        }
    }
}

/// A part of the saved syncs, in the order of their names.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SavedSyncsView {
    /// They.
    syncs: Vec<SavedSyncView>,
    /// What `after` is for those that follow; null at the end.
    next_after: Option<String>,
}

impl SavedSyncsView {
    pub(crate) fn new(syncs: &[SavedSync], limit: u32) -> Self {
        let next_after = syncs.last().filter(|_| syncs.len() == limit as usize).map(|last| last.name.clone());
        Self { syncs: syncs.iter().map(SavedSyncView::from).collect(), next_after }
    }
}

/// Runs that were scheduled.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartedView {
    /// The run.
    pub(crate) sync_run_id: Option<i64>,
    /// All runs, where the source stands for several.
    pub(crate) sync_run_ids: Vec<i64>,
}

/// A run of a saved sync, in short.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncRunView {
    /// Its id.
    sync_run_id: i64,
    /// Its state.
    status: RunStatus,
    /// What started it.
    trigger: Option<Trigger>,
    /// The time at which it was due.
    scheduled_for: Option<String>,
    /// Path or address of its source; the values of an address's query are masked.
    source_identifier: String,
    /// Records applied, rejected, and left alone on purpose.
    items_processed: u64,
    items_failed: u64,
    items_skipped: u64,
    /// When it was scheduled.
    created_at: String,
    /// When it ended.
    completed_at: Option<String>,
}

impl From<&catchment::SyncRun> for SyncRunView {
    fn from(run: &catchment::SyncRun) -> Self {
        Self {
            sync_run_id: run.id,
            status: run.status,
            trigger: run.trigger,
            scheduled_for: run.scheduled_for.map(iso),
            source_identifier: mask_url_query(&run.request.source_identifier),
            items_processed: run.items_processed,
            items_failed: run.items_failed,
            items_skipped: run.items_skipped,
            created_at: iso(run.created_at),
            completed_at: run.completed_at.map(iso),
        }
    }
}

/// The next times of a schedule.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NextTimesView {
    /// They.
    pub(crate) next: Vec<String>,
}
