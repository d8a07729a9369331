//! From a request to what can be run: its options are checked, its source is made, and its keys are computed.

use std::sync::Arc;
use std::time::Duration;

use catchment_core::{Error, Host, Result, Source, task_panicked};
use sha2::{Digest, Sha256};

use super::engine::Engine;
use crate::counts::RunMetadata;
use crate::hex::hex;
use crate::mapping::TargetOptions;
use crate::principal::Door;
use crate::request::SyncRequest;
use crate::run::{RunMode, SyncRun, Trigger};
use crate::store::{NewRun, OfSaved};
use crate::target::{Table, is_built_in};
use crate::vault::Vault;

/// The longest source identifier, in characters: it is part of a unique key.
const MAX_IDENTIFIER: usize = 512;

/// A request that has been found fit.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) request: SyncRequest,
    pub(super) target: TargetOptions,
    /// The table that they name.
    pub(super) table: Arc<Table>,
    pub(super) source: Arc<dyn Source>,
}

/// How a run goes into the queue.
#[derive(Debug, Default)]
pub(super) struct EnqueuedRun {
    pub(super) mode: RunMode,
    /// The run that it goes on from.
    pub(super) based_on: Option<i64>,
    pub(super) metadata: RunMetadata,
    pub(super) delay: Option<Duration>,
    /// The saved sync that it is of.
    pub(super) saved: Option<OfSaved>,
}

/// What a run is found by in the queue.
#[derive(Debug)]
pub(super) struct RunKeys<'a> {
    source_name: String,
    node: Option<&'a str>,
    request_key: String,
    lane_key: String,
    key_id: Option<&'a str>,
}

impl RunKeys<'_> {
    /// The run of a request, to be inserted.
    pub(super) fn run<'a>(&'a self, prepared: &'a Prepared, door: Door, run: &'a EnqueuedRun) -> NewRun<'a> {
        NewRun {
            request: &prepared.request,
            source_name: &self.source_name,
            target_table: &prepared.table.name,
            door,
            node: self.node,
            request_key: &self.request_key,
            lane_key: &self.lane_key,
            mode: run.mode,
            based_on: run.based_on,
            metadata: &run.metadata,
            delay_ms: run.delay.map(milliseconds),
            key_id: self.key_id,
            saved: run.saved,
        }
    }
}

impl Engine {
    /// The requests that one stands for: its identifier may be a way to find what is read, and not its name.
    pub(super) async fn resolve(&self, request: SyncRequest, door: Door) -> Result<Vec<SyncRequest>> {
        let (registry, host) = (self.registry.clone(), self.host(door));
        let (source_type, identifier) = (request.source_type.clone(), request.source_identifier.clone());
        let resolve = move || {
            let identifier = registry.normalize(&source_type, &identifier)?;
            registry.resolve(&source_type, &identifier, &host)
        };
        // It may look at devices, which may hang.
        let resolved = tokio::task::spawn_blocking(resolve).await.unwrap_or_else(|_| Err(task_panicked()))?;
        let resolved = resolved.into_iter();
        Ok(resolved.map(|source_identifier| SyncRequest { source_identifier, ..request.clone() }).collect())
    }

    /// Checks a request, and puts its run into the queue. Where an equal request is waiting already, its run is
    /// the answer.
    pub(super) async fn schedule_new(
        &self,
        request: SyncRequest,
        door: Door,
        run: EnqueuedRun,
    ) -> Result<i64> {
        // Checked before it costs a key.
        let mut prepared = self.prepare_new(request, door).await?;
        let pointers = self.registry.secrets(&prepared.request.source_type)?;
        self.settings.vault.seal_options(pointers, &mut prepared.request.options)?;
        self.enqueue(prepared, door, run).await
    }

    /// Puts the run of a request whose secrets are sealed into the queue.
    pub(super) async fn enqueue(&self, prepared: Prepared, door: Door, run: EnqueuedRun) -> Result<i64> {
        let keys = self.keys(&prepared, door, &run)?;
        let (id, is_new) = self.store.insert_run(&keys.run(&prepared, door, &run)).await?;
        tracing::info!(run = id, source_type = prepared.request.source_type, is_new, "sync scheduled");
        self.wake_workers();
        Ok(id)
    }

