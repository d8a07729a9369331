//! The reading itself: from a file and a cursor to pages.

use std::sync::Arc;

use catchment_core::{
    Cursor, Error, ErrorKind, Finding, Page, PageSize, Position, Reading, Records, Reject, Result, Skip,
    Value,
};
use serde::{Deserialize, Serialize};

use super::framing::{Framed, Framer};
use super::layout::CsvLayout;
use super::options::ValidatedCsvOptions;
use crate::table::{RowKind, RowRules, TableOptions, is_error};
use crate::text::buffer::unfinished;
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
    text: Option<Text>,
    /// What was found out at the beginning, until a page has said it.
    findings: Option<Vec<Finding>>,
    records_read: u64,
    is_at_end: bool,
}

/// A text that is being read.
struct Text {
    framer: Framer,
    layout: CsvLayout,
    /// What tells records from what else stands in a table.
    rules: Option<RowRules>,
    /// The fields that are mapped; none where that is still to be found.
    wanted: Arc<[Box<str>]>,
}

impl Text {
    fn new(framer: Framer, layout: CsvLayout, given: &ValidatedCsvOptions, wanted: Arc<[Box<str>]>) -> Self {
        let rules = |table: &TableOptions| RowRules::new(&layout.columns, layout.has_header, table.totals);
        let rules = given.table.as_ref().map(rules);
        Self { framer: framer.for_growing_text(given.is_growing), layout, rules, wanted }
    }

    /// Adds what stands next to a page; false at the end.
    fn read_into(&mut self, page: &mut Page) -> Result<bool> {
        let record = match self.framer.next(Some(self.layout.width()))? {
            None => return Ok(false),
            Some(Framed::MalformedRecord(bad)) => {
                let position = Position::Line { line: bad.line, byte: bad.byte };
                page.rejects.push(Reject::new(ErrorKind::Parsing, bad.code, bad.message, position, &bad.raw));
                return Ok(true);
            }
            Some(Framed::Record(record)) => record,
        };
        let position = Position::Line { line: record.line, byte: record.byte };
        if let Some(rules) = &mut self.rules {
            let (kind, finding) = rules.judge(record.fields(), || format!("line {}", record.line));
            page.cursor.findings.extend(finding);
            match kind {
                RowKind::Record => {}
                RowKind::Blank => return Ok(true),
                RowKind::Skipped(reason) => {
                    page.skips.push(Skip::new(reason, position, record.raw));
                    return Ok(true);
                }
            }
        }
        if self.rules.is_some()
            && let Some((index, error)) = error_of(&self.layout, &self.wanted, record.fields())
        {
            let name = &self.layout.columns[index];
            let message = format!(
                "`{name}` has the error `{error}` of a spreadsheet for its value; mend it there, and export it again"
            );
            let mut reject =
                Reject::new(ErrorKind::Parsing, "error_cell", message, position.clone(), record.raw);
            let mut fields = Records::default();
            fields.push(position, "", record.fields().take(self.layout.columns.len()).map(Value::Text));
            let json = fields.get(0).map(|record| record.to_json(&self.layout.columns));
            reject.record = json.map(|json| serde_json::Value::Object(json).to_string().into());
            page.rejects.push(reject);
            return Ok(true);
        }
        let columns = self.layout.columns.len();
        let is_outside = |(_, field): &(usize, &str)| !field.trim().is_empty();
        if let Some((index, _)) = record.fields().enumerate().skip(columns).find(is_outside) {
            page.rejects.push(outside_the_table(index + 1, columns, position, record.raw));
        } else {
            page.records.push(position, record.raw, record.fields().take(columns).map(Value::Text));
        }
        Ok(true)
    }
}

/// The first wanted column of a table whose value could not be calculated, and what stands there.
fn error_of<'f>(
    layout: &CsvLayout,
    wanted: &[Box<str>],
    fields: impl Iterator<Item = &'f str>,
) -> Option<(usize, &'f str)> {
    let is_wanted = |index: usize| {
        layout.columns.get(index).is_some_and(|name| wanted.is_empty() || wanted.contains(name))
    };
    fields.enumerate().find(|(index, field)| is_error(field.trim()) && is_wanted(*index))
}

