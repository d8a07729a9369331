//! The one door in. HTTP, the CLI, cron and the library all schedule a run here; who executes it is one question
//! and what it does another.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use catchment_core::{
    Error, ErrorKind, FileAccess, Host, Inspection, NetworkAccess, Registry, Result, SecretAccess, Source,
};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, Notify, Semaphore, SemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::attempt::{Attempt, Ended, RunProgress, SOURCE_SHIFTED, beat, silent};
use super::host::WorkerName;
use super::queue::{Due, is_news};
use super::replay::end_attempt;
use super::retry::{MAX_FRUITLESS, Next, Record, back_off, decide, is_put_off};
use super::tokens::Tokens;
use crate::mapping::names::fields;
use crate::mapping::table::Table;
use crate::mapping::{Batch, Cell, DecimalFinding, Mapping, Names, TargetOptions, find_decimal};
use crate::run::{Door, RunMetadata, RunStatus, SyncRequest, SyncResult, SyncRun, SyncStats};
use crate::store::{Claim, Kept, LEASE, Lease, NewRun, Store, Verdict, Wait};
use crate::vault::Vault;

/// How often a run that somebody else holds is looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);
/// How often a database that is away is asked to store the end of an attempt.
const AWAY_INTERVAL: Duration = Duration::from_secs(1);
/// How long a run is watched while the database is away.
const MAX_AWAY: Duration = Duration::from_secs(600);
/// Runs in a row that are replaced because their file changed while it was read.
const MAX_REPLACEMENTS: u32 = 5;
/// The longest source identifier, in characters: it is part of a unique key.
const MAX_IDENTIFIER: usize = 512;

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// Where requests over HTTP may read files.
    pub data_dirs: Vec<PathBuf>,
    /// Which addresses sources may connect to.
    pub network: NetworkAccess,
    /// Where requests over HTTP may find files with secrets.
    pub secrets_dir: Option<PathBuf>,
    /// What secrets are stored with.
    pub vault: Vault,
    /// The name of this machine: runs of its files are its own.
    pub node: String,
    /// How long a source may be silent before its attempt ends.
    pub silence_timeout: Duration,
    /// How long an attempt may take.
    pub run_timeout: Option<Duration>,
    /// Attempts at a time in this process, by workers and callers together.
    pub workers: usize,
    /// Connections that write pages of one run side by side; SQLite has one.
    pub writers: usize,
    /// Bytes that a run may take to know what its table holds.
    pub memory_budget: usize,
    /// The door of the requests that this service schedules.
    pub door: Door,
}

/// Schedules, executes and watches runs.
#[derive(Debug, Clone)]
pub struct SyncService {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    registry: Registry,
    settings: ServiceSettings,
    worker: WorkerName,
    shutdown: CancellationToken,
    /// Something may be due now.
    wake: Notify,
    /// The same, for whoever looks next.
    news: AtomicBool,
    due: Mutex<Due>,
    /// The runs that this process makes attempts at.
    under_way: std::sync::Mutex<HashSet<i64>>,
    /// Attempts that may begin: each takes its connections out of one pool.
    permits: Semaphore,
}

/// Where a run stands after something was done for it.
enum Advanced {
    Ended(Box<SyncResult>),
    ReplacedBy(i64),
    Waits(Option<Wait>),
}

/// How a run stood when an attempt at it began.
#[derive(Debug, Clone, Copy)]
struct Before {
    pages: u64,
    fruitless_attempts: u32,
}

/// A request that has been found fit.
pub(super) struct Prepared {
    request: SyncRequest,
    target: TargetOptions,
    pub(super) source: Arc<dyn Source>,
}

