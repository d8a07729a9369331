//! The rows among which an identity is one row.

use crate::compare::{IdentityPart, identity_digest};

/// The digest of the rows among which an identity is one row: those of a table, or of one source of it.
pub(super) fn scope_of(table: &str, source: Option<[&str; 2]>) -> u128 {
    let names = std::iter::once(table).chain(source.into_iter().flatten());
    identity_digest(names.map(|name| IdentityPart::Text(name.into())))
}
