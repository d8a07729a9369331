//! `sync_runs` and `sync_attempts`: what is asked for, who holds it, how it ended.

use std::time::Duration;

use catchment_core::{Cursor, Error, ErrorKind, Result, cut};
use jiff::Timestamp;

use super::db::{Arg, Row, Tx};
use super::dialect::sql;
use super::error::{Class, Failure};
use super::states::{Kept, keep};
use super::{LEASE, MAX_MESSAGE_BYTES, Store, counted, unreadable};
use crate::run::{Door, RunError, RunMetadata, RunStatus, SyncRequest, SyncRun, SyncStats};

/// The columns of [`read_run`], in its order.
macro_rules! run_columns {
    () => {
        "id, source_type, source_identifier, options, source_name, target_table, status, items_processed, \
         items_failed, items_skipped, sync_metadata, error_type, error_code, error_message, attempt, page_no, "
    };
}

/// What makes a run `r` claimable by a node (`?`), a door (`?`) and who has a key (`?`): it is due or interrupted, its lane is free, and
/// nothing of its lane was begun before it and waits for its next attempt.
macro_rules! claimable {
    ($now:literal) => {
        concat!(
            "(r.node IS NULL OR r.node = ?) AND (? = 'http' OR r.door <> 'http') AND NOT EXISTS \
             (SELECT 1 FROM sync_run_keys k WHERE k.sync_run_id = r.id AND k.key_id <> ?) AND ((r.status = 'pending' AND \
             (r.next_attempt_at IS NULL OR r.next_attempt_at <= ",
            $now,
            ") AND NOT EXISTS (SELECT 1 FROM sync_runs a WHERE a.lane_key = r.lane_key AND (a.status = 'in_progress' \
             OR (a.status = 'pending' AND a.attempt > 0 AND a.id < r.id AND \
             COALESCE(a.node, '') = COALESCE(r.node, ''))))) \
             OR (r.status = 'in_progress' AND (r.lease_until IS NULL OR r.lease_until < ",
            $now,
            ")))"
        )
    };
}

/// A run to be inserted.
#[derive(Debug)]
pub(crate) struct NewRun<'a> {
    pub(crate) request: &'a SyncRequest,
    pub(crate) source_name: &'a str,
    pub(crate) target_table: &'a str,
    pub(crate) door: Door,
    /// The machine that alone can read its source.
    pub(crate) node: Option<&'a str>,
    /// The same for equal requests.
    pub(crate) request_key: &'a str,
    /// The same for all runs that must not run side by side.
    pub(crate) lane_key: &'a str,
    pub(crate) metadata: &'a RunMetadata,
    pub(crate) delay_ms: Option<i64>,
    /// The key that its secrets are sealed with.
    pub(crate) key_id: Option<&'a str>,
}

/// Who wants to claim a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimant<'a> {
    /// Its machine.
    pub(crate) node: &'a str,
    pub(crate) door: Door,
    /// The key for sealed secrets that it has; empty for none.
    pub(crate) key_id: &'a str,
}

impl<'a> Claimant<'a> {
    fn args(self) -> [Arg<'a>; 3] {
        [self.node.into(), self.door.as_str().into(), self.key_id.into()]
    }
}

/// The right to write for a run, until somebody else takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) run_id: i64,
    /// Goes up with each claim; a page with an older one is turned down.
    pub(crate) fence: i64,
}

/// A run in the hands of this worker.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) run: SyncRun,
    pub(crate) lease: Lease,
    pub(crate) door: Door,
    pub(crate) cursor: Option<Cursor>,
    /// Attempts in a row that committed no page, before this one.
    pub(crate) fruitless_attempts: u32,
}

/// How an attempt ends.
#[derive(Debug)]
pub(crate) enum Verdict<'a> {
    /// With what it leaves for the next run.
    Completed(Option<Kept>),
    /// The run is over.
    Failed(&'a Error),
    /// The run goes on later.
    Retry { error: &'a Error, fruitless_attempts: u32, delay_ms: i64 },
    /// The worker is leaving; somebody else goes on at once.
    Released,
    /// The run is not ours any more; only the attempt is.
    Lost,
}

/// An attempt of a run, for people.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    /// From 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it runs.
    pub ended_at: Option<Timestamp>,
    /// Pages that it committed; none while it runs.
    pub pages: Option<u64>,
    /// Why it ended early.
    pub error: Option<RunError>,
}

