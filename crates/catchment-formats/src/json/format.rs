//! JSON as the format of a file.

use std::sync::Arc;

use catchment_core::{Inspection, PageSize, Reading, Result};

use super::document::DocumentPages;
use super::lines::LinesPages;
use super::options::{JsonOptions, ValidatedJsonOptions};
use crate::format::INSPECTED_RECORDS;
use crate::text::encoding::TextEncoding;
use crate::{Blob, Format, Pages};

/// What is looked at of a file of which only the beginning is there.
const LOOKED_AT_BYTES: u64 = 1 << 20;

/// JSON: a document with a list of records, or a record a line.
#[derive(Debug, Clone)]
pub struct JsonFormat {
    given: ValidatedJsonOptions,
    is_in_lines: bool,
}

impl JsonFormat {
    /// Checks the options.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub(crate) fn new(
        options: &JsonOptions,
        encoding: Option<TextEncoding>,
        max_record_bytes: usize,
        max_bytes: u64,
    ) -> Result<Self> {
        let data_path = options.path()?;
        let given =
            ValidatedJsonOptions { data_path, encoding, max_record_bytes, max_bytes, is_growing: false };
        Ok(Self { given, is_in_lines: false })
    }

    /// The same for a record a line.
    #[must_use]
    pub(crate) fn in_lines(&self, is_in_lines: bool) -> Self {
        Self { is_in_lines, ..self.clone() }
    }

    /// The same for a text that may go on behind its end.
    #[must_use]
    pub(crate) fn for_growing_text(mut self, is_growing: bool) -> Self {
        self.given.is_growing = is_growing;
        self
    }
}

impl Format for JsonFormat {
    fn inspect(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        let reading = Reading { fields, page_size: PageSize::rows(INSPECTED_RECORDS), ..Reading::default() };
        let mut options = serde_json::Map::new();
        let page = if self.is_in_lines {
            LinesPages::start(blob.whole_lines(LOOKED_AT_BYTES)?, &self.given, reading)?.next()?
        } else {
            let mut pages = DocumentPages::start(blob, &self.given, reading)?;
            options.insert("dataPath".into(), pages.path().into());
            pages.next()?
        };
        let findings = page.as_ref().map(|page| page.cursor.findings.clone()).unwrap_or_default();
        Ok(Inspection { options, findings, page: page.filter(|page| page.count() > 0) })
    }

    fn open(&self, blob: Blob, reading: Reading) -> Result<Box<dyn Pages>> {
        Ok(if self.is_in_lines {
            Box::new(LinesPages::start(blob, &self.given, reading)?)
        } else {
            Box::new(DocumentPages::start(blob, &self.given, reading)?)
        })
    }

    fn max_bytes(&self) -> u64 {
        self.given.max_bytes
    }
}
