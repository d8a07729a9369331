//! Runs as people look at them.

use catchment_core::Result;

use super::row::{RUN_COLUMNS, read_run};
use crate::result::SyncStats;
use crate::run::{RunStatus, SyncRun};
use crate::store::Store;
use crate::store::values::counted;

impl Store {
    /// A run by its id.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn run(&self, id: i64) -> Result<Option<SyncRun>> {
        let sql = format!("SELECT {RUN_COLUMNS} FROM sync_runs WHERE id = ?");
        self.db.fetch(sql, &[id.into()]).await?.first().map(read_run).transpose()
    }

    /// The run that goes on from another one.
    pub(crate) async fn run_based_on(&self, based_on: i64) -> Result<Option<i64>> {
        let rows = self.db.fetch("SELECT id FROM sync_runs WHERE based_on = ?", &[based_on.into()]).await?;
        Ok(rows.first().map(|row| row.int(0)).transpose()?)
    }

    /// The latest runs, the newest first; of one state, or of all.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn runs(&self, status: Option<RunStatus>, limit: u32) -> Result<Vec<SyncRun>> {
        let sql = format!(
            "SELECT {RUN_COLUMNS} FROM sync_runs WHERE status = COALESCE(?, status) ORDER BY id DESC \
             LIMIT ?"
        );
        let args = [status.map(RunStatus::as_str).into(), i64::from(limit).into()];
        self.db.fetch(sql, &args).await?.iter().map(read_run).collect()
    }

    /// How many runs there are in each state.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn stats(&self) -> Result<SyncStats> {
        let rows = self.db.fetch("SELECT status, COUNT(*) FROM sync_runs GROUP BY status", &[]).await?;
        let mut stats = SyncStats::default();
        for row in rows {
            let count = counted(row.int(1)?);
            stats.total += count;
            match RunStatus::from_name(row.text(0)?)? {
                RunStatus::Pending => stats.pending = count,
                RunStatus::InProgress => stats.in_progress = count,
                RunStatus::Completed => stats.completed = count,
                RunStatus::Failed => stats.failed = count,
                RunStatus::Cancelled => stats.cancelled = count,
            }
        }
        Ok(stats)
    }
}
