//! `sync_runs` and `sync_attempts`: what is asked for, who holds it, how it ended.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use catchment_core::{Cursor, Error, ErrorKind, Result, cut};
use jiff::Timestamp;

use super::db::{Arg, Conn, Row, Tx};
use super::dialect::{Sql, sql};
use super::error::{Class, Failure};
use super::states::{Kept, keep, note_completed};
use super::{LEASE, MAX_MESSAGE_BYTES, Store, counted, unreadable};
use crate::run::{Door, RunError, RunMetadata, RunStatus, SyncRequest, SyncRun, SyncStats};

/// The columns of [`read_run`], in its order.
macro_rules! run_columns {
    () => {
        "id, source_type, source_identifier, options, source_name, target_table, status, items_processed, \
         items_failed, items_skipped, sync_metadata, error_type, error_code, error_message, attempt, page_no, "
    };
}

/// What keeps a pending run `r` from its lane: another one that holds it, or an earlier one of the same source that was
/// begun and is to go on first.
macro_rules! lane_is_busy {
    ($now:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM sync_runs a WHERE a.lane_key = r.lane_key AND a.status = 'in_progress' AND \
             a.lease_until >= ",
            $now,
            ") OR EXISTS (SELECT 1 FROM sync_runs a WHERE a.lane_key = r.lane_key AND \
             a.status IN ('pending', 'in_progress') AND a.attempt > 0 AND a.id < r.id AND \
             a.source_type = r.source_type AND a.source_name = r.source_name AND a.claimable_by = r.claimable_by))"
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

impl Claimant<'_> {
    /// The values of `sync_runs.claimable_by` that it may claim: WHO@WHERE. Runs that came over HTTP are a service's, whose
    /// data directories count; runs of local files are their node's.
    fn values(self) -> Vec<String> {
        let services: &[&str] = if self.door == Door::Http { &["service", "any"] } else { &["any"] };
        services.iter().flat_map(|who| ["*", self.node].map(|place| format!("{who}@{place}"))).collect()
    }

    fn may_claim(self, claimable_by: &str) -> bool {
        self.values().iter().any(|value| value == claimable_by)
    }

    fn can_claim(self, holder: &Holder) -> bool {
        self.may_claim(&holder.claimable_by)
            && holder.key_id.as_deref().is_none_or(|key_id| key_id == self.key_id)
    }
}

/// Why a run cannot be claimed now, for whoever waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It is not due before this time.
    Until(Timestamp),
    /// Another run holds its source or table, or is to go on before it.
    For(Holder),
    /// It is under way.
    UnderWay(Holder),
    /// It belongs to another machine, or to a service.
    NotOurs { claimable_by: String },
    /// Its secrets are sealed with another key.
    OtherKey,
    /// It has ended, or somebody else was faster.
    No,
}

/// The run that others wait for, and who holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) run_id: i64,
    /// None where it waits for its own next attempt.
    pub(crate) owner: Option<String>,
    pub(crate) lease_until: Option<Timestamp>,
    pub(crate) claimable_by: String,
    fence: i64,
    is_expired: bool,
    key_id: Option<String>,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Until(time) => write!(f, "its next attempt is due at {time:.0}"),
            Self::UnderWay(holder) => write!(f, "it is under way, {holder}"),
            Self::For(holder) => write!(f, "run {} comes first: {holder}", holder.run_id),
            Self::NotOurs { claimable_by } => write!(f, "{}", whose(claimable_by)),
            Self::OtherKey => {
                f.write_str("its secrets are sealed with a key that this process does not have (--key-file)")
            }
            Self::No => f.write_str("it cannot be claimed"),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.owner, self.lease_until) {
            (Some(owner), Some(until)) if !self.is_expired => {
                let mut parts = owner.split('/');
                let (node, process) = (parts.next().unwrap_or_default(), parts.nth(3).unwrap_or_default());
                write!(
                    f,
                    "held by process {process} on {node} until {until:.0}, unless that renews its lease"
                )
            }
            _ => write!(
                f,
                "{}; `catchment runs cancel {}` frees its source",
                whose(&self.claimable_by),
                self.run_id
            ),
        }
    }
}

