//! A claim: a run is taken by compare-and-set, in one transaction with what its lane needs.

use catchment_core::{Cursor, Error, Result};

use super::claimant::Claimant;
use super::finish::END_ATTEMPT;
use super::row::{RUN_COLUMNS, RUN_WIDTH, read_run};
use super::wait::{Claimability, FreeRun, WaitReason, check_claimable};
use crate::principal::Door;
use crate::run::SyncRun;
use crate::store::Store;
use crate::store::db::{Arg, FailureClass, Row, StoreError, Tx};
use crate::store::lease::{Lease, lease_ms};
use crate::store::values::unreadable;

/// Gives up a run that nobody holds any more, so that its lane is free.
const RELEASE_HOLDER: &str = "UPDATE sync_runs SET status = 'pending', next_attempt_at = {now}, lease_owner = NULL, lease_until \
     = NULL, updated_at = {now} WHERE id = ? AND fence = ? AND status = 'in_progress' AND (lease_until \
     IS NULL OR lease_until < {now})";

const CLAIM_RUN: &str = "UPDATE sync_runs SET status = 'in_progress', fence = fence + 1, attempt = attempt + 1, \
     lease_owner = ?, lease_until = {now + ? ms}, started_at = COALESCE(started_at, {now}), \
     next_attempt_at = NULL, completed_at = NULL, error_type = NULL, error_code = NULL, error_message \
     = NULL, updated_at = {now} WHERE id = ? AND fence = ? AND ((status = 'pending' AND \
     (next_attempt_at IS NULL OR next_attempt_at <= {now})) OR (status = 'in_progress' AND \
     (lease_until IS NULL OR lease_until < {now})))";

const BEGIN_ATTEMPT: &str = "INSERT INTO sync_attempts (sync_run_id, attempt, fence, worker, pages_before) SELECT id, attempt, \
     fence, ?, page_no FROM sync_runs WHERE id = ?";

/// A run in the hands of this worker.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) run: SyncRun,
    pub(crate) lease: Lease,
    pub(crate) door: Door,
    pub(crate) cursor: Option<Cursor>,
    /// Attempts in a row that committed no page, before this one.
    pub(crate) fruitless_attempts: u32,
}

impl Store {
    /// Takes a run for a worker, or says why it is not to be had. `adopts` takes it from another node as well, if nobody
    /// there holds it: whoever asks has seen that it can read its source.
    pub(crate) async fn claim(
        &self,
        run_id: i64,
        worker: &str,
        claimant: Claimant<'_>,
        adopts: bool,
    ) -> Result<Result<Claim, WaitReason>> {
        match self.try_claim(run_id, worker, claimant, adopts).await {
            Err(Obstacle::Database(failure)) if failure.class == FailureClass::Contended => {
                Ok(Err(WaitReason::No))
            }
            Err(Obstacle::Database(failure)) => Err(failure.into()),
            Err(Obstacle::Unreadable(error)) => Err(error),
            Err(Obstacle::Waits(wait)) => Ok(Err(wait)),
            Ok(claim) => Ok(Ok(claim)),
        }
    }

    async fn try_claim(
        &self,
        run_id: i64,
        worker: &str,
        claimant: Claimant<'_>,
        adopts: bool,
    ) -> Result<Claim, Obstacle> {
        // Looked at before anything is locked: most who wait only look.
        let free = match check_claimable(&mut self.db.reader().await?, run_id, claimant, adopts).await? {
            Claimability::Free(free) => free,
            Claimability::Waits(wait) => return Err(Obstacle::Waits(wait)),
        };
        let mut tx = self.db.begin().await?;
        match claim_free(&mut tx, &free, worker).await {
            Ok(claim) => {
                tx.commit().await?;
                Ok(claim)
            }
            // The connection may be dead: it is closed, which undoes the transaction without asking for it.
            Err(obstacle @ Obstacle::Database(_)) => Err(obstacle),
            Err(obstacle) => {
                // Where the rollback fails the connection is closed as well.
                tx.rollback().await.ok();
                Err(obstacle)
            }
        }
    }
}

