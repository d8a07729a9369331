//! Tokens that sources are given in exchange for older ones: kept in the database, encrypted.

use async_trait::async_trait;
use catchment_core::{Result, TokenStore};

use crate::store::Store;
use crate::vault::Vault;

/// See the module.
#[derive(Debug)]
pub(super) struct Tokens {
    store: Store,
    vault: Vault,
}

impl Tokens {
    pub(super) fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault }
    }
}

#[async_trait]
impl TokenStore for Tokens {
    async fn token(&self, key: &str) -> Result<Option<String>> {
        // A check may be the first that this database sees of us.
        self.store.migrate().await?;
        let sealed = self.store.sealed_token(&self.vault.name(key)?).await?;
        sealed.map(|sealed| self.vault.unseal(&sealed)).transpose()
    }

    async fn keep_token(&self, key: &str, token: &str) -> Result<()> {
        self.store.store_token(&self.vault.name(key)?, &self.vault.seal(token)?).await
    }
}
