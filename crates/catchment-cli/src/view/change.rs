//! What a preview found that a run would change.

use catchment::{ChangeKind, FieldChange, StoredChange, SyncRun};
use schemars::JsonSchema;
use serde::Serialize;

use super::reject::next_after;

/// A change that a run would make.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChangeView {
    /// For paging.
    id: i64,
    /// What it does.
    kind: ChangeKind,
    /// What identifies the row.
    item: String,
    /// The line that its record begins in, from 1.
    line: Option<i64>,
    /// The page of the source, from 1.
    page: Option<i64>,
    /// The record in that page, as a JSONPath (RFC 9535).
    path: Option<String>,
    /// The values that change.
    fields: Vec<FieldChange>,
    /// Why it is rejected.
    reason: Option<String>,
}

impl From<&StoredChange> for ChangeView {
    fn from(change: &StoredChange) -> Self {
        Self {
            id: change.id,
            kind: change.kind,
            item: change.item.clone(),
            line: change.line,
            page: change.page,
            path: change.path.clone(),
            fields: change.fields.clone(),
            reason: change.reason.clone(),
        }
    }
}

/// A part of the changes that a preview found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangesView {
    /// The preview.
    sync_run_id: i64,
    /// In the order of the source.
    changes: Vec<ChangeView>,
    /// How many are stored.
    changes_stored: u64,
    /// How many more were counted.
    changes_omitted: u64,
    /// `after` of the next part; null after the last.
    next_after: Option<i64>,
}

impl ChangesView {
    /// A part of at most `limit`.
    pub(crate) fn new(run: &SyncRun, changes: &[StoredChange], limit: u32) -> Self {
        Self {
            sync_run_id: run.id,
            changes: changes.iter().map(ChangeView::from).collect(),
            changes_stored: stored_changes(run),
            changes_omitted: omitted_changes(run),
            next_after: next_after(changes.len(), limit, changes.last().map(|change| change.id)),
        }
    }
}

fn stored_changes(run: &SyncRun) -> u64 {
    run.metadata
        .preview
        .as_ref()
        .map_or(0, |preview| preview.inserts_stored + preview.updates_stored + preview.gone_stored)
}

/// Changes of a preview that were counted and not stored.
pub(crate) fn omitted_changes(run: &SyncRun) -> u64 {
    if run.metadata.preview.is_none() {
        return 0;
    }
    let counts = run.metadata.counts;
    let held = run.metadata.gone_held.as_ref().filter(|held| held.can_be_released);
    let held = held.and_then(|held| held.rows).unwrap_or_default();
    (counts.inserted + counts.updated + run.metadata.gone + held).saturating_sub(stored_changes(run))
}