/// Why a run is not claimed.
enum Obstacle {
    Database(StoreError),
    /// The run itself does not read.
    Unreadable(Error),
    Waits(WaitReason),
}

impl From<StoreError> for Obstacle {
    fn from(failure: StoreError) -> Self {
        Self::Database(failure)
    }
}

/// Claims a run that was free when it was looked at, if it still is.
async fn claim_free(tx: &mut Tx, free: &FreeRun, worker: &str) -> Result<Claim, Obstacle> {
    let FreeRun { id: run_id, fence, is_taken_over, ref lost_holder } = *free;
    let mut is_still_so = true;
    if let Some(holder) = lost_holder {
        // Nobody renews its lease: the lane is free. Whoever may takes it up again.
        is_still_so = end_lost_attempt(tx, holder.run_id, holder.fence).await?
            && tx.execute(RELEASE_HOLDER, &[holder.run_id.into(), holder.fence.into()]).await? == 1;
    }
    if is_taken_over {
        is_still_so &= end_lost_attempt(tx, run_id, fence).await?;
    }
    if !is_still_so {
        return Err(Obstacle::Waits(WaitReason::No));
    }
    let args = [worker.into(), lease_ms().into(), run_id.into(), fence.into()];
    match tx.execute(CLAIM_RUN, &args).await {
        Ok(1) => {}
        Ok(_) => return Err(Obstacle::Waits(WaitReason::No)),
        // Another run of the same lane was claimed in between.
        Err(failure) if failure.is_duplicate() => return Err(Obstacle::Waits(WaitReason::No)),
        Err(failure) => return Err(failure.into()),
    }
    let begun = tx.execute(BEGIN_ATTEMPT, &[worker.into(), run_id.into()]).await?;
    debug_assert_eq!(begun, 1);
    let sql = format!(
        "SELECT {RUN_COLUMNS}, fence, door, read_cursor, fruitless_attempts FROM sync_runs WHERE id = ?"
    );
    let rows = tx.fetch(sql, &[run_id.into()]).await?;
    let row = rows.first().ok_or(Obstacle::Waits(WaitReason::No))?;
    read_claim(row).map_err(Obstacle::Unreadable)
}

/// Ends the attempt of a worker that did not live to do it. It counts as fruitless if it committed no page. False where the
/// worker lived after all.
async fn end_lost_attempt(tx: &mut Tx, run_id: i64, fence: i64) -> Result<bool, StoreError> {
    let count = "UPDATE sync_runs SET fruitless_attempts = CASE WHEN page_no > (SELECT pages_before FROM \
         sync_attempts a WHERE a.sync_run_id = sync_runs.id AND a.fence = sync_runs.fence) THEN 0 ELSE \
         fruitless_attempts + 1 END WHERE id = ? AND fence = ? AND status = 'in_progress' AND \
         (lease_until IS NULL OR lease_until < {now})";
    if tx.execute(count, &[run_id.into(), fence.into()]).await? == 0 {
        return Ok(false);
    }
    let id = Arg::from(run_id);
    let message = "the worker that held the run was lost";
    tx.execute(END_ATTEMPT, &["system".into(), "interrupted".into(), message.into(), id, id, fence.into()])
        .await?;
    Ok(true)
}

fn read_claim(row: &Row) -> Result<Claim> {
    let run = read_run(row)?;
    let cursor = row.optional_text(RUN_WIDTH + 2)?.map(serde_json::from_str).transpose();
    Ok(Claim {
        lease: Lease { run_id: run.id, fence: row.int(RUN_WIDTH)? },
        door: Door::from_name(row.text(RUN_WIDTH + 1)?)?,
        cursor: cursor.map_err(|error| unreadable("a run's cursor", &error))?,
        fruitless_attempts: u32::try_from(row.int(RUN_WIDTH + 3)?).unwrap_or_default(),
        run,
    })
}