/// Who may take a run up, in words.
fn whose(claimable_by: &str) -> String {
    let (who, place) = claimable_by.split_once('@').unwrap_or_default();
    let who = if who == "service" { "a service (`catchment serve`)" } else { "any process" };
    match place {
        "*" => format!("it can be taken up by {who}"),
        node => format!("it can be taken up by {who} on the node {node}"),
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

/// How a run stands for somebody who wants to claim it.
enum Standing {
    Free {
        fence: i64,
        /// It was under way.
        is_taken_over: bool,
        /// A run whose lease has run out holds its lane.
        lost_holder: Option<Holder>,
    },
    Waits(Wait),
}

impl Holder {
    fn read(row: &Row, first: usize) -> Result<Self, Failure> {
        Ok(Self {
            run_id: row.int(first)?,
            owner: row.optional_text(first + 1)?.map(str::to_owned),
            lease_until: timestamp(row.optional_int(first + 2)?),
            claimable_by: row.text(first + 3)?.to_owned(),
            fence: row.int(first + 4)?,
            is_expired: first == 0 && row.int(5)? == 1,
            key_id: if first == 0 { row.optional_text(6)?.map(str::to_owned) } else { None },
        })
    }
}

impl Verdict<'_> {
    /// The state that the run has after it; as it is, where it is not ours.
    pub(crate) fn status(&self) -> RunStatus {
        match self {
            Self::Completed(_) => RunStatus::Completed,
            Self::Failed(_) => RunStatus::Failed,
            Self::Retry { .. } | Self::Released => RunStatus::Pending,
            Self::Lost => RunStatus::InProgress,
        }
    }
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
        let metadata = serde_json::to_string(new.metadata).map_err(|error| Failure::unwritable(&error))?;
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
            new.delay_ms.unwrap_or_default().into(),
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
            "(pages_after > pages_before OR NOT (COALESCE(error_type, '') = 'rate_limited' OR "
            "COALESCE(error_code, '') = 'database_away'))), 0) ORDER BY id"
        );
        let rows = self.db.fetch(sql, &[run_id.into(), run_id.into()]).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok((0, Duration::ZERO)) };
        let waited = Duration::from_millis(counted(last.int(0)? - first.int(0)?));
        Ok((u32::try_from(rows.len()).unwrap_or(u32::MAX), waited))
    }

    /// Runs that a worker could claim now; first the one that has been due the longest. Those of the command line are left
    /// to it for a while: it may be able to read what we are not.
    pub(crate) async fn due_runs(&self, claimant: Claimant<'_>, limit: u32) -> Result<Vec<i64>> {
        const OF_OUR_KEY: &str =
            "NOT EXISTS (SELECT 1 FROM sync_run_keys k WHERE k.sync_run_id = r.id AND k.key_id <> ?)";
        let pick = |sql: Sql| self.db.dialect().pick(sql);
        let now = self.db.dialect().now();
        let (busy, due_ms) = (pick(sql!((at_now lane_is_busy))), pick(sql!((ms next_attempt_at))));
        let is_left =
            format!("(r.door <> 'cli' OR r.attempt > 0 OR r.created_at < {})", pick(sql!(NOW_PLUS_MS)));
        // A part for each value, in the order of the index: none of them sorts the whole queue.
        let (mut parts, mut args) = (Vec::new(), Vec::new());
        let (values, left_ms, limit) = (claimant.values(), -lease_ms(), i64::from(limit));
        for value in &values {
            for due in [format!("r.next_attempt_at <= {now}"), "r.next_attempt_at IS NULL".to_owned()] {
                parts.push(format!(
                    "SELECT * FROM (SELECT r.id, {due_ms} AS due, r.lane_key FROM sync_runs r WHERE r.status = 'pending' AND \
                     r.claimable_by = ? AND {due} AND {is_left} AND {OF_OUR_KEY} AND NOT {busy} \
                     ORDER BY r.next_attempt_at LIMIT ?) p"
                ));
                args.extend([Arg::from(value), left_ms.into(), claimant.key_id.into(), limit.into()]);
            }
            parts.push(format!(
                "SELECT * FROM (SELECT r.id, 0 AS due, r.lane_key FROM sync_runs r WHERE r.status = 'in_progress' AND \
                 r.claimable_by = ? AND (r.lease_until IS NULL OR r.lease_until < {now}) AND {OF_OUR_KEY} LIMIT ?) i"
            ));
            args.extend([Arg::from(value), claimant.key_id.into(), limit.into()]);
        }
        let rows = self.db.fetch(parts.join(" UNION ALL "), &args).await?;
        let read = |row: &Row| Ok((row.int(1)?, row.int(0)?, row.text(2)?.to_owned()));
        let mut due: Vec<_> = rows.iter().map(read).collect::<Result<_, Failure>>()?;
        due.sort_unstable();
        // One of each lane: the others would only be in each other's way.
        let mut lanes = HashSet::new();
        due.retain(|(_, _, lane)| lanes.insert(lane.clone()));
        Ok(due.into_iter().map(|(_, id, _)| id).collect())
    }

    /// Runs of other nodes that nobody there takes up, after the one with the id `after`: interrupted, or due for so long
    /// that a node with nothing else to do would have begun them, while no process of that node holds any run. Whoever can
    /// read their files may.
    pub(crate) async fn stranded_runs(
        &self,
        claimant: Claimant<'_>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<i64>> {
        let sql = sql!(
            "SELECT r.id FROM sync_runs r WHERE r.node <> ? AND r.id > ? AND (? = 'http' OR r.door <> 'http') AND NOT EXISTS "
            "(SELECT 1 FROM sync_runs b WHERE b.status = 'in_progress' AND b.lease_until >= " NOW " AND "
            "SUBSTR(b.lease_owner, 1, INSTR(b.lease_owner, '/') - 1) = "
            "SUBSTR(REPLACE(REPLACE(r.node, '/', '_'), ' ', '_'), 1, 100)) AND "
            "((r.status = 'in_progress' AND (r.lease_until IS NULL OR r.lease_until < " NOW ")) OR "
            "(r.status = 'pending' AND r.next_attempt_at < " NOW_PLUS_MS ")) AND NOT " (at_now lane_is_busy)
            " ORDER BY r.id LIMIT ?"
        );
        let args = [
            claimant.node.into(),
            after.into(),
            claimant.door.as_str().into(),
            (-STRANDED_LEASES * lease_ms()).into(),
            i64::from(limit).into(),
        ];
        let rows = self.db.fetch(sql, &args).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
    }

    /// Takes a run for a worker, or says why it is not to be had. `adopts` takes it from another node as well, if nobody
    /// there holds it: whoever asks has seen that it can read its source.
    pub(crate) async fn claim(
        &self,
        run_id: i64,
        worker: &str,
        claimant: Claimant<'_>,
        adopts: bool,
    ) -> Result<Result<Claim, Wait>> {
        match self.try_claim(run_id, worker, claimant, adopts).await {
            Err(failure) if failure.class == Class::Contended => Ok(Err(Wait::No)),
            result => result?,
        }
    }

    /// The outer error is the database's, the next one that of a run that does not read.
    async fn try_claim(
        &self,
        run_id: i64,
        worker: &str,
        claimant: Claimant<'_>,
        adopts: bool,
    ) -> Result<Result<Result<Claim, Wait>>, Failure> {
        // Looked at before anything is locked: most who wait only look.
        let looked = look(&mut self.db.reader().await?, run_id, claimant, adopts).await?;
        let (fence, is_taken_over, lost_holder) = match looked {
            Standing::Free { fence, is_taken_over, lost_holder } => (fence, is_taken_over, lost_holder),
            Standing::Waits(wait) => return Ok(Ok(Err(wait))),
        };
        let mut tx = self.db.begin().await?;
        let mut is_still_so = true;
        if let Some(holder) = &lost_holder {
            // Nobody renews its lease: the lane is free. Whoever may takes it up again.
            is_still_so = end_lost_attempt(&mut tx, holder.run_id, holder.fence).await?
                && tx.execute(LET_GO, &[holder.run_id.into(), holder.fence.into()]).await? == 1;
        }
        if is_taken_over {
            is_still_so &= end_lost_attempt(&mut tx, run_id, fence).await?;
        }
        if !is_still_so {
            tx.rollback().await?;
            return Ok(Ok(Err(Wait::No)));
        }
        let args = [worker.into(), lease_ms().into(), run_id.into(), fence.into()];
        match tx.execute(TAKE, &args).await {
            Ok(1) => {}
            Ok(_) => {
                tx.rollback().await?;
                return Ok(Ok(Err(Wait::No)));
            }
            // Another run of the same lane was claimed in between.
            Err(failure) if failure.is_duplicate() => {
                tx.rollback().await?;
                return Ok(Ok(Err(Wait::No)));
            }
            Err(failure) => return Err(failure),
        }
        let begun = tx.execute(BEGIN_ATTEMPT, &[worker.into(), run_id.into()]).await?;
        debug_assert_eq!(begun, 1);
        let rows = tx.fetch(CLAIMED, &[run_id.into()]).await?;
        let claim = match rows.first().map(read_claim).transpose() {
            Ok(Some(claim)) => Ok(claim),
            Ok(None) => Err(Wait::No),
            Err(error) => {
                tx.rollback().await?;
                return Ok(Err(error));
            }
        };
        tx.commit().await?;
        Ok(Ok(claim))
    }

    /// Why a run cannot be claimed now; `None` where it can.
    pub(crate) async fn wait(&self, run_id: i64, claimant: Claimant<'_>) -> Result<Option<Wait>> {
        let looked = look(&mut self.db.reader().await?, run_id, claimant, false).await?;
        Ok(match looked {
            Standing::Free { .. } => None,
            Standing::Waits(wait) => Some(wait),
        })
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
        let status = verdict.status();
        let (error, fruitless, delay_ms) = match *verdict {
            Verdict::Lost => return self.end_lost(lease).await,
            Verdict::Completed(_) => (None, 0, None),
            Verdict::Failed(error) => (Some(error), 0, None),
            Verdict::Retry { error, fruitless_attempts, delay_ms } => {
                (Some(error), fruitless_attempts, Some(delay_ms))
            }
            Verdict::Released => (None, 0, Some(0)),
        };
        let shown = error.map(|error| (cut(error.code(), 60), cut(&error.full_message(), MAX_MESSAGE_BYTES)));
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
        if let Verdict::Completed(kept) = verdict {
            note_completed(&mut tx, lease.run_id).await?;
            if let Some(kept) = kept {
                keep(&mut tx, lease.run_id, kept).await?;
            }
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
        let message = cut(&error.full_message(), MAX_MESSAGE_BYTES);
        let args = [error.kind().as_str().into(), error.code().into(), Arg::from(&message), run_id.into()];
        self.db.execute(sql, &args).await?;
        Ok(())
    }

    /// Makes all that waits for its next attempt due now. How many there are.
    pub(crate) async fn hasten_pending(&self) -> Result<u64> {
        let sql = sql!("UPDATE sync_runs SET next_attempt_at = " NOW " WHERE status = 'pending'");
        Ok(self.db.execute(sql, &[]).await?)
    }
}

