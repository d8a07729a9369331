//! `sync_definitions`: saved syncs, and when they are due. Each time is taken by one process, in the transaction that makes its run.

use catchment_core::{Result, truncate_text};
use jiff::Timestamp;

use super::Store;
use super::db::{Arg, Row, StoreError, Tx};
use super::runs::{NewRun, insert};
use super::values::{MAX_MESSAGE_BYTES, time_text, timestamp, unreadable};
use crate::request::SyncRequest;
use crate::run::RunStatus;
use crate::saved::{Overlap, Precondition, SyncSchedule, Tick, TickOutcome};

const COLUMNS: &str = "d.id, d.name, d.version, d.source_type, d.source_identifier, d.options, d.schedule, d.is_paused, {ms d.next_tick}, {ms \
     d.last_tick}, d.last_outcome, d.last_error, {ms d.created_at}, {ms d.updated_at}, r.id, r.status";
const TABLES: &str = "sync_definitions d LEFT JOIN sync_runs r ON r.id = (SELECT MAX(l.id) FROM sync_runs l WHERE l.sync_id = d.id)";

/// A saved sync as it is stored: its secrets are sealed.
#[derive(Debug, Clone)]
pub(crate) struct StoredSync {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) request: SyncRequest,
    pub(crate) schedule: Option<SyncSchedule>,
    pub(crate) is_paused: bool,
    /// The next time at which it is due, before its jitter.
    pub(crate) next_tick: Option<Timestamp>,
    pub(crate) last_tick: Option<Tick>,
    pub(crate) last_run: Option<(i64, RunStatus)>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// What is stored of a saved sync when somebody writes it.
#[derive(Debug)]
pub(crate) struct SyncRecord<'a> {
    pub(crate) name: &'a str,
    pub(crate) request: &'a SyncRequest,
    pub(crate) schedule: Option<&'a SyncSchedule>,
    pub(crate) is_paused: bool,
    /// The next time at which it is due, and when it begins then.
    pub(crate) next: Option<[Timestamp; 2]>,
}

/// A saved sync that is due, and the time of the database.
#[derive(Debug, Clone)]
pub(crate) struct DueSync {
    pub(crate) sync: StoredSync,
    pub(crate) now: Timestamp,
}

/// What follows from a time at which a sync was due.
#[derive(Debug)]
pub(crate) struct NewTick<'a> {
    pub(crate) tick: Timestamp,
    pub(crate) outcome: TickOutcome,
    pub(crate) error: Option<&'a str>,
    /// The next time, and when it begins then.
    pub(crate) next: Option<[Timestamp; 2]>,
    pub(crate) runs: Vec<NewRun<'a>>,
}

impl Store {
    /// Saved syncs by their names, after one of them.
    pub(crate) async fn saved_syncs(&self, after: &str, limit: u32) -> Result<Vec<StoredSync>> {
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE d.name > ? ORDER BY d.name LIMIT ?");
        let rows = self.db.fetch(sql, &[after.into(), i64::from(limit).into()]).await?;
        rows.iter().map(read).collect()
    }

