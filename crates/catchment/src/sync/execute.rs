//! Executing a run in the foreground: it is attempted here, or watched where somebody else holds it, to its end.

use std::time::{Duration, Instant};

use catchment_core::{ErrorKind, Result};
use tokio::sync::watch;

use super::engine::Engine;
use super::progress::RunProgress;
use crate::result::SyncResult;
use crate::run::RunStatus;
use crate::store::WaitReason;

/// How often a run that somebody else holds is looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);
/// How long a run is watched while the database is away.
const MAX_AWAY: Duration = Duration::from_secs(600);

/// Where a run stands after something was done for it.
enum Advanced {
    Ended(Box<SyncResult>),
    ReplacedBy(i64),
    Waits(Option<WaitReason>),
}

impl Engine {
    /// Executes a run to its end, telling how it is getting on.
    pub(super) async fn execute_watched(
        &self,
        mut run_id: i64,
        progress: &watch::Sender<RunProgress>,
    ) -> Result<SyncResult> {
        let (mut away_since, mut told) = (None, None);
        loop {
            match self.advance(run_id, progress).await {
                Ok(Advanced::Ended(result)) => return Ok(*result),
                Ok(Advanced::ReplacedBy(next)) => run_id = next,
                Ok(Advanced::Waits(wait)) => {
                    away_since = None;
                    match wait.filter(|wait| is_news(&mut told, wait)) {
                        // It is being worked at, or the attempt before it said why it waits.
                        Some(wait @ (WaitReason::UnderWay(_) | WaitReason::Until(_))) => {
                            tracing::info!(run = run_id, "the run waits: {wait}");
                        }
                        Some(wait) => tracing::warn!(run = run_id, "the run waits: {wait}"),
                        None => {}
                    }
                }
                // A database that restarts is waited for; its connections tell that it is away.
                Err(error) if error.kind() == ErrorKind::Database => {
                    let since = *away_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > MAX_AWAY {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
            self.pause(WATCH_INTERVAL).await?;
        }
    }

    /// Does for a run what can be done now: an attempt at it, or at the one that must be resumed before it.
    async fn advance(&self, run_id: i64, progress: &watch::Sender<RunProgress>) -> Result<Advanced> {
        self.release_doubtful_claims().await?;
        // What cannot be claimed needs no permit.
        let mut wait = self.why_waiting(run_id).await?;
        let claimed = match &wait {
            None => Some(run_id),
            Some(WaitReason::For(holder)) => Some(holder.run_id),
            Some(_) => None,
        };
        if let Some(id) = claimed {
            let _permit = self.permit().await?;
            if let Ok(claim) = self.claim(id).await? {
                self.attempt(claim, progress).await;
                wait = None;
            }
        }
        let run = self.run(run_id).await?;
        progress.send_modify(|progress| progress.counts = run.metadata.counts);
        Ok(match (run.status, run.metadata.replaced_by) {
            (RunStatus::Failed, Some(next)) => Advanced::ReplacedBy(next),
            (status, _) if status.is_ended() => Advanced::Ended(Box::new(run.into())),
            _ => Advanced::Waits(wait),
        })
    }
}

/// Deduplicates wait reasons for the log: one line for each holder, and not one for each renewal of its lease.
fn is_news(told: &mut Option<WaitReason>, wait: &WaitReason) -> bool {
    let is_same = match (&*told, wait) {
        (Some(WaitReason::For(before)), WaitReason::For(now))
        | (Some(WaitReason::UnderWay(before)), WaitReason::UnderWay(now)) => {
            before.run_id == now.run_id && before.owner == now.owner
        }
        (before, now) => before.as_ref() == Some(now),
    };
    *told = Some(wait.clone());
    !is_same && *wait != WaitReason::No
}
