//! The unit of progress: some records, what could not be read, and the cursor that stands after them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::value::printable;
use crate::{Cursor, ErrorKind, Progress, Value, cut};

/// How much of a record that could not be applied is kept, in bytes.
pub const MAX_RAW_BYTES: usize = 4096;

/// The name of a column that holds the whole record as a JSON object. Where there is one, what no column is mapped
/// from is kept as it stands there.
pub const WHOLE_RECORD: &str = "*";

/// The names of a page's columns, shared by all its records.
pub type Columns = Arc<[Box<str>]>;

/// Some records in the order of the source, and the cursor that stands after them. A page without records only moves
/// the cursor.
#[derive(Debug)]
pub struct Page {
    /// One name for each value of a record.
    pub columns: Columns,
    /// What was read.
    pub records: Records,
    /// What could not be read. They count as records.
    pub rejects: Vec<Reject>,
    /// Where reading goes on after this page.
    pub cursor: Cursor,
    /// How far the source has been read.
    pub progress: Progress,
}

/// How large a page should become. The engine makes it smaller when the database is slow; a source looks at
/// it again before each page.
#[derive(Debug, Clone)]
pub struct PageSize {
    rows: Arc<AtomicUsize>,
    max_bytes: usize,
}

impl PageSize {
    /// A page of at most `rows` records.
    pub fn rows(rows: usize) -> Self {
        Self { rows: Arc::new(AtomicUsize::new(rows.max(1))), max_bytes: 4 << 20 }
    }

    /// Records that a page should hold at most, rejects included; at least 1.
    pub fn max_rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes after which a page should end; one record more may pass it.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Sets the number of records, from the next page on.
    pub fn set_rows(&self, rows: usize) {
        self.rows.store(rows.max(1), Ordering::Relaxed);
    }
}

impl Default for PageSize {
    /// 5,000 records or 4 MiB.
    fn default() -> Self {
        Self::rows(5000)
    }
}

/// Where a record stands in its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In a text: the line it begins in, from 1, and the byte, from 0.
    Line {
        /// From 1.
        line: u64,
        /// From 0, in the text as decoded.
        byte: u64,
    },
    /// In an answer of a paginated source.
    Item {
        /// From 1.
        page: u64,
        /// Its place in the page, as a JSON path (RFC 9535).
        path: Box<str>,
    },
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, .. } => write!(f, "line {line}"),
            Self::Item { page, path } => write!(f, "page {page}, {path}"),
        }
    }
}

/// The records of a page. All text is in one buffer, so that a value costs no allocation.
#[derive(Debug, Default)]
pub struct Records {
    text: String,
    cells: Vec<Cell>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
enum CellKind {
    Null,
    False,
    True,
    Number,
    Text,
    Json,
}

/// A value; its text begins where that of the cell before it ends.
#[derive(Debug, Clone, Copy)]
struct Cell {
    kind: CellKind,
    end: usize,
}

#[derive(Debug)]
struct Row {
    position: Position,
    raw_start: usize,
    raw_end: usize,
    first_cell: usize,
    end_cell: usize,
}

impl Records {
    /// Appends a record: where it stands, its text as it was read, and a value for each column of the page.
    pub fn push<'v>(&mut self, position: Position, raw: &str, values: impl IntoIterator<Item = Value<'v>>) {
        let raw_start = self.text.len();
        self.text.push_str(raw);
        let (raw_end, first_cell) = (self.text.len(), self.cells.len());
        for value in values {
            let (kind, text) = match value {
                Value::Null => (CellKind::Null, ""),
                Value::Bool(false) => (CellKind::False, ""),
                Value::Bool(true) => (CellKind::True, ""),
                Value::Number(text) => (CellKind::Number, text),
                Value::Text(text) => (CellKind::Text, text),
                Value::Json(text) => (CellKind::Json, text),
            };
            self.text.push_str(text);
            self.cells.push(Cell { kind, end: self.text.len() });
        }
        let end_cell = self.cells.len();
        self.rows.push(Row { position, raw_start, raw_end, first_cell, end_cell });
    }

