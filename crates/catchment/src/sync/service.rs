//! The one door in. HTTP, the CLI, cron and the library all come in here, each as a [`Principal`]; who executes a run is
//! one question and what it does another.

use std::sync::Arc;

use catchment_core::{Error, Registry, Result};
use tokio::sync::watch;

use super::check::{CheckReport, InspectReport};
use super::engine::Engine;
use super::execute::Execution;
use super::progress::RunProgress;
use super::request::EnqueuedRun;
use super::settings::ServiceSettings;
use super::tx_retry::retry_contended;
use crate::principal::{Principal, Scope};
use crate::request::SyncRequest;
use crate::result::SyncResult;
use crate::run::{RunStatus, SyncRun};
use crate::store::Store;

/// Schedules, executes and watches runs.
#[derive(Debug, Clone)]
pub struct SyncService {
    engine: Arc<Engine>,
}

impl SyncService {
    /// A service on a database whose tables are up to date.
    pub(crate) fn new(store: Store, registry: Registry, settings: ServiceSettings) -> Self {
        Self { engine: Arc::new(Engine::new(store, registry, settings)) }
    }

    /// Checks a request, and puts its run into the queue. Where an equal request is waiting already, its run is
    /// the answer. One that stands for several ([`SyncService::resolve`]) becomes as many runs; the answer is the first.
    ///
    /// # Errors
    /// `config` when something of the request does not fit, with its pointer; `database`.
    pub async fn schedule_sync(&self, principal: &Principal, request: SyncRequest) -> Result<i64> {
        principal.require(Scope::Run)?;
        let mut ids = Vec::new();
        for request in self.engine.resolve(request, principal.door).await? {
            ids.push(self.engine.schedule_new(request, principal.door, EnqueuedRun::default()).await?);
        }
        ids.first()
            .copied()
            .ok_or_else(|| Error::config("no_source", "the source stands for nothing that is there"))
    }

    /// The requests that one stands for, such as one for each volume that is plugged in; most often itself.
    ///
    /// # Errors
    /// `config`, where it stands for nothing.
    pub async fn resolve(&self, principal: &Principal, request: SyncRequest) -> Result<Vec<SyncRequest>> {
        principal.require(Scope::Read)?;
        self.engine.resolve(request, principal.door).await
    }

    /// Executes a run to its end: now if it is due, later if it waits for its next attempt; where another process
    /// holds it, by watching. A run that another one took the place of is followed there.
    ///
    /// # Errors
    /// `config` when there is no such run; `database`; `system` when the service is shut down meanwhile.
    pub async fn execute_sync(&self, principal: &Principal, run_id: i64) -> Result<SyncResult> {
        let (progress, _) = watch::channel(RunProgress::default());
        self.execute_watched(principal, run_id, &progress).await
    }

    /// The same, telling how it is getting on.
    ///
    /// # Errors
    /// As [`SyncService::execute_sync`].
    pub async fn execute_watched(
        &self,
        principal: &Principal,
        run_id: i64,
        progress: &watch::Sender<RunProgress>,
    ) -> Result<SyncResult> {
        self.execute(principal, run_id, Execution::default(), progress).await
    }

    /// The same as patiently as `execution` says.
    ///
    /// # Errors
    /// As [`SyncService::execute_sync`].
    pub async fn execute(
        &self,
        principal: &Principal,
        run_id: i64,
        execution: Execution,
        progress: &watch::Sender<RunProgress>,
    ) -> Result<SyncResult> {
        principal.require(Scope::Run)?;
        self.engine.execute(run_id, execution, progress).await
    }

    /// Schedules a run and executes it.
    ///
    /// # Errors
    /// As [`SyncService::schedule_sync`] and [`SyncService::execute_sync`]. A run that ends as `failed` is no
    /// error of this call: see [`SyncResult::error`].
    pub async fn sync(&self, principal: &Principal, request: SyncRequest) -> Result<SyncResult> {
        let id = self.schedule_sync(principal, request).await?;
        self.execute_sync(principal, id).await
    }

    /// Makes all pending runs due now, and takes up those that were interrupted, and those that failed and are worth
    /// another attempt. How many are waiting.
    ///
    /// # Errors
    /// `database`.
    pub async fn resume_pending_syncs(&self, principal: &Principal) -> Result<u64> {
        principal.require(Scope::Run)?;
        self.engine.resume_interrupted().await?;
        self.retry_failed_syncs(principal).await?;
        let count = retry_contended(|| self.engine.store.make_pending_due()).await?;
        self.engine.wake_workers();
        Ok(count)
    }

