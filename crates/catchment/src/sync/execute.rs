//! Executing a run in the foreground: it is attempted here, or watched where somebody else holds it, to its end.

use std::time::{Duration, Instant};

use catchment_core::{Error, ErrorKind, Result};
use tokio::sync::watch;

use super::engine::Engine;
use super::progress::{RunProgress, RunWait};
use crate::result::SyncResult;
use crate::run::{RunStatus, SyncRun};
use crate::store::WaitReason;

/// How often a run that somebody else holds is looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);
/// How long a run is watched while the database is away.
const MAX_AWAY: Duration = Duration::from_secs(600);

/// How a run is executed for somebody who waits for it. By default as patiently as a worker would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Execution {
    /// Attempts after which the run fails, whatever the cause. One that has had as many before, and waits, is not waited for.
    pub max_attempts: Option<u32>,
    /// Whether an attempt that read nothing ends the run where its cause seldom passes by itself: no such host, a refused
    /// connection.
    pub fails_fast: bool,
    /// Whether to return instead of waiting, for another run or for the next attempt. The run stays in the queue, and the
    /// result has its state.
    pub no_wait: bool,
}

impl Execution {
    /// Whether a run ends with this error of its attempt of this number.
    pub(super) fn ends(&self, error: &Error, attempt: u32, has_pages: bool) -> bool {
        let seldom_passes = matches!(error.code(), "no_such_host" | "connection_refused");
        self.is_last(attempt) || self.fails_fast && seldom_passes && !has_pages
    }

    /// Whether no attempt follows the one of this number.
    fn is_last(&self, attempt: u32) -> bool {
        self.max_attempts.is_some_and(|max| attempt >= max)
    }
}

/// Where a run stands after something was done for it.
enum Advanced {
    Ended(Box<SyncResult>),
    ReplacedBy(i64),
    Waits(Box<SyncRun>, Option<WaitReason>),
}

impl Engine {
    /// Executes a run to its end, telling how it is getting on.
    pub(super) async fn execute(
        &self,
        mut run_id: i64,
        execution: Execution,
        progress: &watch::Sender<RunProgress>,
    ) -> Result<SyncResult> {
        let (mut away_since, mut told) = (None, None);
        loop {
            match self.advance(run_id, execution, progress).await {
                Ok(Advanced::Ended(result)) => return Ok(*result),
                Ok(Advanced::ReplacedBy(next)) => run_id = next,
                Ok(Advanced::Waits(run, wait)) => {
                    if away_since.take().is_some() {
                        told = None;
                        progress.send_modify(|progress| progress.wait = None);
                    }
                    if let Some(wait) = wait.filter(|wait| is_news(&mut told, wait)) {
                        tell_wait(&run, &wait, progress);
                    }
                    // It may have been claimed by somebody else just now, or be free again.
                    let is_over = execution.no_wait || execution.is_last(run.attempt);
                    if is_over && progress.borrow().wait.is_some() {
                        return Ok((*run).into());
                    }
                }
                // A database that restarts is waited for; its connections tell that it is away.
                Err(error) if error.kind() == ErrorKind::Database => {
                    let is_new = away_since.is_none();
                    let since = *away_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > MAX_AWAY {
                        return Err(error);
                    }
                    if is_new {
                        let wait = RunWait { reason: error.message().to_owned(), until: None };
                        progress.send_modify(|progress| progress.wait = Some(wait));
                    }
                }
                Err(error) => return Err(error),
            }
            self.pause(WATCH_INTERVAL).await?;
        }
    }

    /// Does for a run what can be done now: an attempt at it, or at the one that must be resumed before it.
    async fn advance(
        &self,
        run_id: i64,
        execution: Execution,
        progress: &watch::Sender<RunProgress>,
    ) -> Result<Advanced> {
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
                // Another run's cause is for whoever asked for that.
                let execution = if id == run_id { execution } else { Execution::default() };
                self.attempt(claim, execution, progress).await;
                wait = None;
            }
        }
        let run = self.run(run_id).await?;
        if wait.is_none() && run.status == RunStatus::Pending && run.next_attempt_at.is_some() {
            wait = self.why_waiting(run_id).await?;
        }
        progress.send_modify(|progress| progress.counts = run.metadata.counts);
        Ok(match (run.status, run.metadata.replaced_by) {
            (RunStatus::Failed, Some(next)) => Advanced::ReplacedBy(next),
            (status, _) if status.is_ended() => Advanced::Ended(Box::new(run.into())),
            _ => Advanced::Waits(Box::new(run), wait),
        })
    }
}

/// Tells what a run waits for: whoever watches it, and the log.
fn tell_wait(run: &SyncRun, wait: &WaitReason, progress: &watch::Sender<RunProgress>) {
    let (mut reason, mut until) = (wait.to_string(), None);
    if let WaitReason::Until(time) = wait {
        until = Some(*time);
        if let Some(error) = &run.error {
            reason = format!("attempt {} failed: {}; {reason}", run.attempt, error.message);
        }
    }
    // It is being worked at, or the attempt before it said why it waits.
    if matches!(wait, WaitReason::UnderWay(_) | WaitReason::Until(_)) {
        tracing::info!(target: "catchment::wait", run = run.id, "the run waits: {wait}");
    } else {
        tracing::warn!(target: "catchment::wait", run = run.id, "the run waits: {wait}");
    }
    progress.send_modify(|progress| {
        (progress.run_id, progress.attempt) = (run.id, run.attempt);
        progress.wait = Some(RunWait { reason, until });
    });
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
