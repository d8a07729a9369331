//! What the last completed run of a request left for the next one.

use std::sync::Arc;

use catchment_core::Result;

use super::engine::Engine;
use super::request::Prepared;
use crate::mapping::FieldMapping;
use crate::run::{RunMode, SyncRun};
use crate::store::{LeftOver, Vouching};

/// What the last completed run of a request left.
#[derive(Debug, Default)]
pub(super) struct Carryover {
    /// What the source left.
    pub(super) value: Option<serde_json::Value>,
    /// The rows that the source may vouch for.
    pub(super) vouching: Option<Arc<Vouching>>,
}

impl Engine {
    /// What the last completed run of a request left. It counts only as long as what it was said of is there: an `ETag`
    /// of rows that were deleted would be answered with 304 for ever.
    pub(super) async fn carryover(
        &self,
        run: &SyncRun,
        Prepared { target, table, source, .. }: &Prepared,
        state_key: &str,
    ) -> Result<Carryover> {
        let store = &self.store;
        if run.mode != RunMode::Sync {
            // It reads all of the source.
            return Ok(Carryover::default());
        }
        let Some((left, LeftOver { value, vouched })) = store.carryover(state_key).await? else {
            return Ok(Carryover::default());
        };
        if !store.has_completed(run).await? || !store.has_rows(run, table, false).await? {
            return Ok(Carryover::default());
        }
        // One that replaces another reads all of it; one that is resumed has changed rows already.
        let may_vouch = run.metadata.replaces.is_none() && run.pages == 0 && target.condition.is_none();
        let vouched = vouched.filter(|_| may_vouch && !source.names_by().is_empty());
        let vouching = match vouched {
            Some(vouched) => store.vouching(run, table, (left, vouched)).await?.map(Arc::new),
            None => None,
        };
        Ok(Carryover { value: Some(value), vouching })
    }
}

/// What a run leaves that is complete, with the rows that its source may vouch for next time: where each record is a row, nothing of it
/// was kept, and rows are told apart by what the source names them by.
pub(super) fn leave(
    run: &SyncRun,
    Prepared { table, source, .. }: &Prepared,
    value: serde_json::Value,
) -> LeftOver {
    let metadata = &run.metadata;
    let mapping = metadata.mapping.as_ref();
    let is_named = |column: &String| {
        matches!(mapping.and_then(|mapping| mapping.get(column)), Some(FieldMapping::Field(name))
            if source.names_by().contains(&name.as_str()))
    };
    let is_whole = |rows: u64| {
        let counts = metadata.counts;
        counts.processed() == rows && counts.total() == rows && metadata.fields_kept == 0
    };
    let vouched = metadata.versions.filter(|versions| is_whole(versions.rows));
    LeftOver { value, vouched: vouched.filter(|_| table.identity.iter().all(is_named)) }
}
