//! The queue: how a run gets in, and which ones are due.

use std::collections::HashSet;

use catchment_core::{Error, ErrorKind, Result};
use jiff::Timestamp;

use super::claimant::Claimant;
use crate::counts::RunMetadata;
use crate::principal::Door;
use crate::request::SyncRequest;
use crate::run::RunMode;
use crate::run::Trigger;
use crate::store::Store;
use crate::store::db::{Arg, Row, StoreError, Tx};
use crate::store::lease::lease_ms;
use crate::store::values::time_text;

/// How many leases a run is due before its node counts as gone.
const STRANDED_LEASES: i64 = 4;

/// What keeps a pending run `r` from its lane: another one that holds it, or an earlier one of the same source that was
/// begun and is to be resumed first. A preview holds up nobody while it waits.
const LANE_IS_BUSY: &str = "(EXISTS (SELECT 1 FROM sync_runs a WHERE a.lane_key = r.lane_key AND \
    a.status = 'in_progress' AND a.lease_until >= {now}) OR EXISTS (SELECT 1 FROM sync_runs a WHERE \
    a.lane_key = r.lane_key AND a.status IN ('pending', 'in_progress') AND a.attempt > 0 AND a.id < r.id AND a.mode <> 'preview' AND \
    a.source_type = r.source_type AND a.source_name = r.source_name AND a.claimable_by = r.claimable_by))";

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
    pub(crate) mode: RunMode,
    /// The run that it goes on from.
    pub(crate) based_on: Option<i64>,
    pub(crate) metadata: &'a RunMetadata,
    pub(crate) delay_ms: Option<i64>,
    /// The key that its secrets are sealed with.
    pub(crate) key_id: Option<&'a str>,
    /// The saved sync that it is of.
    pub(crate) saved: Option<OfSaved>,
}