/// Whether a run can be claimed, and if not, why.
async fn look(
    conn: &mut Conn,
    run_id: i64,
    claimant: Claimant<'_>,
    adopts: bool,
) -> Result<Standing, Failure> {
    let waits = |wait| Ok(Standing::Waits(wait));
    let rows = conn.fetch(LOOK, &[run_id.into()]).await?;
    let Some(row) = rows.first() else { return waits(Wait::No) };
    let (status, fence, claimable_by) = (row.text(0)?, row.int(1)?, row.text(2)?.to_owned());
    let is_taken_over = status == RunStatus::InProgress.as_str();
    if !is_taken_over && status != RunStatus::Pending.as_str() {
        return waits(Wait::No);
    }
    if is_taken_over && row.int(3)? == 1 {
        return waits(Wait::UnderWay(Holder::read(row, 4)?));
    }
    let is_of_another_node = claimable_by.split_once('@').is_some_and(|(_, node)| node != claimant.node);
    let may_adopt =
        adopts && is_of_another_node && (claimant.door == Door::Http || claimable_by.starts_with("any@"));
    if !claimant.may_claim(&claimable_by) && !may_adopt {
        return waits(Wait::NotOurs { claimable_by });
    }
    if row.optional_text(9)?.is_some_and(|key_id| key_id != claimant.key_id) {
        return waits(Wait::OtherKey);
    }
    if !is_taken_over && row.int(10)? == 1 {
        return waits(Wait::Until(timestamp(row.optional_int(11)?).unwrap_or_default()));
    }
    let holder =
        conn.fetch(HOLDER, &[run_id.into()]).await?.first().map(|row| Holder::read(row, 0)).transpose()?;
    match holder.filter(|_| !is_taken_over) {
        // It goes on first, if it can go on here.
        Some(holder) if !holder.is_expired || claimant.can_claim(&holder) => waits(Wait::For(holder)),
        lost_holder => Ok(Standing::Free { fence, is_taken_over, lost_holder }),
    }
}

