//! The content index itself, beside what syncs do to it.

use catchment_core::Result;

use crate::principal::{Principal, Scope};
use crate::store::Store;

/// The table `content_index`.
#[derive(Debug, Clone)]
pub struct ContentIndexRepository {
    store: Store,
}

impl ContentIndexRepository {
    /// The one of this database.
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Deletes content that no run has seen for `days`. How many rows.
    ///
    /// # Errors
    /// `database`.
    pub async fn cleanup_old(&self, principal: &Principal, days: u32) -> Result<u64> {
        principal.require(Scope::Admin)?;
        self.store.delete_old_content(days).await
    }
}
