//! Why a run waits, and for whom.

use std::fmt;

use catchment_core::Result;
use jiff::Timestamp;

use super::claimant::Claimant;
use super::holder::{HOLDER_COLUMNS, HOLDER_WIDTH, Holder, describe_claimants};
use crate::run::RunStatus;
use crate::store::Store;
use crate::store::db::{Conn, StoreError};
use crate::store::values::timestamp;

/// Why a run cannot be claimed now, for whoever waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WaitReason {
    /// It is not due before this time.
    Until(Timestamp),
    /// Another run holds its lane, or is to be resumed before it.
    For(Holder),
    /// It is under way.
    UnderWay(Holder),
    /// It belongs to another machine, or to a service.
    NotOurs { claimable_by: String },
    /// Its secrets are sealed with another key.
    OtherKey,
    /// It has ended, or somebody else was faster.
    No,
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Until(time) => write!(f, "its next attempt is due at {time:.0}"),
            Self::UnderWay(holder) => write!(f, "it is in progress, {holder}"),
            Self::For(holder) if holder.is_live() => {
                write!(f, "another run of this source is under way: run {}, {holder}", holder.run_id)
            }
            Self::For(holder) => write!(f, "run {} comes first: {holder}", holder.run_id),
            Self::NotOurs { claimable_by } => write!(f, "{}", describe_claimants(claimable_by)),
            Self::OtherKey => f.write_str(
                "its secrets are encrypted with another key than this process has (--key-file or CATCHMENT_KEY)",
            ),
            Self::No => f.write_str("it has ended, or another process has just claimed it"),
        }
    }
}

/// How a run stands for somebody who wants to claim it.
pub(super) enum Claimability {
    Free(FreeRun),
    Waits(WaitReason),
}

/// A run that can be claimed, as it was when it was looked at.
pub(super) struct FreeRun {
    pub(super) id: i64,
    pub(super) fence: i64,
    /// It was under way.
    pub(super) is_taken_over: bool,
    /// A run whose lease has run out holds its lane.
    pub(super) lost_holder: Option<Holder>,
}

impl Store {
    /// Why a run cannot be claimed now; `None` where it can.
    pub(crate) async fn wait(&self, run_id: i64, claimant: Claimant<'_>) -> Result<Option<WaitReason>> {
        let looked = check_claimable(&mut self.db.reader().await?, run_id, claimant, false).await?;
        Ok(match looked {
            Claimability::Free(_) => None,
            Claimability::Waits(wait) => Some(wait),
        })
    }
}

/// Whether a run can be claimed, and if not, why.
pub(super) async fn check_claimable(
    conn: &mut Conn,
    run_id: i64,
    claimant: Claimant<'_>,
    adopts: bool,
) -> Result<Claimability, StoreError> {
    let waits = |wait| Ok(Claimability::Waits(wait));
    let sql = format!(
        "SELECT {HOLDER_COLUMNS}, h.status, CASE WHEN h.next_attempt_at > {{now}} THEN 1 ELSE 0 END, \
         {{ms h.next_attempt_at}} FROM sync_runs h WHERE h.id = ?"
    );
    let rows = conn.fetch(sql, &[run_id.into()]).await?;
    let Some(row) = rows.first() else { return waits(WaitReason::No) };
    let (run, status) = (Holder::read(row)?, row.text(HOLDER_WIDTH)?);
    let is_taken_over = status == RunStatus::InProgress.as_str();
    if !is_taken_over && status != RunStatus::Pending.as_str() {
        return waits(WaitReason::No);
    }
    if is_taken_over && !run.is_expired {
        return waits(WaitReason::UnderWay(run));
    }
    if !(claimant.may_claim(&run.claimable_by) || adopts && claimant.may_adopt(&run.claimable_by)) {
        return waits(WaitReason::NotOurs { claimable_by: run.claimable_by });
    }
    if !claimant.has_key(run.key_id.as_deref()) {
        return waits(WaitReason::OtherKey);
    }
    if !is_taken_over && row.int(HOLDER_WIDTH + 1)? == 1 {
        return waits(WaitReason::Until(timestamp(row.optional_int(HOLDER_WIDTH + 2)?).unwrap_or_default()));
    }
    let holder = if is_taken_over { None } else { holder_of_lane(conn, run_id).await? };
    match holder {
        // It is resumed first, if it can be resumed here.
        Some(holder) if !holder.is_expired || claimant.can_claim(&holder) => waits(WaitReason::For(holder)),
        lost_holder => {
            let free = FreeRun { id: run_id, fence: run.fence, is_taken_over, lost_holder };
            Ok(Claimability::Free(free))
        }
    }
}

/// Who holds the lane of a run, or is to be resumed before it.
async fn holder_of_lane(conn: &mut Conn, run_id: i64) -> Result<Option<Holder>, StoreError> {
    let sql = format!(
        "SELECT {HOLDER_COLUMNS} FROM sync_runs r JOIN sync_runs h ON h.lane_key = r.lane_key WHERE r.id = ? AND \
         h.id <> r.id AND (h.status = 'in_progress' OR (h.status = 'pending' AND h.attempt > 0 AND h.id < r.id AND h.mode <> 'preview' AND \
         h.source_type = r.source_type AND h.source_name = r.source_name AND h.claimable_by = r.claimable_by)) \
         ORDER BY CASE h.status WHEN 'in_progress' THEN 0 ELSE 1 END, h.id LIMIT 1"
    );
    conn.fetch(sql, &[run_id.into()]).await?.first().map(Holder::read).transpose()
}
