//! `sync_run_pages`: what a run that writes nothing keeps of its pages, in their transactions: the identities that it has seen,
//! and the digests of the changes that it found.

use catchment_core::Result;

use super::Store;
use super::db::{Arg, Row, StoreError, Tx};
use super::lease::Lease;
use super::seen::{bytes_of, digests};
use super::values::stored;
use crate::compare::DigestSet;
use crate::counts::RunMetadata;
use crate::run::SyncRun;

impl Store {
    /// The digests of the changes that a preview found.
    pub(crate) async fn previewed_changes(&self, preview_id: i64) -> Result<DigestSet> {
        let sql = "SELECT changes FROM sync_run_pages WHERE sync_run_id = ?";
        Ok(self.page_digests(sql, preview_id).await?)
    }

    /// Lets a run that has written nothing to its table so far begin anew, with nothing left of what it has found but its mapping.
    pub(crate) async fn begin_anew(
        &self,
        lease: Lease,
        run: &mut SyncRun,
        is_verified: bool,
    ) -> Result<(), StoreError> {
        let mapping = run.metadata.mapping.take();
        run.metadata = RunMetadata { mapping, is_verified, ..RunMetadata::default() };
        let text = serde_json::to_string(&run.metadata).map_err(|error| StoreError::unwritable(&error))?;
        let sql = "UPDATE sync_runs SET read_cursor = NULL, items_processed = 0, items_failed = 0, items_skipped = 0, \
             sync_metadata = ?, updated_at = {now} WHERE id = ? AND fence = ? AND status = 'in_progress'";
        let mut tx = self.db.begin().await?;
        let id = Arg::from(lease.run_id);
        if tx.execute(sql, &[Arg::from(&text), id, lease.fence.into()]).await? == 0 {
            tx.rollback().await?;
            return Err(StoreError::changed_meanwhile(1));
        }
        for table in ["sync_run_pages", "sync_changes", "sync_skips", "sync_errors"] {
            tx.execute(format!("DELETE FROM {table} WHERE sync_run_id = ?"), &[id]).await?;
        }
        tx.commit().await
    }

    /// Whether a run has written the table of another one since that began.
    pub(crate) async fn was_written_since(&self, run: &SyncRun) -> Result<bool> {
        let sql = "SELECT 1 FROM sync_runs r JOIN sync_runs l ON l.target_table = r.target_table AND l.id <> r.id AND l.mode <> \
             'preview' AND l.page_no > 0 AND l.updated_at >= r.started_at WHERE r.id = ? LIMIT 1";
        Ok(!self.db.fetch(sql, &[run.id.into()]).await?.is_empty())
    }

    /// Whether the database refused records of a run.
    pub(crate) async fn has_refused(&self, run_id: i64) -> Result<bool> {
        let sql =
            "SELECT 1 FROM sync_errors WHERE sync_run_id = ? AND error_code = 'refused_by_database' LIMIT 1";
        Ok(!self.db.fetch(sql, &[run_id.into()]).await?.is_empty())
    }

    /// The identities of the rejects of a run, as far as they are known.
    pub(crate) async fn rejected_identities_of(&self, run_id: i64) -> Result<DigestSet, StoreError> {
        self.page_digests("SELECT rejected FROM sync_run_pages WHERE sync_run_id = ?", run_id).await
    }

    /// The identities of what left the source of a run, as the source told, as far as they are known.
    pub(crate) async fn gone_identities_of(&self, run_id: i64) -> Result<DigestSet, StoreError> {
        self.page_digests(
            "SELECT gone FROM sync_run_pages WHERE sync_run_id = ? AND gone IS NOT NULL",
            run_id,
        )
        .await
    }

    async fn page_digests(&self, sql: &'static str, run_id: i64) -> Result<DigestSet, StoreError> {
        let mut found = DigestSet::default();
        let read = |row: &Row| {
            found.extend(digests(row.bytes(0)?));
            Ok(())
        };
        self.db.reader().await?.each(sql, &[run_id.into()], read).await?;
        Ok(found)
    }

    /// Forgets which identities a preview has seen, once nobody resumes it.
    pub(crate) async fn forget_identities(&self, run_id: i64) -> Result<(), StoreError> {
        let sql = "UPDATE sync_run_pages SET identities = ? WHERE sync_run_id = ?";
        self.db.execute(sql, &[Arg::Bytes(&[]), run_id.into()]).await.map(|_| ())
    }
}

/// What a page keeps, as digests.
#[derive(Debug, Default)]
pub(super) struct PageDigests {
    /// Of the identities that it has seen, where nothing else tells.
    pub(super) identities: Vec<u128>,
    /// Of the changes that it found.
    pub(super) changes: Vec<u128>,
    /// Of the identities of its rejects, as far as they are known.
    pub(super) rejected: Vec<u128>,
    /// Of the identities of what left the source, as it tells, as far as they are known.
    pub(super) gone: Vec<u128>,
}

/// Keeps what a page has seen and found.
pub(super) async fn store_page(
    tx: &mut Tx,
    lease: Lease,
    page_no: u64,
    page: &PageDigests,
) -> Result<(), StoreError> {
    let PageDigests { identities, changes, rejected, gone } = page;
    let all = [identities, changes, rejected, gone];
    if all.iter().all(|digests| digests.is_empty()) {
        return Ok(());
    }
    let digests = all.map(|digests| bytes_of(digests));
    let [identities, changes, rejected, gone] = digests.each_ref().map(|bytes| Arg::Bytes(bytes));
    let sql = "INSERT INTO sync_run_pages (sync_run_id, page_no, identities, changes, rejected, gone) VALUES (?, ?, ?, ?, ?, ?)";
    let args = [lease.run_id.into(), stored(page_no).into(), identities, changes, rejected, gone];
    tx.execute(sql, &args).await.map(|_| ())
}
