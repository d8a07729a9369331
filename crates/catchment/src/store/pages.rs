//! A page's transaction: its rows, its rejects, the counts and the cursor commit together or not at all.

use catchment_core::Reject;

use super::db::{Arg, Tx};
use super::dialect::{Sql, sql};
use super::error::{Class, Failure};
use super::errors::{Skip, store_rejects, store_skips};
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
    ) -> Result<Commit, Failure> {
        match self.try_commit(run, lease, page_no, batch, max_stored, false).await {
            // Some row is refused. All is rolled back, and tried again more slowly to find out which.
            Err(failure) if failure.class == Class::Row => {
                self.try_commit(run, lease, page_no, batch, max_stored, true).await
            }
            result => result,
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
                // Where that fails the connection is closed, which does the same.
                tx.rollback().await.ok();
                return Err(failure);
            }
        };
        let outcome = Outcome::of(&run.metadata, batch, written, max_stored);
        debug_assert_eq!(
            outcome.metadata.counts.total() - run.metadata.counts.total(),
            batch.records() as u64,
            "a record of the page is not accounted for"
        );
        // The run's row first: rejects lock it for their foreign key, and a shared lock that grows is a deadlock.
        if !move_cursor(&mut tx, lease, page_no, batch, &run.metadata.counts, &outcome.metadata).await? {
            tx.rollback().await?;
            return self.find_out(lease, page_no).await;
        }
        store_rejects(&mut tx, lease.run_id, &outcome.rejects).await?;
        store_skips(&mut tx, lease.run_id, &outcome.skips).await?;
        tx.commit().await?;
        let metadata = outcome.metadata;
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

/// What a page adds to its run.
struct Outcome {
    /// The run's, after the page.
    metadata: RunMetadata,
    /// As many as the run may still store.
    rejects: Vec<Reject>,
    skips: Vec<Skip>,
}

impl Outcome {
    fn of(before: &RunMetadata, batch: &Batch, written: Written, max_stored: u64) -> Self {
        let mut metadata = before.clone();
        let Written { counts, rejects: refused, mut skips } = written;
        let failed = (batch.rejects.len() + refused.len()) as u64;
        metadata.counts = before.counts.plus(Counters { failed, ..counts });
        let rejects = batch.rejects.iter().cloned().chain(refused);
        let rejects: Vec<_> = rejects.take(room(max_stored, before.errors_stored)).collect();
        skips.truncate(room(max_stored, before.skips_stored));
        metadata.errors_stored += rejects.len() as u64;
        metadata.skips_stored += skips.len() as u64;
        Self { metadata, rejects, skips }
    }
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