    /// All saved syncs of a type of source that are not paused.
    pub(crate) async fn saved_syncs_of(&self, source_type: &str) -> Result<Vec<StoredSync>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE d.source_type = ? AND d.is_paused = 0 ORDER BY d.name"
        );
        self.db.fetch(sql, &[source_type.into()]).await?.iter().map(read).collect()
    }

    /// The saved sync of this name.
    pub(crate) async fn saved_sync(&self, name: &str) -> Result<Option<StoredSync>> {
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE d.name = ?");
        self.db.fetch(sql, &[name.into()]).await?.first().map(read).transpose()
    }

    /// Adds a saved sync. False where there is one of its name.
    pub(crate) async fn add_saved_sync(&self, record: &SyncRecord<'_>) -> Result<bool> {
        let sql = "INSERT INTO sync_definitions (source_type, source_identifier, options, schedule, is_paused, next_tick, next_at, name) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let texts = SyncTexts::of(record)?;
        let args = [&texts.args(record)[..], &[record.name.into()]].concat();
        match self.db.execute(sql, &args).await {
            Err(failure) if failure.is_duplicate() => Ok(false),
            Err(failure) => Err(failure.into()),
            Ok(_) => Ok(true),
        }
    }

    /// Changes a saved sync, if it is still of this version.
    pub(crate) async fn change_saved_sync(&self, record: &SyncRecord<'_>, version: i64) -> Result<bool> {
        let sql = "UPDATE sync_definitions SET source_type = ?, source_identifier = ?, options = ?, schedule = ?, is_paused = ?, \
             next_tick = ?, next_at = ?, version = version + 1, updated_at = {now} WHERE name = ? AND version = ?";
        let texts = SyncTexts::of(record)?;
        let args = [&texts.args(record)[..], &[record.name.into(), version.into()]].concat();
        Ok(self.db.execute(sql, &args).await? == 1)
    }

    /// Deletes a saved sync, if it is as it must be. Its runs stay.
    pub(crate) async fn delete_saved_sync(&self, name: &str, condition: Precondition) -> Result<bool> {
        let version = match condition {
            Precondition::Version(version) => Some(version),
            _ => None,
        };
        let sql = "DELETE FROM sync_definitions WHERE name = ? AND version = COALESCE(?, version)";
        Ok(self.db.execute(sql, &[name.into(), version.into()]).await? == 1)
    }

    /// The runs of a saved sync before the one with the id `before`, the newest first.
    pub(crate) async fn runs_of_sync(
        &self,
        sync_id: i64,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM sync_runs WHERE sync_id = ? AND id < ? ORDER BY id DESC LIMIT ?";
        let args = [sync_id.into(), before.unwrap_or(i64::MAX).into(), i64::from(limit).into()];
        let rows = self.db.fetch(sql, &args).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
    }

    /// Saved syncs that are due by the clock of the database, those first that have been for longest.
    pub(crate) async fn due_syncs(&self, limit: u32) -> Result<Vec<DueSync>> {
        let sql = format!(
            "SELECT {COLUMNS}, {{ms n.now_at}} FROM {TABLES} CROSS JOIN (SELECT {{now}} AS now_at) n WHERE d.next_at <= {{now}} AND d.is_paused = 0 ORDER BY d.next_at LIMIT ?"
        );
        let rows = self.db.fetch(sql, &[i64::from(limit).into()]).await?;
        rows.iter()
            .map(|row| {
                let now = timestamp(row.optional_int(16)?).unwrap_or_default();
                Ok(DueSync { sync: read(row)?, now })
            })
            .collect()
    }

    /// Takes a time at which a sync was due, and makes its runs; false where another process has taken it, or somebody has changed the
    /// sync. Where a run of it waits or is under way, `overlap` says what becomes of it.
    pub(crate) async fn take_tick(
        &self,
        sync: &StoredSync,
        overlap: Overlap,
        tick: &NewTick<'_>,
    ) -> Result<Option<TickOutcome>, StoreError> {
        let mut tx = self.db.begin().await?;
        match take(&mut tx, sync, overlap, tick).await {
            Ok(Some(outcome)) => {
                tx.commit().await?;
                Ok(Some(outcome))
            }
            result => {
                tx.rollback().await.ok();
                result
            }
        }
    }
}

