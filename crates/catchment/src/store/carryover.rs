//! `sync_states`: what a completed run carries over to the next run of the same request.

use catchment_core::Result;

use super::Store;
use super::db::dialect::Sql;
use super::db::{Arg, StoreError, Tx};
use super::values::unreadable;

/// What a completed run carries over to the next one.
#[derive(Debug, Clone)]
pub(crate) struct StoredCarryover {
    /// The same for runs of equal requests.
    pub(crate) key: String,
    pub(crate) value: serde_json::Value,
}

impl Store {
    /// What the last completed run of a request carries over.
    pub(crate) async fn carryover(&self, key: &str) -> Result<Option<serde_json::Value>> {
        let rows = self.db.fetch("SELECT kept FROM sync_states WHERE state_key = ?", &[key.into()]).await?;
        let read =
            |text: &str| serde_json::from_str(text).map_err(|error| unreadable("a source's state", &error));
        rows.first().map(|row| read(row.text(0)?)).transpose()
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
    let value = carryover.value.to_string();
    tx.execute(sql, &[Arg::from(&carryover.key), run_id.into(), Arg::from(&value)]).await?;
    Ok(())
}