/// The reject of a record with a value where the table has no column.
fn outside_the_table(field: usize, columns: usize, position: Position, raw: &str) -> Reject {
    let message = format!(
        "field {field} has a value, and the table ends with field {columns}: no name stands above it, and the first records \
         have nothing there; name it in the header, or check the option `delimiter`"
    );
    Reject::new(ErrorKind::Parsing, "outside_table", message, position, raw)
}

impl CsvPages {
    pub(super) fn start(blob: Blob, given: &ValidatedCsvOptions, reading: Reading) -> Result<Self> {
        let records_read = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
        let (text, findings) = match reading.after {
            Some(cursor) => (Some(resume(&blob, given, &cursor, reading.fields)?), None),
            None => match begin(&blob, given, &reading.fields)? {
                Some((text, findings)) => (Some(text), Some(findings)),
                None => (None, None),
            },
        };
        Ok(Self { blob, page_size: reading.page_size, text, findings, records_read, is_at_end: false })
    }

    /// How the file is read; `None` for one without a single record.
    pub(super) fn layout(&self) -> Option<&CsvLayout> {
        self.text.as_ref().map(|text| &text.layout)
    }

    fn read_page(&mut self) -> Result<Option<Page>> {
        let Some(text) = &mut self.text else { return Ok(None) };
        let (max_rows, max_bytes) = (self.page_size.max_rows(), self.page_size.max_bytes());
        let mut page = Page { columns: text.layout.columns.clone(), ..Page::default() };
        let was_at_end = self.is_at_end;
        while !self.is_at_end && page.count() < max_rows && page.records.bytes() < max_bytes {
            self.is_at_end = !text.read_into(&mut page)?;
        }
        if self.is_at_end && !was_at_end && !text.framer.text().is_empty() {
            page.cursor.findings.push(unfinished(text.framer.text().line()));
        }
        let mut findings = self.findings.take();
        match &mut findings {
            Some(findings) if page.count() == 0 => findings.push(Finding::unsure("records", NO_RECORDS)),
            None if page.count() == 0 && page.cursor.findings.is_empty() => return Ok(None),
            _ => {}
        }
        self.records_read += page.count() as u64;
        let state = CsvState {
            line: text.framer.text().line(),
            offset: text.framer.text().offset(),
            digest: text.framer.text().digest(),
            layout: text.layout.clone(),
        };
        let mut findings = findings.unwrap_or_default();
        findings.append(&mut page.cursor.findings);
        page.cursor = Cursor { findings, ..Cursor::new(self.records_read, &state)? };
        page.progress = self.blob.progress();
        Ok(Some(page))
    }
}

impl Pages for CsvPages {
    /// What a change of the file makes of its last line, or of compressed data, is the change's fault.
    fn next(&mut self) -> Result<Option<Page>> {
        let page = self.read_page();
        let has_met_end = self.text.as_ref().is_none_or(|text| text.framer.text().is_at_end());
        if page.is_err() || has_met_end {
            self.blob.check_unchanged()?;
        }
        page.map_err(|error| match &self.text {
            Some(text) => error.with("line", text.framer.text().line()),
            None => error,
        })
    }
}

/// Finds the layout and goes past the header.
fn begin(
    blob: &Blob,
    given: &ValidatedCsvOptions,
    fields: &Arc<[Box<str>]>,
) -> Result<Option<(Text, Vec<Finding>)>> {
    let Some((layout, findings)) = CsvLayout::find(blob, given, fields)? else { return Ok(None) };
    let mut framer = layout.records(blob, given)?;
    if layout.has_header {
        framer.next(None)?;
    }
    Ok(Some((Text::new(framer, layout, given, fields.clone()), findings)))
}

/// Goes where the cursor stood, if the file is the same up to there.
fn resume(
    blob: &Blob,
    given: &ValidatedCsvOptions,
    cursor: &Cursor,
    wanted: Arc<[Box<str>]>,
) -> Result<Text> {
    let CsvState { line, offset, digest, layout } = cursor.state()?;
    // Lines and records have a byte at least each, and the text before them is checked.
    if line.saturating_sub(1) > offset || cursor.records_read > offset || !layout.dialect.is_possible() {
        let message = "the stored cursor cannot be read: its position cannot exist in a file; schedule a new run, \
                       which reads the source from its beginning";
        return Err(Error::config("cursor", message));
    }
    let mut framer = Framer::new(blob.text(layout.encoding)?, layout.dialect, given.limits);
    framer.text_mut().resume_at(offset, line, &digest)?;
    Ok(Text::new(framer, layout, given, wanted))
}
