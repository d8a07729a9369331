//! Replaying rejects: their records, changed, go through the mapping, the identity and the account of their run once more.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use catchment_core::{
    Columns, Coverage, Cursor, Error, Finding, Page, Position, Reading, Records, Result, Source, Value,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::Map;

use super::engine::Engine;
use super::request::{EnqueuedRun, Prepared, saved_of};
use super::service::SyncService;
use crate::counts::RunMetadata;
use crate::mapping::{OwnedValue, TargetOptions};
use crate::principal::{Door, Principal, Scope};
use crate::replay::{OpenReject, REPLAYED, RejectSelection, Replay, ReplayOf};
use crate::run::{RunMode, SyncRun};
use crate::store::Store;

/// Rejects that are looked at at a time.
const PART: u32 = 500;
/// Rejects that may be named by their ids: a filter names more.
const MAX_IDS: usize = 10_000;

impl SyncService {
    /// Schedules a run that replays open rejects of another one, changed: through the same mapping into the same table. Those that
    /// it applies become `replayed`, in the transaction that does; those that are still bad stay open with the new reason. Once
    /// more is harmless.
    ///
    /// # Errors
    /// `config`: `no_such_run`, `invalid_request`; `nothing_to_replay`, where none of them is open and was stored whole.
    /// `database`.
    pub async fn replay(&self, principal: &Principal, run_id: i64, replay: Replay) -> Result<i64> {
        principal.require(Scope::Run)?;
        self.engine().replay(run_id, replay, principal.door).await
    }

    /// Takes note that open rejects do not matter, with the reason. How many.
    ///
    /// # Errors
    /// `config` (`no_such_run`, `invalid_request`), `database`.
    pub async fn ignore_rejects(
        &self,
        principal: &Principal,
        run_id: i64,
        selection: &RejectSelection,
        reason: &str,
    ) -> Result<u64> {
        principal.require(Scope::Run)?;
        if reason.trim().is_empty() {
            return Err(Error::config(
                "invalid_request",
                "why the rejects do not matter is empty; give a reason",
            ));
        }
        let store = &self.engine().store;
        self.engine().run(run_id).await?;
        let (mut count, mut after) = (0, 0);
        loop {
            let (rejects, last) = store.open_rejects(run_id, selection, after, PART).await?;
            let ids: Vec<_> = rejects.iter().map(|reject| reject.id).collect();
            count += store.ignore_rejects(run_id, &ids, reason).await?;
            match last {
                Some(last) => after = last,
                None => return Ok(count),
            }
        }
    }

    /// Puts mended fields in the place of those of an open reject, for its next replay.
    ///
    /// # Errors
    /// `config`, `nothing_to_replay`, where it is not open, or was not stored whole; `database`.
    pub async fn mend_reject(
        &self,
        principal: &Principal,
        run_id: i64,
        id: i64,
        record: &Map<String, serde_json::Value>,
    ) -> Result<()> {
        principal.require(Scope::Run)?;
        if self.engine().store.mend_reject(run_id, id, record).await? {
            return Ok(());
        }
        let message =
            format!("error {id} of run {run_id} is not open, or its record could not be stored whole");
        Err(Error::config("nothing_to_replay", message))
    }
}

impl Engine {
    async fn replay(&self, run_id: i64, replay: Replay, door: Door) -> Result<i64> {
        if replay.ids.len() > MAX_IDS {
            let message =
                format!("there are {} ids, more than the limit of {MAX_IDS}; use a filter", replay.ids.len());
            return Err(Error::config("invalid_request", message));
        }
        let run = self.run(run_id).await?;
        let replay = ReplayOf { run: run_id, replay };
        let source = ReplaySource { store: self.store.clone(), replay: replay.clone() };
        let Found { is_any, unstored, .. } = source.look().await?;
        if !is_any {
            let why = if unstored > 0 {
                format!("{unstored} of them could not be stored whole, and must be mended in the source")
            } else {
                "see `catchment runs errors ID --open`".to_owned()
            };
            let message =
                format!("sync run {run_id} has no open rejects of these that could be replayed; {why}");
            return Err(Error::config("nothing_to_replay", message));
        }
        let metadata = RunMetadata {
            mapping: run.metadata.mapping.clone(),
            replay: Some(replay),
            ..RunMetadata::default()
        };
        let saved = saved_of(&run);
        let prepared = self.prepare_replay(&SyncRun { metadata: metadata.clone(), ..run }, door).await?;
        let enqueued = EnqueuedRun { mode: RunMode::Replay, metadata, saved, ..EnqueuedRun::default() };
        self.enqueue(prepared, door, enqueued).await
    }