async fn take(
    tx: &mut Tx,
    sync: &StoredSync,
    overlap: Overlap,
    new: &NewTick<'_>,
) -> Result<Option<TickOutcome>, StoreError> {
    let next = new.next.map(|next| next.map(time_text));
    let error = new.error.map(|error| truncate_text(error, MAX_MESSAGE_BYTES));
    let (tick, seen) = (time_text(new.tick), sync.next_tick.map(time_text));
    let take = "UPDATE sync_definitions SET next_tick = ?, next_at = ?, last_tick = ?, last_outcome = ?, last_error = ? WHERE id = ? AND \
         version = ? AND next_tick = ? AND is_paused = 0";
    let args = [
        next.as_ref().map(|next| next[0].as_str()).into(),
        next.as_ref().map(|next| next[1].as_str()).into(),
        Arg::from(&tick),
        new.outcome.as_str().into(),
        error.as_deref().into(),
        sync.id.into(),
        sync.version.into(),
        seen.as_deref().into(),
    ];
    if tx.execute(take, &args).await? != 1 {
        return Ok(None);
    }
    if new.runs.is_empty() {
        return Ok(Some(new.outcome));
    }
    // One that waits and was never begun will see all that this one would.
    let busy = match overlap {
        Overlap::Skip => {
            "SELECT 1 FROM sync_runs WHERE sync_id = ? AND status IN ('pending', 'in_progress') AND mode <> 'preview' LIMIT 1"
        }
        Overlap::Queue => {
            "SELECT 1 FROM sync_runs WHERE sync_id = ? AND status = 'pending' AND attempt = 0 AND mode = 'sync' LIMIT 1"
        }
    };
    if !tx.fetch(busy, &[sync.id.into()]).await?.is_empty() {
        let note = "UPDATE sync_definitions SET last_outcome = ? WHERE id = ?";
        tx.execute(note, &[TickOutcome::Skipped.as_str().into(), sync.id.into()]).await?;
        return Ok(Some(TickOutcome::Skipped));
    }
    for run in &new.runs {
        insert(tx, run).await?;
    }
    Ok(Some(new.outcome))
}

/// The columns that hold more than a value.
struct SyncTexts {
    options: String,
    schedule: Option<String>,
    next: [Option<String>; 2],
}

impl SyncTexts {
    /// The values of a record, in the order of the statements that write it.
    fn args<'a>(&'a self, record: &SyncRecord<'a>) -> [Arg<'a>; 7] {
        [
            Arg::from(&record.request.source_type),
            Arg::from(&record.request.source_identifier),
            Arg::from(&self.options),
            self.schedule.as_deref().into(),
            i64::from(record.is_paused).into(),
            self.next[0].as_deref().into(),
            self.next[1].as_deref().into(),
        ]
    }

    fn of(record: &SyncRecord<'_>) -> Result<Self, StoreError> {
        let schedule = record.schedule.map(serde_json::to_string).transpose();
        Ok(Self {
            options: serde_json::Value::Object(record.request.options.clone()).to_string(),
            schedule: schedule.map_err(|error| StoreError::unwritable(&error))?,
            next: record.next.map_or([None, None], |next| next.map(|time| Some(time_text(time)))),
        })
    }
}

fn read(row: &Row) -> Result<StoredSync> {
    let options = serde_json::from_str(row.text(5)?);
    let schedule = row.optional_text(6)?.map(serde_json::from_str).transpose();
    let outcome = row.optional_text(10)?.map(TickOutcome::from_name).transpose()?;
    let last_tick = timestamp(row.optional_int(9)?).zip(outcome);
    let error = row.optional_string(11)?;
    let last_run = match (row.optional_int(14)?, row.optional_text(15)?) {
        (Some(id), Some(status)) => Some((id, RunStatus::from_name(status)?)),
        _ => None,
    };
    Ok(StoredSync {
        id: row.int(0)?,
        name: row.text(1)?.to_owned(),
        version: row.int(2)?,
        request: SyncRequest {
            source_type: row.text(3)?.to_owned(),
            source_identifier: row.text(4)?.to_owned(),
            options: options.map_err(|error| unreadable("a saved sync's options", &error))?,
        },
        schedule: schedule.map_err(|error| unreadable("a saved sync's schedule", &error))?,
        is_paused: row.int(7)? == 1,
        next_tick: timestamp(row.optional_int(8)?),
        last_tick: last_tick.map(|(at, outcome)| Tick { at, outcome, error }),
        last_run,
        created_at: timestamp(row.optional_int(12)?).unwrap_or_default(),
        updated_at: timestamp(row.optional_int(13)?).unwrap_or_default(),
    })
}
