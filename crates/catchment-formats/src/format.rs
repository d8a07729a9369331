//! What every format does: find out how a blob is written, and read it from a cursor on.

use std::sync::Arc;

use catchment_core::{Finding, Inspection, Page, Reading, Result};

use crate::Blob;

/// Records that are looked at where a file is inspected.
pub(crate) const INSPECTED_RECORDS: usize = 1000;

/// Records that are looked at further down, for what a table has at its end.
const LOOKED_THROUGH: usize = 200_000;

/// A first page, if it has something, and what was found out.
pub(crate) type FirstPage = (Option<Page>, Vec<Finding>);

/// The first page, if it has something, and what it has found out.
///
/// # Errors
/// What it fails with.
pub(crate) fn look_at_first(pages: &mut dyn Pages) -> Result<FirstPage> {
    let first = pages.next()?;
    let findings = first.as_ref().map(|page| page.cursor.findings.clone()).unwrap_or_default();
    Ok((first.filter(|page| page.count() > 0), findings))
}

/// The first page, and what all of the first ones have found out: what stands at the end of a table is found there.
///
/// # Errors
/// What the first page fails with.
pub(crate) fn look_through(pages: &mut dyn Pages) -> Result<FirstPage> {
    let Some(first) = pages.next()? else { return Ok((None, Vec::new())) };
    let (mut findings, mut count) = (first.cursor.findings.clone(), first.count());
    while count < LOOKED_THROUGH {
        // What cannot be read further down fails the reading, in its place.
        let Ok(Some(page)) = pages.next() else { break };
        count += page.count();
        findings.extend(page.cursor.findings);
    }
    Ok((Some(first).filter(|page| page.count() > 0), findings))
}

/// How the records of a blob are written. Whoever calls it has a thread to spare: its functions block.
pub trait Format: Clone + Send + Sync + 'static {
    /// Sniffs a blob: the options that reading it would use, and its first records. `fields` are as in
    /// [`Reading::fields`].
    ///
    /// # Errors
    /// What reading would fail with.
    fn inspect(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection>;

    /// The same with what takes a look at all of it: how large its sheets are, what stands at the end of its table.
    ///
    /// # Errors
    /// What reading would fail with.
    fn explore(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.inspect(blob, fields)
    }

    /// Opens a blob at the cursor of `reading`, or at its beginning.
    ///
    /// # Errors
    /// `system`, `source_changed`, where the blob is not what it was up to the cursor; `parsing` where it is none of this
    /// format.
    fn open(&self, blob: Blob, reading: Reading) -> Result<Box<dyn Pages>>;

    /// The longest blob that is read, in bytes of text after decompression.
    fn max_bytes(&self) -> u64;

    /// Whether a blob of which only the beginning is there cannot be inspected.
    ///
    /// # Errors
    /// What reading would fail with.
    fn needs_whole(&self, _blob: &Blob) -> Result<bool> {
        Ok(false)
    }
}

/// Pages of a blob, one after the other.
pub trait Pages {
    /// The next page; `None` at the end, if the blob is still what it was when it was opened.
    ///
    /// # Errors
    /// Why reading cannot continue. What cannot be read of a single record is a reject of its page.
    fn next(&mut self) -> Result<Option<Page>>;
}
