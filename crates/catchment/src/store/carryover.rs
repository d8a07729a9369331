//! `sync_states` and `sync_vouched`: what a completed run carries over to the next run of the same request, and the versions of the rows
//! that its source may vouch for then.

use catchment_core::Result;

use super::Store;
use super::db::dialect::Sql;
use super::db::{Arg, StoreError, Tx};
use super::values::unreadable;
use crate::counts::RowVersions;

/// What a completed run carries over to the next one.
#[derive(Debug, Clone)]
pub(crate) struct StoredCarryover {
    /// The same for runs of equal requests.
    pub(crate) key: String,
    pub(crate) left: LeftOver,
}

/// What a run left.
#[derive(Debug, Clone)]
pub(crate) struct LeftOver {
    /// What its source left.
    pub(crate) value: serde_json::Value,
    /// The rows that the source may vouch for.
    pub(crate) vouched: Option<RowVersions>,
}

impl Store {
    /// What the last completed run of a request carries over, with its id.
    pub(crate) async fn carryover(&self, key: &str) -> Result<Option<(i64, LeftOver)>> {
        let sql = "SELECT s.sync_run_id, s.kept, v.versions FROM sync_states s LEFT JOIN sync_vouched v ON v.state_key = s.state_key AND \
             v.sync_run_id = s.sync_run_id WHERE s.state_key = ?";
        let rows = self.db.fetch(sql, &[key.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let unreadable = |error| unreadable("a source's state", &error);
        let value = serde_json::from_str(row.text(1)?).map_err(unreadable)?;
        let vouched = row.optional_text(2)?.map(serde_json::from_str).transpose().map_err(unreadable)?;
        Ok(Some((row.int(0)?, LeftOver { value, vouched })))
    }
}

/// Stores what a run carries over, in the transaction that completes it.
pub(super) async fn store_carryover(
    tx: &mut Tx,
    run_id: i64,
    carryover: &StoredCarryover,
) -> Result<(), StoreError> {
    let sql = Sql::Each {
        mysql: "INSERT INTO sync_states (state_key, sync_run_id, kept) VALUES (?, ?, ?) \
                ON DUPLICATE KEY UPDATE sync_run_id = VALUES(sync_run_id), kept = VALUES(kept), \
                updated_at = CURRENT_TIMESTAMP(3)",
        sqlite: "INSERT INTO sync_states (state_key, sync_run_id, kept) VALUES (?, ?, ?) \
                 ON CONFLICT (state_key) DO UPDATE SET sync_run_id = excluded.sync_run_id, kept = excluded.kept, \
                 updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')",
    };
    let (key, value) = (Arg::from(&carryover.key), carryover.left.value.to_string());
    tx.execute(sql, &[key, run_id.into(), Arg::from(&value)]).await?;
    tx.execute("DELETE FROM sync_vouched WHERE state_key = ?", &[key]).await?;
    if let Some(vouched) = carryover.left.vouched {
        let versions = serde_json::json!(vouched).to_string();
        let sql = "INSERT INTO sync_vouched (state_key, sync_run_id, versions) VALUES (?, ?, ?)";
        tx.execute(sql, &[key, run_id.into(), Arg::from(&versions)]).await?;
    }
    Ok(())
}
