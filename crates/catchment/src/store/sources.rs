//! `sync_sources` and `sync_passes`: when a source last had a completed run, and when the last one began that has seen all of it;
//! for as long as its rows are there.

use catchment_core::Result;

use super::Store;
use super::db::dialect::Sql;
use super::db::{Arg, StoreError, Tx};
use crate::run::SyncRun;

impl Store {
    /// Whether a source has a completed run on record, so that what it left counts.
    pub(crate) async fn has_completed(&self, run: &SyncRun) -> Result<bool> {
        let sql = "SELECT 1 FROM sync_sources WHERE target_table = ? AND source_type = ? AND source_name = ? \
             AND last_completed_at IS NOT NULL";
        let args =
            [Arg::from(&run.target_table), Arg::from(&run.request.source_type), Arg::from(&run.source_name)];
        Ok(!self.db.fetch(sql, &args).await?.is_empty())
    }

    /// Whether other sources have filled the table of a run.
    pub(crate) async fn has_other_sources(&self, run: &SyncRun) -> Result<bool> {
        let sql = "SELECT 1 FROM sync_sources WHERE target_table = ? AND NOT (source_type = ? AND source_name = ?) LIMIT 1";
        let args =
            [Arg::from(&run.target_table), Arg::from(&run.request.source_type), Arg::from(&run.source_name)];
        Ok(!self.db.fetch(sql, &args).await?.is_empty())
    }
}

/// Notes that a source has a completed run, in the transaction that completes it; and when its last one began that has seen all
/// of it. A preview is none, nor is what reads no source.
pub(super) async fn note_completed(tx: &mut Tx, run_id: i64, is_whole: bool) -> Result<(), StoreError> {
    let completed = Sql::Each {
        mysql: "INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) \
                SELECT target_table, source_type, source_name, completed_at FROM sync_runs WHERE id = ? \
                AND mode IN ('sync', 'approve') ON DUPLICATE KEY UPDATE last_completed_at = VALUES(last_completed_at)",
        sqlite: "INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) \
                 SELECT target_table, source_type, source_name, completed_at FROM sync_runs WHERE id = ? \
                 AND mode IN ('sync', 'approve') ON CONFLICT (target_table, source_type, source_name) DO UPDATE SET \
                 last_completed_at = excluded.last_completed_at",
    };
    let passed = Sql::Each {
        mysql: "INSERT INTO sync_passes (target_table, source_type, source_name, last_pass_at) \
                SELECT target_table, source_type, source_name, started_at FROM sync_runs WHERE id = ? \
                AND mode IN ('sync', 'approve') ON DUPLICATE KEY UPDATE last_pass_at = VALUES(last_pass_at)",
        sqlite: "INSERT INTO sync_passes (target_table, source_type, source_name, last_pass_at) \
                 SELECT target_table, source_type, source_name, started_at FROM sync_runs WHERE id = ? \
                 AND mode IN ('sync', 'approve') ON CONFLICT (target_table, source_type, source_name) DO UPDATE SET \
                 last_pass_at = excluded.last_pass_at",
    };
    tx.execute(completed, &[run_id.into()]).await?;
    if is_whole {
        tx.execute(passed, &[run_id.into()]).await?;
    }
    Ok(())
}
