//! Delimited text: RFC 4180, and what is found in the wild.

mod above;
mod delimiter;
mod dialect;
mod fault;
mod framing;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod header;
mod layout;
mod options;
mod pages;

use std::sync::Arc;

use catchment_core::{Inspection, PageSize, Reading, Result};

use crate::format::{FirstPage, INSPECTED_RECORDS, look_at_first, look_through};
use crate::table::{TableOptions, propose_totals};
use crate::text::encoding::TextEncoding;
use crate::{Blob, Format, Pages};
use layout::CsvLayout;
use options::{CsvLimits, ValidatedCsvOptions};
use pages::CsvPages;

pub use options::CsvFormatOptions;

/// What is looked at of a file of which only the beginning is there.
const LOOKED_AT_BYTES: u64 = 1 << 20;

/// Delimited text, such as CSV.
#[derive(Debug, Clone)]
pub struct CsvFormat {
    given: ValidatedCsvOptions,
}

impl CsvFormat {
    /// Checks the options. `language` is the primary subtag of the language that files are likely to be in, where the options
    /// name none.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn new(options: &CsvFormatOptions, language: Option<&str>) -> Result<Self> {
        let mut given = options.check()?;
        given.language = given.language.or_else(|| language.map(str::to_owned));
        Ok(Self { given })
    }

    /// The same for tables that may have titles above them, and rows among their records that are none. `is_certain` where
    /// nothing else is looked for in a text.
    pub(crate) fn with_table(
        options: &CsvFormatOptions,
        table: &TableOptions,
        language: Option<&str>,
        is_certain: bool,
    ) -> Result<Self> {
        let mut format = Self::new(options, language)?;
        table.check(format.given.has_header())?;
        (format.given.table, format.given.is_certain) = (Some(table.clone()), is_certain);
        Ok(format)
    }

    /// The same for a text that may go on behind its end.
    #[must_use]
    pub(crate) fn for_growing_text(mut self, is_growing: bool) -> Self {
        self.given.is_growing = is_growing;
        self
    }

    pub(crate) fn limits(&self) -> CsvLimits {
        self.given.limits
    }

    pub(crate) fn encoding(&self) -> Option<TextEncoding> {
        self.given.encoding
    }
}

impl CsvFormat {
    /// `look` takes the first page, and finds out what it can.
    fn look(
        &self,
        blob: Blob,
        fields: Arc<[Box<str>]>,
        look: fn(&mut dyn Pages) -> Result<FirstPage>,
    ) -> Result<Inspection> {
        let reading = Reading { fields, page_size: PageSize::rows(INSPECTED_RECORDS), ..Reading::default() };
        let mut pages = CsvPages::start(blob.whole_lines(LOOKED_AT_BYTES)?, &self.given, reading)?;
        let mut options = pages.layout().map(CsvLayout::options).unwrap_or_default();
        // Columns without a record have nothing to show.
        let (page, findings) = look(&mut pages)?;
        propose_totals(&findings, &mut options);
        Ok(Inspection { options, findings, page })
    }
}

impl Format for CsvFormat {
    fn inspect(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.look(blob, fields, look_at_first)
    }

    fn explore(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.look(blob, fields, look_through)
    }

    fn open(&self, blob: Blob, reading: Reading) -> Result<Box<dyn Pages>> {
        Ok(Box::new(CsvPages::start(blob, &self.given, reading)?))
    }

    fn max_bytes(&self) -> u64 {
        self.given.limits.file
    }
}
