//! A page's transaction: its rows, its rejects, the counts and the cursor commit together or not at all.

use std::collections::{HashMap, HashSet};

use catchment_core::{Pass, Position, Reject};

use super::Store;
use super::db::dialect::Sql;
use super::db::{Arg, Class, Failure, Tx};
use super::errors::{Skip, store_rejects, store_skips};
use super::known::{Known, Marks};
use super::lease::{Lease, lease_ms};
use super::rows::{Origin, Plan, Rows};
use super::values::stored;
use super::writer::{RowWriter, Written};
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
const MOVE_CURSOR: &str = "UPDATE sync_runs SET page_no = ?, read_cursor = ?, items_processed = items_processed + ?, \
     items_failed = items_failed + ?, items_skipped = items_skipped + ?, sync_metadata = ?, \
     lease_until = {now + ? ms}, updated_at = {now} WHERE id = ? AND status = 'in_progress' AND fence \
     = ? AND page_no = ?";

/// A page whose rows are written, in a transaction that is still open.
pub(crate) struct WrittenPage {
    tx: Tx,
    written: Written,
}

impl Store {
    /// Decides what is to be done with a page's rows, by what is known of the table.
    pub(crate) async fn plan_page(
        &self,
        known: &mut Known,
        batch: &Batch,
        origin: &Origin,
    ) -> Result<(Plan, Marks), Failure> {
        known.plan(&Rows::new(batch, origin, &self.db)).await
    }

    /// Tells that a page was committed otherwise than planned.
    pub(crate) fn distrust(&self, known: &mut Known, batch: &Batch, origin: &Origin) {
        known.distrust(&Rows::new(batch, origin, &self.db));
    }

    /// Writes the rows of a page as planned, and leaves the transaction open.
    pub(crate) async fn write_page(
        &self,
        batch: &Batch,
        origin: &Origin,
        plan: &Plan,
    ) -> Result<WrittenPage, Failure> {
        let mut tx = self.db.begin().await?;
        let rows = Rows::new(batch, origin, &self.db);
        let result = self.writer(&rows, false).write(tx.conn()?, plan).await;
        rolled_back_unless_ok(tx, result).await
    }

    /// Commits a page that was written: its rejects, the counts and the cursor with it. Pages are committed in their
    /// order: `page_no` is one more than that of the page before (from 1), whose counts are in `run.metadata`.
    pub(crate) async fn commit_written(
        &self,
        page: WrittenPage,
        run: &SyncRun,
        lease: Lease,
        page_no: u64,
        batch: &Batch,
        max_stored: u64,
    ) -> Result<Commit, Failure> {
        let WrittenPage { mut tx, written } = page;
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
        let limits = self.db.limits();
        store_rejects(&mut tx, limits, lease.run_id, &outcome.rejects).await?;
        store_skips(&mut tx, limits, lease.run_id, &outcome.skips).await?;
        tx.commit().await?;
        Ok(Commit::Done(Box::new(outcome.metadata)))
    }

    /// Commits a page at its turn, by what its own transaction finds in the table. Where a row is refused, all is
    /// rolled back and tried again more slowly, to find out which.
    pub(crate) async fn commit_page(
        &self,
        run: &SyncRun,
        lease: Lease,
        page_no: u64,
        batch: &Batch,
        max_stored: u64,
    ) -> Result<Commit, Failure> {
        let origin = Origin::of(run);
        let page = match self.write_anew(batch, &origin, false).await {
            Err(failure) if failure.class == Class::Row => self.write_anew(batch, &origin, true).await?,
            result => result?,
        };
        self.commit_written(page, run, lease, page_no, batch, max_stored).await
    }

    async fn write_anew(
        &self,
        batch: &Batch,
        origin: &Origin,
        is_careful: bool,
    ) -> Result<WrittenPage, Failure> {
        let mut tx = self.db.begin().await?;
        let rows = Rows::new(batch, origin, &self.db);
        let conn = tx.conn()?;
        let result = match rows.plan(conn).await {
            Ok(plan) => self.writer(&rows, is_careful).write(conn, &plan).await,
            Err(failure) => Err(failure),
        };
        rolled_back_unless_ok(tx, result).await
    }

    /// Notes what people should know of a run whose pages are all committed, and that it is no complete pass.
    pub(crate) async fn note_warning(&self, lease: Lease, warning: &str) -> Result<(), Failure> {
        let sql = Sql::Each {
            mysql: "UPDATE sync_runs SET sync_metadata = JSON_SET(sync_metadata, '$.truncated', TRUE, '$.warning', ?) \
                    WHERE id = ? AND fence = ?",
            sqlite: "UPDATE sync_runs SET sync_metadata = json_set(sync_metadata, '$.truncated', json('true'), '$.warning', ?) \
                     WHERE id = ? AND fence = ?",
        };
        self.db.execute(sql, &[warning.into(), lease.run_id.into(), lease.fence.into()]).await.map(|_| ())
    }