impl Store {
    /// Inserts a run, or finds the one of the same request that still waits. The id, and whether it is new.
    pub(crate) async fn insert_run(&self, new: &NewRun<'_>) -> Result<(i64, bool)> {
        // A waiting one may start between the two statements; then ours goes in after all.
        for _ in 0..3 {
            if let Some(id) = self.waiting_run(new).await? {
                return Ok((id, false));
            }
            match self.try_insert_run(new).await {
                Ok(id) => return Ok((id, true)),
                Err(failure) if failure.is_duplicate() => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(Error::new(ErrorKind::Database, "database_contended", "equal requests start and wait in turns"))
    }

    async fn waiting_run(&self, new: &NewRun<'_>) -> Result<Option<i64>> {
        // One that was interrupted waits as well.
        let sql = sql!(
            "SELECT id FROM sync_runs WHERE request_key = ? AND (status = 'pending' OR (status = 'in_progress' AND "
            "(lease_until IS NULL OR lease_until < " NOW "))) AND id <> ? ORDER BY id LIMIT 1"
        );
        let replaced = new.metadata.replaces.unwrap_or_default();
        let rows = self.db.writer().await?.fetch(sql, &[new.request_key.into(), replaced.into()]).await?;
        Ok(rows.first().map(|row| row.int(0)).transpose()?)
    }

    async fn try_insert_run(&self, new: &NewRun<'_>) -> Result<i64, Failure> {
        let options = serde_json::Value::Object(new.request.options.clone()).to_string();
        let metadata = serde_json::to_string(new.metadata).unwrap_or_default();
        let mut tx = self.db.begin().await?;
        let sql = sql!(
            "INSERT INTO sync_runs (source_type, source_identifier, options, source_name, target_table, door, node, "
            "request_key, lane_key, sync_metadata, next_attempt_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " NOW_PLUS_MS ")"
        );
        let args = [
            Arg::from(&new.request.source_type),
            Arg::from(&new.request.source_identifier),
            Arg::from(&options),
            new.source_name.into(),
            new.target_table.into(),
            new.door.as_str().into(),
            new.node.into(),
            new.request_key.into(),
            new.lane_key.into(),
            Arg::from(&metadata),
            new.delay_ms.into(),
        ];
        tx.execute(sql, &args).await?;
        let id = tx.conn()?.last_id().await?;
        if let Some(key_id) = new.key_id {
            let sql = sql!("INSERT INTO sync_run_keys (sync_run_id, key_id) VALUES (?, ?)");
            tx.execute(sql, &[id.into(), key_id.into()]).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    /// A run by its id.
    ///
    /// # Errors
    /// `database`.
    pub async fn run(&self, id: i64) -> Result<Option<SyncRun>> {
        let sql = sql!(
            "SELECT " (columns run_columns) (ms next_attempt_at) ", " (ms created_at) ", " (ms started_at) ", "
            (ms completed_at) " FROM sync_runs WHERE id = ?"
        );
        self.db.fetch(sql, &[id.into()]).await?.first().map(read_run).transpose()
    }

    /// The latest runs, the newest first; of one state, or of all.
    ///
    /// # Errors
    /// `database`.
    pub async fn runs(&self, status: Option<RunStatus>, limit: u32) -> Result<Vec<SyncRun>> {
        let sql = sql!(
            "SELECT " (columns run_columns) (ms next_attempt_at) ", " (ms created_at) ", " (ms started_at) ", "
            (ms completed_at) " FROM sync_runs WHERE status = COALESCE(?, status) ORDER BY id DESC LIMIT ?"
        );
        let args = [status.map(RunStatus::as_str).into(), i64::from(limit).into()];
        self.db.fetch(sql, &args).await?.iter().map(read_run).collect()
    }

    /// How many runs there are in each state.
    ///
    /// # Errors
    /// `database`.
    pub async fn stats(&self) -> Result<SyncStats> {
        let rows = self.db.fetch(sql!("SELECT status, COUNT(*) FROM sync_runs GROUP BY status"), &[]).await?;
        let mut stats = SyncStats::default();
        for row in rows {
            let count = counted(row.int(1)?);
            stats.total += count;
            match RunStatus::from_name(row.text(0)?)? {
                RunStatus::Pending => stats.pending = count,
                RunStatus::InProgress => stats.in_progress = count,
                RunStatus::Completed => stats.completed = count,
                RunStatus::Failed => stats.failed = count,
                RunStatus::Cancelled => stats.cancelled = count,
            }
        }
        Ok(stats)
    }

    /// The attempts of a run, the first one first.
    ///
    /// # Errors
    /// `database`.
    pub async fn attempts(&self, run_id: i64) -> Result<Vec<AttemptRecord>> {
        let sql = sql!(
            "SELECT attempt, pages_after - pages_before, error_type, error_code, error_message, "
            (ms started_at) ", " (ms ended_at) " FROM sync_attempts WHERE sync_run_id = ? ORDER BY id"
        );
        let read = |row: &Row| -> Result<AttemptRecord> {
            Ok(AttemptRecord {
                attempt: u32::try_from(row.int(0)?).unwrap_or_default(),
                pages: row.optional_int(1)?.map(counted),
                error: read_error(row, 2)?,
                started_at: timestamp(row.optional_int(5)?).unwrap_or_default(),
                ended_at: timestamp(row.optional_int(6)?),
            })
        };
        self.db.fetch(sql, &[run_id.into()]).await?.iter().map(read).collect()
    }

    /// How many attempts in a row the source of a run has put off, with the one under way, and over what time.
    pub(crate) async fn put_off(&self, run_id: i64) -> Result<(u32, Duration)> {
        let sql = sql!(
            "SELECT " (ms started_at) " FROM sync_attempts WHERE sync_run_id = ? AND id > "
            "COALESCE((SELECT MAX(id) FROM sync_attempts WHERE sync_run_id = ? AND ended_at IS NOT NULL AND "
            "(pages_after > pages_before OR COALESCE(error_type, '') <> 'rate_limited')), 0) ORDER BY id"
        );
        let rows = self.db.fetch(sql, &[run_id.into(), run_id.into()]).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok((0, Duration::ZERO)) };
        let waited = Duration::from_millis(counted(last.int(0)? - first.int(0)?));
        Ok((u32::try_from(rows.len()).unwrap_or(u32::MAX), waited))
    }

    /// Runs that a worker could claim now; first the one that has been due the longest. Those of the command line are left to it for a while:
    /// it may be able to read what we are not.
    pub(crate) async fn due_runs(&self, claimant: Claimant<'_>, limit: u32) -> Result<Vec<i64>> {
        let sql = sql!(
            "SELECT r.id FROM sync_runs r WHERE " (at_now claimable) " AND (r.door <> 'cli' OR r.attempt > 0 OR "
            "r.created_at < " NOW_PLUS_MS ") ORDER BY COALESCE(r.next_attempt_at, r.created_at), r.id LIMIT ?"
        );
        let [node, door, key_id] = claimant.args();
        let args = [node, door, key_id, (-lease_ms()).into(), i64::from(limit).into()];
        let rows = self.db.fetch(sql, &args).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
    }

    /// Takes a run for a worker on `node`; `None` when it is not to be had: held, ended, not due, its lane is busy, it
    /// belongs to another node, its secrets are sealed with another key, or it came over HTTP and the worker is no
    /// service, whose data directories count.
    pub(crate) async fn claim(
        &self,
        run_id: i64,
        worker: &str,
        claimant: Claimant<'_>,
    ) -> Result<Option<Claim>> {
        match self.try_claim(run_id, worker, claimant).await {
            Err(failure) if failure.class == Class::Contended => Ok(None),
            result => result?,
        }
    }

    /// The outer error is the database's, the inner one that of a run that does not read.
    async fn try_claim(
        &self,
        run_id: i64,
        worker: &str,
        claimant: Claimant<'_>,
    ) -> Result<Result<Option<Claim>>, Failure> {
        let mut tx = self.db.begin().await?;
        let [node, door, key_id] = claimant.args();
        let args = [node, door, key_id, run_id.into()];
        let Some(seen) = tx.fetch(CLAIMABLE, &args).await?.into_iter().next() else {
            tx.rollback().await?;
            return Ok(Ok(None));
        };
        let (fence, is_taken_over) = (seen.int(0)?, seen.text(1)? == RunStatus::InProgress.as_str());
        if is_taken_over {
            end_lost_attempt(&mut tx, run_id, fence).await?;
        }
        let args = [worker.into(), lease_ms().into(), run_id.into(), fence.into()];
        match tx.execute(TAKE, &args).await {
            Ok(1) => {}
            Ok(_) => {
                tx.rollback().await?;
                return Ok(Ok(None));
            }
            // Another run of the same lane was claimed in between.
            Err(failure) if failure.is_duplicate() => {
                tx.rollback().await?;
                return Ok(Ok(None));
            }
            Err(failure) => return Err(failure),
        }
        let begun = tx.execute(BEGIN_ATTEMPT, &[worker.into(), run_id.into()]).await?;
        debug_assert_eq!(begun, 1);
        let rows = tx.fetch(CLAIMED, &[run_id.into()]).await?;
        let claim = match rows.first().map(read_claim).transpose() {
            Ok(claim) => claim,
            Err(error) => {
                tx.rollback().await?;
                return Ok(Err(error));
            }
        };
        tx.commit().await?;
        Ok(Ok(claim))
    }

    /// The run of the same lane that must go on before a run can begin.
    pub(crate) async fn run_before(&self, run_id: i64) -> Result<Option<i64>> {
        let sql = sql!(
            "SELECT b.id FROM sync_runs r JOIN sync_runs b ON b.lane_key = r.lane_key WHERE r.id = ? AND b.id <> r.id "
            "AND r.status = 'pending' AND ((b.status = 'in_progress' AND (b.lease_until IS NULL OR b.lease_until < " NOW
            ")) OR (b.status = 'pending' AND b.attempt > 0 AND b.id < r.id)) ORDER BY b.id LIMIT 1"
        );
        let rows = self.db.fetch(sql, &[run_id.into()]).await?;
        Ok(rows.first().map(|row| row.int(0)).transpose()?)
    }

    /// Holds on to a run; false when it is not ours any more.
    pub(crate) async fn renew_lease(&self, lease: Lease) -> Result<bool> {
        let sql = sql!(
            "UPDATE sync_runs SET lease_until = " NOW_PLUS_MS " WHERE id = ? AND status = 'in_progress' AND fence = ?"
        );
        let args = [lease_ms().into(), lease.run_id.into(), lease.fence.into()];
        Ok(self.db.execute(sql, &args).await? == 1)
    }

    /// Lets go of the runs that a dead worker held, so that they need not wait for their leases.
    pub(crate) async fn expire_lease(&self, run_id: i64, worker: &str) -> Result<()> {
        let sql = sql!(
            "UPDATE sync_runs SET lease_until = NULL WHERE id = ? AND status = 'in_progress' AND lease_owner = ?"
        );
        self.db.execute(sql, &[run_id.into(), worker.into()]).await?;
        Ok(())
    }

    /// The runs under way, with the workers that hold them.
    pub(crate) async fn held_runs(&self) -> Result<Vec<(i64, String)>> {
        let sql = sql!("SELECT id, COALESCE(lease_owner, '') FROM sync_runs WHERE status = 'in_progress'");
        let rows = self.db.fetch(sql, &[]).await?;
        Ok(rows
            .iter()
            .map(|row| Ok((row.int(0)?, row.text(1)?.to_owned())))
            .collect::<Result<_, Failure>>()?)
    }

    /// Ends the attempt that holds `lease`, and the run with it where the verdict says so. False when the run is
    /// not ours any more: then only the attempt is ended.
    pub(crate) async fn end_attempt(&self, lease: Lease, verdict: &Verdict<'_>) -> Result<bool, Failure> {
        let (status, error, fruitless, delay_ms) = match *verdict {
            Verdict::Lost => return self.end_lost(lease).await,
            Verdict::Completed(_) => (RunStatus::Completed, None, 0, None),
            Verdict::Failed(error) => (RunStatus::Failed, Some(error), 0, None),
            Verdict::Retry { error, fruitless_attempts, delay_ms } => {
                (RunStatus::Pending, Some(error), fruitless_attempts, Some(delay_ms))
            }
            Verdict::Released => (RunStatus::Pending, None, 0, None),
        };
        let shown = error.map(|error| (cut(error.code(), 60), cut(error.message(), MAX_MESSAGE_BYTES)));
        let kind = Arg::from(error.map(|error| error.kind().as_str()));
        let code = Arg::from(shown.as_ref().map(|(code, _)| code));
        let message = Arg::from(shown.as_ref().map(|(_, message)| message));
        let mut tx = self.db.begin().await?;
        let (id, fence) = (Arg::from(lease.run_id), Arg::from(lease.fence));
        let args = [
            status.as_str().into(),
            i64::from(status.is_final()).into(),
            kind,
            code,
            message,
            i64::from(fruitless).into(),
            delay_ms.into(),
            id,
            fence,
        ];
        if tx.execute(END_RUN, &args).await? == 0 {
            tx.rollback().await?;
            return self.end_lost(lease).await;
        }
        tx.execute(END_ATTEMPT, &[kind, code, message, id, id, fence]).await?;
        if let Verdict::Completed(Some(kept)) = verdict {
            keep(&mut tx, lease.run_id, kept).await?;
        }
        if status == RunStatus::Failed {
            let is_retryable = matches!(verdict, Verdict::Failed(error) if error.kind().is_retryable());
            tx.execute(FINAL_FAILURE, &[id, kind, code, message, i64::from(is_retryable).into()]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Ends an attempt whose run somebody else took or changed.
    async fn end_lost(&self, lease: Lease) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE sync_attempts SET ended_at = " NOW ", error_code = 'lease_lost', "
            "error_message = 'the run was taken over or changed by somebody else' "
            "WHERE sync_run_id = ? AND fence = ? AND ended_at IS NULL"
        );
        self.db.execute(sql, &[lease.run_id.into(), lease.fence.into()]).await?;
        Ok(false)
    }

    /// Notes which run took the place of one.
    pub(crate) async fn set_replaced_by(&self, run_id: i64, replacement: i64) -> Result<()> {
        let sql = sql!(
            "UPDATE sync_runs SET sync_metadata = JSON_SET(sync_metadata, '$.replacedBy', ?) WHERE id = ?"
        );
        self.db.execute(sql, &[replacement.into(), run_id.into()]).await?;
        Ok(())
    }

    /// Fails a run that cannot even be read, so that it does not keep others waiting.
    pub(crate) async fn fail_unreadable(&self, run_id: i64, error: &Error) -> Result<()> {
        let sql = sql!(
            "UPDATE sync_runs SET status = 'failed', completed_at = " NOW ", error_type = ?, error_code = ?, "
            "error_message = ?, lease_owner = NULL, lease_until = NULL "
            "WHERE id = ? AND status IN ('pending', 'in_progress')"
        );
        let message = cut(error.message(), MAX_MESSAGE_BYTES);
        let args = [error.kind().as_str().into(), error.code().into(), Arg::from(&message), run_id.into()];
        self.db.execute(sql, &args).await?;
        Ok(())
    }

    /// Makes all that waits for its next attempt due now. How many there are.
    pub(crate) async fn hasten_pending(&self) -> Result<u64> {
        let sql = sql!("UPDATE sync_runs SET next_attempt_at = NULL WHERE status = 'pending'");
        Ok(self.db.execute(sql, &[]).await?)
    }
}

const CLAIMABLE: super::dialect::Sql =
    sql!("SELECT r.fence, r.status FROM sync_runs r WHERE " (at_now claimable) " AND r.id = ?");

const TAKE: super::dialect::Sql = sql!(
    "UPDATE sync_runs SET status = 'in_progress', fence = fence + 1, attempt = attempt + 1, lease_owner = ?, "
    "lease_until = " NOW_PLUS_MS ", started_at = COALESCE(started_at, " NOW "), next_attempt_at = NULL, "
    "completed_at = NULL, error_type = NULL, error_code = NULL, error_message = NULL, updated_at = " NOW " "
    "WHERE id = ? AND fence = ? AND (status = 'pending' OR "
    "(status = 'in_progress' AND (lease_until IS NULL OR lease_until < " NOW ")))"
);

const BEGIN_ATTEMPT: super::dialect::Sql = sql!(
    "INSERT INTO sync_attempts (sync_run_id, attempt, fence, worker, pages_before) "
    "SELECT id, attempt, fence, ?, page_no FROM sync_runs WHERE id = ?"
);

const CLAIMED: super::dialect::Sql = sql!(
    "SELECT " (columns run_columns) (ms next_attempt_at) ", " (ms created_at) ", " (ms started_at) ", "
    (ms completed_at) ", fence, door, read_cursor, fruitless_attempts FROM sync_runs WHERE id = ?"
);

const END_RUN: super::dialect::Sql = sql!(
    "UPDATE sync_runs SET status = ?, completed_at = CASE WHEN ? = 1 THEN " NOW " END, error_type = ?, "
    "error_code = ?, error_message = ?, fruitless_attempts = ?, next_attempt_at = " NOW_PLUS_MS ", "
    "lease_owner = NULL, lease_until = NULL, updated_at = " NOW " "
    "WHERE id = ? AND status = 'in_progress' AND fence = ?"
);

const END_ATTEMPT: super::dialect::Sql = sql!(
    "UPDATE sync_attempts SET ended_at = " NOW ", error_type = ?, error_code = ?, error_message = ?, "
    "pages_after = (SELECT page_no FROM sync_runs WHERE id = ?) WHERE sync_run_id = ? AND fence = ?"
);

const FINAL_FAILURE: super::dialect::Sql = sql!(
    "INSERT INTO sync_errors (sync_run_id, error_type, error_code, error_message, is_retryable) "
    "VALUES (?, ?, ?, ?, ?)"
);

/// Ends the attempt of a worker that did not live to do it. It counts as fruitless if it committed no page.
async fn end_lost_attempt(tx: &mut Tx, run_id: i64, fence: i64) -> Result<(), Failure> {
    let count = sql!(
        "UPDATE sync_runs SET fruitless_attempts = CASE WHEN page_no > (SELECT pages_before FROM sync_attempts a "
        "WHERE a.sync_run_id = sync_runs.id AND a.fence = sync_runs.fence) THEN 0 ELSE fruitless_attempts + 1 END "
        "WHERE id = ? AND fence = ?"
    );
    tx.execute(count, &[run_id.into(), fence.into()]).await?;
    let id = Arg::from(run_id);
    let message = "the worker that held the run was lost";
    tx.execute(END_ATTEMPT, &["system".into(), "interrupted".into(), message.into(), id, id, fence.into()])
        .await?;
    Ok(())
}

fn lease_ms() -> i64 {
    i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)
}

fn timestamp(milliseconds: Option<i64>) -> Option<Timestamp> {
    milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
}

fn read_error(row: &Row, first: usize) -> Result<Option<RunError>> {
    let Some(message) = row.optional_text(first + 2)?.map(str::to_owned) else { return Ok(None) };
    let kind = row.optional_text(first)?.and_then(ErrorKind::from_name);
    Ok(Some(RunError { kind, code: row.optional_text(first + 1)?.map(str::to_owned), message }))
}

fn read_run(row: &Row) -> Result<SyncRun> {
    let options =
        serde_json::from_str(row.text(3)?).map_err(|error| unreadable("a run's options", &error))?;
    let metadata = row.optional_text(10)?.map(serde_json::from_str).transpose();
    Ok(SyncRun {
        id: row.int(0)?,
        request: SyncRequest {
            source_type: row.text(1)?.to_owned(),
            source_identifier: row.text(2)?.to_owned(),
            options,
        },
        source_name: row.text(4)?.to_owned(),
        target_table: row.text(5)?.to_owned(),
        status: RunStatus::from_name(row.text(6)?)?,
        items_processed: counted(row.int(7)?),
        items_failed: counted(row.int(8)?),
        items_skipped: counted(row.int(9)?),
        metadata: metadata.map_err(|error| unreadable("a run's sync_metadata", &error))?.unwrap_or_default(),
        error: read_error(row, 11)?,
        attempt: u32::try_from(row.int(14)?).unwrap_or_default(),
        pages: counted(row.int(15)?),
        next_attempt_at: timestamp(row.optional_int(16)?),
        created_at: timestamp(row.optional_int(17)?).unwrap_or_default(),
        started_at: timestamp(row.optional_int(18)?),
        completed_at: timestamp(row.optional_int(19)?),
    })
}

fn read_claim(row: &Row) -> Result<Claim> {
    let run = read_run(row)?;
    let cursor = row.optional_text(22)?.map(serde_json::from_str).transpose();
    Ok(Claim {
        lease: Lease { run_id: run.id, fence: row.int(20)? },
        door: Door::from_name(row.text(21)?)?,
        cursor: cursor.map_err(|error| unreadable("a run's cursor", &error))?,
        fruitless_attempts: u32::try_from(row.int(23)?).unwrap_or_default(),
        run,
    })
}