/// What [`SyncService::check`] found.
#[derive(Debug)]
pub struct Checked {
    /// The source's columns, and its first records; none where it is empty.
    pub inspection: Inspection,
    /// Target column to source column, as it would be used.
    pub mapping: Option<Names>,
    /// What the values say of their decimal sign, where the options do not and it matters.
    pub decimal: Option<DecimalFinding>,
    /// The first row as the table would take it: column and value.
    pub first_row: Vec<(&'static str, serde_json::Value)>,
    /// Of the first records: how many fit, and how many would be rejected.
    pub fitting: usize,
    /// The rejects among them.
    pub rejects: Vec<catchment_core::Reject>,
}

impl SyncService {
    /// A service on a database whose tables are up to date.
    pub fn new(store: Store, registry: Registry, settings: ServiceSettings) -> Self {
        let worker = WorkerName::current(&settings.node);
        let (shutdown, wake, due) = (CancellationToken::new(), Notify::new(), Mutex::default());
        let permits = Semaphore::new(settings.workers.max(1));
        let (news, under_way) = (AtomicBool::new(true), std::sync::Mutex::default());
        let inner =
            Inner { store, registry, settings, worker, shutdown, wake, news, due, under_way, permits };
        Self { inner: Arc::new(inner) }
    }

    /// Checks a request, and puts its run into the queue. Where an equal request is waiting already, its run is
    /// the answer.
    ///
    /// # Errors
    /// `config` when something of the request does not fit, with its place; `database`.
    pub async fn schedule_sync(&self, mut request: SyncRequest) -> Result<i64> {
        // Checked before it costs a key.
        let places = self.inner.registry.secrets(&request.source_type)?;
        Vault::refuse_sealed(places, &request.options)?;
        self.prepare(request.clone(), self.inner.settings.door).await?;
        self.inner.settings.vault.seal_options(places, &mut request.options)?;
        self.schedule(request, self.inner.settings.door, RunMetadata::default(), None).await
    }

    async fn schedule(
        &self,
        request: SyncRequest,
        door: Door,
        metadata: RunMetadata,
        delay: Option<Duration>,
    ) -> Result<i64> {
        let Prepared { request, target, source } = self.prepare(request, door).await?;
        let source_name =
            target.source_name.as_deref().map_or(&*request.source_identifier, str::trim).to_owned();
        let (table, options) = (target.table()?, canonical(&request.options));
        let source_key = [request.source_type.as_str(), &source_name, table.name];
        // Rows that several sources share are written by one run at a time.
        let lane_key = if table.is_by_source { key(&source_key) } else { format!("table:{}", table.name) };
        let node = source.is_bound_to_node().then_some(self.inner.settings.node.as_str());
        let asked = [door.as_str(), node.unwrap_or_default(), &request.source_identifier, &options];
        let (id, is_new) = self
            .inner
            .store
            .insert_run(&NewRun {
                request: &request,
                source_name: &source_name,
                target_table: table.name,
                door,
                node,
                request_key: &key(&[&source_key[..], &asked].concat()),
                lane_key: &lane_key,
                metadata: &metadata,
                delay_ms: delay.map(milliseconds),
                key_id: self.key_of(&request)?,
            })
            .await?;
        tracing::info!(run = id, source_type = request.source_type, is_new, "sync scheduled");
        self.look_again();
        Ok(id)
    }

    /// The key that the secrets of a request are sealed with.
    fn key_of(&self, request: &SyncRequest) -> Result<Option<&str>> {
        let vault = &self.inner.settings.vault;
        match Vault::is_sealed(self.inner.registry.secrets(&request.source_type)?, &request.options) {
            true => vault.key_id(),
            false => Ok(None),
        }
    }

    /// Executes a run to its end: now if it is due, later if it waits for its next attempt; where another process
    /// holds it, by watching. A run that another one took the place of is followed there.
    ///
    /// # Errors
    /// `config` when there is no such run; `database`; `system` when the service is shut down meanwhile.
    pub async fn execute_sync(&self, run_id: i64) -> Result<SyncResult> {
        let (progress, _) = watch::channel(RunProgress::default());
        self.execute_watched(run_id, &progress).await
    }

