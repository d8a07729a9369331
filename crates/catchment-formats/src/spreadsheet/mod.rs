//! Spreadsheets: workbooks of Excel and LibreOffice, a sheet of which is a table.

mod binary;
mod date;
mod grid;
mod inspect;
mod kind;
mod layout;
mod number;
mod ods;
mod open;
mod options;
mod pages;
mod row;
mod spans;
mod workbook;
mod xlsx;
mod xml;

use std::sync::Arc;

use catchment_core::{Inspection, Reading, Result};

use crate::table::TableOptions;
use crate::{Blob, Format, Pages};
pub use grid::{GridCell, GridWriter};
pub(crate) use kind::WorkbookKind;
use options::ValidatedSheetOptions;
pub use options::{HiddenRows, SheetChoice, SheetOptions};
use pages::SheetPages;
pub use row::column_name;

/// A sheet of a workbook.
#[derive(Debug, Clone)]
pub(crate) struct SpreadsheetFormat {
    given: ValidatedSheetOptions,
}

impl SpreadsheetFormat {
    /// Checks the options. `max_bytes` is the longest file that is read where it is compressed once more, and `kind` the only
    /// kind of workbook that is read.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub(crate) fn new(
        sheet: &SheetOptions,
        table: &TableOptions,
        has_header: Option<bool>,
        max_bytes: u64,
        kind: Option<WorkbookKind>,
    ) -> Result<Self> {
        table.check(has_header.unwrap_or(true))?;
        let limits = sheet.check()?;
        let given = ValidatedSheetOptions {
            sheet: sheet.sheet.clone(),
            hidden_rows: sheet.hidden_rows.unwrap_or_default(),
            table: table.clone(),
            has_header,
            limits,
            max_bytes,
            kind,
        };
        Ok(Self { given })
    }
}

impl Format for SpreadsheetFormat {
    fn inspect(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        inspect::inspect(blob, &self.given, fields)
    }

    fn explore(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        inspect::explore(blob, &self.given, fields)
    }

    fn open(&self, blob: Blob, reading: Reading) -> Result<Box<dyn Pages>> {
        Ok(Box::new(SheetPages::start(blob, &self.given, reading)?))
    }

    fn max_bytes(&self) -> u64 {
        self.given.max_bytes
    }
}