/// How many leases a run is due before its node counts as gone.
const STRANDED_LEASES: i64 = 4;

/// From the fifth column on as [`Holder::read`] reads it.
const LOOK: Sql = sql!(
    "SELECT r.status, r.fence, r.claimable_by, CASE WHEN r.lease_until >= " NOW " THEN 1 ELSE 0 END, r.id, r.lease_owner, "
    (ms lease_until) ", r.claimable_by, r.fence, k.key_id, CASE WHEN r.next_attempt_at > " NOW " THEN 1 ELSE 0 END, "
    (ms next_attempt_at) " FROM sync_runs r LEFT JOIN sync_run_keys k ON k.sync_run_id = r.id WHERE r.id = ?"
);

/// Who holds the lane of a run, or is to go on before it.
const HOLDER: Sql = sql!(
    "SELECT id, lease_owner, " (ms lease_until) ", claimable_by, fence, "
    "CASE WHEN status = 'in_progress' AND (lease_until IS NULL OR lease_until < " NOW ") THEN 1 ELSE 0 END, "
    "(SELECT k.key_id FROM sync_run_keys k WHERE k.sync_run_id = h.id) FROM (SELECT a.* FROM sync_runs r JOIN sync_runs a ON a.lane_key = r.lane_key WHERE r.id = ? AND a.id <> r.id AND "
    "(a.status = 'in_progress' OR (a.status = 'pending' AND a.attempt > 0 AND a.id < r.id AND "
    "a.source_type = r.source_type AND a.source_name = r.source_name AND a.claimable_by = r.claimable_by)) "
    "ORDER BY CASE a.status WHEN 'in_progress' THEN 0 ELSE 1 END, a.id LIMIT 1) h"
);

