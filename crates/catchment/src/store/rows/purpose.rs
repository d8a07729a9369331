//! What becomes of the changes that a run's pages make.

use super::table_view::TableView;
use crate::compare::{Changes, DigestSet, change_digest};

/// What becomes of the changes that a run's pages make.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// They are written.
    Write,
    /// They are found, tried, and undone.
    Find,
    /// Those are written that a preview has shown, by their digests.
    WriteShown(DigestSet),
}

impl Purpose {
    pub(super) fn is_to_find(&self) -> bool {
        matches!(self, Self::Find)
    }

    /// Takes out the changes that nobody was shown: the records whose rows are left alone.
    pub(super) fn keep_shown(
        &self,
        view: &TableView<'_>,
        identities: &[u128],
        changes: &mut Changes,
    ) -> Vec<usize> {
        let Self::WriteShown(shown) = self else { return Vec::new() };
        let mut left = Vec::new();
        changes.insert.retain(|record| {
            let is_shown = shown.contains(&change_digest(view, identities[*record], *record, None));
            left.extend((!is_shown).then_some(*record));
            is_shown
        });
        changes.update.retain(|change| {
            let digest =
                change_digest(view, identities[change.record], change.record, Some(&change.differences));
            left.extend((!shown.contains(&digest)).then_some(change.record));
            shown.contains(&digest)
        });
        left
    }
}
