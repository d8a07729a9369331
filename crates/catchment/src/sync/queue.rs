//! The queue as a process sees it: who takes which run, and why somebody waits.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::Ordering;
use std::time::Duration;

use catchment_core::{ErrorKind, Result};
use tokio::sync::watch;
use tokio::time::Instant;

use super::attempt::RunProgress;
use super::service::{ServiceSettings, SyncService};
use super::worker::POLL_INTERVAL;
use crate::run::{Door, RunStatus, SyncRun};
use crate::store::{Claim, Claimant, LEASE, Wait};

/// Due runs that are looked up at once, for all workers.
const LOOKED_UP: u32 = 32;
/// Runs of other nodes that are tried at a time.
const TRIED_STRANDED: u32 = 4;
/// How long it may take to see that a file can be read.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// The runs that were found due and nobody of this process has tried yet.
#[derive(Debug, Default)]
pub(super) struct Due {
    ids: VecDeque<i64>,
    /// When nothing was found last.
    was_empty: Option<Instant>,
    /// When runs of other nodes were looked for last, and after which.
    looked_elsewhere: Option<Instant>,
    stranded_after: i64,
    /// Those whose files could not be looked at in time: a thread hangs there, and one is enough.
    hanging: HashSet<i64>,
    /// Runs whose claim failed with the database: it may have arrived, and then nobody works at them.
    doubtful: Vec<i64>,
}

