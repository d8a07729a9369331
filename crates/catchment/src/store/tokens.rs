//! `sync_tokens` and `sync_token_claims`: the newest token under a name, sealed, and who is exchanging it now.

use catchment_core::Result;

use super::Store;
use super::db::FailureClass;
use super::db::dialect::Sql;

/// How long a claim on a token counts, in milliseconds; an exchange takes less.
const CLAIM_MS: i64 = 60_000;

impl Store {
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
}
