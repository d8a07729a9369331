//! The queue as a process sees it: who takes which run, and why somebody waits.

use std::sync::atomic::Ordering;
use std::time::Duration;

use catchment_core::{ErrorKind, Result, log_error};
use tokio::sync::watch;
use tokio::time::Instant;

use super::engine::Engine;
use super::execute::Execution;
use super::progress::RunProgress;
use crate::principal::Door;
use crate::store::{Claim, LEASE, WaitReason};

/// How often the queue is looked at when nobody says that something is new. Other processes say nothing.
pub(super) const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Due runs that are looked up at once, for all workers.
const LOOKED_UP: u32 = 32;
/// Runs of other nodes that are tried at a time.
const TRIED_STRANDED: u32 = 4;
/// How long it may take to see that a file can be read.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

impl Engine {
    /// Claims the next run that is due and makes an attempt at it. False where there is none.
    pub(super) async fn work_once(&self, progress: &watch::Sender<RunProgress>) -> Result<bool> {
        let _permit = self.permit().await?;
        match self.claim_next().await? {
            Some(claim) => {
                self.attempt(claim, Execution::default(), progress).await;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Tidies up while nothing is to be done.
    pub(super) async fn checkpoint_when_idle(&self) {
        if let Err(error) = self.store.checkpoint().await {
            tracing::debug!(%error, "the write-ahead log could not be checkpointed");
        }
    }

    /// Claims a run, or says why it cannot be claimed.
    pub(super) async fn claim(&self, run_id: i64) -> Result<Result<Claim, WaitReason>> {
        let claimed = self.store.claim(run_id, &self.worker.to_string(), self.claimant(), false).await;
        if claimed.as_ref().is_err_and(|error| error.kind() == ErrorKind::Database) {
            self.due.lock().await.doubtful.push(run_id);
        }
        claimed
    }

    /// Gives up claims that may have arrived although their answers were lost.
    pub(super) async fn release_doubtful_claims(&self) -> Result<()> {
        let mut due = self.due.lock().await;
        while let Some(run_id) = due.doubtful.last() {
            if !self.is_under_way(*run_id) {
                self.store.expire_lease(*run_id, &self.worker.to_string()).await?;
            }
            due.doubtful.pop();
        }
        Ok(())
    }

    /// The next run that is due, claimed.
    async fn claim_next(&self) -> Result<Option<Claim>> {
        self.release_doubtful_claims().await?;
        // Those of one look: what is refused now is refused again.
        for _ in 0..LOOKED_UP {
            let Some(id) = self.next_due().await? else { return self.claim_stranded().await };
            match self.claim(id).await {
                Ok(Ok(claim)) => return Ok(Some(claim)),
                Ok(Err(wait)) => tracing::trace!(run = id, %wait, "the run cannot be claimed"),
                Err(error) if error.kind() == ErrorKind::Config => {
                    log_error!(ERROR, &error, run = id, "the run cannot be read and is marked as failed");
                    self.store.fail_unreadable(id, &error).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A run that was due when somebody of this process looked: one looks for all.
    async fn next_due(&self) -> Result<Option<i64>> {
        let mut due = self.due.lock().await;
        if let Some(id) = due.ids.pop_front() {
            return Ok(Some(id));
        }
        let is_news = self.has_news.swap(false, Ordering::SeqCst);
        if !is_news && due.was_empty.is_some_and(|since| since.elapsed() < POLL_INTERVAL / 2) {
            return Ok(None);
        }
        due.ids = self.store.due_runs(self.claimant(), LOOKED_UP).await?.into();
        due.was_empty = due.ids.is_empty().then(Instant::now);
        Ok(due.ids.pop_front())
    }

    /// A run of a node that is gone, such as a container that was made anew with another name, if its file can be read
    /// here.
    async fn claim_stranded(&self) -> Result<Option<Claim>> {
        let after = {
            let mut due = self.due.lock().await;
            if due.looked_elsewhere.is_some_and(|at| at.elapsed() < LEASE) {
                return Ok(None);
            }
            due.looked_elsewhere = Some(Instant::now());
            due.stranded_after
        };
        let ids = self.store.stranded_runs(self.claimant(), after, TRIED_STRANDED).await?;
        // The next look is for those behind them; after the last, from the beginning.
        self.due.lock().await.stranded_after = ids.last().copied().unwrap_or_default();
        for id in ids {
            if !self.can_read(id).await {
                tracing::debug!(run = id, "the run is left to its node: its file cannot be read here");
                continue;
            }
            let claim = self.store.claim(id, &self.worker.to_string(), self.claimant(), true).await?;
            if let Ok(claim) = claim {
                tracing::warn!(
                    run = id,
                    "claimed a run of another node, which is gone: its file can be read here"
                );
                // There may be more of them.
                self.due.lock().await.looked_elsewhere = None;
                return Ok(Some(claim));
            }
        }
        Ok(None)
    }

    async fn can_read(&self, run_id: i64) -> bool {
        if self.due.lock().await.hanging.contains(&run_id) {
            return false;
        }
        let test = async {
            let run = self.run(run_id).await?;
            // As it would be read here, whatever door it came through.
            let door = if self.settings.is_service { Door::Http } else { Door::Cli };
            self.prepare(run.request, door).await?.source.test_connection().await
        };
        let tested = tokio::time::timeout(LOOK_TIMEOUT, test).await;
        if tested.is_err() {
            self.due.lock().await.hanging.insert(run_id);
        }
        matches!(tested, Ok(Ok(())))
    }

    /// Why a run cannot be claimed now; `None` where it can.
    pub(super) async fn why_waiting(&self, run_id: i64) -> Result<Option<WaitReason>> {
        self.store.wait(run_id, self.claimant()).await
    }
}
