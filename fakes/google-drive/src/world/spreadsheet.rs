//! A Google Sheet: tabs of cells.

use super::cell::Cell;

/// A tab of a spreadsheet.
#[derive(Debug, Clone)]
pub struct Tab {
    /// Its name, which is unique in the spreadsheet.
    pub title: String,
    /// Its id (`gid`), which survives a renaming.
    pub gid: u32,
    /// Hidden from readers; the API tells all the same.
    pub is_hidden: bool,
    /// The cells, in rows of any length.
    pub rows: Vec<Vec<Cell>>,
    /// The size of the grid, filled or not.
    pub row_count: usize,
    /// The width of the grid, filled or not.
    pub column_count: usize,
}

/// The size of a new tab in Sheets.
const NEW_GRID: (usize, usize) = (1000, 26);

impl Tab {
    /// A tab with these rows, in a grid of 1000 × 26 or larger. Its `gid` is made from its title.
    #[must_use]
    pub fn new(title: &str, rows: Vec<Vec<Cell>>) -> Self {
        let gid = title.bytes().fold(7, |gid: u32, byte| gid.wrapping_mul(31).wrapping_add(byte.into()));
        let mut tab = Self {
            title: title.to_owned(),
            gid: gid % 2_000_000_000,
            is_hidden: false,
            rows: Vec::new(),
            row_count: NEW_GRID.0,
            column_count: NEW_GRID.1,
        };
        tab.fill(rows);
        tab
    }

    /// With this `gid`; Google's first tab has 0.
    #[must_use]
    pub const fn gid(mut self, gid: u32) -> Self {
        self.gid = gid;
        self
    }

    /// Hidden.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.is_hidden = true;
        self
    }

    /// In a grid of exactly this size.
    #[must_use]
    pub const fn grid(mut self, row_count: usize, column_count: usize) -> Self {
        (self.row_count, self.column_count) = (row_count, column_count);
        self
    }

    /// Replaces the cells; the grid grows with them.
    pub(crate) fn fill(&mut self, rows: Vec<Vec<Cell>>) {
        self.row_count = self.row_count.max(rows.len());
        self.column_count = rows.iter().map(Vec::len).max().unwrap_or(0).max(self.column_count);
        self.rows = rows;
    }
}

/// What a spreadsheet holds beside its tabs.
#[derive(Debug, Clone)]
pub(crate) struct Spreadsheet {
    pub(crate) tabs: Vec<Tab>,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
}

impl Spreadsheet {
    pub(crate) fn new(tabs: Vec<Tab>) -> Self {
        Self { tabs, locale: "en_US".to_owned(), time_zone: "America/Montevideo".to_owned() }
    }

    pub(crate) fn visible(&self) -> impl Iterator<Item = &Tab> {
        self.tabs.iter().filter(|tab| !tab.is_hidden)
    }
}

/// Rows from anything that makes cells: `rows(&[&["Artist", "Title"], …])`.
#[must_use]
pub fn text_rows(rows: &[&[&str]]) -> Vec<Vec<Cell>> {
    rows.iter().map(|row| row.iter().map(|text| Cell::from(*text)).collect()).collect()
}
