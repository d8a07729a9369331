//! Delimited text: RFC 4180, and what is found in the wild.

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

use crate::{Blob, Format, Pages};
use layout::CsvLayout;
use options::ValidatedCsvOptions;
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
}

impl Format for CsvFormat {
    fn inspect(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        let reading = Reading { fields, page_size: PageSize::rows(100), ..Reading::default() };
        let mut pages = CsvPages::start(blob.whole_lines(LOOKED_AT_BYTES)?, &self.given, reading)?;
        let options = pages.layout().map(CsvLayout::options).unwrap_or_default();
        let page = pages.next()?;
        let findings = page.as_ref().map(|page| page.cursor.findings.clone()).unwrap_or_default();
        // Columns without a record have nothing to show.
        let page = page.filter(|page| page.records.len() + page.rejects.len() > 0);
        Ok(Inspection { options, findings, page })
    }

    fn open(&self, blob: Blob, reading: Reading) -> Result<Box<dyn Pages>> {
        Ok(Box::new(CsvPages::start(blob, &self.given, reading)?))
    }

    fn max_bytes(&self) -> u64 {
        self.given.limits.file
    }
}
