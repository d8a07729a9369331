//! What a page of a replay does to the rejects that its records are.

use catchment_core::{Location, Position, Reject};

use super::write_outcome::WriteOutcome;
use crate::mapping::Batch;
use crate::run::{RunMode, SyncRun};
use crate::store::db::{StoreError, Tx};
use crate::store::rejects::{store_reason, store_replayed};

/// The rejects whose records a page of a replay applies; `None` of a page of another run.
pub(super) fn replayed(run: &SyncRun, batch: &Batch, written: &WriteOutcome) -> Option<Vec<i64>> {
    if run.mode != RunMode::Replay {
        return None;
    }
    let is_left = |row: &usize| {
        written.refused.contains(row) || written.skips.iter().any(|skip| skip.row == Some(*row))
    };
    let applied = (0..batch.len()).filter(|row| !is_left(row));
    Some(applied.filter_map(|row| batch.location(row)).map(reject_of).collect())
}

/// The reject that a record of a replay is.
fn reject_of(location: &Location) -> i64 {
    match location.position {
        Position::Row { row, .. } => i64::try_from(row).unwrap_or_default(),
        _ => 0,
    }
}

/// Takes note of the rejects that are applied. The others stay open where they are, with their new reasons.
pub(super) async fn store_replay(
    tx: &mut Tx,
    run_id: i64,
    replayed: &[i64],
    rejects: &[Reject],
) -> Result<(), StoreError> {
    store_replayed(tx, run_id, replayed).await?;
    for reject in rejects {
        store_reason(tx, reject_of(&reject.location), reject).await?;
    }
    Ok(())
}