    fn writer<'a>(&self, rows: &'a Rows<'a>, is_careful: bool) -> RowWriter<'a> {
        RowWriter { rows, dialect: self.db.dialect(), limits: self.db.limits(), is_careful }
    }

    /// Why the cursor did not move.
    async fn find_out(&self, lease: Lease, page_no: u64) -> Result<Commit, Failure> {
        let sql = "SELECT page_no FROM sync_runs WHERE id = ? AND fence = ?";
        let rows = self.db.writer().await?.fetch(sql, &[lease.run_id.into(), lease.fence.into()]).await?;
        let has_moved =
            rows.first().map(|row| row.int(0)).transpose()?.is_some_and(|no| no >= stored(page_no));
        Ok(if has_moved { Commit::AlreadyDone } else { Commit::LeaseLost })
    }
}

/// Where the rollback fails the connection is closed, which does the same.
async fn rolled_back_unless_ok(tx: Tx, result: Result<Written, Failure>) -> Result<WrittenPage, Failure> {
    match result {
        Ok(written) => Ok(WrittenPage { tx, written }),
        Err(failure) => {
            tx.rollback().await.ok();
            Err(failure)
        }
    }
}

impl WrittenPage {
    /// Keeps its transaction, as it waits for its turn.
    pub(crate) async fn keep_alive(&mut self) -> Result<(), Failure> {
        self.tx.keep_alive().await
    }

    /// Undoes it.
    pub(crate) async fn roll_back(self) {
        // As above.
        self.tx.rollback().await.ok();
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
        metadata.shifted = metadata.shifted.or_else(|| find_shift(before.last_page, batch, &skips));
        metadata.last_page = last_page(batch).or(before.last_page);
        let rejects = batch.rejects.iter().cloned().chain(refused);
        let rejects: Vec<_> = rejects.take(room(max_stored, before.errors_stored)).collect();
        skips.truncate(room(max_stored, before.skips_stored));
        metadata.errors_stored += rejects.len() as u64;
        metadata.skips_stored += skips.len() as u64;
        metadata.truncated |= batch.cursor.pass == Pass::Truncated;
        metadata.warning = metadata.warning.or_else(|| batch.cursor.warning.clone());
        Self { metadata, rejects, skips }
    }
}

/// The page of the source that the last record of a batch stands on.
fn last_page(batch: &Batch) -> Option<u64> {
    batch.len().checked_sub(1).and_then(|row| page_of(batch.position(row)))
}

fn page_of(position: Option<&Position>) -> Option<u64> {
    match position {
        Some(Position::Item { page, .. }) => Some(*page),
        _ => None,
    }
}

/// Finds a record that two pages of one pass hold, which proves that the source's list moved between its pages: others were
/// missed then. `last_page` is that of the record before the batch.
fn find_shift(last_page: Option<u64>, batch: &Batch, duplicates: &[Skip]) -> Option<String> {
    if !batch.has_mapped_identity || duplicates.is_empty() {
        return None;
    }
    // Where those stand that were applied.
    let is_duplicate = |position| duplicates.iter().any(|duplicate| duplicate.position.as_ref() == position);
    let wanted: HashSet<_> = duplicates.iter().map(|duplicate| duplicate.item.as_str()).collect();
    let mut applied = HashMap::new();
    for row in 0..batch.len() {
        let item = batch.item(row);
        if wanted.contains(item.as_str()) && !is_duplicate(batch.position(row)) {
            applied.insert(item, page_of(batch.position(row))?);
        }
    }
    let first_of_batch = page_of(batch.position(0))?;
    duplicates.iter().find_map(|duplicate| {
        let (item, page) = (&duplicate.item, page_of(duplicate.position.as_ref())?);
        match applied.get(item) {
            Some(first) => (*first < page)
                .then(|| format!("`{item}` stands on the pages {first} and {page} of the source")),
            // It was seen before this batch, which may have begun in the middle of a page.
            None if page > first_of_batch || last_page.is_some_and(|last| last < page) => {
                let earlier = if page > 2 { " (or one before it)" } else { "" };
                let before = page.saturating_sub(1);
                Some(format!("`{item}` stands on the pages {before}{earlier} and {page} of the source"))
            }
            None => None,
        }
    })
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
    let text = |error: serde_json::Error| Failure::unwritable(&error);
    let cursor = serde_json::to_string(&batch.cursor).map_err(text)?;
    let metadata = serde_json::to_string(after).map_err(text)?;
    let args = [
        stored(page_no).into(),
        Arg::from(&cursor),
        stored(after.counts.processed() - before.processed()).into(),
        stored(after.counts.failed - before.failed).into(),
        stored(after.counts.skipped - before.skipped).into(),
        Arg::from(&metadata),
        lease_ms().into(),
        lease.run_id.into(),
        lease.fence.into(),
        stored(page_no - 1).into(),
    ];
    Ok(tx.execute(MOVE_CURSOR, &args).await? == 1)
}
