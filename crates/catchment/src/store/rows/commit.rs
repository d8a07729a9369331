//! A page's transaction: its rows, its rejects, the counts and the cursor commit together or not at all.

use super::duplicates::add_differences;
use super::found::Found;
use super::kept::{WrittenRows, account_for_kept};
use super::origin::RowOrigin;
use super::outcome::Outcome;
use super::page::WrittenPage;
use super::purpose::Purpose;
use super::replayed::{replayed, store_replay};
use super::table_view::TableView;
use super::vouched::add_versions;
use crate::compare::{Changes, PagePlan};
use crate::counts::RunMetadata;
use crate::mapping::{Batch, StorageLimits};
use crate::run::SyncRun;
use crate::store::changes::store_changes;
use crate::store::db::{Arg, FailureClass, StoreError, Tx};
use crate::store::errors::{store_rejects, store_skips};
use crate::store::lease::{Lease, lease_ms};
use crate::store::run_pages::{PageDigests, store_page};
use crate::store::seen::{SeenIn, store_seen};
use crate::store::values::stored;
use crate::store::{KnownFields, Store};

/// What came of committing a page.
#[derive(Debug)]
pub(crate) enum CommitOutcome {
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

/// A page whose turn it is: the next one of its run.
#[derive(Clone, Copy)]
pub(crate) struct PageCommit<'a> {
    /// The run, with the counts of the pages before.
    pub(crate) run: &'a SyncRun,
    pub(crate) lease: Lease,
    /// One more than that of the page before, from 1.
    pub(crate) page_no: u64,
    pub(crate) batch: &'a Batch,
    /// What it was planned to do; how it is done when it is done again, its own transaction decides.
    pub(crate) plan: &'a PagePlan,
    pub(crate) purpose: &'a Purpose,
    /// What runs last wrote, as far as that is known without looking it up.
    pub(crate) known: &'a KnownFields,
    pub(crate) limits: StorageLimits,
    /// Where its rows come from.
    pub(crate) origin: &'a RowOrigin,
}

impl Store {
    /// Commits a page that was written: its rejects, the counts and the cursor with it.
    pub(crate) async fn commit_written(
        &self,
        page: WrittenPage,
        turn: PageCommit<'_>,
    ) -> Result<CommitOutcome, StoreError> {
        let WrittenPage { mut tx, mut rows } = page;
        let PageCommit { run, lease, batch, plan, page_no, .. } = turn;
        let identities = plan.reserved().map(|reserved| &*reserved.identities);
        let view = self.view(batch, turn.origin);
        let is_to_find = turn.purpose.is_to_find();
        if !rows.written.skips.is_empty() && !is_to_find {
            // It is the page's turn: the rows of all pages before it can be seen.
            add_differences(&view, identities, &mut rows.written.skips, tx.conn()?).await?;
        }
        let mut before = run.metadata.clone();
        account_for_kept(&view, plan, (&rows, is_to_find), &mut before, tx.conn()?).await?;
        add_versions(&view, before.versions.as_mut(), tx.conn()?).await?;
        let WrittenRows { mut written, changes, .. } = rows;
        let seen = applied(plan, &written.refused);
        let rejected = self.rejected_identities(&view, plan, &written.refused).await?;
        let gone = match &batch.gone {
            Some(gone) => self.view(gone, turn.origin).identities().await?,
            None => Vec::new(),
        };
        let replayed = replayed(run, batch, &written);
        let refused = std::mem::take(&mut written.refused);
        let mut outcome = Outcome::of(&before, batch, written, turn.limits.errors);
        let found = self.found(turn, changes.as_ref(), &refused, &mut outcome.metadata);
        debug_assert_eq!(
            outcome.metadata.counts.total() - run.metadata.counts.total(),
            batch.records() as u64,
            "a record of the page is not accounted for"
        );
        // The run's row first: rejects lock it for their foreign key, and a shared lock that grows is a deadlock.
        if !move_cursor(&mut tx, turn, &outcome.metadata).await? {
            tx.rollback().await?;
            return self.why_not_moved(lease, page_no).await;
        }
        let limits = self.db.limits();
        match replayed {
            Some(replayed) => store_replay(&mut tx, run.id, &replayed, &outcome.rejects).await?,
            None => store_rejects(&mut tx, limits, lease.run_id, &outcome.rejects).await?,
        }
        store_skips(&mut tx, limits, lease.run_id, &outcome.skips).await?;
        store_changes(&mut tx, limits, lease.run_id, &found.changes).await?;
        let digests = PageDigests { identities: Vec::new(), changes: found.digests, rejected, gone };
        store_digests(&mut tx, turn, seen, digests).await?;
        tx.commit().await?;
        Ok(CommitOutcome::Done(Box::new(outcome.metadata)))
    }

