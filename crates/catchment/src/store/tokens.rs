//! What sources leave for later: `sync_states` for the next run of the same request, `sync_tokens` for whoever
//! authenticates next.

use catchment_core::Result;

use super::Store;
use super::db::dialect::Sql;
use super::db::{Arg, FailureClass, StoreError, Tx};
use super::values::unreadable;
use crate::run::SyncRun;

/// What a completed run leaves for the next one.
#[derive(Debug, Clone)]
pub(crate) struct StoredCarryover {
    /// The same for runs of equal requests.
    pub(crate) key: String,
    pub(crate) value: serde_json::Value,
}

impl Store {
    /// What the last completed run of a request left.
    pub(crate) async fn kept(&self, key: &str) -> Result<Option<serde_json::Value>> {
        let rows = self.db.fetch("SELECT kept FROM sync_states WHERE state_key = ?", &[key.into()]).await?;
        let read =
            |text: &str| serde_json::from_str(text).map_err(|error| unreadable("a source's state", &error));
        rows.first().map(|row| read(row.text(0)?)).transpose()
    }

    /// The token, sealed, that was stored last under a name.
    pub(crate) async fn sealed_token(&self, name: &str) -> Result<Option<String>> {
        let rows = self.db.fetch("SELECT sealed FROM sync_tokens WHERE name = ?", &[name.into()]).await?;
        Ok(rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()?)
    }

    /// Stores a sealed token in the place of the one before.
    pub(crate) async fn store_token(&self, name: &str, sealed: &str) -> Result<()> {
        let sql = Sql::Each {
            mysql: "INSERT INTO sync_tokens (name, sealed) VALUES (?, ?) ON DUPLICATE KEY UPDATE sealed = VALUES(sealed)",
            sqlite: "INSERT INTO sync_tokens (name, sealed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET \
                     sealed = excluded.sealed, updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')",
        };
        self.db.execute(sql, &[name.into(), sealed.into()]).await?;
        Ok(())
    }
}

/// How long a claim on a token counts, in milliseconds; an exchange takes less.
const CLAIM_MS: i64 = 60_000;

impl Store {
    /// Claims the use of a token; false while somebody else has it.
    pub(crate) async fn claim_token(&self, name: &str, owner: &str) -> Result<bool> {
        let take_over = "UPDATE sync_token_claims SET claimed_by = ?, claimed_until = {now + ? ms} WHERE name = ? \
             AND claimed_until < {now}";
        if self.db.execute(take_over, &[owner.into(), CLAIM_MS.into(), name.into()]).await? == 1 {
            return Ok(true);
        }
        let claim =
            "INSERT INTO sync_token_claims (name, claimed_by, claimed_until) VALUES (?, ?, {now + ? ms})";
        match self.db.execute(claim, &[name.into(), owner.into(), CLAIM_MS.into()]).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_duplicate() || failure.class == FailureClass::Contended => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Gives a claim back.
    pub(crate) async fn release_token(&self, name: &str, owner: &str) -> Result<()> {
        let sql = "DELETE FROM sync_token_claims WHERE name = ? AND claimed_by = ?";
        self.db.execute(sql, &[name.into(), owner.into()]).await?;
        Ok(())
    }

    /// Whether a source has a completed run on record, so that what it left counts.
    pub(crate) async fn has_completed(&self, run: &SyncRun) -> Result<bool> {
        let sql = "SELECT 1 FROM sync_sources WHERE target_table = ? AND source_type = ? AND source_name = ? \
             AND last_completed_at IS NOT NULL";
        let args =
            [Arg::from(&run.target_table), Arg::from(&run.request.source_type), Arg::from(&run.source_name)];
        Ok(!self.db.fetch(sql, &args).await?.is_empty())
    }
}

/// Notes that a source has a completed run, in the transaction that completes it.
pub(super) async fn note_completed(tx: &mut Tx, run_id: i64) -> Result<(), StoreError> {
    let sql = Sql::Each {
        mysql: "INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) \
                SELECT target_table, source_type, source_name, completed_at FROM sync_runs WHERE id = ? \
                ON DUPLICATE KEY UPDATE last_completed_at = VALUES(last_completed_at)",
        sqlite: "INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) \
                 SELECT target_table, source_type, source_name, completed_at FROM sync_runs WHERE id = ? \
                 ON CONFLICT (target_table, source_type, source_name) DO UPDATE SET \
                 last_completed_at = excluded.last_completed_at",
    };
    tx.execute(sql, &[run_id.into()]).await?;
    Ok(())
}

/// Stores what a run leaves, in the transaction that completes it.
pub(super) async fn keep(tx: &mut Tx, run_id: i64, kept: &StoredCarryover) -> Result<(), StoreError> {
    let sql = Sql::Each {
        mysql: "INSERT INTO sync_states (state_key, sync_run_id, kept) VALUES (?, ?, ?) \
                ON DUPLICATE KEY UPDATE sync_run_id = VALUES(sync_run_id), kept = VALUES(kept), \
                updated_at = CURRENT_TIMESTAMP(3)",
        sqlite: "INSERT INTO sync_states (state_key, sync_run_id, kept) VALUES (?, ?, ?) \
                 ON CONFLICT (state_key) DO UPDATE SET sync_run_id = excluded.sync_run_id, kept = excluded.kept, \
                 updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')",
    };
    let value = kept.value.to_string();
    tx.execute(sql, &[Arg::from(&kept.key), run_id.into(), Arg::from(&value)]).await?;
    Ok(())
}
