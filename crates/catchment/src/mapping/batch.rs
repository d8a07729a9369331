//! Rows on their way to a table. All text is in one buffer, so that a value costs no allocation.

use std::borrow::Cow;
use std::sync::Arc;

use catchment_core::{Columns, Cursor, Location, Progress, Record, Records, Reject, Skip, truncate_text};

use super::policies::Policies;
use crate::target::{Column, ColumnKind, Table};

/// What the column of what nothing maps holds.
const METADATA: ColumnKind = ColumnKind::Json { max_digits: None };

/// Longest name of a row for people: what `item_identifier` holds.
const MAX_ITEM_BYTES: usize = 512;

/// A page, mapped: rows that fit their table, and rejects.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The table.
    pub table: Arc<Table>,
    /// The table's columns that are fed, one for each cell of a row.
    pub columns: Arc<[FedColumn]>,
    /// The records that the option `where` left out, in the order of the source.
    pub filtered: Vec<usize>,
    /// What was rejected so far, in the order of the source.
    pub rejects: Vec<Reject>,
    /// What the source passed over.
    pub skips: Vec<Skip>,
    /// Records that were rejected and whose identity is known, where it matters that they are still there: rows of which the
    /// identity alone counts.
    pub rejected: Option<Box<Batch>>,
    /// How many others were rejected.
    pub unidentified: u64,
    /// What left the source, as the source tells: the same.
    pub gone: Option<Box<Batch>>,
    /// How many others left it.
    pub gone_unidentified: u64,
    /// What the source vouches for to be as it was: the same.
    pub unchanged: Option<Box<Batch>>,
    /// How many others.
    pub unchanged_unidentified: u64,
    /// Who wins where the table differs; `None` where its rows do everywhere.
    pub policies: Option<Arc<Policies>>,
    /// For each row, when its record changed last by each clock of the policies.
    pub(super) changed_at: Vec<Option<Box<str>>>,
    /// The position to resume from after this page.
    pub cursor: Cursor,
    /// How far the source has been read.
    pub progress: Progress,
    /// See [`super::Mapping::has_mapped_identity`].
    pub has_mapped_identity: bool,
    pub(super) source_columns: Columns,
    pub(super) records: Records,
    pub(super) text: String,
    pub(super) cells: Vec<StoredCell>,
    /// For each row, which record it came from.
    pub(super) rows: Vec<usize>,
}

/// A column of a table that a mapping feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FedColumn {
    pub(crate) name: Arc<str>,
    /// Where it stands among the columns of its table; none for the JSON of what nothing maps.
    pub(crate) place: Option<usize>,
}

/// A cell as it is stored: its text by where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum StoredCell {
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

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl<'a> Cell<'a> {
    /// A value of a column that was kept as text.
    pub(crate) fn of(text: Option<&'a str>, kind: &ColumnKind) -> Self {
        match text.map(str::parse) {
            Some(Ok(number)) if kind.is_int64() => Self::Int(number),
            _ => text.into(),
        }
    }

    /// Bytes that it takes on its way to a database, about.
    pub(crate) fn size(self) -> usize {
        12 + self.as_text().map_or(0, str::len)
    }

    /// The value as text; `None` for NULL.
    pub(crate) fn to_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Null => None,
            Self::Int(number) => Some(number.to_string().into()),
            Self::Text(text) => Some(text.into()),
        }
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
    /// The column of a cell; `None` for the JSON of what nothing maps.
    pub(crate) fn column(&self, column: usize) -> Option<&Column> {
        self.table.columns.get(self.columns[column].place?)
    }

    /// What fits into the column of a cell.
    pub(crate) fn kind(&self, column: usize) -> &ColumnKind {
        self.column(column).map_or(&METADATA, |column| &column.kind)
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Records of the source that this page accounts for: rows, rejects, what was left out, and what the source vouches for.
    pub(crate) fn records(&self) -> usize {
        self.rows.len() + self.rejects.len() + self.left_out() + self.vouched_for()
    }

    /// Records that the source vouches for, where it is known which rows they are.
    pub(crate) fn vouched_for(&self) -> usize {
        self.unchanged.as_ref().map_or(0, |unchanged| unchanged.len())
    }

    /// Records that were left out, by the source or by the option `where`.
    pub(crate) fn left_out(&self) -> usize {
        self.skips.len() + self.filtered.len()
    }

    /// A value of a row.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        read_cell(&self.text, self.cells[row * self.columns.len() + column])
    }

    /// When the record of a row changed last, by a clock of the policies.
    pub(crate) fn changed_at(&self, row: usize, clock: usize) -> Option<&str> {
        let clocks = self.policies.as_ref()?.clocks.len();
        self.changed_at.get(row * clocks + clock)?.as_deref()
    }

    /// All values of a row.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        let width = self.columns.len();
        self.cells[row * width..(row + 1) * width].iter().map(|cell| read_cell(&self.text, *cell))
    }

    /// The places of the columns that tell rows apart.
    pub(crate) fn identity(&self) -> Vec<usize> {
        self.places(&self.table.identity)
    }

    fn places(&self, names: &[String]) -> Vec<usize> {
        let place = |name: &String| self.columns.iter().position(|column| *column.name == **name);
        names.iter().filter_map(place).collect()
    }

    /// Where the record of a row stands in its source.
    pub(crate) fn location(&self, row: usize) -> Option<&Location> {
        self.records.get(self.rows[row]).map(Record::location)
    }

    /// Where a record stands in its source.
    pub(crate) fn location_of(&self, record: usize) -> Option<&Location> {
        self.records.get(record).map(Record::location)
    }

    /// The record of a row as it was read.
    pub(crate) fn raw(&self, row: usize) -> &str {
        self.records.get(self.rows[row]).map_or("", |record| record.raw())
    }

    /// The fields of a row's record as JSON, as they are kept with a reject.
    pub(crate) fn record_json(&self, row: usize) -> Option<Box<str>> {
        stored_record(self.records.get(self.rows[row])?, &self.source_columns)
    }

    /// What identifies a row, for people: its identity, or what that is derived from.
    pub(crate) fn item(&self, row: usize) -> String {
        let is_derived = !self.table.label.is_empty() && !self.has_mapped_identity;
        let columns = if is_derived { self.places(&self.table.label) } else { self.identity() };
        let parts: Vec<_> =
            columns.into_iter().filter_map(|column| self.cell(row, column).to_text()).collect();
        truncate_text(&parts.join(" / "), MAX_ITEM_BYTES)
    }
}

/// The fields of a record as JSON; none where they are more than is stored.
pub(super) fn stored_record(record: Record<'_>, columns: &Columns) -> Option<Box<str>> {
    const MAX_RECORD_BYTES: usize = 64 << 10;
    let json = serde_json::Value::Object(record.to_json(columns)).to_string();
    (json.len() <= MAX_RECORD_BYTES).then(|| json.into())
}

pub(super) fn read_cell(text: &str, cell: StoredCell) -> Cell<'_> {
    match cell {
        StoredCell::Null => Cell::Null,
        StoredCell::Int(number) => Cell::Int(number),
        StoredCell::Text { start, end } => Cell::Text(&text[start..end]),
    }
}