    /// What a page that writes nothing found.
    fn found(
        &self,
        turn: PageCommit<'_>,
        changes: Option<&Changes>,
        refused: &[usize],
        metadata: &mut RunMetadata,
    ) -> Found {
        let (origin, plan) = (turn.origin, turn.plan);
        match (turn.purpose, changes.or(plan.changes()), plan.reserved()) {
            (Purpose::Find, Some(changes), Some(reserved)) => {
                let (view, summary) =
                    (self.view(turn.batch, origin), metadata.preview.get_or_insert_default());
                Found::of(&view, &reserved.identities, changes, refused, summary, turn.limits.changes)
            }
            _ => Found::default(),
        }
    }

    /// The identities of a page's rejects, as far as they are known, where it matters that their records are still there.
    async fn rejected_identities(
        &self,
        view: &TableView<'_>,
        plan: &PagePlan,
        refused: &[usize],
    ) -> Result<Vec<u128>, StoreError> {
        let Some(rejected) = &view.batch.rejected else { return Ok(Vec::new()) };
        let mut identities = self.view(rejected, view.origin).identities().await?;
        let of_refused = |record: &usize| match plan.reserved() {
            Some(reserved) => reserved.identities[*record],
            None => view.identity_digest(*record),
        };
        identities.extend(refused.iter().map(of_refused));
        Ok(identities)
    }

    /// Commits a page at its turn, by what its own transaction finds in the table. Where a row is refused, all is
    /// rolled back and tried again more slowly, to find out which.
    pub(crate) async fn commit_page(&self, turn: PageCommit<'_>) -> Result<CommitOutcome, StoreError> {
        let PageCommit { batch, plan, purpose, known, origin, .. } = turn;
        let page = match self.write_anew(batch, origin, plan, (purpose, known), false).await {
            Err(failure) if failure.class == FailureClass::Row => {
                self.write_anew(batch, origin, plan, (purpose, known), true).await?
            }
            result => result?,
        };
        self.commit_written(page, turn).await
    }

    /// Stores what was found out about a run whose pages are all committed.
    pub(crate) async fn store_metadata(
        &self,
        lease: Lease,
        metadata: &RunMetadata,
    ) -> Result<(), StoreError> {
        let sql =
            "UPDATE sync_runs SET sync_metadata = ? WHERE id = ? AND fence = ? AND status = 'in_progress'";
        let text = serde_json::to_string(metadata).map_err(|error| StoreError::unwritable(&error))?;
        let args = [Arg::from(&text), lease.run_id.into(), lease.fence.into()];
        self.db.execute(sql, &args).await.map(|_| ())
    }

    /// Why the cursor did not move.
    pub(super) async fn why_not_moved(
        &self,
        lease: Lease,
        page_no: u64,
    ) -> Result<CommitOutcome, StoreError> {
        let sql = "SELECT page_no FROM sync_runs WHERE id = ? AND fence = ?";
        let rows = self.db.writer().await?.fetch(sql, &[lease.run_id.into(), lease.fence.into()]).await?;
        let has_moved =
            rows.first().map(|row| row.int(0)).transpose()?.is_some_and(|no| no >= stored(page_no));
        Ok(if has_moved { CommitOutcome::AlreadyDone } else { CommitOutcome::LeaseLost })
    }
}

/// The identities that a page applies, where rows do not tell.
fn applied(plan: &PagePlan, refused: &[usize]) -> Vec<u128> {
    let Some(reserved) = plan.reserved() else { return Vec::new() };
    let is_applied = |record: &&usize| !refused.contains(record);
    reserved.firsts.iter().filter(is_applied).map(|record| reserved.identities[*record]).collect()
}

/// Stores what the run has seen and found, where its rows do not tell.
async fn store_digests(
    tx: &mut Tx,
    turn: PageCommit<'_>,
    seen: Vec<u128>,
    mut digests: PageDigests,
) -> Result<(), StoreError> {
    let PageCommit { run, lease, page_no, batch, .. } = turn;
    match SeenIn::of(&batch.table, turn.purpose) {
        SeenIn::Ledger => store_seen(tx, run, lease, page_no, (&batch.table.identity, seen)).await?,
        // Its rows tell.
        SeenIn::Pages if matches!(turn.purpose, Purpose::Write) => {}
        SeenIn::Pages => digests.identities = seen,
    }
    store_page(tx, lease, page_no, &digests).await
}

async fn move_cursor(tx: &mut Tx, turn: PageCommit<'_>, after: &RunMetadata) -> Result<bool, StoreError> {
    let PageCommit { run, lease, page_no, batch, .. } = turn;
    let (before, counts) = (&run.metadata.counts, &after.counts);
    let text = |error: serde_json::Error| StoreError::unwritable(&error);
    let cursor = serde_json::to_string(&batch.cursor).map_err(text)?;
    let metadata = serde_json::to_string(after).map_err(text)?;
    let args = [
        stored(page_no).into(),
        Arg::from(&cursor),
        stored(counts.processed() - before.processed()).into(),
        stored(counts.failed - before.failed).into(),
        stored(counts.skipped - before.skipped).into(),
        Arg::from(&metadata),
        lease_ms().into(),
        lease.run_id.into(),
        lease.fence.into(),
        stored(page_no - 1).into(),
    ];
    Ok(tx.execute(MOVE_CURSOR, &args).await? == 1)
}