/// Gives up a run that nobody holds any more, so that its lane is free.
const LET_GO: Sql = sql!(
    "UPDATE sync_runs SET status = 'pending', next_attempt_at = " NOW ", lease_owner = NULL, lease_until = NULL, "
    "updated_at = " NOW " WHERE id = ? AND fence = ? AND status = 'in_progress' AND "
    "(lease_until IS NULL OR lease_until < " NOW ")"
);

const TAKE: Sql = sql!(
    "UPDATE sync_runs SET status = 'in_progress', fence = fence + 1, attempt = attempt + 1, lease_owner = ?, "
    "lease_until = " NOW_PLUS_MS ", started_at = COALESCE(started_at, " NOW "), next_attempt_at = NULL, "
    "completed_at = NULL, error_type = NULL, error_code = NULL, error_message = NULL, updated_at = " NOW " "
    "WHERE id = ? AND fence = ? AND "
    "((status = 'pending' AND (next_attempt_at IS NULL OR next_attempt_at <= " NOW ")) OR (status = 'in_progress' AND (lease_until IS NULL OR lease_until < " NOW ")))"
);

const BEGIN_ATTEMPT: Sql = sql!(
    "INSERT INTO sync_attempts (sync_run_id, attempt, fence, worker, pages_before) "
    "SELECT id, attempt, fence, ?, page_no FROM sync_runs WHERE id = ?"
);

const CLAIMED: Sql = sql!(
    "SELECT " (columns run_columns) (ms next_attempt_at) ", " (ms created_at) ", " (ms started_at) ", "
    (ms completed_at) ", fence, door, read_cursor, fruitless_attempts FROM sync_runs WHERE id = ?"
);

const END_RUN: Sql = sql!(
    "UPDATE sync_runs SET status = ?, completed_at = CASE WHEN ? = 1 THEN " NOW " END, error_type = ?, "
    "error_code = ?, error_message = ?, fruitless_attempts = ?, next_attempt_at = " NOW_PLUS_MS ", "
    "lease_owner = NULL, lease_until = NULL, updated_at = " NOW " "
    "WHERE id = ? AND status = 'in_progress' AND fence = ?"
);

const END_ATTEMPT: Sql = sql!(
    "UPDATE sync_attempts SET ended_at = " NOW ", error_type = ?, error_code = ?, error_message = ?, "
    "pages_after = (SELECT page_no FROM sync_runs WHERE id = ?) WHERE sync_run_id = ? AND fence = ?"
);

const FINAL_FAILURE: Sql = sql!(
    "INSERT INTO sync_errors (sync_run_id, error_type, error_code, error_message, is_retryable) "
    "VALUES (?, ?, ?, ?, ?)"
);

/// Ends the attempt of a worker that did not live to do it. It counts as fruitless if it committed no page. False where the
/// worker lived after all.
async fn end_lost_attempt(tx: &mut Tx, run_id: i64, fence: i64) -> Result<bool, Failure> {
    let count = sql!(
        "UPDATE sync_runs SET fruitless_attempts = CASE WHEN page_no > (SELECT pages_before FROM sync_attempts a "
        "WHERE a.sync_run_id = sync_runs.id AND a.fence = sync_runs.fence) THEN 0 ELSE fruitless_attempts + 1 END "
        "WHERE id = ? AND fence = ? AND status = 'in_progress' AND (lease_until IS NULL OR lease_until < " NOW ")"
    );
    if tx.execute(count, &[run_id.into(), fence.into()]).await? == 0 {
        return Ok(false);
    }
    let id = Arg::from(run_id);
    let message = "the worker that held the run was lost";
    tx.execute(END_ATTEMPT, &["system".into(), "interrupted".into(), message.into(), id, id, fence.into()])
        .await?;
    Ok(true)
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