    /// What the run of a request is found by in the queue.
    pub(super) fn keys(&self, prepared: &Prepared, door: Door, run: &EnqueuedRun) -> Result<RunKeys<'_>> {
        let EnqueuedRun { mode, based_on, metadata, saved, .. } = run;
        let Prepared { request, target, table, source } = prepared;
        let source_name =
            target.source_name.as_deref().map_or(&*request.source_identifier, str::trim).to_owned();
        let options = canonical(&request.options);
        let source_key = [request.source_type.as_str(), &source_name, &table.name];
        // Rows that several sources share are written by one run at a time.
        let lane_key = match (table.is_by_source(), is_built_in(&table.name)) {
            (true, _) => key(&source_key),
            (false, true) => format!("table:{}", table.name),
            (false, false) => key(&["table", &table.name]),
        };
        let node = source.is_bound_to_node().then_some(self.settings.node.as_str());
        let before = based_on.map(|id| id.to_string()).unwrap_or_default();
        let replay = metadata.replay.as_ref().map(|replay| serde_json::json!(replay).to_string());
        let how = [mode.as_str(), before.as_str(), replay.as_deref().unwrap_or_default()];
        let how = if *mode == RunMode::Sync { &[][..] } else { &how };
        // What is asked for by hand and what a saved sync asks for are two things, however equal they are.
        let of = saved.map(|saved| saved.id.to_string());
        let of: Vec<_> = of.as_deref().into_iter().collect();
        let asked = [door.as_str(), node.unwrap_or_default(), &request.source_identifier, &options];
        Ok(RunKeys {
            request_key: key(&[&source_key[..], &asked, how, &of].concat()),
            lane_key,
            source_name,
            node,
            key_id: self.key_of(request)?,
        })
    }

    /// The key that the secrets of a request are sealed with.
    fn key_of(&self, request: &SyncRequest) -> Result<Option<&str>> {
        let vault = &self.settings.vault;
        let is_sealed = Vault::is_sealed(self.registry.secrets(&request.source_type)?, &request.options);
        if is_sealed { vault.key_id() } else { Ok(None) }
    }

    /// Checks all of a request that can be checked without reading its source. It is new: its secrets are in the clear.
    pub(super) async fn prepare_new(&self, request: SyncRequest, door: Door) -> Result<Prepared> {
        Vault::refuse_sealed(self.registry.secrets(&request.source_type)?, &request.options)?;
        self.prepare(request, door).await
    }

    /// The same of the request of a run, whose secrets are sealed.
    pub(super) async fn prepare(&self, request: SyncRequest, door: Door) -> Result<Prepared> {
        let prepared = self.prepare_part(request, door, self.host(door)).await?;
        prepared.target.check_is_complete(&prepared.table)?;
        Ok(prepared)
    }

    /// The same of a new request whose mapping may leave out what the table needs.
    pub(super) async fn prepare_draft(&self, request: SyncRequest, door: Door) -> Result<Prepared> {
        Vault::refuse_sealed(self.registry.secrets(&request.source_type)?, &request.options)?;
        // Nothing is kept of what is only looked at.
        self.prepare_part(request, door, Host { tokens: None, ..self.host(door) }).await
    }

    async fn prepare_part(&self, request: SyncRequest, door: Door, host: Host) -> Result<Prepared> {
        let registry = &self.registry;
        let source_type = request.source_type;
        let identifier = registry.normalize(&source_type, &request.source_identifier)?;
        let mut options = request.options.clone();
        self.settings.vault.unseal_options(registry.secrets(&source_type)?, &mut options)?;
        let (target, source_options) = TargetOptions::split(options)?;
        let source = registry.build(&source_type, &identifier, source_options, &host)?;
        self.check_access(&source_type, &identifier, host).await?;
        check_length("/sourceIdentifier", &identifier)?;
        check_length("/options/sourceName", target.source_name.as_deref().unwrap_or_default())?;
        let table = self.resolve_target(target.table_name(), door).await?;
        target.check_table(&table)?;
        let request = SyncRequest { source_type, source_identifier: identifier, options: request.options };
        Ok(Prepared { request, target, table, source })
    }

    /// Asks on a thread of its own: a file system may hang.
    async fn check_access(&self, source_type: &str, identifier: &str, host: Host) -> Result<()> {
        let registry = self.registry.clone();
        let (source_type, identifier) = (source_type.to_owned(), identifier.to_owned());
        tokio::task::spawn_blocking(move || registry.check_access(&source_type, &identifier, &host))
            .await
            .unwrap_or_else(|_| Err(task_panicked()))
    }

    /// The same for runs of equal requests, through whatever door: what one leaves is for the next. A request with other
    /// options is another one, and begins anew, unless they decide nothing about what was left: a new password does not.
    pub(super) fn state_key(&self, run: &SyncRun) -> String {
        let mut options = run.request.options.clone();
        let stateless = self.registry.stateless(&run.request.source_type).unwrap_or_default();
        for pointer in TargetOptions::STATELESS.iter().chain(stateless) {
            remove(&mut options, pointer);
        }
        let saved = run.sync_id.map(|id| id.to_string());
        let of: Vec<_> = saved.as_deref().into_iter().collect();
        let SyncRun { request, source_name, target_table, .. } = run;
        let parts = [&*request.source_type, &*request.source_identifier, source_name, target_table];
        key(&[&parts[..], &[&canonical(&options)], &of].concat())
    }
}

/// The saved sync of a run that another one goes on from, or takes the place of.
pub(super) fn saved_of(run: &SyncRun) -> Option<OfSaved> {
    let trigger = run.trigger.unwrap_or(Trigger::Manual);
    run.sync_id.map(|id| OfSaved { id, trigger, scheduled_for: None })
}

fn check_length(pointer: &str, text: &str) -> Result<()> {
    let chars = text.chars().count();
    if chars <= MAX_IDENTIFIER {
        return Ok(());
    }
    let message =
        format!("has {chars} characters, more than the limit of {MAX_IDENTIFIER}; use a shorter one");
    Err(Error::config("too_long", format!("{pointer}: {message}")).with_detail(pointer, message))
}

/// A key of fixed length for what must be equal.
fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
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

/// Options as text, the same in whatever order they were given.
fn canonical(options: &serde_json::Map<String, serde_json::Value>) -> String {
    let mut options = serde_json::Value::Object(options.clone());
    options.sort_all_objects();
    options.to_string()
}

/// A duration for the database.
pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
