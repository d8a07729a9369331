//! The reading itself: from a file and a cursor to pages.

use catchment_core::{
    Columns, Cursor, Error, ErrorKind, Finding, Page, PageSize, Position, Reading, Records, Reject, Result,
    Value,
};
use serde::{Deserialize, Serialize};

use super::framing::{Framed, Framer};
use super::layout::CsvLayout;
use super::options::ValidatedCsvOptions;
use crate::{Blob, Pages};

const NO_RECORDS: &str = "only a header was found, and no record below it; check that it is the right file, or set the \
                          option `hasHeader`";

/// What a cursor of this source holds: where the text was read up to, that it is still the same text, and how
/// to read it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CsvState {
    line: u64,
    /// In the text as decoded.
    offset: u64,
    /// XXH3-128 of the text before `offset`.
    digest: String,
    layout: CsvLayout,
}

/// A reading under way; runs on a thread of its own, as files block.
pub(super) struct CsvPages {
    blob: Blob,
    page_size: PageSize,
    /// `None` for a file without a single record.
    text: Option<(Framer, CsvLayout)>,
    /// What was found out at the beginning, until a page has said it.
    findings: Option<Vec<Finding>>,
    records_read: u64,
    is_at_end: bool,
}

impl CsvPages {
    pub(super) fn start(blob: Blob, given: &ValidatedCsvOptions, reading: Reading) -> Result<Self> {
        let records_read = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
        let (text, findings) = match reading.after {
            Some(cursor) => (Some(resume(&blob, given, &cursor)?), None),
            None => match begin(&blob, given, &reading.fields)? {
                Some((framer, layout, findings)) => (Some((framer, layout)), Some(findings)),
                None => (None, None),
            },
        };
        Ok(Self { blob, page_size: reading.page_size, text, findings, records_read, is_at_end: false })
    }

    /// How the file is read; `None` for one without a single record.
    pub(super) fn layout(&self) -> Option<&CsvLayout> {
        self.text.as_ref().map(|(_, layout)| layout)
    }

    fn read_page(&mut self) -> Result<Option<Page>> {
        let Some((framer, layout)) = &mut self.text else { return Ok(None) };
        let (max_rows, max_bytes) = (self.page_size.max_rows(), self.page_size.max_bytes());
        let (mut records, mut rejects) = (Records::default(), Vec::new());
        while !self.is_at_end && records.len() + rejects.len() < max_rows && records.bytes() < max_bytes {
            match framer.next(Some(layout.columns.len()))? {
                Some(Framed::Record(record)) => {
                    let position = Position::Line { line: record.line, byte: record.byte };
                    records.push(position, record.raw, record.fields().map(Value::Text));
                }
                Some(Framed::MalformedRecord(bad)) => {
                    let position = Position::Line { line: bad.line, byte: bad.byte };
                    rejects.push(Reject::new(ErrorKind::Parsing, bad.code, bad.message, position, &bad.raw));
                }
                None => self.is_at_end = true,
            }
        }
        let count = records.len() + rejects.len();
        let mut findings = self.findings.take();
        if count == 0 {
            let Some(findings) = &mut findings else { return Ok(None) };
            findings.push(Finding::unsure("records", NO_RECORDS));
        }
        let findings = findings.unwrap_or_default();
        self.records_read += count as u64;
        let state = CsvState {
            line: framer.text().line(),
            offset: framer.text().offset(),
            digest: framer.text().digest(),
            layout: layout.clone(),
        };
        let cursor = Cursor { findings, ..Cursor::new(self.records_read, &state)? };
        let columns: Columns = layout.columns.clone();
        Ok(Some(Page { columns, records, rejects, cursor, progress: self.blob.progress() }))
    }
}

impl Pages for CsvPages {
    /// What a change of the file makes of its last line, or of compressed data, is the change's fault.
    fn next(&mut self) -> Result<Option<Page>> {
        let page = self.read_page();
        let has_met_end = self.text.as_ref().is_none_or(|(framer, _)| framer.text().is_at_end());
        if page.is_err() || has_met_end {
            self.blob.check_unchanged()?;
        }
        page.map_err(|error| match &self.text {
            Some((framer, _)) => error.with("line", framer.text().line()),
            None => error,
        })
    }
}

/// Finds the layout and goes past the header.
fn begin(
    blob: &Blob,
    given: &ValidatedCsvOptions,
    fields: &[Box<str>],
) -> Result<Option<(Framer, CsvLayout, Vec<Finding>)>> {
    let Some((layout, findings)) = CsvLayout::find(blob, given, fields)? else { return Ok(None) };
    let mut framer = Framer::new(blob.text(layout.encoding)?, layout.dialect, given.limits);
    if layout.has_header {
        framer.next(None)?;
    }
    Ok(Some((framer, layout, findings)))
}

/// Goes where the cursor stood, if the file is the same up to there.
fn resume(blob: &Blob, given: &ValidatedCsvOptions, cursor: &Cursor) -> Result<(Framer, CsvLayout)> {
    let CsvState { line, offset, digest, layout } = cursor.state()?;
    // Lines and records have a byte at least each, and the text before them is checked.
    if line.saturating_sub(1) > offset || cursor.records_read > offset || !layout.dialect.is_possible() {
        let message = "the stored cursor cannot be read: its position cannot exist in a file; schedule a new run, \
                       which reads the source from its beginning";
        return Err(Error::config("cursor", message));
    }
    let mut framer = Framer::new(blob.text(layout.encoding)?, layout.dialect, given.limits);
    framer.text_mut().resume_at(offset, line, &digest)?;
    Ok((framer, layout))
}
