//! One attempt at a claimed run, and what follows from how it ended: the run is completed, retried or failed, or another
//! one takes its place.

use std::time::{Duration, Instant};

use catchment_core::{Error, ErrorKind, Result, log_error};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::account::SOURCE_SHIFTED;
use super::attempt::{Attempt, AttemptEnd};
use super::attempt_log::AttemptLog;
use super::carryover::Carryover;
use super::engine::Engine;
use super::execute::Execution;
use super::heartbeat::beat;
use super::progress::RunProgress;
use super::request::{EnqueuedRun, Prepared, milliseconds, saved_of};
use super::retry::{
    AttemptHistory, MAX_FRUITLESS, RetryDecision, back_off, decide, is_deferral, longest_deferral,
};
use super::timeouts::silence_error;
use super::tx_retry::retry_contended;
use crate::counts::RunMetadata;
use crate::mapping::TargetOptions;
use crate::principal::Door;
use crate::run::{RunMode, SyncRun};
use crate::store::{Claim, LEASE, Lease, NOT_AS_VOUCHED, StoredCarryover, Verdict};

/// How often a database that is away is asked to store the end of an attempt.
const AWAY_INTERVAL: Duration = Duration::from_secs(1);
/// Runs in a row that are replaced because their file changed while it was read.
const MAX_REPLACEMENTS: u32 = 5;

/// How a run stood when an attempt at it began.
#[derive(Debug, Clone, Copy)]
struct AttemptBaseline {
    pages: u64,
    fruitless_attempts: u32,
}

impl Engine {
    /// One attempt at a claimed run, and what follows from it.
    pub(super) async fn attempt(
        &self,
        claim: Claim,
        execution: Execution,
        progress: &watch::Sender<RunProgress>,
    ) {
        let Claim { mut run, lease, door, cursor, fruitless_attempts } = claim;
        let (pages_before, store) = (run.pages, &self.store);
        let log = AttemptLog::begin(&run);
        let under_way = self.set_under_way(run.id);
        progress.send_modify(|progress| {
            (progress.run_id, progress.attempt, progress.wait) = (run.id, run.attempt, None);
        });
        let mut max_wait = TargetOptions::default().max_wait();
        let state_key = self.state_key(&run);
        let lost = CancellationToken::new();
        // From here on, as a file system may hang before the first page.
        let _heartbeat = AbortOnDropHandle::new(tokio::spawn(beat(store.clone(), lease, lost.clone())));
        let ended = match self.begin(&run, door, &state_key).await {
            // Nobody lived to say why the attempts before this one ended.
            Ok(_) if fruitless_attempts >= MAX_FRUITLESS => {
                AttemptEnd::Failed(lost_too_often(fruitless_attempts))
            }
            Ok((prepared, carryover)) => {
                max_wait = prepared.target.max_wait();
                let (shutdown, limits, lost) = (&self.shutdown, &self.settings, &lost);
                let attempt =
                    Attempt { store, lease, prepared, cursor, carryover, shutdown, lost, progress, limits };
                // What it holds is large, and would lie on the stack of whoever waits.
                Box::pin(attempt.work(&mut run)).await
            }
            Err(error) => AttemptEnd::Failed(error),
        };
        let before = AttemptBaseline { pages: pages_before, fruitless_attempts };
        let verdict = self.verdict(&run, &ended, before, execution, max_wait, state_key).await;
        if matches!(&ended, AttemptEnd::Failed(error) if is_replaced(error)) {
            self.replace(&run, door).await;
        }
        self.end(&run, lease, &verdict, log).await;
        // Before others are told: one of them may claim the same run.
        drop(under_way);
        self.wake_workers();
    }

    /// Stores how an attempt ended, and tells it.
    async fn end(&self, run: &SyncRun, lease: Lease, verdict: &Verdict<'_>, log: AttemptLog) {
        match self.store_end(lease, verdict).await {
            Ok(true) => {
                log.end(run, verdict);
                self.compact(run, verdict).await;
            }
            Ok(false) => tracing::warn!(run = run.id, "the run was taken over or changed from outside"),
            // Its lease runs out, and the next claim resumes after the last page.
            Err(error) => {
                log_error!(ERROR, &error, run = run.id, "the end of the attempt could not be stored");
            }
        }
    }

    /// Makes the ledger beside the table small again. Whoever is interrupted here leaves it larger, and as it was.
    async fn compact(&self, run: &SyncRun, verdict: &Verdict<'_>) {
        if !matches!(verdict, Verdict::Completed { .. }) {
            return;
        }
        let tidied = match run.mode {
            RunMode::Sync | RunMode::Approve | RunMode::Replay => self.store.compact_seen(run).await,
            RunMode::Preview => self.store.forget_identities(run.id).await.map_err(Error::from),
            RunMode::Release => Ok(()),
        };
        if let Err(error) = tidied {
            log_error!(WARN, &error, run = run.id, "the ledger could not be compacted; the next run does it");
        }
    }