    /// What a replay needs: its source is the database itself.
    pub(super) async fn prepare_replay(&self, run: &SyncRun, door: Door) -> Result<Prepared> {
        let (target, _) = TargetOptions::split(run.request.options.clone())?;
        let table = self.resolve_target(target.table_name(), door).await?;
        target.check_table(&table)?;
        let replay = run.metadata.replay.clone().ok_or_else(|| {
            Error::config("invalid_request", "the run does not say what it replays; replay the rejects again")
        })?;
        let source = Arc::new(ReplaySource { store: self.store.clone(), replay });
        Ok(Prepared { request: run.request.clone(), target, table, source })
    }
}

/// Open rejects as a source.
struct ReplaySource {
    store: Store,
    replay: ReplayOf,
}

/// What there is to replay.
struct Found {
    is_any: bool,
    /// How many were not stored whole.
    unstored: u64,
    columns: Columns,
}

impl ReplaySource {
    /// Looks through what is selected: all pages have the same columns.
    async fn look(&self) -> Result<Found> {
        let (mut after, mut names, mut unstored, mut is_any) = (0, BTreeSet::new(), 0, false);
        loop {
            let (rejects, last) = self.part(after).await?;
            for reject in rejects {
                match reject.record {
                    Some(record) => {
                        is_any = true;
                        names.extend(self.replay.replay.apply(record).into_iter().map(|(name, _)| name));
                    }
                    None => unstored += 1,
                }
            }
            match last {
                Some(last) => after = last,
                None => {
                    let columns = names.into_iter().map(String::into_boxed_str).collect();
                    return Ok(Found { is_any, unstored, columns });
                }
            }
        }
    }

    async fn part(&self, after: i64) -> Result<(Vec<OpenReject>, Option<i64>)> {
        let ReplayOf { run, replay } = &self.replay;
        self.store.open_rejects(*run, &replay.selection(), after, PART).await
    }

    async fn page(&self, found: &Found, cursor: Cursor) -> Result<Option<Page>> {
        let after = cursor.state.as_i64().unwrap_or_default();
        let (rejects, Some(last)) = self.part(after).await? else { return Ok(None) };
        let (mut records, mut read) = (Records::default(), cursor.records_read);
        for OpenReject { id, record, .. } in rejects {
            let Some(record) = record else { continue };
            let record = self.replay.replay.apply(record);
            let raw = serde_json::Value::Object(record.clone()).to_string();
            let texts: Vec<_> =
                found.columns.iter().map(|name| record.get(&**name).map(OwnedValue::of)).collect();
            let values = texts.iter().map(|value| value.as_ref().map_or(Value::Null, OwnedValue::as_value));
            let row = u64::try_from(id).unwrap_or_default();
            records.push(Position::Row { sheet: REPLAYED.into(), row }, &raw, values);
            read += 1;
        }
        let findings = (found.unstored > 0).then(|| {
            let message =
                format!("{} rejects could not be stored whole, and cannot be replayed", found.unstored);
            Finding::unsure("replay", message)
        });
        let cursor = Cursor {
            records_read: read,
            state: last.into(),
            coverage: Coverage::Increment,
            findings: findings.into_iter().collect(),
            ..Cursor::default()
        };
        Ok(Some(Page { columns: found.columns.clone(), records, cursor, ..Page::default() }))
    }
}

#[async_trait]
impl Source for ReplaySource {
    async fn test_connection(&self) -> Result<()> {
        Ok(())
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let first = async move {
            let found = self.look().await?;
            let cursor = reading.after.unwrap_or_default();
            Ok(stream::try_unfold((found, cursor), move |(found, cursor)| async move {
                let page = self.page(&found, cursor).await?;
                Ok(page.map(|page| {
                    let cursor = page.cursor.clone();
                    (page, (found, cursor))
                }))
            }))
        };
        stream::once(first)
            .flat_map(|pages: Result<_>| match pages {
                Ok(pages) => pages.boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            })
            .boxed()
    }
}
