//! A page's transaction: its rows, its rejects, the counts and the cursor commit together or not at all.

use catchment_core::{Error, Result};

use super::db::{Arg, Tx};
use super::dialect::{Sql, sql};
use super::error::{Class, Failure};
use super::errors::{store_rejects, store_skips};
use super::rows::{RowWriter, Written};
use super::runs::Lease;
use super::{LEASE, Store, stored};
use crate::mapping::Batch;
use crate::run::{Counters, RunMetadata, SyncRun};

/// What came of committing a page.
#[derive(Debug)]
pub(crate) enum Commit {
    /// It is in the database, with these counts added.
    Done(Box<RunMetadata>),
    /// An earlier try had arrived after all, though its answer was lost.
    AlreadyDone,
    /// The run is not ours any more: taken over, cancelled, or changed by hand. Nothing was written.
    LeaseLost,
}

/// Why a page was not committed.
#[derive(Debug)]
pub(crate) struct PageFailure {
    /// What follows from it.
    pub(crate) class: Class,
    /// What to tell.
    pub(crate) error: Error,
}

impl From<Failure> for PageFailure {
    fn from(failure: Failure) -> Self {
        Self { class: failure.class, error: failure.into() }
    }
}

/// The one statement that moves a cursor. It finds no row where somebody else holds the run, where its state was
/// changed by hand, or where it has been carried out already.
const MOVE_CURSOR: Sql = sql!(
    "UPDATE sync_runs SET page_no = ?, read_cursor = ?, items_processed = items_processed + ?, "
    "items_failed = items_failed + ?, items_skipped = items_skipped + ?, sync_metadata = ?, "
    "lease_until = " NOW_PLUS_MS ", updated_at = " NOW " "
    "WHERE id = ? AND status = 'in_progress' AND fence = ? AND page_no = ?"
);

impl Store {
    /// Commits page `page_no` (from 1) of a run. `run.metadata` holds the counts up to the page before.
    pub(crate) async fn commit_page(
        &self,
        run: &SyncRun,
        lease: Lease,
        page_no: u64,
        batch: &Batch,
        max_stored: u64,
    ) -> Result<Commit, PageFailure> {
        match self.try_commit(run, lease, page_no, batch, max_stored, false).await {
            // Some row is refused. All is rolled back, and tried again more slowly to find out which.
            Err(failure) if failure.class == Class::Row => {
                Ok(self.try_commit(run, lease, page_no, batch, max_stored, true).await?)
            }
            result => Ok(result?),
        }
    }

    async fn try_commit(
        &self,
        run: &SyncRun,
        lease: Lease,
        page_no: u64,
        batch: &Batch,
        max_stored: u64,
        is_careful: bool,
    ) -> Result<Commit, Failure> {
        let mut tx = self.db.begin().await?;
        let writer = RowWriter::new(batch, run, lease, self.db.dialect(), is_careful);
        let written = match writer.write(&mut tx).await {
            Ok(written) => written,
            Err(failure) => {
                tx.rollback().await?;
                return Err(failure);
            }
        };
        let metadata = store_outcome(&mut tx, &run.metadata, lease, batch, written, max_stored).await?;
        let added = metadata.counts;
        if !move_cursor(&mut tx, lease, page_no, batch, &run.metadata.counts, &metadata).await? {
            tx.rollback().await?;
            return self.find_out(lease, page_no).await;
        }
        debug_assert_eq!(added.total() - run.metadata.counts.total(), batch.records() as u64);
        tx.commit().await?;
        Ok(Commit::Done(Box::new(metadata)))
    }

    /// Why the cursor did not move.
    async fn find_out(&self, lease: Lease, page_no: u64) -> Result<Commit, Failure> {
        let sql = sql!("SELECT page_no FROM sync_runs WHERE id = ? AND fence = ?");
        let rows = self.db.writer().await?.fetch(sql, &[lease.run_id.into(), lease.fence.into()]).await?;
        let has_moved =
            rows.first().map(|row| row.int(0)).transpose()?.is_some_and(|no| no >= stored(page_no));
        Ok(if has_moved { Commit::AlreadyDone } else { Commit::LeaseLost })
    }
}

/// Stores rejects and skips, as many as the run still may, and returns its metadata after the page.
async fn store_outcome(
    tx: &mut Tx,
    before: &RunMetadata,
    lease: Lease,
    batch: &Batch,
    written: Written,
    max_stored: u64,
) -> Result<RunMetadata, Failure> {
    let mut after = before.clone();
    let Written { counts, rejects: mut refused, skips } = written;
    let failed = (batch.rejects.len() + refused.len()) as u64;
    after.counts = before.counts.plus(Counters { failed, ..counts });
    let mut rejects = batch.rejects.clone();
    rejects.append(&mut refused);
    rejects.truncate(room(max_stored, before.errors_stored));
    after.errors_stored += rejects.len() as u64;
    store_rejects(tx, lease.run_id, &rejects).await?;
    let skips = &skips[..skips.len().min(room(max_stored, before.skips_stored))];
    after.skips_stored += skips.len() as u64;
    store_skips(tx, lease.run_id, skips).await?;
    Ok(after)
}

fn room(max: u64, taken: u64) -> usize {
    usize::try_from(max.saturating_sub(taken)).unwrap_or(usize::MAX)
}

async fn move_cursor(
    tx: &mut Tx,
    lease: Lease,
    page_no: u64,
    batch: &Batch,
    before: &Counters,
    after: &RunMetadata,
) -> Result<bool, Failure> {
    let cursor = serde_json::to_string(&batch.cursor).unwrap_or_default();
    let metadata = serde_json::to_string(after).unwrap_or_default();
    let args = [
        stored(page_no).into(),
        Arg::from(&cursor),
        stored(after.counts.processed() - before.processed()).into(),
        stored(after.counts.failed - before.failed).into(),
        stored(after.counts.skipped - before.skipped).into(),
        Arg::from(&metadata),
        stored(u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX)).into(),
        lease.run_id.into(),
        lease.fence.into(),
        stored(page_no - 1).into(),
    ];
    Ok(tx.execute(MOVE_CURSOR, &args).await? == 1)
}
