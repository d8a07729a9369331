//! What is done to runs and content from outside their attempts: cancel, retry, clean up. In small transactions, so
//! that nobody waits for them.

use std::collections::HashMap;

use catchment_core::{Error, ErrorKind, Result};

use super::Store;
use super::db::dialect::list;
use super::db::{Arg, StoreError, Row};
use crate::run::RunStatus;

/// Rows deleted by one statement.
const BATCH: i64 = 1000;
/// Failed runs are kept at least so long, for somebody to look at.
const FAILED_RUN_DAYS: u32 = 90;
/// What a source left for its next run is kept so long.
const STATE_DAYS: i64 = 400;
/// Failed runs that are older than this are not taken up again by themselves.
const RETRY_DAYS: i64 = 7;

/// Runs of a source that fill the table, or have done so since a time.
const SIGNS_OF_LIFE: &str = "SELECT 1 FROM sync_runs WHERE target_table = 'content_index' AND source_type = ? AND source_name \
     = ? AND (status IN ('pending', 'in_progress') OR (status = 'completed' AND completed_at >= {now + \
     ? ms})) LIMIT 1";

impl Store {
    /// Calls a run off. A worker that holds it finds that out at its next page, and writes that one no more. False
    /// when the run has ended already.
    pub(crate) async fn cancel(&self, run_id: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let cancel = "UPDATE sync_runs SET status = 'cancelled', completed_at = {now}, next_attempt_at = NULL, \
             lease_owner = NULL, lease_until = NULL, updated_at = {now} WHERE id = ? AND status IN \
             ('pending', 'in_progress')";
        let is_cancelled = tx.execute(cancel, &[run_id.into()]).await? == 1;
        let end = "UPDATE sync_attempts SET ended_at = {now}, error_code = 'cancelled', error_message = \
             'called off', pages_after = (SELECT page_no FROM sync_runs WHERE id = ?) WHERE \
             sync_run_id = ? AND ended_at IS NULL";
        if is_cancelled {
            tx.execute(end, &[run_id.into(), run_id.into()]).await?;
        }
        tx.commit().await?;
        Ok(is_cancelled)
    }

