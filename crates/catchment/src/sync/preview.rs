//! Looking before writing: what a run would change is found by the run itself, shown, and written as it was shown once somebody
//! approves.

use catchment_core::{Error, ErrorKind, Finding, Result};

use super::engine::Engine;
use super::request::{EnqueuedRun, Prepared, saved_of};
use super::service::SyncService;
use crate::counts::{Counters, RunMetadata};
use crate::mapping::ColumnMapping;
use crate::preview::{ChangeKind, PreviewSummary, StoredChange};
use crate::principal::{Door, Principal, Scope};
use crate::request::SyncRequest;
use crate::run::{RunMode, RunStatus, SyncRun};
use crate::store::{ChangeFilter, Store, StoredError};
use crate::target::Table;

/// How long a preview may be approved.
const APPROVABLE_HOURS: i64 = 24;

/// Rejects that are looked at at a time.
const PART: u32 = 1000;

impl From<StoredError> for StoredChange {
    fn from(error: StoredError) -> Self {
        let StoredError { id, item, line, page, path, message, .. } = error;
        let (kind, item) = (ChangeKind::Reject, item.unwrap_or_default());
        Self { id, kind, item, line, page, path, fields: Vec::new(), reason: Some(message) }
    }
}

impl SyncService {
    /// Schedules a preview: a run that reads the whole source, finds out what a sync of the same request would change, and
    /// writes nothing to the table. What only the database can refuse is found by writing it, and taking it back.
    ///
    /// # Errors
    /// As [`SyncService::schedule_sync`].
    pub async fn preview(&self, principal: &Principal, request: SyncRequest) -> Result<i64> {
        principal.require(Scope::Run)?;
        let run = EnqueuedRun { mode: RunMode::Preview, ..EnqueuedRun::default() };
        let resolved = self.engine().resolve(request, principal.door).await?;
        let [request] = <[SyncRequest; 1]>::try_from(resolved).map_err(|several| {
            let message =
                format!("the source stands for {} sources; preview one after the other", several.len());
            Error::config("several_sources", message)
        })?;
        self.engine().schedule_new(request, principal.door, run).await
    }

    /// Schedules the run that writes what a preview has shown, and nothing else. It reads the source again, and fails as
    /// `stale_preview` before it writes where the source or the rows concerned are not what they were.
    ///
    /// # Errors
    /// `config`: `no_such_run`; `wrong_state` where it is no preview that is completed; `expired_preview` after 24 hours;
    /// `already_approved`. `database`.
    pub async fn approve(&self, principal: &Principal, preview_id: i64) -> Result<i64> {
        principal.require(Scope::Run)?;
        self.engine().approve(preview_id, principal.door).await
    }