    /// Puts failed runs back into the queue that are worth another attempt: their cause passes, or they were failed by
    /// hand; it is not longer ago than 7 days; and no later run of the same source and target exists. How many.
    ///
    /// # Errors
    /// `database`.
    pub async fn retry_failed_syncs(&self, principal: &Principal) -> Result<u64> {
        principal.require(Scope::Run)?;
        let mut count = 0;
        for id in self.engine.store.retryable_runs(None).await? {
            count += u64::from(retry_contended(|| self.engine.store.requeue(id)).await?);
        }
        self.engine.wake_workers();
        Ok(count)
    }

    /// Cancels a run: at once where it waits, at its next page where it is under way.
    ///
    /// # Errors
    /// `config` (`no_such_run`, `wrong_state`), `database`.
    pub async fn cancel(&self, principal: &Principal, id: i64) -> Result<SyncRun> {
        principal.require(Scope::Run)?;
        let is_done = retry_contended(|| self.engine.store.cancel(id)).await?;
        self.changed(id, is_done, "it has ended already").await
    }

    /// Puts a failed or cancelled run back into the queue; it resumes after its last page.
    ///
    /// # Errors
    /// `config` (`no_such_run`, `wrong_state`), `database`.
    pub async fn retry(&self, principal: &Principal, id: i64) -> Result<SyncRun> {
        principal.require(Scope::Run)?;
        let is_done = retry_contended(|| self.engine.store.requeue(id)).await?;
        let run = self.engine.run(id).await?;
        let why_not = if matches!(run.status, RunStatus::Failed | RunStatus::Cancelled) {
            "a later run of its source and target exists, which has taken its place; sync the source again"
        } else {
            "only a failed or cancelled run can be retried"
        };
        self.changed(id, is_done, why_not).await
    }

    async fn changed(&self, id: i64, is_done: bool, why_not: &str) -> Result<SyncRun> {
        let run = self.engine.run(id).await?;
        if !is_done {
            let message = format!("sync run {id} is {}: {why_not}", run.status);
            return Err(Error::config("wrong_state", message));
        }
        self.engine.wake_workers();
        Ok(run)
    }

    /// Deletes runs that ended longer ago than `days`, at least one, with their errors; failed ones not before 90 days. How
    /// many.
    ///
    /// # Errors
    /// `config`, `database`.
    pub async fn cleanup(&self, principal: &Principal, days: u32) -> Result<u64> {
        principal.require(Scope::Admin)?;
        self.engine.store.delete_old_carryovers().await?;
        self.engine.store.delete_old_runs(days).await
    }

    /// How many runs [`SyncService::cleanup`] would delete.
    ///
    /// # Errors
    /// `config`, `database`.
    pub async fn count_old_runs(&self, principal: &Principal, days: u32) -> Result<u64> {
        principal.require(Scope::Read)?;
        self.engine.store.count_old_runs(days).await
    }

    /// Checks all of a request that can be checked without reading its source. Whether only this machine can read that.
    ///
    /// # Errors
    /// `config`, with its pointer.
    pub async fn validate(&self, principal: &Principal, request: SyncRequest) -> Result<bool> {
        principal.require(Scope::Read)?;
        let prepared = self.engine.prepare_new(request, principal.door).await?;
        Ok(prepared.source.is_bound_to_node())
    }

    /// Checks all of a request that can be checked before anything is made: where its source is on this machine, that it can
    /// be read, and that its columns map. No database is needed.
    ///
    /// # Errors
    /// `config`, with its pointer; what reading the first records ends with.
    pub async fn preflight(&self, principal: &Principal, request: SyncRequest) -> Result<()> {
        principal.require(Scope::Read)?;
        self.engine.preflight(request, principal.door).await
    }

    /// Tells what a request would do, without writing anything: the source can be read, its columns map, its first
    /// records fit.
    ///
    /// # Errors
    /// The one that the run would end with; where columns that the table needs have no source, it is in the report.
    pub async fn check(&self, principal: &Principal, request: SyncRequest) -> Result<CheckReport> {
        principal.require(Scope::Read)?;
        self.engine.check(request, principal.door).await
    }

    /// Finds out what a source looks like, and options that fit it, with those that are given. Where an API says nothing of
    /// further pages, it tries to get them by the usual parameters. No database is needed.
    ///
    /// # Errors
    /// The one that reading its first records ends with.
    pub async fn inspect(&self, principal: &Principal, request: SyncRequest) -> Result<InspectReport> {
        principal.require(Scope::Read)?;
        self.engine.inspect(request, principal.door).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `database`.
    pub async fn ping(&self) -> Result<()> {
        self.engine.store.ping().await
    }

    /// Why the key for secrets cannot be used, if it cannot.
    ///
    /// # Errors
    /// `config`, `bad_key`.
    pub fn check_key(&self) -> Result<()> {
        self.engine.settings.vault.key_id().map(|_| ())
    }

    /// Ends all attempts after the page in hand.
    pub fn shut_down(&self) {
        self.engine.shutdown.cancel();
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(crate) fn store(&self) -> &Store {
        &self.engine.store
    }
}
