//! What all workbooks have: sheets, and their rows one after the other.

use catchment_core::Result;

use super::row::Row;

/// The most rows of a sheet, in every program.
pub(super) const MAX_ROWS: u64 = 1 << 20;
/// The most bytes of text in a row: what is longer fits into no database at once.
pub(super) const MAX_ROW_BYTES: usize = 8 << 20;
/// The most columns.
pub(super) const MAX_COLUMNS: usize = 1 << 14;

/// A sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) is_hidden: bool,
}

/// An opened workbook.
pub(super) trait Workbook {
    /// Its sheets with cells, in order.
    fn sheets(&self) -> &[Sheet];

    /// The rows of a sheet, by its index.
    ///
    /// # Errors
    /// `parsing`, `damaged_workbook`; `config`, where the sheet is larger than the limits.
    fn rows(&mut self, sheet: usize) -> Result<Box<dyn Rows>>;
}

/// The rows of a sheet, one after the other.
pub(super) trait Rows {
    /// Reads the next row that has cells; false at the end.
    ///
    /// # Errors
    /// As [`Workbook::rows`].
    fn next(&mut self, row: &mut Row) -> Result<bool>;

    /// Whether a cell spans several rows.
    fn has_spans(&self) -> bool {
        false
    }

    /// Whether it is known which rows are hidden.
    fn knows_hidden_rows(&self) -> bool {
        true
    }
}
