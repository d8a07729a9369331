//! Conflicts, and what came of settling them.

use catchment::{Conflict, ConflictState, LeftConflict, Settled, SettledBy};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::reject::next_after;
use super::time::iso;

/// A field in which both the source and somebody by hand have changed what a run last wrote.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConflictView {
    /// Its id.
    id: i64,
    /// The run that found it.
    run_id: i64,
    /// The table.
    target_table: String,
    /// The type of the source.
    source_type: String,
    /// The name of the source.
    source_name: String,
    /// What identifies the row, for people.
    item: String,
    /// The columns that tell rows apart, with the values of this one.
    key: Map<String, Value>,
    /// The column.
    column: String,
    /// Whether it is known what a run last wrote there.
    is_written: bool,
    /// What that was; null is NULL.
    written: Option<String>,
    /// What the table has there.
    table: Option<String>,
    /// What the source has there.
    source: Option<String>,
    /// Whether somebody has to settle it.
    state: ConflictState,
    /// How it was settled.
    settled_by: Option<SettledBy>,
    /// When it was filed (RFC 3339).
    created_at: String,
    /// When it was settled.
    settled_at: Option<String>,
}

impl From<&Conflict> for ConflictView {
    fn from(conflict: &Conflict) -> Self {
        let Conflict { id, run_id, state, settled_by, .. } = *conflict;
        Self {
            id,
            run_id,
            target_table: conflict.target_table.clone(),
            source_type: conflict.source_type.clone(),
            source_name: conflict.source_name.clone(),
            item: conflict.item.clone(),
            key: conflict.key.clone(),
            column: conflict.column.clone(),
            is_written: conflict.written.is_some(),
            written: conflict.written.clone().flatten(),
            table: conflict.in_table.clone(),
            source: conflict.in_source.clone(),
            state,
            settled_by,
            created_at: iso(conflict.created_at),
            settled_at: conflict.settled_at.map(iso),
        }
    }
}

/// A part of the conflicts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConflictsView {
    /// In the order in which they were filed.
    conflicts: Vec<ConflictView>,
    /// How many of those that are asked for wait for somebody.
    open: u64,
    /// `after` of the next part; null after the last.
    next_after: Option<i64>,
}

impl ConflictsView {
    /// A part of at most `limit`.
    pub(crate) fn new(conflicts: &[Conflict], open: u64, limit: u32) -> Self {
        Self {
            conflicts: conflicts.iter().map(ConflictView::from).collect(),
            open,
            next_after: next_after(conflicts.len(), limit, conflicts.last().map(|conflict| conflict.id)),
        }
    }
}

/// What came of settling conflicts.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SettledView {
    /// How many are settled.
    settled: u64,
    /// Those that are not, and why; the first 1,000.
    left: Vec<LeftConflict>,
}

impl From<&Settled> for SettledView {
    fn from(settled: &Settled) -> Self {
        Self { settled: settled.settled, left: settled.left.clone() }
    }
}
