//! The content index itself, beside what syncs do to it.

use catchment_core::{Error, Result};

use crate::principal::{Principal, Scope};
use crate::store::Store;
use crate::target::{Table, find_built_in};

/// The table of this name among the targets.
fn content_index() -> Result<&'static Table> {
    let table = find_built_in("content_index");
    table
        .map(|table| &**table)
        .ok_or_else(|| Error::config("no_such_target", "there is no table `content_index`"))
}

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

    /// Deletes content that no run has seen for `days`, at least one. How many rows.
    ///
    /// # Errors
    /// `config`, `database`.
    pub async fn cleanup_old(&self, principal: &Principal, days: u32) -> Result<u64> {
        self.cleanup_old_of(principal, days, None).await
    }

    /// The same for one source, by its `source_identifier`; `None` is all of them.
    ///
    /// # Errors
    /// `config` (`no_such_source`), `database`.
    pub async fn cleanup_old_of(
        &self,
        principal: &Principal,
        days: u32,
        source: Option<&str>,
    ) -> Result<u64> {
        principal.require(Scope::Admin)?;
        self.require(source).await?;
        self.store.delete_old_rows(content_index()?, days, source).await
    }

    /// How many rows [`ContentIndexRepository::cleanup_old_of`] would delete.
    ///
    /// # Errors
    /// As that one.
    pub async fn count_old(&self, principal: &Principal, days: u32, source: Option<&str>) -> Result<u64> {
        principal.require(Scope::Read)?;
        self.require(source).await?;
        self.store.count_old_rows(content_index()?, days, source).await
    }

    /// Deletes all content of a source, however young. How many rows.
    ///
    /// # Errors
    /// `config` (`no_such_source`, `source_in_use`), `database`.
    pub async fn forget(&self, principal: &Principal, source: &str) -> Result<u64> {
        principal.require(Scope::Admin)?;
        self.require(Some(source)).await?;
        self.store.forget_rows_of(content_index()?, source).await
    }

    /// How many rows [`ContentIndexRepository::forget`] would delete.
    ///
    /// # Errors
    /// `config` (`no_such_source`), `database`.
    pub async fn count_of(&self, principal: &Principal, source: &str) -> Result<u64> {
        principal.require(Scope::Read)?;
        self.require(Some(source)).await?;
        self.store.count_rows_of(content_index()?, source).await
    }

    async fn require(&self, source: Option<&str>) -> Result<()> {
        match source {
            Some(source) => self.store.require_rows_of(content_index()?, source).await,
            None => Ok(()),
        }
    }
}