/// The saved sync that a run is of, and what started it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfSaved {
    pub(crate) id: i64,
    pub(crate) trigger: Trigger,
    /// The time at which it was due.
    pub(crate) scheduled_for: Option<Timestamp>,
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
        let sql = "SELECT id FROM sync_runs WHERE request_key = ? AND (status = 'pending' OR (status = \
             'in_progress' AND (lease_until IS NULL OR lease_until < {now}))) AND id <> ? ORDER BY id \
             LIMIT 1";
        let replaced = new.metadata.replaces.unwrap_or_default();
        let rows = self.db.writer().await?.fetch(sql, &[new.request_key.into(), replaced.into()]).await?;
        Ok(rows.first().map(|row| row.int(0)).transpose()?)
    }

    async fn try_insert_run(&self, new: &NewRun<'_>) -> Result<i64, StoreError> {
        let mut tx = self.db.begin().await?;
        let id = insert(&mut tx, new).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Runs that a worker could claim now; first the one that has been due the longest. Those of the command line are left
    /// to it for a while: it may be able to read what we are not.
    pub(crate) async fn due_runs(&self, claimant: Claimant<'_>, limit: u32) -> Result<Vec<i64>> {
        const OF_OUR_KEY: &str =
            "NOT EXISTS (SELECT 1 FROM sync_run_keys k WHERE k.sync_run_id = r.id AND k.key_id <> ?)";
        const IS_LEFT: &str = "(r.door <> 'cli' OR r.attempt > 0 OR r.created_at < {now + ? ms})";
        // A part for each value, in the order of the index: none of them sorts the whole queue.
        let (mut parts, mut args) = (Vec::new(), Vec::new());
        let (values, left_ms, limit) = (claimant.values(), -lease_ms(), i64::from(limit));
        for value in &values {
            for due in ["r.next_attempt_at <= {now}", "r.next_attempt_at IS NULL"] {
                parts.push(format!(
                    "SELECT * FROM (SELECT r.id, {{ms next_attempt_at}} AS due, r.lane_key FROM sync_runs r WHERE r.status = 'pending' AND \
                     r.claimable_by = ? AND {due} AND {IS_LEFT} AND {OF_OUR_KEY} AND NOT {LANE_IS_BUSY} \
                     ORDER BY r.next_attempt_at LIMIT ?) p"
                ));
                args.extend([Arg::from(value), left_ms.into(), claimant.key_id.into(), limit.into()]);
            }
            parts.push(format!(
                "SELECT * FROM (SELECT r.id, 0 AS due, r.lane_key FROM sync_runs r WHERE r.status = 'in_progress' AND \
                 r.claimable_by = ? AND (r.lease_until IS NULL OR r.lease_until < {{now}}) AND {OF_OUR_KEY} LIMIT ?) i"
            ));
            args.extend([Arg::from(value), claimant.key_id.into(), limit.into()]);
        }
        let rows = self.db.fetch(parts.join(" UNION ALL "), &args).await?;
        let read = |row: &Row| Ok((row.int(1)?, row.int(0)?, row.text(2)?.to_owned()));
        let mut due: Vec<_> = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
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
        let sql = format!(
            "SELECT r.id FROM sync_runs r WHERE r.node <> ? AND r.id > ? AND (? = 1 OR r.door <> \
             'http') AND NOT EXISTS (SELECT 1 FROM sync_runs b WHERE b.status = 'in_progress' AND \
             b.lease_until >= {{now}} AND SUBSTR(b.lease_owner, 1, INSTR(b.lease_owner, '/') - 1) = \
             SUBSTR(REPLACE(REPLACE(r.node, '/', '_'), ' ', '_'), 1, 100)) AND ((r.status = \
             'in_progress' AND (r.lease_until IS NULL OR r.lease_until < {{now}})) OR (r.status = \
             'pending' AND r.next_attempt_at < {{now + ? ms}})) AND NOT {LANE_IS_BUSY} ORDER BY r.id \
             LIMIT ?"
        );
        let args = [
            claimant.node.into(),
            after.into(),
            i64::from(claimant.is_service).into(),
            (-STRANDED_LEASES * lease_ms()).into(),
            i64::from(limit).into(),
        ];
        let rows = self.db.fetch(sql, &args).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
    }

    /// Makes all that waits for its next attempt due now. How many there are.
    pub(crate) async fn make_pending_due(&self) -> Result<u64, StoreError> {
        let sql = "UPDATE sync_runs SET next_attempt_at = {now} WHERE status = 'pending'";
        self.db.execute(sql, &[]).await
    }
}

/// Inserts a run, in a transaction that may do more. Its id.
pub(in crate::store) async fn insert(tx: &mut Tx, new: &NewRun<'_>) -> Result<i64, StoreError> {
    let options = serde_json::Value::Object(new.request.options.clone()).to_string();
    let metadata = serde_json::to_string(new.metadata).map_err(|error| StoreError::unwritable(&error))?;
    let scheduled_for = new.saved.and_then(|saved| saved.scheduled_for).map(time_text);
    let sql = "INSERT INTO sync_runs (source_type, source_identifier, options, source_name, \
             target_table, door, node, request_key, lane_key, mode, based_on, sync_metadata, sync_id, trigger_kind, scheduled_for, \
             next_attempt_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {now + ? ms})";
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
        new.mode.as_str().into(),
        new.based_on.into(),
        Arg::from(&metadata),
        new.saved.map(|saved| saved.id).into(),
        new.saved.map(|saved| saved.trigger.as_str()).into(),
        scheduled_for.as_deref().into(),
        new.delay_ms.unwrap_or_default().into(),
    ];
    tx.execute(sql, &args).await?;
    let id = tx.conn()?.last_id().await?;
    if let Some(key_id) = new.key_id {
        let sql = "INSERT INTO sync_run_keys (sync_run_id, key_id) VALUES (?, ?)";
        tx.execute(sql, &[id.into(), key_id.into()]).await?;
    }
    Ok(id)
}