    /// The same, telling how it is getting on.
    ///
    /// # Errors
    /// As [`SyncService::execute_sync`].
    pub async fn execute_watched(
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
                        Some(wait @ (Wait::UnderWay(_) | Wait::Until(_))) => {
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

    /// Does for a run what can be done now: an attempt at it, or at the one that must go on before it.
    async fn advance(&self, run_id: i64, progress: &watch::Sender<RunProgress>) -> Result<Advanced> {
        self.give_up_doubtful().await?;
        // What cannot be claimed needs no permit.
        let mut wait = self.why_waiting(run_id).await?;
        let claimed = match &wait {
            None => Some(run_id),
            Some(Wait::For(holder)) => Some(holder.run_id),
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
            (status, _) if status.is_final() => Advanced::Ended(Box::new(run.into())),
            _ => Advanced::Waits(wait),
        })
    }

    /// Schedules a run and executes it.
    ///
    /// # Errors
    /// As [`SyncService::schedule_sync`] and [`SyncService::execute_sync`]. A run that ends as `failed` is no
    /// error of this call: see [`SyncResult::error`].
    pub async fn sync(&self, request: SyncRequest) -> Result<SyncResult> {
        let id = self.schedule_sync(request).await?;
        self.execute_sync(id).await
    }

    /// Makes all pending runs due now, and takes up those that were interrupted, and those that failed and are worth
    /// another attempt. How many are waiting.
    ///
    /// # Errors
    /// `database`.
    pub async fn resume_pending_syncs(&self) -> Result<u64> {
        self.resume_interrupted().await?;
        self.retry_failed_syncs().await?;
        let count = self.inner.store.hasten_pending().await?;
        self.look_again();
        Ok(count)
    }

    /// Puts failed runs back into the queue that are worth another attempt: their cause passes, or they were failed by
    /// hand; it is not longer ago than 7 days; and no later run of the same source and target exists. How many.
    ///
    /// # Errors
    /// `database`.
    pub async fn retry_failed_syncs(&self) -> Result<u64> {
        let mut count = 0;
        for id in self.inner.store.retryable_runs().await? {
            count += u64::from(self.inner.store.requeue(id).await?);
        }
        self.look_again();
        Ok(count)
    }

    /// Calls a run off: at once where it waits, at its next page where it is under way.
    ///
    /// # Errors
    /// `config` (`no_such_run`, `wrong_state`), `database`.
    pub async fn cancel(&self, id: i64) -> Result<SyncRun> {
        let is_done = self.inner.store.cancel(id).await?;
        self.changed(id, is_done, "it has ended already").await
    }

    /// Puts a failed or cancelled run back into the queue; it goes on from its last page.
    ///
    /// # Errors
    /// `config` (`no_such_run`, `wrong_state`), `database`.
    pub async fn retry(&self, id: i64) -> Result<SyncRun> {
        let is_done = self.inner.store.requeue(id).await?;
        self.changed(id, is_done, "only a failed or cancelled run can go on, and none that has a later one")
            .await
    }

    async fn changed(&self, id: i64, is_done: bool, why_not: &str) -> Result<SyncRun> {
        let run = self.run(id).await?;
        if !is_done {
            let message = format!("sync run {id} is {}: {why_not}", run.status);
            return Err(Error::config("wrong_state", message));
        }
        self.look_again();
        Ok(run)
    }

    /// Deletes runs that ended longer ago than `days`, with their errors; failed ones not before 90 days. How many.
    ///
    /// # Errors
    /// `database`.
    pub async fn cleanup(&self, days: u32) -> Result<u64> {
        self.inner.store.delete_old_states().await?;
        self.inner.store.delete_old_runs(days).await
    }

    /// A run by its id.
    ///
    /// # Errors
    /// `config` (`no_such_run`), `database`.
    pub async fn run(&self, id: i64) -> Result<SyncRun> {
        let run = self.inner.store.run(id).await?;
        run.ok_or_else(|| Error::config("no_such_run", format!("there is no sync run {id}")))
    }

    /// How many runs there are in each state.
    ///
    /// # Errors
    /// `database`.
    pub async fn stats(&self) -> Result<SyncStats> {
        self.inner.store.stats().await
    }

    /// The database of this service.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Checks all of a request that can be checked without reading its source.
    ///
    /// # Errors
    /// `config`, with its place.
    pub async fn validate(&self, request: SyncRequest) -> Result<()> {
        Vault::refuse_sealed(self.inner.registry.secrets(&request.source_type)?, &request.options)?;
        self.prepare(request, self.inner.settings.door).await.map(|_| ())
    }

    /// Tells what a request would do, without writing anything: the source can be read, its columns map, its first
    /// records fit.
    ///
    /// # Errors
    /// The one that the run would end with.
    pub async fn check(&self, request: SyncRequest) -> Result<Checked> {
        Vault::refuse_sealed(self.inner.registry.secrets(&request.source_type)?, &request.options)?;
        let Prepared { target, source, .. } = self.prepare(request, self.inner.settings.door).await?;
        let mut inspection = source.inspect(fields(target.mapping())).await?;
        let Some(page) = inspection.page.take() else {
            let (first_row, rejects) = (Vec::new(), Vec::new());
            return Ok(Checked { inspection, mapping: None, decimal: None, first_row, fitting: 0, rejects });
        };
        let mapping = Mapping::compile(&target, None, &page.columns)?;
        let decimal = match target.decimal {
            None => find_decimal(mapping.table(), mapping.names(), &page),
            Some(_) => None,
        };
        let batch = mapping.apply(page);
        Ok(Checked {
            decimal,
            mapping: Some(mapping.names().clone()),
            first_row: first_row(&batch),
            fitting: batch.len(),
            rejects: batch.rejects,
            inspection,
        })
    }

    /// Checks all of a request that can be checked without reading its source.
    pub(super) async fn prepare(&self, request: SyncRequest, door: Door) -> Result<Prepared> {
        let registry = &self.inner.registry;
        let source_type = request.source_type;
        let identifier = registry.normalize(&source_type, &request.source_identifier)?;
        let mut options = request.options.clone();
        self.inner.settings.vault.unseal_options(registry.secrets(&source_type)?, &mut options)?;
        let (target, source_options) = TargetOptions::split(options)?;
        let host = self.host(door);
        let source = registry.build(&source_type, &identifier, source_options, &host)?;
        self.check_access(&source_type, &identifier, host).await?;
        check_length("/sourceIdentifier", &identifier)?;
        check_length("/options/sourceName", target.source_name.as_deref().unwrap_or_default())?;
        let request = SyncRequest { source_type, source_identifier: identifier, options: request.options };
        Ok(Prepared { request, target, source })
    }

    /// Asks on a thread of its own: a file system may hang.
    async fn check_access(&self, source_type: &str, identifier: &str, host: Host) -> Result<()> {
        let registry = self.inner.registry.clone();
        let (source_type, identifier) = (source_type.to_owned(), identifier.to_owned());
        tokio::task::spawn_blocking(move || registry.check_access(&source_type, &identifier, &host))
            .await
            .unwrap_or_else(|error| Err(Error::new(ErrorKind::System, "panic", error.to_string())))
    }

    fn host(&self, door: Door) -> Host {
        let ServiceSettings { data_dirs, network, secrets_dir, vault, .. } = &self.inner.settings;
        let (files, secrets) = match door {
            Door::Http => {
                (FileAccess::Below(data_dirs.clone()), SecretAccess::Restricted { dir: secrets_dir.clone() })
            }
            Door::Cli | Door::Library => (FileAccess::Anywhere, SecretAccess::Anywhere),
        };
        let tokens = Tokens::new(self.inner.store.clone(), vault.clone());
        Host { files, network: network.clone(), secrets, tokens: Some(Arc::new(tokens)) }
    }

    /// One attempt at a claimed run, and what follows from it.
    pub(super) async fn attempt(&self, claim: Claim, progress: &watch::Sender<RunProgress>) {
        let Claim { mut run, lease, door, cursor, fruitless_attempts } = claim;
        let (pages_before, store) = (run.pages, &self.inner.store);
        tracing::info!(run = run.id, attempt = run.attempt, pages = run.pages, "sync begins");
        self.set_under_way(run.id, true);
        let mut max_wait = TargetOptions::default().max_wait();
        let state_key = self.state_key(&run);
        let lost = CancellationToken::new();
        // From here on, as a file system may hang before the first page.
        let _heartbeat = AbortOnDropHandle::new(tokio::spawn(beat(store.clone(), lease, lost.clone())));
        let ended = match self.begin(&run, door, &state_key).await {
            // Nobody lived to say why the attempts before this one ended.
            Ok(_) if fruitless_attempts >= MAX_FRUITLESS => Ended::Failed(lost_too_often(fruitless_attempts)),
            Ok((Prepared { target: options, source, .. }, kept)) => {
                max_wait = options.max_wait();
                let (shutdown, limits, lost) = (&self.inner.shutdown, &self.inner.settings, &lost);
                Attempt { store, lease, options, source, cursor, kept, shutdown, lost, progress, limits }
                    .work(&mut run)
                    .await
            }
            Err(error) => Ended::Failed(error),
        };
        let before = Before { pages: pages_before, fruitless_attempts };
        let verdict = self.verdict(&run, &ended, before, max_wait, state_key).await;
        if matches!(&ended, Ended::Failed(error) if is_replaced(error)) {
            self.replace(&run, door).await;
        }
        match self.store_end(lease, &verdict).await {
            Ok(true) => log_end(&run, &verdict),
            Ok(false) => tracing::warn!(run = run.id, "the run was taken over or changed by somebody else"),
            // Its lease runs out, and the next claim goes on from the last page.
            Err(error) => tracing::error!(run = run.id, %error, "the end of the attempt could not be stored"),
        }
        self.set_under_way(run.id, false);
        self.look_again();
    }

    /// What follows from how an attempt ended.
    async fn verdict<'e>(
        &self,
        run: &SyncRun,
        ended: &'e Ended,
        before: Before,
        max_wait: Duration,
        state_key: String,
    ) -> Verdict<'e> {
        let error = match ended {
            Ended::Complete(value) => {
                return Verdict::Completed(value.clone().map(|value| Kept { key: state_key, value }));
            }
            Ended::ShutDown => return Verdict::Released,
            Ended::LeaseLost => return Verdict::Lost,
            Ended::Failed(error) if is_replaced(error) => return Verdict::Failed(error),
            Ended::Failed(error) => error,
        };
        let moved = self.has_moved(run, before.pages).await;
        let put_off = self.put_off(run, error, max_wait).await;
        let record = Record { fruitless_before: before.fruitless_attempts, moved, put_off };
        match decide(error, record, rand::random()) {
            Next::Retry { fruitless_attempts, delay } => {
                Verdict::Retry { error, fruitless_attempts, delay_ms: milliseconds(delay) }
            }
            Next::Fail => Verdict::Failed(error),
        }
    }

