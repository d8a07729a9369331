//! Rows on their way to a table. All text is in one buffer, so that a value costs no allocation.

use std::sync::Arc;

use catchment_core::{Cursor, Location, Page, Position, Progress, Record, Records, Reject, truncate_text};

use crate::target::Table;

/// Longest name of a row for people: what `item_identifier` holds.
const MAX_ITEM_BYTES: usize = 512;

/// A page, mapped: rows that fit their table, and rejects.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The table.
    pub table: &'static Table,
    /// The table's columns that are fed, one for each cell of a row.
    pub columns: Arc<[&'static str]>,
    /// What was rejected so far, in the order of the source.
    pub rejects: Vec<Reject>,
    /// The position to resume from after this page.
    pub cursor: Cursor,
    /// How far the source has been read.
    pub progress: Progress,
    /// See [`super::Mapping::has_mapped_identity`].
    pub has_mapped_identity: bool,
    records: Records,
    text: String,
    cells: Vec<StoredCell>,
    /// For each row, which record it came from.
    rows: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
enum StoredCell {
    Null,
    Int(i64),
    Text { start: usize, end: usize },
}

/// A value as the database takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cell<'a> {
    /// NULL.
    Null,
    /// A whole number or a flag.
    Int(i64),
    /// Text, an exact decimal, or JSON.
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// Bytes that it takes on its way to a database, about.
    pub(crate) fn size(self) -> usize {
        12 + self.as_text().map_or(0, str::len)
    }

    /// The text, where it is one.
    pub(crate) fn as_text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Int(_) => None,
        }
    }
}

impl Batch {
    /// One without rows, as of a page that only moves the cursor.
    pub(crate) fn empty(table: &'static Table, page: Page) -> Self {
        BatchBuilder::new(table, Arc::default(), 0, false).finish(page, Vec::new())
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Records of the source that this page accounts for: rows and rejects.
    pub(crate) fn records(&self) -> usize {
        self.rows.len() + self.rejects.len()
    }

    /// A value of a row.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        read_cell(&self.text, self.cells[row * self.columns.len() + column])
    }

    /// All values of a row.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        let width = self.columns.len();
        self.cells[row * width..(row + 1) * width].iter().map(|cell| read_cell(&self.text, *cell))
    }

    /// The places of the columns that tell rows apart.
    pub(crate) fn identity(&self) -> Vec<usize> {
        self.places(self.table.identity)
    }

    fn places(&self, names: &[&str]) -> Vec<usize> {
        names.iter().filter_map(|name| self.columns.iter().position(|column| column == name)).collect()
    }

    /// Where the record of a row stands in its source.
    pub(crate) fn location(&self, row: usize) -> Option<&Location> {
        self.records.get(self.rows[row]).map(Record::location)
    }

    /// The record of a row as it was read.
    pub(crate) fn raw(&self, row: usize) -> &str {
        self.records.get(self.rows[row]).map_or("", |record| record.raw())
    }

    /// What identifies a row, for people: its identity, or what that is derived from.
    pub(crate) fn item(&self, row: usize) -> String {
        let is_derived = self.table.is_by_source && !self.has_mapped_identity;
        let columns = if is_derived { self.places(&["title", "artist"]) } else { self.identity() };
        let parts: Vec<_> =
            columns.into_iter().filter_map(|column| self.cell(row, column).as_text()).collect();
        truncate_text(&parts.join(" / "), MAX_ITEM_BYTES)
    }
}

fn read_cell(text: &str, cell: StoredCell) -> Cell<'_> {
    match cell {
        StoredCell::Null => Cell::Null,
        StoredCell::Int(number) => Cell::Int(number),
        StoredCell::Text { start, end } => Cell::Text(&text[start..end]),
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
    table: &'static Table,
    columns: Arc<[&'static str]>,
    has_mapped_identity: bool,
    text: String,
    cells: Vec<StoredCell>,
    rows: Vec<usize>,
    /// Where the text being appended began.
    appended_from: usize,
}

impl BatchBuilder {
    /// For so many rows at most.
    pub(super) fn new(
        table: &'static Table,
        columns: Arc<[&'static str]>,
        rows: usize,
        has_mapped_identity: bool,
    ) -> Self {
        let (cells, rows) = (Vec::with_capacity(rows * columns.len()), Vec::with_capacity(rows));
        Self { table, columns, has_mapped_identity, text: String::new(), cells, rows, appended_from: 0 }
    }

    pub(super) fn mark(&self) -> RowCheckpoint {
        RowCheckpoint { text: self.text.len(), cells: self.cells.len() }
    }

    pub(super) fn back_to(&mut self, mark: RowCheckpoint) {
        self.text.truncate(mark.text);
        self.cells.truncate(mark.cells);
        self.appended_from = mark.text;
    }

    pub(super) fn end_row(&mut self, record: usize) {
        self.rows.push(record);
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

    pub(super) fn finish(mut self, page: Page, mapped_rejects: Vec<Reject>) -> Batch {
        let mut rejects = page.rejects;
        rejects.extend(mapped_rejects);
        // Files are read in the order of their names.
        rejects.sort_by(|one, other| order_of(one).cmp(&order_of(other)));
        // Several pages wait for their turn at the same time.
        self.text.shrink_to_fit();
        Batch {
            table: self.table,
            columns: self.columns,
            rejects,
            cursor: page.cursor,
            progress: page.progress,
            has_mapped_identity: self.has_mapped_identity,
            records: page.records.without_values(),
            text: self.text,
            cells: self.cells,
            rows: self.rows,
        }
    }
}

/// Where a reject stands in the order of the source.
fn order_of(reject: &Reject) -> (Option<&str>, u64) {
    let Location { file, position } = &reject.location;
    let number = match position {
        Position::Line { byte, .. } => *byte,
        Position::Item { page, .. } => *page,
        Position::Row { row, .. } => *row,
    };
    (file.as_deref(), number)
}
