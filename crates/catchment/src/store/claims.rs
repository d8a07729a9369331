//! Which rows a source has, as the ledger tells: those that its runs have seen, until its pass does not.

use catchment_core::Result;

use super::Store;
use super::db::Row;
use super::seen::{SeenIn, digests, source_of};
use crate::compare::DigestSet;
use crate::run::SyncRun;

impl Store {
    /// How many identities the ledger has of a source.
    pub(crate) async fn claimed(&self, run: &SyncRun) -> Result<u64> {
        let sql = "SELECT COALESCE(SUM(row_count), 0) FROM sync_seen WHERE target_table = ? AND source_type = ? AND source_name = ?";
        let rows = self.db.fetch(sql, &source_of(run)).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs())
    }

    /// The identities that earlier runs of a source have seen and its pass has not, nor any run of another source; of a slice
    /// of all digests.
    pub(crate) async fn unseen(
        &self,
        pass: &SyncRun,
        seen_in: SeenIn,
        is_in_slice: impl Fn(u128) -> bool + Send + Sync,
    ) -> Result<DigestSet> {
        let [table, source_type, source_name] = source_of(pass);
        let mut unseen = DigestSet::default();
        let sql = "SELECT identities FROM sync_seen WHERE target_table = ? AND source_type = ? AND source_name = ? AND sync_run_id <> ?";
        let read = |row: &Row| {
            unseen.extend(digests(row.bytes(0)?).filter(|digest| is_in_slice(*digest)));
            Ok(())
        };
        let mut conn = self.db.reader().await?;
        conn.each(sql, &[table, source_type, source_name, pass.id.into()], read).await?;
        if unseen.is_empty() {
            return Ok(unseen);
        }
        self.each_seen(seen_in, pass.id, |digest| {
            unseen.remove(&digest);
        })
        .await?;
        let others = "SELECT identities FROM sync_seen WHERE target_table = ? AND NOT (source_type = ? AND source_name = ?)";
        let read = |row: &Row| {
            digests(row.bytes(0)?).for_each(|digest| {
                unseen.remove(&digest);
            });
            Ok(())
        };
        conn.each(others, &[table, source_type, source_name], read).await?;
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
}