    /// Changes that a preview found, in the order of the source, after the one with the id `after`, at most `limit`.
    ///
    /// # Errors
    /// `config` (`no_such_run`), `database`.
    pub async fn changes(
        &self,
        principal: &Principal,
        run_id: i64,
        filter: &ChangeFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredChange>> {
        principal.require(Scope::Read)?;
        match filter.kind {
            Some(ChangeKind::Reject) => self.engine().rejected_changes(run_id, filter, after, limit).await,
            _ => self.engine().store.changes(run_id, filter, after, limit).await,
        }
    }

    /// The updates that a preview found, those first that change a number the most, at most `limit`.
    ///
    /// # Errors
    /// `database`.
    pub async fn largest_changes(
        &self,
        principal: &Principal,
        run_id: i64,
        limit: u32,
    ) -> Result<Vec<StoredChange>> {
        principal.require(Scope::Read)?;
        self.engine().store.largest_changes(run_id, limit).await
    }
}

impl Engine {
    /// The rejects of a run, as changes that are not made.
    async fn rejected_changes(
        &self,
        run_id: i64,
        filter: &ChangeFilter,
        mut after: i64,
        limit: u32,
    ) -> Result<Vec<StoredChange>> {
        let (mut found, limit) = (Vec::new(), limit as usize);
        while found.len() < limit {
            let errors = self.store.errors(run_id, None, after, PART).await?;
            let Some(last) = errors.last() else { break };
            after = last.id;
            let is_asked = |error: &StoredError| {
                error.raw.is_some() && (filter.column.is_none() || filter.column == error.column)
            };
            found.extend(errors.into_iter().filter(is_asked).map(StoredChange::from));
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn approve(&self, preview_id: i64, door: Door) -> Result<i64> {
        let preview = self.run(preview_id).await?;
        check_approvable(&preview)?;
        let prepared = self.prepare(preview.request, door).await?;
        let refused = |id| {
            let message = format!(
                "preview {preview_id} was approved already: run {id} writes it; make another preview to see what has changed since"
            );
            Error::config("already_approved", message)
        };
        self.enqueue_based(prepared, door, RunMode::Approve, preview_id).await?.map_err(refused)
    }

    /// Puts the one run into the queue that goes on from another one; where it is there already and has not ended, it is the
    /// answer. `Err` with the one that has.
    pub(super) async fn enqueue_based(
        &self,
        prepared: Prepared,
        door: Door,
        mode: RunMode,
        based_on: i64,
    ) -> Result<Result<i64, i64>> {
        let saved = saved_of(&self.run(based_on).await?);
        let run = EnqueuedRun { mode, based_on: Some(based_on), saved, ..EnqueuedRun::default() };
        let known = match self.store.run_based_on(based_on).await? {
            Some(known) => known,
            None => match (self.enqueue(prepared, door, run).await, self.store.run_based_on(based_on).await?)
            {
                // Whoever asked at the same time was first.
                (Err(_), Some(known)) => known,
                (result, _) => return Ok(Ok(result?)),
            },
        };
        Ok(if self.run(known).await?.status.is_ended() { Err(known) } else { Ok(known) })
    }
}

/// Whether a preview can be approved.
fn check_approvable(preview: &SyncRun) -> Result<()> {
    let refused = |code, message: String| Err(Error::config(code, message));
    let id = preview.id;
    if preview.mode != RunMode::Preview {
        return refused(
            "wrong_state",
            format!("sync run {id} is no preview; only a preview can be approved"),
        );
    }
    if preview.status != RunStatus::Completed {
        let message = format!("preview {id} is {}; only a completed one can be approved", preview.status);
        return refused("wrong_state", message);
    }
    let ended = preview.completed_at.unwrap_or(preview.created_at);
    if jiff::Timestamp::now().duration_since(ended).as_hours() >= APPROVABLE_HOURS {
        let message = format!(
            "preview {id} is older than {APPROVABLE_HOURS} hours; make another one, as what it shows may have changed"
        );
        return refused("expired_preview", message);
    }
    Ok(())
}

/// What an approved run is about to write, against what was shown.
///
/// # Errors
/// `validation`, `stale_preview`; `config`, `no_such_run`.
pub(super) async fn verify(store: &Store, run: &SyncRun) -> Result<()> {
    let preview_id = run.based_on.unwrap_or_default();
    let preview = store.run(preview_id).await?.ok_or_else(|| {
        let message =
            format!("preview {preview_id}, which this run was to write, was cleaned up; make another one");
        Error::config("no_such_run", message)
    })?;
    let shown = proof(&preview.metadata);
    if proof(&run.metadata) != shown {
        let (now, then) = (run.metadata.counts, preview.metadata.counts);
        let message = format!(
            "the source, or the rows it would change, are not what preview {preview_id} has shown ({}; it showed {}); nothing \
             was written; make another preview",
            told(now),
            told(then)
        );
        return Err(Error::new(ErrorKind::Validation, "stale_preview", message));
    }
    Ok(())
}

/// What a preview cannot know: each page is taken back, so that rows of different pages do not meet in a further unique key.
pub(super) fn uncertain_keys(table: &Table, mapping: Option<&ColumnMapping>) -> Option<Finding> {
    let is_fed = |column: &String| mapping.is_some_and(|mapping| mapping.contains_key(column));
    let is_other = |key: &&Vec<String>| **key != table.identity && **key != table.primary;
    let key = table.keys.iter().filter(is_other).find(|key| key.iter().any(is_fed))?;
    let message = format!(
        "`{}` has a unique key over ({}) as well: rows of the source that collide with each other there are found when they are written, and not \
         all of them here, and what a row of the source sets free is not free here",
        table.name,
        key.join(", ")
    );
    Some(Finding::unsure("unique_key", message))
}

/// What is equal where the same changes were found.
fn proof(metadata: &RunMetadata) -> (Counters, u64, &str) {
    let digest = metadata.preview.as_ref().map_or("", |preview: &PreviewSummary| &preview.digest);
    (metadata.counts, metadata.gone, digest)
}

fn told(counts: Counters) -> String {
    let Counters { inserted, updated, unchanged, skipped, failed } = counts;
    format!(
        "{inserted} inserted, {updated} updated, {unchanged} unchanged, {skipped} skipped, {failed} failed"
    )
}
