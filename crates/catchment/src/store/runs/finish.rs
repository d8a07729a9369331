//! How an attempt ends, and its run with it.

use catchment_core::{Error, Result, truncate_text};

use crate::run::RunStatus;
use crate::store::Store;
use crate::store::carryover::{StoredCarryover, store_carryover};
use crate::store::db::{Arg, StoreError};
use crate::store::lease::Lease;
use crate::store::sources::note_completed;
use crate::store::values::MAX_MESSAGE_BYTES;

const END_RUN: &str = "UPDATE sync_runs SET status = ?, completed_at = CASE WHEN ? = 1 THEN {now} END, error_type = ?, \
     error_code = ?, error_message = ?, fruitless_attempts = ?, next_attempt_at = {now + ? ms}, \
     lease_owner = NULL, lease_until = NULL, updated_at = {now} WHERE id = ? AND status = \
     'in_progress' AND fence = ?";

pub(super) const END_ATTEMPT: &str = "UPDATE sync_attempts SET ended_at = {now}, error_type = ?, error_code = ?, error_message = ?, \
     pages_after = (SELECT page_no FROM sync_runs WHERE id = ?) WHERE sync_run_id = ? AND fence = ?";

const FINAL_FAILURE: &str = "INSERT INTO sync_errors (sync_run_id, error_type, error_code, error_message, is_retryable) VALUES \
     (?, ?, ?, ?, ?)";

/// How an attempt ends.
#[derive(Debug)]
pub(crate) enum Verdict<'a> {
    /// With what it leaves for the next run, and whether it has seen all of its source.
    Completed { carryover: Option<StoredCarryover>, is_whole: bool },
    /// The run is over.
    Failed(&'a Error),
    /// The run becomes pending, and the next attempt resumes it after a delay.
    Retry { error: &'a Error, fruitless_attempts: u32, delay_ms: i64 },
    /// The worker shuts down: the run becomes pending, and another worker resumes it at once.
    Released,
    /// The run is not ours any more; only the attempt is.
    Lost,
}

impl Verdict<'_> {
    /// The state that the run has after it; as it is, where it is not ours.
    pub(crate) fn status(&self) -> RunStatus {
        match self {
            Self::Completed { .. } => RunStatus::Completed,
            Self::Failed(_) => RunStatus::Failed,
            Self::Retry { .. } | Self::Released => RunStatus::Pending,
            Self::Lost => RunStatus::InProgress,
        }
    }
}

impl Store {
    /// Ends the attempt that holds `lease`, and the run with it where the verdict says so. False when the run is
    /// not ours any more: then only the attempt is ended.
    pub(crate) async fn end_attempt(&self, lease: Lease, verdict: &Verdict<'_>) -> Result<bool, StoreError> {
        let status = verdict.status();
        let (error, fruitless, delay_ms) = match *verdict {
            Verdict::Lost => return self.end_lost(lease).await,
            Verdict::Completed { .. } => (None, 0, None),
            Verdict::Failed(error) => (Some(error), 0, None),
            Verdict::Retry { error, fruitless_attempts, delay_ms } => {
                (Some(error), fruitless_attempts, Some(delay_ms))
            }
            Verdict::Released => (None, 0, Some(0)),
        };
        let shown = error.map(|error| {
            (truncate_text(error.code(), 60), truncate_text(&error.full_message(), MAX_MESSAGE_BYTES))
        });
        let kind = Arg::from(error.map(|error| error.kind().as_str()));
        let code = Arg::from(shown.as_ref().map(|(code, _)| code));
        let message = Arg::from(shown.as_ref().map(|(_, message)| message));
        let mut tx = self.db.begin().await?;
        let (id, fence) = (Arg::from(lease.run_id), Arg::from(lease.fence));
        let args = [
            status.as_str().into(),
            i64::from(status.is_ended()).into(),
            kind,
            code,
            message,
            i64::from(fruitless).into(),
            delay_ms.into(),
            id,
            fence,
        ];
        if tx.execute(END_RUN, &args).await? == 0 {
            tx.rollback().await?;
            return self.end_lost(lease).await;
        }
        tx.execute(END_ATTEMPT, &[kind, code, message, id, id, fence]).await?;
        if let Verdict::Completed { carryover, is_whole } = verdict {
            note_completed(&mut tx, lease.run_id, *is_whole).await?;
            if let Some(carryover) = carryover {
                store_carryover(&mut tx, lease.run_id, carryover).await?;
            }
        }
        if status == RunStatus::Failed {
            let is_retryable = matches!(verdict, Verdict::Failed(error) if error.kind().is_retryable());
            tx.execute(FINAL_FAILURE, &[id, kind, code, message, i64::from(is_retryable).into()]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Ends an attempt whose run somebody else took or changed.
    async fn end_lost(&self, lease: Lease) -> Result<bool, StoreError> {
        let sql = "UPDATE sync_attempts SET ended_at = {now}, error_code = 'lease_lost', error_message = \
             'the run was taken over or changed by somebody else' WHERE sync_run_id = ? AND fence = ? \
             AND ended_at IS NULL";
        self.db.execute(sql, &[lease.run_id.into(), lease.fence.into()]).await?;
        Ok(false)
    }

    /// Notes which run took the place of one.
    pub(crate) async fn set_replaced_by(&self, run_id: i64, replacement: i64) -> Result<()> {
        let sql =
            "UPDATE sync_runs SET sync_metadata = JSON_SET(sync_metadata, '$.replacedBy', ?) WHERE id = ?";
        self.db.execute(sql, &[replacement.into(), run_id.into()]).await?;
        Ok(())
    }

    /// Fails a run that cannot even be read, so that it does not keep others waiting.
    pub(crate) async fn fail_unreadable(&self, run_id: i64, error: &Error) -> Result<(), StoreError> {
        let fail = "UPDATE sync_runs SET status = 'failed', completed_at = {now}, error_type = ?, error_code = ?, \
             error_message = ?, next_attempt_at = NULL, lease_owner = NULL, lease_until = NULL, updated_at = \
             {now} WHERE id = ? AND status IN ('pending', 'in_progress')";
        let end = "UPDATE sync_attempts SET ended_at = {now}, error_type = ?, error_code = ?, error_message = ?, \
             pages_after = (SELECT page_no FROM sync_runs WHERE id = ?) WHERE sync_run_id = ? AND ended_at \
             IS NULL";
        let message = truncate_text(&error.full_message(), MAX_MESSAGE_BYTES);
        let (id, kind, code) = (Arg::from(run_id), Arg::from(error.kind().as_str()), Arg::from(error.code()));
        let message = Arg::from(&message);
        let mut tx = self.db.begin().await?;
        if tx.execute(fail, &[kind, code, message, id]).await? == 1 {
            tx.execute(end, &[kind, code, message, id, id]).await?;
            tx.execute(FINAL_FAILURE, &[id, kind, code, message, 0.into()]).await?;
        }
        tx.commit().await
    }
}
