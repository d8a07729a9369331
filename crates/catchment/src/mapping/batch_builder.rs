//! Making a batch, cell by cell.

use std::sync::Arc;

use catchment_core::{Page, Reject};

use super::batch::{Batch, Cell, FedColumn, StoredCell, read_cell};
use super::policies::Policies;
use crate::target::Table;

impl Batch {
    /// One without rows, as of a page that only moves the cursor.
    pub(crate) fn empty(table: Arc<Table>, page: Page) -> Self {
        BatchBuilder::new(table, Arc::default(), 0, false).finish(page, Vec::new())
    }

    /// One without rows that has the columns of its table's identity alone.
    pub(crate) fn of_identity(table: Arc<Table>) -> Self {
        let fed = |name: &String| {
            let (place, column) = table.column(name)?;
            Some(FedColumn { name: column.name.clone(), place: Some(place) })
        };
        let columns: Arc<[FedColumn]> = table.identity.iter().filter_map(fed).collect();
        BatchBuilder::new(table, columns, 0, false).finish(Page::default(), Vec::new())
    }

    /// One row with these values, by the names of their columns.
    pub(crate) fn of_row(table: &Arc<Table>, values: &[(&str, Option<&str>)]) -> Self {
        let known: Vec<_> = values
            .iter()
            .filter_map(|(name, text)| {
                if table.metadata.as_deref() == Some(*name) {
                    return Some((FedColumn { name: (*name).into(), place: None }, *text));
                }
                let (place, column) = table.column(name)?;
                Some((FedColumn { name: column.name.clone(), place: Some(place) }, *text))
            })
            .collect();
        let columns: Arc<[FedColumn]> = known.iter().map(|(fed, _)| fed.clone()).collect();
        let mut builder = BatchBuilder::new(table.clone(), columns, 1, false);
        for (fed, text) in &known {
            let kind = fed.place.and_then(|place| table.columns.get(place)).map(|column| &column.kind);
            match kind.map_or_else(|| Cell::from(*text), |kind| Cell::of(*text, kind)) {
                Cell::Null => builder.push_null(),
                Cell::Int(number) => builder.push_int(number),
                Cell::Text(text) => builder.push_text(text),
            }
        }
        builder.end_row(0);
        builder.finish(Page::default(), Vec::new())
    }
}

/// Where a row began, to go back to when it turns out not to fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowCheckpoint {
    text: usize,
    cells: usize,
}

/// Makes a batch, cell by cell.
pub(super) struct BatchBuilder {
    table: Arc<Table>,
    columns: Arc<[FedColumn]>,
    has_mapped_identity: bool,
    text: String,
    cells: Vec<StoredCell>,
    rows: Vec<usize>,
    filtered: Vec<usize>,
    policies: Option<Arc<Policies>>,
    changed_at: Vec<Option<Box<str>>>,
    /// Where the text being appended began.
    appended_from: usize,
}

impl BatchBuilder {
    /// For so many rows at most.
    pub(super) fn new(
        table: Arc<Table>,
        columns: Arc<[FedColumn]>,
        rows: usize,
        has_mapped_identity: bool,
    ) -> Self {
        let (cells, rows) = (Vec::with_capacity(rows * columns.len()), Vec::with_capacity(rows));
        Self {
            table,
            columns,
            has_mapped_identity,
            text: String::new(),
            cells,
            rows,
            filtered: Vec::new(),
            policies: None,
            changed_at: Vec::new(),
            appended_from: 0,
        }
    }

    /// The same for rows of which these say who wins where the table differs.
    pub(super) fn with_policies(self, policies: Option<Arc<Policies>>) -> Self {
        Self { policies, ..self }
    }

    /// When the record of the row that is being made changed last, by the next clock.
    pub(super) fn push_changed_at(&mut self, text: Option<Box<str>>) {
        self.changed_at.push(text);
    }

    pub(super) fn mark(&self) -> RowCheckpoint {
        RowCheckpoint { text: self.text.len(), cells: self.cells.len() }
    }

    pub(super) fn back_to(&mut self, mark: RowCheckpoint) {
        self.text.truncate(mark.text);
        self.cells.truncate(mark.cells);
        self.appended_from = mark.text;
        let clocks = self.policies.as_ref().map_or(0, |policies| policies.clocks.len());
        self.changed_at.truncate(self.rows.len() * clocks);
    }

    pub(super) fn end_row(&mut self, record: usize) {
        self.rows.push(record);
    }

    /// The option `where` leaves a record out.
    pub(super) fn leave_out(&mut self, record: usize) {
        self.filtered.push(record);
    }

    pub(super) fn push_null(&mut self) {
        self.cells.push(StoredCell::Null);
    }

    pub(super) fn push_int(&mut self, number: i64) {
        self.cells.push(StoredCell::Int(number));
    }

    pub(super) fn push_text(&mut self, text: &str) {
        self.append(text);
        self.push_appended();
    }

    /// Adds to the text that [`Self::push_appended`] will end.
    pub(super) fn append(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Makes all that was appended a cell.
    pub(super) fn push_appended(&mut self) {
        let (start, end) = (self.appended_from, self.text.len());
        self.appended_from = end;
        self.cells.push(StoredCell::Text { start, end });
    }

    /// A cell of the row that is being made.
    pub(super) fn current_cell(&self, column: usize) -> Cell<'_> {
        read_cell(&self.text, self.cells[self.rows.len() * self.columns.len() + column])
    }

    /// The cells of the row that is being made, so far.
    pub(super) fn current_row(&self) -> Vec<Cell<'_>> {
        let cells = &self.cells[self.rows.len() * self.columns.len()..];
        cells.iter().map(|cell| read_cell(&self.text, *cell)).collect()
    }

    /// Rows that are of no page.
    pub(super) fn finish_apart(self) -> Batch {
        self.finish(Page::default(), Vec::new())
    }

    pub(super) fn finish(mut self, page: Page, mapped_rejects: Vec<Reject>) -> Batch {
        let mut rejects = page.rejects;
        rejects.extend(mapped_rejects);
        rejects.sort_by(|one, other| one.location.order().cmp(&other.location.order()));
        // Several pages wait for their turn at the same time.
        self.text.shrink_to_fit();
        Batch {
            table: self.table,
            columns: self.columns,
            filtered: self.filtered,
            policies: self.policies,
            changed_at: self.changed_at,
            unidentified: 0,
            rejected: None,
            gone: None,
            gone_unidentified: 0,
            unchanged: None,
            unchanged_unidentified: 0,
            rejects,
            skips: page.skips,
            cursor: page.cursor,
            progress: page.progress,
            has_mapped_identity: self.has_mapped_identity,
            source_columns: page.columns,
            records: page.records,
            text: self.text,
            cells: self.cells,
            rows: self.rows,
        }
    }
}