    /// Puts a failed or cancelled run back into the queue, to go on from its last page. False when it has another
    /// state, or a later run of its lane exists.
    pub(crate) async fn requeue(&self, run_id: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let later = "SELECT l.id FROM sync_runs r JOIN sync_runs l ON l.id > r.id AND l.target_table = \
             r.target_table AND l.source_type = r.source_type AND l.source_name = r.source_name WHERE \
             r.id = ? LIMIT 1";
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

    /// Failed runs that are worth another attempt: failed for a cause that passes, or by hand; not long ago; with no
    /// later run of their lane.
    pub(crate) async fn retryable_runs(&self) -> Result<Vec<i64>> {
        let kinds: Vec<_> = ErrorKind::ALL.into_iter().filter(|kind| kind.is_retryable()).collect();
        let sql = format!(
            "SELECT r.id FROM sync_runs r WHERE r.status = 'failed' AND (r.error_type IS NULL OR r.error_type IN ({})) \
             AND r.completed_at > {{now + ? ms}} AND NOT EXISTS (SELECT 1 FROM sync_runs l WHERE l.target_table = r.target_table AND \
             l.source_type = r.source_type AND l.source_name = r.source_name AND l.id > r.id) ORDER BY r.id",
            list("?", kinds.len()),
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
            let sql = "SELECT id FROM sync_runs WHERE status = ? AND completed_at < {now + ? ms} ORDER BY id \
                 LIMIT ?";
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
    async fn delete_run(&self, run_id: i64, status: RunStatus) -> Result<u64, StoreError> {
        for table in ["sync_errors", "sync_skips"] {
            // MySQL deletes from no table that the statement selects from, unless it is hidden one level down.
            let sql = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM (SELECT id FROM {table} WHERE sync_run_id = ? LIMIT ?) b)"
            );
            while self.db.execute(sql.clone(), &[run_id.into(), BATCH.into()]).await? > 0 {}
        }
        let sql = "DELETE FROM sync_runs WHERE id = ? AND status = ?";
        self.db.execute(sql, &[run_id.into(), status.as_str().into()]).await
    }

    /// Deletes content that no run has seen for `days`, of sources that have had no completed run for so long: those that
    /// say what is new, or that nothing is, have no reason to show their other rows. How many rows.
    pub(crate) async fn delete_old_content(&self, days: u32) -> Result<u64> {
        let ago = days_ago_ms(days.into());
        let mut count = 0;
        for [source_type, source_name] in self.stale_sources(ago).await? {
            if self.forget_source(&source_type, &source_name, ago).await? {
                count += self.delete_content_of(&source_type, &source_name, ago).await?;
            }
        }
        Ok(count)
    }

    /// Sources of old content without a completed run since, and without one that may become it. What `sync_runs` has of a
    /// source counts; of runs that were cleaned up, `sync_sources` has the last.
    async fn stale_sources(&self, ago: i64) -> Result<Vec<[String; 2]>> {
        let runs = "SELECT source_type, source_name, MAX(CASE WHEN status <> 'completed' OR completed_at >= \
             {now + ? ms} THEN 1 ELSE 0 END) FROM sync_runs WHERE status IN ('pending', 'in_progress', \
             'completed') AND target_table = 'content_index' GROUP BY source_type, source_name";
        let old = "SELECT DISTINCT c.source_type, c.source_identifier, CASE WHEN EXISTS (SELECT 1 FROM \
             sync_sources s WHERE s.target_table = 'content_index' AND s.source_type = c.source_type \
             AND s.source_name = c.source_identifier AND s.last_completed_at >= {now + ? ms}) THEN 1 \
             ELSE 0 END FROM content_index c WHERE c.last_synced_at < {now + ? ms}";
        let read = |row: &Row| Ok(([row.text(0)?.to_owned(), row.text(1)?.to_owned()], row.int(2)? == 1));
        let runs = self.db.fetch(runs, &[ago.into()]).await?;
        let is_alive: HashMap<_, _> = runs.iter().map(read).collect::<Result<_, StoreError>>()?;
        let old = self.db.fetch(old, &[ago.into(), ago.into()]).await?;
        let old: Vec<_> = old.iter().map(read).collect::<Result<_, StoreError>>()?;
        let is_stale =
            |(source, was_completed): &([String; 2], bool)| !is_alive.get(source).unwrap_or(was_completed);
        Ok(old.into_iter().filter(is_stale).map(|(source, _)| source).collect())
    }

    /// What the last run left counts no more, before the first of its rows is deleted. False where the source has come to
    /// life meanwhile.
    async fn forget_source(&self, source_type: &str, source_name: &str, ago: i64) -> Result<bool> {
        let forget = "UPDATE sync_sources SET last_completed_at = NULL WHERE target_table = 'content_index' AND \
             source_type = ? AND source_name = ?";
        let mut tx = self.db.begin().await?;
        let is_alive =
            !tx.fetch(SIGNS_OF_LIFE, &[source_type.into(), source_name.into(), ago.into()]).await?.is_empty();
        if !is_alive {
            tx.execute(forget, &[source_type.into(), source_name.into()]).await?;
        }
        tx.commit().await?;
        Ok(!is_alive)
    }

    /// In the order of their ids.
    async fn delete_content_of(&self, source_type: &str, source_name: &str, ago: i64) -> Result<u64> {
        let (mut count, mut after) = (0, 0);
        let find = "SELECT id FROM content_index WHERE source_type = ? AND source_identifier = ? AND id > ? \
             AND last_synced_at < {now + ? ms} ORDER BY id LIMIT ?";
        loop {
            let args = [source_type.into(), source_name.into(), i64::into(after), ago.into(), BATCH.into()];
            let rows = self.db.fetch(find, &args).await?;
            let ids = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
            let Some(last) = ids.last() else { return Ok(count) };
            after = *last;
            let signs = [source_type.into(), source_name.into(), ago.into()];
            if !self.db.fetch(SIGNS_OF_LIFE, &signs).await?.is_empty() {
                return Ok(count);
            }
            // Asked again: a run may have seen some of them meanwhile.
            let delete = format!(
                "DELETE FROM content_index WHERE id IN ({}) AND last_synced_at < {{now + ? ms}}",
                list("?", ids.len()),
            );
            let args: Vec<_> = ids.iter().chain([&ago]).map(|id| Arg::Int(*id)).collect();
            count += self.db.execute(delete, &args).await.map_err(Error::from)?;
        }
    }

    /// Deletes what sources left for a next run that did not come for so long. They read all then.
    pub(crate) async fn delete_old_states(&self) -> Result<u64> {
        let sql = "DELETE FROM sync_states WHERE updated_at < {now + ? ms}";
        Ok(self.db.execute(sql, &[days_ago_ms(STATE_DAYS).into()]).await?)
    }
}

/// So many days back, in milliseconds from now.
const fn days_ago_ms(days: i64) -> i64 {
    -days * 24 * 60 * 60 * 1000
}
