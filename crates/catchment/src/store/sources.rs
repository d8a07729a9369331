//! `sync_sources`: when a source last had a completed run, for as long as its rows are there.

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
}

/// Notes that a source has a completed run, in the transaction that completes it. A preview is none.
pub(super) async fn note_completed(tx: &mut Tx, run_id: i64) -> Result<(), StoreError> {
    let sql = Sql::Each {
        mysql: "INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) \
                SELECT target_table, source_type, source_name, completed_at FROM sync_runs WHERE id = ? AND mode <> 'preview' \
                ON DUPLICATE KEY UPDATE last_completed_at = VALUES(last_completed_at)",
        sqlite: "INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) \
                 SELECT target_table, source_type, source_name, completed_at FROM sync_runs WHERE id = ? AND mode <> 'preview' \
                 ON CONFLICT (target_table, source_type, source_name) DO UPDATE SET \
                 last_completed_at = excluded.last_completed_at",
    };
    tx.execute(sql, &[run_id.into()]).await?;
    Ok(())
}
