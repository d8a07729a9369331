//! What is done to runs and content from outside their attempts: cancel, retry, clean up. In small transactions, so
//! that nobody waits for them.

use catchment_core::{Error, ErrorKind, Result};

use super::Store;
use super::db::Arg;
use super::dialect::{list, sql};
use super::error::Failure;
use crate::run::RunStatus;

/// Rows deleted by one statement.
const BATCH: i64 = 1000;
/// Failed runs are kept at least so long, for somebody to look at.
const FAILED_RUN_DAYS: u32 = 90;
/// Failed runs that are older than this are not taken up again by themselves.
const RETRY_DAYS: i64 = 7;

impl Store {
    /// Calls a run off. A worker that holds it finds that out at its next page, and writes that one no more. False
    /// when the run has ended already.
    pub(crate) async fn cancel(&self, run_id: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let cancel = sql!(
            "UPDATE sync_runs SET status = 'cancelled', completed_at = " NOW ", next_attempt_at = NULL, "
            "lease_owner = NULL, lease_until = NULL, updated_at = " NOW " "
            "WHERE id = ? AND status IN ('pending', 'in_progress')"
        );
        let is_cancelled = tx.execute(cancel, &[run_id.into()]).await? == 1;
        let end = sql!(
            "UPDATE sync_attempts SET ended_at = " NOW ", error_code = 'cancelled', error_message = 'called off', "
            "pages_after = (SELECT page_no FROM sync_runs WHERE id = ?) WHERE sync_run_id = ? AND ended_at IS NULL"
        );
        if is_cancelled {
            tx.execute(end, &[run_id.into(), run_id.into()]).await?;
        }
        tx.commit().await?;
        Ok(is_cancelled)
    }

    /// Puts a failed or cancelled run back into the queue, to go on from its last page. False when it has another
    /// state, or a later run of its lane exists.
    pub(crate) async fn requeue(&self, run_id: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let later = sql!(
            "SELECT l.id FROM sync_runs r JOIN sync_runs l ON l.lane_key = r.lane_key AND l.id > r.id WHERE r.id = ? "
            "LIMIT 1"
        );
        if !tx.fetch(later, &[run_id.into()]).await?.is_empty() {
            tx.rollback().await?;
            return Ok(false);
        }
        let requeue = sql!(
            "UPDATE sync_runs SET status = 'pending', completed_at = NULL, next_attempt_at = NULL, "
            "fruitless_attempts = 0, updated_at = " NOW " WHERE id = ? AND status IN ('failed', 'cancelled')"
        );
        let is_requeued = tx.execute(requeue, &[run_id.into()]).await? == 1;
        tx.commit().await?;
        Ok(is_requeued)
    }

    /// Failed runs that are worth another attempt: failed for a cause that passes, or by hand; not long ago; with no
    /// later run of their lane.
    pub(crate) async fn retryable_runs(&self) -> Result<Vec<i64>> {
        let kinds: Vec<_> = ErrorKind::ALL.into_iter().filter(|kind| kind.is_retryable()).collect();
        let sql = format!(
            "SELECT r.id FROM sync_runs r WHERE r.status = 'failed' AND (r.error_type IS NULL OR r.error_type IN ({})) \
             AND r.completed_at > {} AND NOT EXISTS (SELECT 1 FROM sync_runs l WHERE l.lane_key = r.lane_key AND \
             l.id > r.id) ORDER BY r.id",
            list("?", kinds.len()),
            self.db.dialect().pick(sql!(NOW_PLUS_MS)),
        );
        let mut args: Vec<Arg<'_>> = kinds.iter().map(|kind| kind.as_str().into()).collect();
        args.push(days_ago_ms(RETRY_DAYS).into());
        let rows = self.db.fetch(sql, &args).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
    }

    /// Deletes runs that ended longer ago than `days` with what belongs to them; failed ones not before 90 days. How
    /// many.
    pub(crate) async fn delete_old_runs(&self, days: u32) -> Result<u64> {
        let mut count = 0;
        for (status, days) in [
            (RunStatus::Completed, days),
            (RunStatus::Cancelled, days),
            (RunStatus::Failed, days.max(FAILED_RUN_DAYS)),
        ] {
            let sql = sql!(
                "SELECT id FROM sync_runs WHERE status = ? AND completed_at < " NOW_PLUS_MS " ORDER BY id LIMIT ?"
            );
            let args = [status.as_str().into(), days_ago_ms(days.into()).into(), BATCH.into()];
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

    /// Its thousands of errors first, in batches: deleting the run would take them along in one transaction.
    async fn delete_run(&self, run_id: i64, status: RunStatus) -> Result<u64, Failure> {
        for table in ["sync_errors", "sync_skips"] {
            // MySQL deletes from no table that the statement selects from, unless it is hidden one level down.
            let sql = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM (SELECT id FROM {table} WHERE sync_run_id = ? LIMIT ?) b)"
            );
            while self.db.execute(sql.clone(), &[run_id.into(), BATCH.into()]).await? > 0 {}
        }
        let sql = sql!("DELETE FROM sync_runs WHERE id = ? AND status = ?");
        self.db.execute(sql, &[run_id.into(), status.as_str().into()]).await
    }

    /// Deletes content that no run has seen for `days`, in the order of its ids. How many rows.
    pub(crate) async fn delete_old_content(&self, days: u32) -> Result<u64> {
        let (mut count, mut after, ago) = (0, 0, days_ago_ms(days.into()));
        let find = sql!(
            "SELECT id FROM content_index WHERE id > ? AND last_synced_at < " NOW_PLUS_MS " ORDER BY id LIMIT ?"
        );
        loop {
            let rows = self.db.fetch(find, &[i64::into(after), ago.into(), BATCH.into()]).await?;
            let ids = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
            let Some(last) = ids.last() else { return Ok(count) };
            after = *last;
            // Asked again: a run may have seen some of them meanwhile.
            let delete = format!(
                "DELETE FROM content_index WHERE id IN ({}) AND last_synced_at < {}",
                list("?", ids.len()),
                self.db.dialect().pick(sql!(NOW_PLUS_MS)),
            );
            let args: Vec<_> = ids.iter().chain([&ago]).map(|id| Arg::Int(*id)).collect();
            count += self.db.execute(delete, &args).await.map_err(Error::from)?;
        }
    }
}

/// So many days back, in milliseconds from now.
const fn days_ago_ms(days: i64) -> i64 {
    -days * 24 * 60 * 60 * 1000
}