impl SyncService {
    /// Claims the next run that is due and makes an attempt at it. False where there is none.
    pub(super) async fn work_once(&self, progress: &watch::Sender<RunProgress>) -> Result<bool> {
        let _permit = self.permit().await?;
        match self.claim_next().await? {
            Some(claim) => {
                self.attempt(claim, progress).await;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Tidies up while nothing is to be done.
    pub(super) async fn rest(&self) {
        if let Err(error) = self.store().checkpoint().await {
            tracing::debug!(%error, "the write-ahead log could not be emptied");
        }
    }

    /// The run itself, if it is to be had.
    pub(super) async fn claim(&self, run_id: i64) -> Result<Result<Claim, Wait>> {
        let claimed = self.store().claim(run_id, &self.worker().to_string(), self.claimant(), false).await;
        if claimed.as_ref().is_err_and(|error| error.kind() == ErrorKind::Database) {
            self.due().lock().await.doubtful.push(run_id);
        }
        claimed
    }

    /// Gives up claims that may have arrived although their answers were lost.
    pub(super) async fn give_up_doubtful(&self) -> Result<()> {
        let mut due = self.due().lock().await;
        while let Some(run_id) = due.doubtful.last() {
            if !self.is_under_way(*run_id) {
                self.store().expire_lease(*run_id, &self.worker().to_string()).await?;
            }
            due.doubtful.pop();
        }
        Ok(())
    }

    fn claimant(&self) -> Claimant<'_> {
        let ServiceSettings { node, door, vault, .. } = self.settings();
        // With a key that cannot be used there is none: runs that need it are left to others. It is told where it matters.
        let key_id = vault.key_id().ok().flatten().unwrap_or_default();
        Claimant { node, is_service: *door == Door::Http, key_id }
    }

    /// The next run that is due, claimed.
    async fn claim_next(&self) -> Result<Option<Claim>> {
        self.give_up_doubtful().await?;
        // Those of one look: what is refused now is refused again.
        for _ in 0..LOOKED_UP {
            let Some(id) = self.next_due().await? else { return self.claim_stranded().await };
            match self.claim(id).await {
                Ok(Ok(claim)) => return Ok(Some(claim)),
                Ok(Err(wait)) => tracing::trace!(run = id, %wait, "a run is not to be had"),
                Err(error) if error.kind() == ErrorKind::Config => {
                    tracing::error!(run = id, %error, "the run cannot be read and fails");
                    self.store().fail_unreadable(id, &error).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A run that was due when somebody of this process looked: one looks for all.
    async fn next_due(&self) -> Result<Option<i64>> {
        let mut due = self.due().lock().await;
        if let Some(id) = due.ids.pop_front() {
            return Ok(Some(id));
        }
        let is_news = self.news().swap(false, Ordering::SeqCst);
        if !is_news && due.was_empty.is_some_and(|since| since.elapsed() < POLL_INTERVAL / 2) {
            return Ok(None);
        }
        due.ids = self.store().due_runs(self.claimant(), LOOKED_UP).await?.into();
        due.was_empty = due.ids.is_empty().then(Instant::now);
        Ok(due.ids.pop_front())
    }

    /// Something may be due now.
    pub(super) fn look_again(&self) {
        self.news().store(true, Ordering::SeqCst);
        self.wake().notify_waiters();
    }

    /// A run of a node that is gone, such as a container that was made anew with another name, if its file can be read
    /// here.
    async fn claim_stranded(&self) -> Result<Option<Claim>> {
        let after = {
            let mut due = self.due().lock().await;
            if due.looked_elsewhere.is_some_and(|at| at.elapsed() < LEASE) {
                return Ok(None);
            }
            due.looked_elsewhere = Some(Instant::now());
            due.stranded_after
        };
        let ids = self.store().stranded_runs(self.claimant(), after, TRIED_STRANDED).await?;
        // The next look is for those behind them; after the last, from the beginning.
        self.due().lock().await.stranded_after = ids.last().copied().unwrap_or_default();
        for id in ids {
            if !self.can_read(id).await {
                tracing::debug!(run = id, "a run of another node waits for it: its file is not here");
                continue;
            }
            let claim = self.store().claim(id, &self.worker().to_string(), self.claimant(), true).await?;
            if let Ok(claim) = claim {
                tracing::warn!(run = id, "taking up a run of a node that is gone; its file is here as well");
                // There may be more of them.
                self.due().lock().await.looked_elsewhere = None;
                return Ok(Some(claim));
            }
        }
        Ok(None)
    }

    async fn can_read(&self, run_id: i64) -> bool {
        if self.due().lock().await.hanging.contains(&run_id) {
            return false;
        }
        let test = async {
            let run = self.run(run_id).await?;
            let prepared = self.prepare(run.request, self.settings().door).await?;
            prepared.source.test_connection().await
        };
        let tested = tokio::time::timeout(LOOK_TIMEOUT, test).await;
        if tested.is_err() {
            self.due().lock().await.hanging.insert(run_id);
        }
        matches!(tested, Ok(Ok(())))
    }

    /// Why a run cannot be claimed now; `None` where it can.
    pub(super) async fn why_waiting(&self, run_id: i64) -> Result<Option<Wait>> {
        self.store().wait(run_id, self.claimant()).await
    }

    /// Why a run that is not under way here waits, in words; `None` where it has ended.
    ///
    /// # Errors
    /// `database`.
    pub async fn waits_for(&self, run: &SyncRun) -> Result<Option<String>> {
        if !matches!(run.status, RunStatus::Pending | RunStatus::InProgress) {
            return Ok(None);
        }
        let wait = self.why_waiting(run.id).await?;
        Ok(Some(wait.map_or_else(|| "it can be taken up now".to_owned(), |wait| wait.to_string())))
    }
}

/// What somebody who waits is told: once for each who holds what is waited for, and not each time that a lease is renewed.
pub(super) fn is_news(told: &mut Option<Wait>, wait: &Wait) -> bool {
    let is_same = match (&*told, wait) {
        (Some(Wait::For(before)), Wait::For(now)) | (Some(Wait::UnderWay(before)), Wait::UnderWay(now)) => {
            before.run_id == now.run_id && before.owner == now.owner
        }
        (before, now) => before.as_ref() == Some(now),
    };
    *told = Some(wait.clone());
    !is_same && *wait != Wait::No
}
