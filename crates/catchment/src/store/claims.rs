//! Which rows a source has, as the ledger tells: those that its runs have seen, until its pass does not.

use catchment_core::Result;

use super::Store;
use super::db::{Arg, Row};
use super::seen::{SeenIn, digests, source_of};
use crate::compare::DigestSet;
use crate::run::SyncRun;

impl Store {
    /// How many identities the ledger has of a source.
    pub(crate) async fn claimed(&self, run: &SyncRun) -> Result<u64> {
        let sql = "SELECT CAST(COALESCE(SUM(row_count), 0) AS SIGNED) FROM sync_seen WHERE target_table = ? AND source_type = ? AND \
             source_name = ?";
        let rows = self.db.fetch(sql, &source_of(run)).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs())
    }

    /// Whether other sources tell the rows of a table apart by other columns than these: what they have cannot be told then.
    pub(crate) async fn has_other_keys(&self, run: &SyncRun, key: &[String]) -> Result<bool> {
        let sql = "SELECT 1 FROM sync_seen WHERE target_table = ? AND NOT (source_type = ? AND source_name = ?) AND key_columns <> ? \
             LIMIT 1";
        let [table, source_type, source_name] = source_of(run);
        let key = serde_json::json!(key).to_string();
        Ok(!self.db.fetch(sql, &[table, source_type, source_name, Arg::from(&key)]).await?.is_empty())
    }

    /// The identities that earlier runs of a source have seen, by this key, and its pass has not; nor a later run, nor the last pass
    /// of another source or a run since. Of a slice of all digests.
    pub(crate) async fn unseen(
        &self,
        pass: &SyncRun,
        seen_in: SeenIn,
        key: &[String],
        is_in_slice: impl Fn(u128) -> bool + Send + Sync,
    ) -> Result<DigestSet> {
        let [table, source_type, source_name] = source_of(pass);
        let key = serde_json::json!(key).to_string();
        let mut unseen = DigestSet::default();
        let sql = "SELECT identities FROM sync_seen WHERE target_table = ? AND source_type = ? AND source_name = ? AND \
                   key_columns = ? AND sync_run_id < ?";
        let read = |row: &Row| {
            unseen.extend(digests(row.bytes(0)?).filter(|digest| is_in_slice(*digest)));
            Ok(())
        };
        let mut conn = self.db.reader().await?;
        conn.each(sql, &[table, source_type, source_name, Arg::from(&key), pass.id.into()], read).await?;
        if unseen.is_empty() {
            return Ok(unseen);
        }
        let forget = |digest| {
            unseen.remove(&digest);
        };
        self.each_seen(seen_in, pass.id, forget).await?;
        let others = "SELECT s.identities FROM sync_seen s LEFT JOIN sync_passes p ON p.target_table = s.target_table AND \
             p.source_type = s.source_type AND p.source_name = s.source_name WHERE s.target_table = ? AND (CASE WHEN s.source_type = \
             ? AND s.source_name = ? THEN s.sync_run_id > ? ELSE p.last_pass_at IS NULL OR s.seen_at >= p.last_pass_at END)";
        let read = |row: &Row| {
            digests(row.bytes(0)?).for_each(|digest| {
                unseen.remove(&digest);
            });
            Ok(())
        };
        conn.each(others, &[table, source_type, source_name, pass.id.into()], read).await?;
        Ok(unseen)
    }

    /// Forgets that earlier runs of a source have seen what its pass has not, but for these.
    pub(crate) async fn forget_unseen(&self, pass: &SyncRun, kept: &DigestSet) -> Result<()> {
        if kept.is_empty() {
            let sql = "DELETE FROM sync_seen WHERE target_table = ? AND source_type = ? AND source_name = ? AND sync_run_id < ?";
            let [table, source_type, source_name] = source_of(pass);
            self.db.execute(sql, &[table, source_type, source_name, pass.id.into()]).await?;
            return Ok(());
        }
        self.compact_where(pass, |digest| kept.contains(&digest)).await
    }

    /// Forgets that earlier runs of a source have seen what it told to be gone.
    pub(crate) async fn forget_told(&self, pass: &SyncRun, told: &DigestSet) -> Result<()> {
        self.compact_where(pass, |digest| !told.contains(&digest)).await
    }
}
