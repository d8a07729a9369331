//! Digests of changes: a change is known again by what it does to which row.

use sha2::{Digest, Sha256};

use super::change::Difference;
use super::identity::half_of;
use crate::store::TableView;

/// The digest of the change that a record makes to the row of an identity: of all values of a new row, or of those that
/// differ, before and after.
pub(crate) fn change_digest(
    view: &TableView<'_>,
    identity: u128,
    record: usize,
    differences: Option<&[Difference]>,
) -> u128 {
    let mut hash = Sha256::new();
    hash.update(identity.to_be_bytes());
    hash.update([u8::from(differences.is_some())]);
    let mut value = |text: Option<&str>| match text {
        Some(text) => {
            hash.update((text.len() as u64 + 1).to_be_bytes());
            hash.update(text.as_bytes());
        }
        None => hash.update(0_u64.to_be_bytes()),
    };
    let mut column = |column: usize, before: Option<Option<&str>>| {
        value(Some(&view.batch.columns[column].name));
        if let Some(before) = before {
            value(before);
        }
        value(view.batch.cell(record, column).to_text().as_deref());
    };
    match differences {
        Some(differences) => {
            for difference in differences {
                column(difference.column, Some(difference.before.as_deref()));
            }
        }
        None => (0..view.batch.columns.len()).for_each(|index| column(index, None)),
    }
    half_of(hash)
}

/// The digest of marking or deleting the row of an identity.
pub(crate) fn gone_digest(identity: u128) -> u128 {
    let mut hash = Sha256::new();
    hash.update(identity.to_be_bytes());
    hash.update([2]);
    half_of(hash)
}
