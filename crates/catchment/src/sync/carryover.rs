//! What the last completed run of a request left for the next one.

use catchment_core::Result;

use super::engine::Engine;
use super::request::Prepared;
use crate::run::{RunMode, SyncRun};

/// What the last completed run of a request left.
#[derive(Debug, Default)]
pub(super) struct LeftOver {
    /// What the source left.
    pub(super) value: Option<serde_json::Value>,
    /// That run, where its source may vouch for its rows.
    pub(super) vouched_by: Option<i64>,
}

impl Engine {
    /// What the last completed run of a request left. It counts only as long as what it was said of is there: an `ETag`
    /// of rows that were deleted would be answered with 304 for ever.
    pub(super) async fn carryover(
        &self,
        run: &SyncRun,
        Prepared { target, table, .. }: &Prepared,
        state_key: &str,
    ) -> Result<LeftOver> {
        let store = &self.store;
        if run.mode != RunMode::Sync {
            // It reads all of the source.
            return Ok(LeftOver::default());
        }
        let Some(value) = store.carryover(state_key).await? else { return Ok(LeftOver::default()) };
        if !store.has_completed(run).await? || !store.has_rows(run, table, false).await? {
            return Ok(LeftOver::default());
        }
        // One that replaces another reads all of it, and rows that the option `where` left out are not there.
        let may_vouch = run.metadata.replaces.is_none() && target.condition.is_none();
        let vouched_by = if may_vouch { store.vouching_run(run, table, state_key).await? } else { None };
        Ok(LeftOver { value: Some(value), vouched_by })
    }
}
