//! What operators do to runs from outside their attempts: cancel and retry.

use catchment_core::{ErrorKind, Result};

use crate::store::Store;
use crate::store::db::dialect::list;
use crate::store::db::{Arg, StoreError};
use crate::store::values::days_ago_ms;

/// Failed runs that are older than this are not retried by themselves.
const RETRY_DAYS: i64 = 7;

/// A later run of the source and target of a run `r`.
const LATER_RUN: &str = "SELECT 1 FROM sync_runs l WHERE l.target_table = r.target_table AND l.source_type = \
     r.source_type AND l.source_name = r.source_name AND l.id > r.id AND (l.mode IN ('sync', 'approve') OR l.mode = r.mode)";

impl Store {
    /// Cancels a run. A worker that holds it finds that out at its next page, and does not write that one. False when
    /// the run has ended already.
    pub(crate) async fn cancel(&self, run_id: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let cancel = "UPDATE sync_runs SET status = 'cancelled', completed_at = {now}, next_attempt_at = NULL, \
             lease_owner = NULL, lease_until = NULL, updated_at = {now} WHERE id = ? AND status IN \
             ('pending', 'in_progress')";
        let is_cancelled = tx.execute(cancel, &[run_id.into()]).await? == 1;
        let end = "UPDATE sync_attempts SET ended_at = {now}, error_code = 'cancelled', error_message = \
             'cancelled', pages_after = (SELECT page_no FROM sync_runs WHERE id = ?) WHERE \
             sync_run_id = ? AND ended_at IS NULL";
        if is_cancelled {
            tx.execute(end, &[run_id.into(), run_id.into()]).await?;
        }
        tx.commit().await?;
        Ok(is_cancelled)
    }

    /// Puts a failed or cancelled run back into the queue, to resume after its last page. False when it has another
    /// state, or a later run of its source and target exists.
    pub(crate) async fn requeue(&self, run_id: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let later = format!("SELECT r.id FROM sync_runs r WHERE r.id = ? AND EXISTS ({LATER_RUN})");
        if !tx.fetch(later, &[run_id.into()]).await?.is_empty() {
            tx.rollback().await?;
            return Ok(false);
        }
        let requeue = "UPDATE sync_runs SET status = 'pending', completed_at = NULL, next_attempt_at = {now}, \
             fruitless_attempts = 0, updated_at = {now} WHERE id = ? AND status IN ('failed', \
             'cancelled')";
        let is_requeued = tx.execute(requeue, &[run_id.into()]).await? == 1;
        tx.commit().await?;
        Ok(is_requeued)
    }

    /// Whether a later run of the source and target of one exists.
    pub(crate) async fn has_later_run(&self, run_id: i64) -> Result<bool> {
        let sql = format!("SELECT r.id FROM sync_runs r WHERE r.id = ? AND EXISTS ({LATER_RUN})");
        Ok(!self.db.fetch(sql, &[run_id.into()]).await?.is_empty())
    }

    /// Failed runs that are worth another attempt: failed for a cause that passes, or by hand; not long ago; with no
    /// later run of their source and target.
    pub(crate) async fn retryable_runs(&self) -> Result<Vec<i64>> {
        let kinds: Vec<_> = ErrorKind::ALL.into_iter().filter(|kind| kind.is_retryable()).collect();
        let sql = format!(
            "SELECT r.id FROM sync_runs r WHERE r.status = 'failed' AND r.mode <> 'preview' AND (r.error_type IS NULL OR r.error_type IN ({})) \
             AND r.completed_at > {{now + ? ms}} AND NOT EXISTS ({LATER_RUN}) ORDER BY r.id",
            list("?", kinds.len()),
        );
        let mut args: Vec<Arg<'_>> = kinds.iter().map(|kind| kind.as_str().into()).collect();
        args.push(days_ago_ms(RETRY_DAYS).into());
        let rows = self.db.fetch(sql, &args).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
    }
}
