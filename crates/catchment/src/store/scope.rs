//! The rows among which an identity is one row, and how some of them are found by their identities.

use super::db::dialect::list;
use super::db::{Arg, Row, StoreError};
use crate::compare::{IdentityPart, identity_digest};

/// The digest of the rows among which an identity is one row: those of a table, or of one source of it.
pub(super) fn scope_of(table: &str, source: Option<[&str; 2]>) -> u128 {
    let names = std::iter::once(table).chain(source.into_iter().flatten());
    identity_digest(names.map(|name| IdentityPart::Text(name.into())))
}

/// Some rows of a scope, by the digests that our tables have of them.
pub(super) struct InScope(Vec<[u8; 16]>);

impl InScope {
    /// Those of these identities.
    pub(super) fn new(scope: u128, identities: impl Iterator<Item = u128>) -> Self {
        Self(std::iter::once(scope).chain(identities).map(u128::to_be_bytes).collect())
    }

    /// The condition that finds them.
    pub(super) fn condition(&self) -> String {
        format!("scope = ? AND identity IN ({})", list("?", self.0.len() - 1))
    }

    /// Its parameters.
    pub(super) fn args(&self) -> Vec<Arg<'_>> {
        self.0.iter().map(|digest| Arg::Bytes(digest)).collect()
    }
}

/// A digest that a row has.
pub(super) fn digest_in(row: &Row, column: usize) -> Result<u128, StoreError> {
    Ok(row.bytes(column)?.try_into().map(u128::from_be_bytes).unwrap_or_default())
}
