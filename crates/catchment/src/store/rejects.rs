//! Rejects and their states: open, until a replay applies their records or somebody ignores them.

use catchment_core::{Reject, Result, truncate_text};
use serde_json::{Map, Value};

use super::Store;
use super::db::dialect::list;
use super::db::{Arg, Row, StoreError, Tx};
use super::values::{MAX_MESSAGE_BYTES, unreadable};
use crate::replay::{OpenReject, RejectSelection};

/// Ids in one statement.
const BATCH: usize = 500;

impl Store {
    /// Open rejects of a run that are selected, after the one with the id `after`: those among the next `limit`, and the id of the
    /// last one that was looked at; `None` after the last.
    pub(crate) async fn open_rejects(
        &self,
        run_id: i64,
        selection: &RejectSelection,
        after: i64,
        limit: u32,
    ) -> Result<(Vec<OpenReject>, Option<i64>)> {
        let sql = "SELECT id, error_code, column_name, record FROM sync_errors WHERE sync_run_id = ? AND state = 'open' AND \
                   raw_record IS NOT NULL AND id > ? ORDER BY id LIMIT ?";
        let rows = self.db.fetch(sql, &[run_id.into(), after.into(), i64::from(limit).into()]).await?;
        let rejects = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        let last = rejects.last().map(|reject| reject.id);
        Ok((rejects.into_iter().filter(|reject| selection.holds(reject)).collect(), last))
    }

    /// Takes note that rejects do not matter. How many.
    pub(crate) async fn ignore_rejects(&self, run_id: i64, ids: &[i64], reason: &str) -> Result<u64> {
        let mut count = 0;
        for ids in ids.chunks(BATCH) {
            let sql = format!(
                "UPDATE sync_errors SET state = 'ignored', state_note = ? WHERE sync_run_id = ? AND state = 'open' AND id IN ({})",
                list("?", ids.len())
            );
            let args = [
                &[reason.into(), run_id.into()],
                &ids.iter().map(|id| Arg::Int(*id)).collect::<Vec<_>>()[..],
            ];
            count += self.db.execute(sql, &args.concat()).await?;
        }
        Ok(count)
    }

    /// Puts mended fields in the place of those of a reject that is open. Whether it was.
    pub(crate) async fn mend_reject(
        &self,
        run_id: i64,
        id: i64,
        record: &Map<String, Value>,
    ) -> Result<bool> {
        let sql = "UPDATE sync_errors SET record = ? WHERE sync_run_id = ? AND id = ? AND state = 'open' AND record IS NOT NULL";
        let record = Value::Object(record.clone()).to_string();
        Ok(self.db.execute(sql, &[Arg::from(&record), run_id.into(), id.into()]).await? == 1)
    }
}

fn read(row: &Row) -> Result<OpenReject> {
    let record = row.optional_text(3)?.map(serde_json::from_str).transpose();
    Ok(OpenReject {
        id: row.int(0)?,
        code: row.text(1)?.to_owned(),
        column: row.optional_string(2)?,
        record: record.map_err(|error| unreadable("a rejected record", &error))?,
    })
}

/// Takes note that a replay has applied these rejects, in the transaction that does.
pub(super) async fn store_replayed(tx: &mut Tx, run_id: i64, ids: &[i64]) -> Result<(), StoreError> {
    for ids in ids.chunks(BATCH) {
        let sql = format!(
            "UPDATE sync_errors SET state = 'replayed', replayed_by = ? WHERE state = 'open' AND id IN ({})",
            list("?", ids.len())
        );
        let args: Vec<_> = [run_id].iter().chain(ids).map(|id| Arg::Int(*id)).collect();
        tx.execute(sql, &args).await?;
    }
    Ok(())
}

/// Gives a reject that a replay rejects again its new reason.
pub(super) async fn store_reason(tx: &mut Tx, id: i64, reject: &Reject) -> Result<(), StoreError> {
    let sql = "UPDATE sync_errors SET error_code = ?, error_message = ?, column_name = ? WHERE id = ? AND state = 'open'";
    let message = truncate_text(&reject.message, MAX_MESSAGE_BYTES);
    let args = [reject.code.into(), Arg::from(&message), reject.column.as_deref().into(), id.into()];
    tx.execute(sql, &args).await.map(|_| ())
}
