//! What became of the rows of a page: counted, rejected by the database, or left alone.

use catchment_core::{ErrorKind, Location, Position, Reject};

use super::duplicates::value_differences;
use super::table_view::TableView;
use crate::compare::{Change, Difference};
use crate::counts::Counters;
use crate::mapping::Batch;
use crate::store::db::StoreError;
use crate::store::errors::Skip;

/// What became of the rows of a page.
#[derive(Debug, Default)]
pub(super) struct WriteOutcome {
    pub(super) counts: Counters,
    pub(super) rejects: Vec<Reject>,
    /// The rows that the database refused.
    pub(super) refused: Vec<usize>,
    /// Those that are left alone, as they changed since they were shown.
    pub(super) left: Vec<usize>,
    pub(super) skips: Vec<Skip>,
    /// Fields that differ, and that the table keeps.
    pub(super) fields_kept: u64,
}

impl WriteOutcome {
    /// Counts records whose rows are left alone, as they changed since they were shown.
    pub(super) fn leave(&mut self, batch: &Batch, records: Vec<usize>) {
        self.counts.skipped += records.len() as u64;
        // They are no duplicates, of which is told in what they differ.
        let skips = records
            .iter()
            .map(|record| Skip { row: None, ..skip("changed_meanwhile", batch, *record, None) });
        self.skips.extend(skips);
        self.left = records;
    }
}

/// A record that is left alone.
pub(super) fn skip(reason: &'static str, batch: &Batch, record: usize, first: Option<Location>) -> Skip {
    let (item, location) = (batch.item(record), batch.location(record).cloned());
    Skip { reason, row: Some(record), item, location, first, differences: Vec::new() }
}

/// A row that keeps all in which it differs. It is no duplicate, of which is told in what it differs from the first record.
pub(super) fn kept_edit(view: &TableView<'_>, change: &Change) -> Skip {
    let differences = change.kept.iter().flat_map(|kept| {
        let difference = Difference { column: kept.column, before: kept.there.clone() };
        value_differences(view, change.record, &difference)
    });
    let differences = differences.collect();
    Skip { row: None, differences, ..skip("kept_edit", view.batch, change.record, None) }
}

/// The reject of a row that the database refuses.
pub(super) fn refused(batch: &Batch, row: usize, failure: &StoreError) -> Reject {
    let message = format!("the database refused the row: {}", failure.message());
    let location = batch.location(row).cloned();
    let location = location.unwrap_or(Position::Line { line: 0, byte: 0 }.into());
    let raw = batch.raw(row);
    let mut reject = Reject::new(ErrorKind::Validation, "refused_by_database", message, location, raw);
    let is_blamed = |name: &str| {
        failure.message().contains(&format!("column '{name}'"))
            || failure.message().contains(&format!(".`{name}`"))
    };
    let blamed = batch.columns.iter().find(|column| is_blamed(&column.name));
    reject.column = blamed.map(|column| (*column.name).into());
    reject.item = Some(batch.item(row).into());
    reject.record = batch.record_json(row);
    reject
}
