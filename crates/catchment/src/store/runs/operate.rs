//! What operators do to runs from outside their attempts: cancel and retry.

use catchment_core::{ErrorKind, Result};

use crate::store::Store;
use crate::store::db::dialect::list;
use crate::store::db::{Arg, StoreError, Tx};
use crate::store::values::days_ago_ms;
use crate::store::volumes::{ON_VOLUME, OnVolume};

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
    /// later run of their source and target. Of one node that read sources on a volume, or of all.
    pub(crate) async fn retryable_runs(&self, volume: Option<(&str, &str)>) -> Result<Vec<i64>> {
        let on_volume = volume.map(|(node, id)| (node, OnVolume::new(id)));
        let condition =
            on_volume.as_ref().map(|_| format!(" AND {ON_VOLUME} AND node = ?")).unwrap_or_default();
        let kinds: Vec<_> = ErrorKind::ALL.into_iter().filter(|kind| kind.is_retryable()).collect();
        let sql = format!(
            "SELECT r.id FROM sync_runs r WHERE r.status = 'failed' AND r.mode <> 'preview' AND (r.error_type IS NULL OR r.error_type IN ({})) \
             AND r.completed_at > {{now + ? ms}} AND NOT EXISTS ({LATER_RUN}){condition} ORDER BY r.id",
            list("?", kinds.len()),
        );
        let mut args: Vec<Arg<'_>> = kinds.iter().map(|kind| kind.as_str().into()).collect();
        args.push(days_ago_ms(RETRY_DAYS).into());
        if let Some((node, on_volume)) = &on_volume {
            args.extend(on_volume.args());
            args.push((*node).into());
        }
        let rows = self.db.fetch(sql, &args).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
    }

    /// Makes the runs of a node due now that wait for a volume. How many.
    pub(crate) async fn make_volume_due(&self, node: &str, volume: &str) -> Result<u64, StoreError> {
        let sql = format!(
            "UPDATE sync_runs SET next_attempt_at = {{now}} WHERE status = 'pending' AND node = ? AND {ON_VOLUME}"
        );
        self.db.execute(sql, &[&[node.into()][..], &OnVolume::new(volume).args()].concat()).await
    }

    /// The first run that waits or is under way of the sources on a volume, on one node or on any.
    pub(crate) async fn active_volume_run(&self, node: Option<&str>, volume: &str) -> Result<Option<i64>> {
        let sql = format!(
            "SELECT id FROM sync_runs WHERE status IN ('pending', 'in_progress') AND node = COALESCE(?, node) AND {ON_VOLUME} ORDER BY id \
             LIMIT 1"
        );
        let on_volume = OnVolume::new(volume);
        let args = [&[node.into()][..], &on_volume.args()].concat();
        let rows = self.db.fetch(sql, &args).await?;
        Ok(rows.first().map(|row| row.int(0)).transpose()?)
    }
}

/// Lets failed and cancelled runs of a source begin anew if they are retried: the rows of their pages are about to go.
pub(in crate::store) async fn begin_anew(tx: &mut Tx, source: &[Arg<'_>; 3]) -> Result<(), StoreError> {
    let ended =
        "target_table = ? AND source_type = ? AND source_name = ? AND status IN ('failed', 'cancelled')";
    for table in ["sync_errors", "sync_skips", "sync_changes", "sync_run_pages"] {
        let sql = format!(
            "DELETE FROM {table} WHERE sync_run_id IN (SELECT id FROM sync_runs WHERE {ended} AND page_no > 0)"
        );
        tx.execute(sql, source).await?;
    }
    let sql = format!(
        "UPDATE sync_runs SET page_no = 0, read_cursor = NULL, items_processed = 0, items_failed = 0, items_skipped = 0, \
         sync_metadata = NULL WHERE {ended} AND page_no > 0"
    );
    tx.execute(sql, source).await?;
    Ok(())
}
