//! Cleaning up: old runs, content and carryovers are deleted, in small transactions, so that nobody waits for them.

use std::collections::HashMap;

use catchment_core::{Error, Result};

use super::Store;
use super::db::dialect::list;
use super::db::{Arg, Row, StoreError, Tx};
use super::values::{counted, days_ago_ms};
use crate::run::RunStatus;

/// Rows deleted by one statement.
const BATCH: i64 = 1000;
/// Failed runs are kept at least so long, for somebody to look at.
const FAILED_RUN_DAYS: u32 = 90;
/// What a run carries over to the next one is kept so long.
const CARRYOVER_DAYS: i64 = 400;

/// Runs of a source that fill the table, or have done so since a time.
const SIGNS_OF_LIFE: &str = "SELECT 1 FROM sync_runs WHERE target_table = 'content_index' AND source_type = ? AND source_name \
     = ? AND (status IN ('pending', 'in_progress') OR (status = 'completed' AND completed_at >= {now + \
     ? ms})) LIMIT 1";

/// A time that all rows and all completed runs are older than.
const TOMORROW_MS: i64 = 24 * 60 * 60 * 1000;
/// A hundred years: more cannot be told from never, and not be computed with.
const MAX_DAYS: u32 = 36_500;

/// The ends of a run, and since when one that ended so is old, where `days` is how long those that ended well are kept.
fn run_retention(days: u32) -> Result<[(RunStatus, i64); 3]> {
    let (ago, failed_ago) = (retention_ms(days)?, retention_ms(days.max(FAILED_RUN_DAYS))?);
    Ok([(RunStatus::Completed, ago), (RunStatus::Cancelled, ago), (RunStatus::Failed, failed_ago)])
}

/// So many days ago; at least one, as what was seen just now is old otherwise.
fn retention_ms(days: u32) -> Result<i64> {
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

    async fn count(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64> {
        let rows = self.db.fetch(sql, args).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.int(0)).map(counted)?)
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
    /// say what is new, or that nothing is, have no reason to show their other rows. Of one source, or of all. How many rows.
    pub(crate) async fn delete_old_content(&self, days: u32, source: Option<&str>) -> Result<u64> {
        self.delete_content_before(retention_ms(days)?, source).await
    }

    /// Deletes all content of a source, however young. How many rows.
    ///
    /// # Errors
    /// `config`, `source_in_use`, where a run of it waits or is under way; `database`.
    pub(crate) async fn forget_content_of(&self, source: &str) -> Result<u64> {
        let in_use = "SELECT 1 FROM sync_runs WHERE target_table = 'content_index' AND source_name = ? AND status IN \
             ('pending', 'in_progress') LIMIT 1";
        if !self.db.fetch(in_use, &[source.into()]).await?.is_empty() {
            let message = format!(
                "a run of `{source}` waits or is in progress; cancel it first (`catchment runs`, `catchment runs cancel ID`)"
            );
            return Err(Error::config("source_in_use", message));
        }
        self.delete_content_before(TOMORROW_MS, Some(source)).await
    }

    /// How many rows [`Store::forget_content_of`] would delete.
    pub(crate) async fn count_content_of(&self, source: &str) -> Result<u64> {
        self.count("SELECT COUNT(*) FROM content_index WHERE source_identifier = ?", &[source.into()]).await
    }

    async fn delete_content_before(&self, ago: i64, source: Option<&str>) -> Result<u64> {
        let mut count = 0;
        for [source_type, source_name] in self.stale_sources(ago, source).await? {
            if self.forget_source(&source_type, &source_name, ago).await? {
                count += self.delete_content_of(&source_type, &source_name, ago).await?;
            }
        }
        Ok(count)
    }

    /// How many rows [`Store::delete_old_content`] would delete.
    pub(crate) async fn count_old_content(&self, days: u32, source: Option<&str>) -> Result<u64> {
        let ago = retention_ms(days)?;
        let sql = "SELECT COUNT(*) FROM content_index WHERE source_type = ? AND source_identifier = ? AND \
             last_synced_at < {now + ? ms}";
        let mut count = 0;
        for [source_type, source_name] in self.stale_sources(ago, source).await? {
            count += self
                .count(sql, &[source_type.as_str().into(), source_name.as_str().into(), ago.into()])
                .await?;
        }
        Ok(count)
    }

    /// Refuses a source that has no content: a name that is mistyped would find nothing old.
    ///
    /// # Errors
    /// `config`, `no_such_source`.
    pub(crate) async fn require_content_of(&self, source: &str) -> Result<()> {
        let sql = "SELECT 1 FROM content_index WHERE source_identifier = ? LIMIT 1";
        if !self.db.fetch(sql, &[source.into()]).await?.is_empty() {
            return Ok(());
        }
        let message = format!(
            "`content_index` has no rows of the source `{source}`; name it as the column `source_identifier` does"
        );
        Err(Error::config("no_such_source", message))
    }

    /// Sources of old content without a completed run since, and without one that may become it. What `sync_runs` has of a
    /// source counts; of runs that were cleaned up, `sync_sources` has the last.
    async fn stale_sources(&self, ago: i64, source: Option<&str>) -> Result<Vec<[String; 2]>> {
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
        let is_stale = |(found, was_completed): &([String; 2], bool)| {
            source.is_none_or(|source| found[1] == source) && !is_alive.get(found).unwrap_or(was_completed)
        };
        Ok(old.into_iter().filter(is_stale).map(|(source, _)| source).collect())
    }

    /// What the last run left counts no more, and runs that are retried begin anew, before the first of its rows is deleted. False where the source has come to
    /// life meanwhile.
    async fn forget_source(&self, source_type: &str, source_name: &str, ago: i64) -> Result<bool> {
        let forget = "UPDATE sync_sources SET last_completed_at = NULL WHERE target_table = 'content_index' AND \
             source_type = ? AND source_name = ?";
        let mut tx = self.db.begin().await?;
        let is_alive =
            !tx.fetch(SIGNS_OF_LIFE, &[source_type.into(), source_name.into(), ago.into()]).await?.is_empty();
        if !is_alive {
            tx.execute(forget, &[source_type.into(), source_name.into()]).await?;
            begin_anew(&mut tx, source_type, source_name).await?;
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

    /// Deletes what runs carried over to a next one that did not come for so long. It reads all then.
    pub(crate) async fn delete_old_carryovers(&self) -> Result<u64> {
        let sql = "DELETE FROM sync_states WHERE updated_at < {now + ? ms}";
        Ok(self.db.execute(sql, &[days_ago_ms(CARRYOVER_DAYS).into()]).await?)
    }
}

/// Lets failed and cancelled runs of a source begin anew if they are retried: the rows of their pages are about to go.
async fn begin_anew(tx: &mut Tx, source_type: &str, source_name: &str) -> Result<(), StoreError> {
    let ended = "target_table = 'content_index' AND source_type = ? AND source_name = ? AND status IN ('failed', 'cancelled')";
    for table in ["sync_errors", "sync_skips"] {
        let sql = format!(
            "DELETE FROM {table} WHERE sync_run_id IN (SELECT id FROM sync_runs WHERE {ended} AND page_no > 0)"
        );
        tx.execute(sql, &[source_type.into(), source_name.into()]).await?;
    }
    let sql = format!(
        "UPDATE sync_runs SET page_no = 0, read_cursor = NULL, items_processed = 0, items_failed = 0, items_skipped = 0, \
         sync_metadata = NULL WHERE {ended} AND page_no > 0"
    );
    tx.execute(sql, &[source_type.into(), source_name.into()]).await?;
    Ok(())
}