    /// What follows from how an attempt ended.
    async fn verdict<'e>(
        &self,
        run: &SyncRun,
        ended: &'e AttemptEnd,
        before: AttemptBaseline,
        execution: Execution,
        max_wait: Duration,
        state_key: String,
    ) -> Verdict<'e> {
        let error = match ended {
            AttemptEnd::Complete(value) => {
                let carryover = value.clone().map(|left| StoredCarryover { key: state_key, left });
                return Verdict::Completed { carryover, is_whole: run.metadata.is_whole };
            }
            AttemptEnd::ShutDown => return Verdict::Released,
            AttemptEnd::LeaseLost => return Verdict::Lost,
            AttemptEnd::Failed(error) if is_replaced(error) => return Verdict::Failed(error),
            AttemptEnd::Failed(error) => error,
        };
        let has_moved = self.has_moved(run, before.pages).await;
        if execution.ends(error, run.attempt, has_moved || before.pages > 0) {
            return Verdict::Failed(error);
        }
        let deferrals = self.deferrals(run, error, max_wait).await;
        let record = AttemptHistory { fruitless_before: before.fruitless_attempts, has_moved, deferrals };
        match decide(error, record, rand::random()) {
            RetryDecision::Retry { fruitless_attempts, delay } => {
                Verdict::Retry { error, fruitless_attempts, delay_ms: milliseconds(delay) }
            }
            RetryDecision::Fail => Verdict::Failed(error),
        }
    }

    /// Stores how an attempt ended, waiting for a database that is away as long as the lease is ours when it comes back
    /// soon. False where the run is somebody else's.
    async fn store_end(&self, lease: Lease, verdict: &Verdict<'_>) -> Result<bool> {
        let (store, began) = (&self.store, Instant::now());
        let mut is_doubtful = false;
        loop {
            match retry_contended(|| store.end_attempt(lease, verdict)).await {
                Err(error) if error.kind() == ErrorKind::Database && began.elapsed() < LEASE => {
                    is_doubtful = true;
                    tokio::time::sleep(AWAY_INTERVAL).await;
                }
                // It had arrived, though its answer was lost.
                Ok(false) if is_doubtful => {
                    return Ok(self.run(lease.run_id).await?.status == verdict.status());
                }
                result => return result,
            }
        }
    }

    /// What an attempt needs before it can read: it is as long in coming as a file system takes.
    async fn begin(&self, run: &SyncRun, door: Door, state_key: &str) -> Result<(Prepared, Carryover)> {
        let limits = &self.settings;
        let prepare = async {
            match run.mode {
                RunMode::Replay => self.prepare_replay(run, door).await,
                _ => self.prepare(run.request.clone(), door).await,
            }
        };
        let prepared = tokio::time::timeout(limits.silence_timeout, prepare);
        let prepared = prepared.await.unwrap_or_else(|_| Err(silence_error(limits)))?;
        let carryover = self.carryover(run, &prepared, state_key).await?;
        Ok((prepared, carryover))
    }

    /// Puts a new run of the same request in the place of one whose file changed, a few times in a row: what was
    /// read belongs to no version of the file.
    async fn replace(&self, run: &SyncRun, door: Door) {
        // What was shown of another version of the file is not what would be written.
        if run.metadata.replacements >= MAX_REPLACEMENTS || run.mode == RunMode::Approve {
            return;
        }
        let replacements = run.metadata.replacements + 1;
        let metadata = RunMetadata { replaces: Some(run.id), replacements, ..RunMetadata::default() };
        let delay = Some(back_off(replacements, rand::random()));
        let saved = saved_of(run);
        let again = EnqueuedRun { mode: run.mode, based_on: None, metadata, delay, saved };
        let replaced = match self.enqueue_again(run, door, again).await {
            Ok(id) => self.store.set_replaced_by(run.id, id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = replaced {
            log_error!(
                ERROR,
                &error,
                run = run.id,
                "its replacement could not be scheduled; schedule it again"
            );
        }
    }

    async fn enqueue_again(&self, run: &SyncRun, door: Door, again: EnqueuedRun) -> Result<i64> {
        let prepared = self.prepare(run.request.clone(), door).await?;
        self.enqueue(prepared, door, again).await
    }

    /// Whether an attempt committed a page; as the database has it, for a COMMIT whose answer was lost.
    async fn has_moved(&self, run: &SyncRun, pages_before: u64) -> bool {
        let now = self.store.run(run.id).await.ok().flatten();
        now.map_or(run.pages, |now| now.pages) > pages_before
    }

    /// How often in a row the source has put this run off, as long as that does not count.
    async fn deferrals(&self, run: &SyncRun, error: &Error, max_wait: Duration) -> u32 {
        if !is_deferral(error) {
            return 0;
        }
        match self.store.deferral_streak(run.id).await {
            Ok((attempts, waited)) if waited <= longest_deferral(error, max_wait) => attempts,
            Ok(_) => 0,
            // What it is about will come to light when the end of the attempt is stored.
            Err(_) => 1,
        }
    }
}

fn lost_too_often(attempts: u32) -> Error {
    let message = format!(
        "{attempts} workers in a row were lost with this run before they committed a page; see their logs"
    );
    Error::new(ErrorKind::System, "interrupted", message)
}

/// Whether a run that ends with this error is replaced by one that begins anew.
fn is_replaced(error: &Error) -> bool {
    matches!(error.code(), "source_changed" | SOURCE_SHIFTED | NOT_AS_VOUCHED)
}
