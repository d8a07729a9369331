//! Cleaning up: old runs and carryovers are deleted, in small transactions, so that nobody waits for them.

use catchment_core::{Error, Result};

use super::Store;
use super::db::dialect::Sql;
use super::db::{Arg, StoreError};
use super::values::{counted, days_ago_ms};
use crate::run::RunStatus;

/// Rows deleted by one statement.
pub(super) const BATCH: i64 = 1000;
/// Failed runs are kept at least so long, for somebody to look at.
const FAILED_RUN_DAYS: u32 = 90;
/// What a run carries over to the next one is kept so long.
const CARRYOVER_DAYS: i64 = 400;

/// A hundred years: more cannot be told from never, and not be computed with.
const MAX_DAYS: u32 = 36_500;

/// The ends of a run, and since when one that ended so is old, where `days` is how long those that ended well are kept.
fn run_retention(days: u32) -> Result<[(RunStatus, i64); 3]> {
    let (ago, failed_ago) = (retention_ms(days)?, retention_ms(days.max(FAILED_RUN_DAYS))?);
    Ok([(RunStatus::Completed, ago), (RunStatus::Cancelled, ago), (RunStatus::Failed, failed_ago)])
}

/// So many days ago; at least one, as what was seen just now is old otherwise.
pub(super) fn retention_ms(days: u32) -> Result<i64> {
    if days == 0 {
        let message = "0 days would delete what was seen just now; keep it for at least 1 day";
        return Err(Error::config("invalid_settings", message));
    }
    Ok(days_ago_ms(days.min(MAX_DAYS).into()))
}

impl Store {
    /// Deletes runs that ended longer ago than `days` with what belongs to them; failed ones not before 90 days. How
    /// many.
    pub(crate) async fn delete_old_runs(&self, days: u32) -> Result<u64> {
        let mut count = 0;
        for (status, ago) in run_retention(days)? {
            let sql = "SELECT id FROM sync_runs WHERE status = ? AND completed_at < {now + ? ms} ORDER BY id \
                 LIMIT ?";
            let args = [status.as_str().into(), ago.into(), BATCH.into()];
            loop {
                let runs = self.db.fetch(sql, &args).await?;
                for run in &runs {
                    count += self.delete_run(run.int(0)?, status).await?;
                }
                if runs.is_empty() {
                    break;
                }
            }
        }
        Ok(count)
    }

    /// How many runs [`Store::delete_old_runs`] would delete.
    pub(crate) async fn count_old_runs(&self, days: u32) -> Result<u64> {
        let mut count = 0;
        for (status, ago) in run_retention(days)? {
            let sql = "SELECT COUNT(*) FROM sync_runs WHERE status = ? AND completed_at < {now + ? ms}";
            count += self.count(sql, &[status.as_str().into(), ago.into()]).await?;
        }
        Ok(count)
    }

    pub(super) async fn count(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64> {
        let rows = self.db.fetch(sql, args).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.int(0)).map(counted)?)
    }

    /// Its thousands of errors and changes first, in batches: deleting the run would take them along in one transaction.
    async fn delete_run(&self, run_id: i64, status: RunStatus) -> Result<u64, StoreError> {
        for table in ["sync_errors", "sync_skips", "sync_changes"] {
            // MySQL deletes from no table that the statement selects from, unless it is hidden one level down.
            let sql = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM (SELECT id FROM {table} WHERE sync_run_id = ? LIMIT ?) b)"
            );
            while self.db.execute(sql.clone(), &[run_id.into(), BATCH.into()]).await? > 0 {}
        }
        let sql = "DELETE FROM sync_runs WHERE id = ? AND status = ?";
        self.db.execute(sql, &[run_id.into(), status.as_str().into()]).await
    }

    /// Deletes what runs carried over to a next one that did not come for so long. It reads all then.
    pub(crate) async fn delete_old_carryovers(&self) -> Result<u64> {
        let sql = "DELETE FROM sync_states WHERE updated_at < {now + ? ms}";
        let deleted = self.db.execute(sql, &[days_ago_ms(CARRYOVER_DAYS).into()]).await?;
        let orphans = "DELETE FROM sync_vouched WHERE state_key NOT IN (SELECT state_key FROM sync_states)";
        self.db.execute(orphans, &[]).await?;
        Ok(deleted)
    }
}
