//! What sources leave for later: `sync_states` for the next run of the same request, `sync_tokens` for whoever
//! authenticates next.

use catchment_core::Result;

use super::db::{Arg, Tx};
use super::dialect::{Sql, sql};
use super::error::Failure;
use super::{Store, unreadable};

/// What a completed run leaves for the next one.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The same for runs of equal requests.
    pub(crate) key: String,
    pub(crate) value: serde_json::Value,
}

impl Store {
    /// What the last completed run of a request left.
    pub(crate) async fn kept(&self, key: &str) -> Result<Option<serde_json::Value>> {
        let rows =
            self.db.fetch(sql!("SELECT kept FROM sync_states WHERE state_key = ?"), &[key.into()]).await?;
        let read =
            |text: &str| serde_json::from_str(text).map_err(|error| unreadable("a source's state", &error));
        rows.first().map(|row| read(row.text(0)?)).transpose()
    }

    /// The token, sealed, that was stored last under a name.
    pub(crate) async fn sealed_token(&self, name: &str) -> Result<Option<String>> {
        let rows =
            self.db.fetch(sql!("SELECT sealed FROM sync_tokens WHERE name = ?"), &[name.into()]).await?;
        Ok(rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()?)
    }

    /// Stores a sealed token in the place of the one before.
    pub(crate) async fn store_token(&self, name: &str, sealed: &str) -> Result<()> {
        let sql = Sql {
            mysql: "INSERT INTO sync_tokens (name, sealed) VALUES (?, ?) ON DUPLICATE KEY UPDATE sealed = VALUES(sealed)",
            sqlite: "INSERT INTO sync_tokens (name, sealed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET \
                     sealed = excluded.sealed, updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')",
        };
        self.db.execute(sql, &[name.into(), sealed.into()]).await?;
        Ok(())
    }
}

/// Stores what a run leaves, in the transaction that completes it.
pub(super) async fn keep(tx: &mut Tx, run_id: i64, kept: &Kept) -> Result<(), Failure> {
    let sql = Sql {
        mysql: "INSERT INTO sync_states (state_key, sync_run_id, kept) VALUES (?, ?, ?) \
                ON DUPLICATE KEY UPDATE sync_run_id = VALUES(sync_run_id), kept = VALUES(kept)",
        sqlite: "INSERT INTO sync_states (state_key, sync_run_id, kept) VALUES (?, ?, ?) \
                 ON CONFLICT (state_key) DO UPDATE SET sync_run_id = excluded.sync_run_id, kept = excluded.kept, \
                 updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')",
    };
    let value = kept.value.to_string();
    tx.execute(sql, &[Arg::from(&kept.key), run_id.into(), Arg::from(&value)]).await?;
    Ok(())
}