    /// Stores how an attempt ended, waiting for a database that is away as long as the lease is ours when it comes back
    /// soon. False where the run is somebody else's.
    async fn store_end(&self, lease: Lease, verdict: &Verdict<'_>) -> Result<bool> {
        let (store, began) = (&self.inner.store, Instant::now());
        let mut is_doubtful = false;
        loop {
            match end_attempt(store, lease, verdict).await {
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
    async fn begin(
        &self,
        run: &SyncRun,
        door: Door,
        state_key: &str,
    ) -> Result<(Prepared, Option<serde_json::Value>)> {
        let limits = &self.inner.settings;
        let prepared = tokio::time::timeout(limits.silence_timeout, self.prepare(run.request.clone(), door));
        let prepared = prepared.await.unwrap_or_else(|_| Err(silent(limits)))?;
        let kept = self.kept(run, prepared.target.table()?, state_key).await?;
        Ok((prepared, kept))
    }

    /// What the last completed run of a request left. It counts only as long as what it was said of is there: an `ETag`
    /// of rows that were deleted would be answered with 304 for ever.
    async fn kept(&self, run: &SyncRun, table: &Table, state_key: &str) -> Result<Option<serde_json::Value>> {
        let store = &self.inner.store;
        let Some(kept) = store.kept(state_key).await? else { return Ok(None) };
        let counts = store.has_completed(run).await? && store.has_rows(run, table, false).await?;
        Ok(Some(kept).filter(|_| counts))
    }

    /// The same for runs of equal requests, through whatever door: what one leaves is for the next. A request with other
    /// options is another one, and begins anew, unless they decide nothing about what was left: a new password does not.
    fn state_key(&self, run: &SyncRun) -> String {
        let mut options = run.request.options.clone();
        let stateless = self.inner.registry.stateless(&run.request.source_type).unwrap_or_default();
        for pointer in TargetOptions::STATELESS.iter().chain(stateless) {
            remove(&mut options, pointer);
        }
        key(&[
            &run.request.source_type,
            &run.request.source_identifier,
            &run.source_name,
            &run.target_table,
            &canonical(&options),
        ])
    }

    /// Puts a new run of the same request in the place of one whose file changed, a few times in a row: what was
    /// read belongs to no version of the file.
    async fn replace(&self, run: &SyncRun, door: Door) {
        if run.metadata.replacements >= MAX_REPLACEMENTS {
            return;
        }
        let replacements = run.metadata.replacements + 1;
        let metadata = RunMetadata { replaces: Some(run.id), replacements, ..RunMetadata::default() };
        let delay = back_off(replacements, rand::random());
        let replaced = match self.schedule(run.request.clone(), door, metadata, Some(delay)).await {
            Ok(id) => self.inner.store.set_replaced_by(run.id, id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = replaced {
            tracing::error!(run = run.id, %error, "no run could be put in its place");
        }
    }

    /// Whether an attempt committed a page; as the database has it, for a COMMIT whose answer was lost.
    async fn has_moved(&self, run: &SyncRun, pages_before: u64) -> bool {
        let now = self.inner.store.run(run.id).await.ok().flatten();
        now.map_or(run.pages, |now| now.pages) > pages_before
    }

    /// How often in a row the source has put this run off, as long as that does not count.
    async fn put_off(&self, run: &SyncRun, error: &Error, max_wait: Duration) -> u32 {
        if !is_put_off(error) {
            return 0;
        }
        match self.inner.store.put_off(run.id).await {
            Ok((attempts, waited)) if waited <= max_wait => attempts,
            Ok(_) => 0,
            // What it is about will come to light when the end of the attempt is stored.
            Err(_) => 1,
        }
    }

    /// Frees the runs that dead processes of this machine held, so that they need not wait for their leases.
    pub(crate) async fn resume_interrupted(&self) -> Result<()> {
        for (run_id, owner) in self.inner.store.held_runs().await? {
            if owner.parse().is_ok_and(|worker: WorkerName| worker.is_dead(&self.inner.worker)) {
                tracing::info!(run = run_id, owner, "the process that held the run is gone");
                self.inner.store.expire_lease(run_id, &owner).await?;
            }
        }
        Ok(())
    }

    /// Ends all attempts after the page in hand.
    pub fn shut_down(&self) {
        self.inner.shutdown.cancel();
    }

    pub(super) fn shutdown(&self) -> &CancellationToken {
        &self.inner.shutdown
    }

    pub(super) fn wake(&self) -> &Notify {
        &self.inner.wake
    }

    pub(super) fn news(&self) -> &AtomicBool {
        &self.inner.news
    }

    fn set_under_way(&self, run_id: i64, is_under_way: bool) {
        if let Ok(mut runs) = self.inner.under_way.lock() {
            if is_under_way {
                runs.insert(run_id)
            } else {
                runs.remove(&run_id)
            };
        }
    }

    /// Whether this process makes an attempt at a run.
    pub(super) fn is_under_way(&self, run_id: i64) -> bool {
        self.inner.under_way.lock().is_ok_and(|runs| runs.contains(&run_id))
    }

    pub(super) fn due(&self) -> &Mutex<Due> {
        &self.inner.due
    }

    pub(super) fn settings(&self) -> &ServiceSettings {
        &self.inner.settings
    }

    pub(super) fn worker(&self) -> &WorkerName {
        &self.inner.worker
    }

    /// The right to make an attempt; waits for one of those under way where there are as many as may be.
    pub(super) async fn permit(&self) -> Result<SemaphorePermit<'_>> {
        let closed = |_| Error::new(ErrorKind::System, "shut_down", "the service is shut down");
        self.inner.permits.acquire().await.map_err(closed)
    }

    /// Why the key for secrets cannot be used, if it cannot.
    ///
    /// # Errors
    /// `config`, `bad_key`.
    pub fn check_key(&self) -> Result<()> {
        self.inner.settings.vault.key_id().map(|_| ())
    }

    async fn pause(&self, time: Duration) -> Result<()> {
        tokio::select! {
            () = self.inner.shutdown.cancelled() => {
                Err(Error::new(ErrorKind::System, "shut_down", "the service is shut down; the run goes on later"))
            }
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}

fn lost_too_often(attempts: u32) -> Error {
    let message =
        format!("{attempts} workers in a row were lost with this run before it got on; see their logs");
    Error::new(ErrorKind::System, "interrupted", message)
}

/// Whether a run that ends with this error is replaced by one that begins anew.
fn is_replaced(error: &Error) -> bool {
    matches!(error.code(), "source_changed" | SOURCE_SHIFTED)
}

fn log_end(run: &SyncRun, verdict: &Verdict<'_>) {
    let counts = run.metadata.counts;
    match verdict {
        Verdict::Completed(_) if run.metadata.truncated => {
            let warning = run.metadata.shown_warning();
            tracing::warn!(run = run.id, processed = counts.processed(), warning, "sync completed in part");
        }
        Verdict::Completed(_) => tracing::info!(
            run = run.id,
            inserted = counts.inserted,
            updated = counts.updated,
            unchanged = counts.unchanged,
            skipped = counts.skipped,
            failed = counts.failed,
            "sync completed"
        ),
        // Told by its caller.
        Verdict::Lost => {}
        Verdict::Released => {
            tracing::info!(run = run.id, pages = run.pages, "sync released; it goes on later");
        }
        Verdict::Retry { error, delay_ms, .. } => {
            tracing::warn!(run = run.id, kind = %error.kind(), code = error.code(), %error, delay_ms, "attempt failed");
        }
        Verdict::Failed(error) => {
            let (kind, code) = (error.kind(), error.code());
            tracing::error!(target: "catchment::end", run = run.id, %kind, code, %error, "sync failed");
        }
    }
}

fn check_length(pointer: &str, text: &str) -> Result<()> {
    let chars = text.chars().count();
    if chars <= MAX_IDENTIFIER {
        return Ok(());
    }
    let message = format!(
        "has {chars} characters; at most {MAX_IDENTIFIER} fit (option `sourceName` can stand for it)"
    );
    Err(Error::config("too_long", format!("{pointer}: {message}")).with_detail(pointer, message))
}

/// A key of fixed length for what must be equal.
fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes out what stands at a JSON pointer below the options, in whatever case its names are written.
fn remove(options: &mut serde_json::Map<String, serde_json::Value>, pointer: &str) {
    let (name, rest) =
        pointer.trim_start_matches('/').split_once('/').unwrap_or((pointer.trim_start_matches('/'), ""));
    let is_named = |key: &str| key.eq_ignore_ascii_case(name);
    if rest.is_empty() {
        options.retain(|key, _| !is_named(key));
    } else if let Some((_, serde_json::Value::Object(below))) =
        options.iter_mut().find(|(key, _)| is_named(key))
    {
        remove(below, rest);
    }
}

/// What stands in the first row, by its columns.
fn first_row(batch: &Batch) -> Vec<(&'static str, serde_json::Value)> {
    if batch.is_empty() {
        return Vec::new();
    }
    let value = |cell| match cell {
        Cell::Null => serde_json::Value::Null,
        Cell::Int(number) => number.into(),
        Cell::Text(text) => text.into(),
    };
    batch.columns.iter().copied().zip(batch.row(0).map(value)).collect()
}

/// Options as text, the same in whatever order they were given.
fn canonical(options: &serde_json::Map<String, serde_json::Value>) -> String {
    let mut options = serde_json::Value::Object(options.clone());
    options.sort_all_objects();
    options.to_string()
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
