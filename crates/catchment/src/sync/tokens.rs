//! Tokens that sources are given in exchange for older ones: kept in the database, encrypted.

use std::time::Duration;

use async_trait::async_trait;
use catchment_core::{Error, ErrorKind, Result, TokenStore};

use crate::store::Store;
use crate::vault::Vault;

/// How often a token that somebody else uses is asked for again, and for how long.
const INTERVAL: Duration = Duration::from_millis(200);
const TRIES: u32 = 450;

/// A [`TokenStore`] in the database.
#[derive(Debug)]
pub(super) struct DatabaseTokenStore {
    store: Store,
    vault: Vault,
    /// Who claims.
    owner: String,
}

impl DatabaseTokenStore {
    pub(super) fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault, owner: format!("{:032x}", rand::random::<u128>()) }
    }
}

#[async_trait]
impl TokenStore for DatabaseTokenStore {
    async fn token(&self, key: &str) -> Result<Option<String>> {
        let sealed = self.store.sealed_token(&self.vault.name(key)?).await?;
        sealed.map(|sealed| self.vault.unseal(&sealed)).transpose()
    }

    async fn keep_token(&self, key: &str, token: &str) -> Result<()> {
        self.store.store_token(&self.vault.name(key)?, &self.vault.seal(token)?).await
    }

    async fn claim(&self, key: &str) -> Result<()> {
        // A check may come before the tables: it makes none, and must not use up a token that could not be kept.
        if !self.store.is_migrated().await? {
            return Err(Error::config(
                "no_token_store",
                "the refresh token cannot be used yet: the server may replace it, and the database has no tables to \
                 keep the new one in; run `catchment migrate` first",
            ));
        }
        let name = self.vault.name(key)?;
        for _ in 0..TRIES {
            if self.store.claim_token(&name, &self.owner).await? {
                return Ok(());
            }
            tokio::time::sleep(INTERVAL).await;
        }
        let message = "another run is using the same refresh token, and has not released it in time";
        Err(Error::new(ErrorKind::Unavailable, "token_claimed", message))
    }

    async fn release(&self, key: &str) {
        let released = async { self.store.release_token(&self.vault.name(key)?, &self.owner).await };
        if let Err(error) = released.await {
            tracing::debug!(%error, "the claim on a token could not be released; it will expire");
        }
    }
}
