//! What a page of a preview found: the changes that a run would make, as they are kept and summed up.

use super::duplicates::value_differences;
use super::table_view::TableView;
use crate::compare::{Changes, Difference, change_digest, decimal_text};
use crate::preview::{ChangeKind, ColumnChanges, FieldChange, LargestChange, PreviewSummary};
use crate::store::ValueDifference;
use crate::store::changes::NewChange;
use crate::target::ColumnKind;

/// What a page of a preview found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// As many as the run may still store.
    pub(super) changes: Vec<NewChange>,
    /// Of all changes.
    pub(super) digests: Vec<u128>,
}

impl Found {
    /// Takes the changes of a page into account, but for those that the database refused. `identities` are those of its
    /// records.
    pub(super) fn of(
        view: &TableView<'_>,
        identities: &[u128],
        changes: &Changes,
        refused: &[usize],
        summary: &mut PreviewSummary,
        max_stored: u64,
    ) -> Self {
        let made = |record: &usize| !refused.contains(record);
        let inserts = changes.insert.iter().copied().filter(made).map(|record| (record, None));
        let updates = changes.update.iter().filter(|change| made(&change.record));
        let mut all: Vec<_> = inserts.chain(updates.map(|change| (change.record, Some(change)))).collect();
        // In the order of the source.
        all.sort_unstable_by_key(|(record, _)| *record);
        let mut found = Self::default();
        for (record, change) in all {
            let differences = change.map(|change| &*change.differences);
            let digest = change_digest(view, identities[record], record, differences);
            found.digests.push(digest);
            let described = match differences {
                Some(differences) => updated(view, record, differences),
                None => inserted(view, record),
            };
            if let Some(differences) = differences {
                sum_up(view, differences, &described, summary);
            }
            let stored =
                if differences.is_some() { &mut summary.updates_stored } else { &mut summary.inserts_stored };
            if *stored < max_stored {
                *stored += 1;
                found.changes.push(described);
            }
        }
        summary.add_digests(&found.digests);
        found
    }
}

fn inserted(view: &TableView<'_>, record: usize) -> NewChange {
    let columns = (0..view.batch.columns.len()).map(|column| Difference { column, before: None });
    let fields = columns.flat_map(|column| field_changes(view, record, &column));
    let fields = fields.filter(|field| field.after.is_some()).collect();
    change(view, record, ChangeKind::Insert, fields)
}

fn updated(view: &TableView<'_>, record: usize, differences: &[Difference]) -> NewChange {
    let fields = differences.iter().flat_map(|difference| field_changes(view, record, difference)).collect();
    change(view, record, ChangeKind::Update, fields)
}

fn change(view: &TableView<'_>, record: usize, kind: ChangeKind, fields: Vec<FieldChange>) -> NewChange {
    let (item, location) = (view.batch.item(record), view.batch.location(record).cloned());
    let size = fields.iter().map(FieldChange::size).fold(0.0, f64::max);
    NewChange { kind, item, location, size, fields }
}

fn field_changes(view: &TableView<'_>, record: usize, difference: &Difference) -> Vec<FieldChange> {
    let kind = view.batch.kind(difference.column);
    let decimal = |text: String| match kind {
        ColumnKind::Decimal(_) => decimal_text(&text).into_owned(),
        _ => text,
    };
    let field = |value: ValueDifference| FieldChange {
        column: value.column,
        before: value.first.map(decimal),
        after: value.here,
        is_number: kind.is_number(),
    };
    value_differences(view, record, difference).into_iter().map(field).collect()
}

/// Sums up what an update changes in each column.
fn sum_up(
    view: &TableView<'_>,
    differences: &[Difference],
    updated: &NewChange,
    summary: &mut PreviewSummary,
) {
    for Difference { column, .. } in differences {
        let name = &*view.batch.columns[*column].name;
        let column: &mut ColumnChanges = summary.columns.entry(name.to_owned()).or_default();
        column.rows += 1;
        let Some(field) = updated.fields.iter().find(|field| field.is_number && field.column == name) else {
            continue;
        };
        let (Some(before), Some(after)) = (&field.before, &field.after) else { continue };
        if column.largest.as_ref().is_none_or(|largest| largest.size() < field.size()) {
            let item = updated.item.clone();
            column.largest = Some(LargestChange { item, before: before.clone(), after: after.clone() });
        }
    }
}