    /// The same records with their places and their texts alone, in less memory: every value is null.
    pub fn without_values(self) -> Self {
        let mut bare = Self::default();
        bare.text.reserve_exact(self.rows.iter().map(|row| row.raw_end - row.raw_start).sum());
        bare.rows.reserve_exact(self.rows.len());
        for row in self.rows {
            bare.push(row.position, &self.text[row.raw_start..row.raw_end], []);
        }
        bare
    }

    /// Keeps the first ones only.
    pub fn truncate(&mut self, count: usize) {
        self.rows.truncate(count);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of text held, for comparison with [`PageSize::max_bytes`].
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The record of that place, counted from 0.
    pub fn get(&self, index: usize) -> Option<Record<'_>> {
        self.rows.get(index).map(|row| Record { records: self, row })
    }

    /// The records in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.rows.iter().map(|row| Record { records: self, row })
    }
}

/// One item of a source.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    records: &'a Records,
    row: &'a Row,
}

impl<'a> Record<'a> {
    /// Where it stands in the source.
    pub fn position(self) -> &'a Position {
        &self.row.position
    }

    /// Its text as it was read.
    pub fn raw(self) -> &'a str {
        &self.records.text[self.row.raw_start..self.row.raw_end]
    }

    /// How many values it has.
    pub fn len(self) -> usize {
        self.row.end_cell - self.row.first_cell
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value of a column, counted from 0; null past the last.
    pub fn value(self, column: usize) -> Value<'a> {
        let cells = &self.records.cells[self.row.first_cell..self.row.end_cell];
        let Some(cell) = cells.get(column) else { return Value::Null };
        let start = if column == 0 { self.row.raw_end } else { cells[column - 1].end };
        let text = &self.records.text[start..cell.end];
        match cell.kind {
            CellKind::Null => Value::Null,
            CellKind::False => Value::Bool(false),
            CellKind::True => Value::Bool(true),
            CellKind::Number => Value::Number(text),
            CellKind::Text => Value::Text(text),
            CellKind::Json => Value::Json(text),
        }
    }

    /// Its values in the order of the columns.
    pub fn values(self) -> impl ExactSizeIterator<Item = Value<'a>> {
        (0..self.len()).map(move |column| self.value(column))
    }
}

/// A record that could not be applied: why, where it stands, and what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// [`ErrorKind::Parsing`] or [`ErrorKind::Validation`].
    pub kind: ErrorKind,
    /// A stable name in snake case, such as `ragged_row`.
    pub code: &'static str,
    /// What is wrong and what would be accepted, for people.
    pub message: String,
    /// Where the record stands.
    pub position: Position,
    /// The target column that refused its value.
    pub column: Option<Box<str>>,
    /// What identifies the record in its source, where that is known.
    pub item: Option<Box<str>>,
    /// Its text, cut at [`MAX_RAW_BYTES`].
    pub raw: String,
}

impl Reject {
    /// A reject of `raw`, which is cut.
    pub fn new(kind: ErrorKind, code: &'static str, message: String, position: Position, raw: &str) -> Self {
        let (message, raw) = (printable(message), cut(raw, MAX_RAW_BYTES));
        Self { kind, code, message, position, column: None, item: None, raw }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were_pushed() {
        let mut records = Records::default();
        let values =
            [Value::Text("a"), Value::Null, Value::Bool(true), Value::Number("1e400"), Value::Text("")];
        for line in 1..=2 {
            records.push(Position::Line { line, byte: 0 }, "raw text", values);
        }
        for (record, line) in records.iter().zip(1..) {
            assert_eq!(record.values().collect::<Vec<_>>(), values);
            assert_eq!(record.raw(), "raw text");
            assert_eq!(record.position(), &Position::Line { line, byte: 0 });
            assert_eq!(record.value(9), Value::Null);
        }
    }
}
