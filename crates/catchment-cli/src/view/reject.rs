//! What was not applied, with its reason and its position in the source.

use catchment::{RejectState, StoredError, StoredSkip, SyncRun, ValueDifference};
use catchment_core::ErrorKind;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::time::iso;

/// A row of `sync_errors`: a reject, or the failure of the run itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorView {
    /// For paging.
    id: i64,
    /// Its kind.
    r#type: Option<ErrorKind>,
    /// A stable name for programs.
    code: String,
    /// What is wrong, and what would be accepted, for people.
    message: String,
    /// What identifies the record; null for the failure of a run.
    item: Option<String>,
    /// The line of the file, or the row of its sheet, that the record begins in, from 1.
    line: Option<i64>,
    /// The byte of the decoded text that it begins at, from 0.
    byte: Option<i64>,
    /// The page of the source, from 1.
    page: Option<i64>,
    /// The record in that page, as a JSONPath (RFC 9535); or the file and the sheet of its line.
    path: Option<String>,
    /// The column that refused its value.
    column: Option<String>,
    /// The record as it was read, cut at 4 KiB.
    raw: Option<String>,
    /// Its fields, whole: what a replay mends. Null where they could not be stored.
    record: Option<Map<String, Value>>,
    /// What became of it; of a reject.
    state: Option<RejectState>,
    /// Why it does not matter.
    note: Option<String>,
    /// The run that applied its record.
    #[serde(rename = "replayedBy")]
    replayed_by: Option<i64>,
    /// When it was stored (RFC 3339).
    #[serde(rename = "createdAt")]
    created_at: String,
}

impl From<&StoredError> for ErrorView {
    fn from(error: &StoredError) -> Self {
        Self {
            id: error.id,
            r#type: error.kind,
            code: error.code.clone(),
            message: error.message.clone(),
            item: error.item.clone(),
            line: error.line,
            byte: error.byte,
            page: error.page,
            path: error.path.clone(),
            column: error.column.clone(),
            raw: error.raw.clone(),
            record: error.record.clone(),
            state: error.raw.as_ref().map(|_| error.state),
            note: error.note.clone(),
            replayed_by: error.replayed_by,
            created_at: iso(error.created_at),
        }
    }
}

/// A row of `sync_skips`: a record that was left alone on purpose.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SkipView {
    /// For paging.
    id: i64,
    /// Why: `duplicate`; `filtered` by the option `where`; `changed_meanwhile`, where an approved change was not made;
    /// `kept_edit`, where the row keeps all in which it differs, as the option `conflicts` says; or `totals_row`,
    /// `repeated_header` and `hidden_row`, which a table of a file passes over.
    reason: String,
    /// What identifies the record.
    item: Option<String>,
    /// The line that it begins in, from 1.
    line: Option<i64>,
    /// The page of the source, from 1.
    page: Option<i64>,
    /// The record in that page, as a JSONPath (RFC 9535); or the file and the sheet of its line.
    path: Option<String>,
    /// Where the first record of the identity stands; null where that is not known, or nothing differs.
    first: Option<String>,
    /// The values in which it differs from its row: from the first record of its identity, or from what the row keeps.
    differences: Vec<ValueDifference>,
}

impl From<&StoredSkip> for SkipView {
    fn from(skip: &StoredSkip) -> Self {
        Self {
            id: skip.id,
            reason: skip.reason.clone(),
            item: skip.item.clone(),
            line: skip.line,
            page: skip.page,
            path: skip.path.clone(),
            first: skip.first.clone(),
            differences: skip.differences.clone(),
        }
    }
}

/// A part of the errors of a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorsView {
    /// The run.
    sync_run_id: i64,
    /// In the order in which they were stored.
    errors: Vec<ErrorView>,
    /// How many are stored.
    errors_stored: u64,
    /// How many more were counted.
    errors_omitted: u64,
    /// `after` of the next part; null after the last.
    next_after: Option<i64>,
}

impl ErrorsView {
    /// A part of at most `limit`.
    pub(crate) fn new(run: &SyncRun, errors: &[StoredError], limit: u32) -> Self {
        Self {
            sync_run_id: run.id,
            errors: errors.iter().map(ErrorView::from).collect(),
            errors_stored: run.metadata.errors_stored,
            errors_omitted: omitted_errors(run),
            next_after: next_after(errors.len(), limit, errors.last().map(|error| error.id)),
        }
    }
}

/// A part of the skipped records of a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SkipsView {
    /// The run.
    sync_run_id: i64,
    /// In the order in which they were stored.
    skips: Vec<SkipView>,
    /// How many are stored.
    skips_stored: u64,
    /// How many more were counted.
    skips_omitted: u64,
    /// `after` of the next part; null after the last.
    next_after: Option<i64>,
}

impl SkipsView {
    /// A part of at most `limit`.
    pub(crate) fn new(run: &SyncRun, skips: &[StoredSkip], limit: u32) -> Self {
        Self {
            sync_run_id: run.id,
            skips: skips.iter().map(SkipView::from).collect(),
            skips_stored: run.metadata.skips_stored,
            skips_omitted: omitted_skips(run),
            next_after: next_after(skips.len(), limit, skips.last().map(|skip| skip.id)),
        }
    }
}

/// Rejects of a run that were counted and not stored.
pub(crate) fn omitted_errors(run: &SyncRun) -> u64 {
    run.items_failed.saturating_sub(run.metadata.errors_stored)
}

/// Skips of a run that were counted and not stored.
pub(crate) fn omitted_skips(run: &SyncRun) -> u64 {
    run.items_skipped.saturating_sub(run.metadata.skips_stored)
}

pub(super) fn next_after(count: usize, limit: u32, last: Option<i64>) -> Option<i64> {
    last.filter(|_| u32::try_from(count) == Ok(limit))
}
