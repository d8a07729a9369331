//! JSON in lines (NDJSON, JSON Lines): a record a line.

use catchment_core::{
    Columns, Cursor, ErrorKind, Finding, Page, PageSize, Position, Reading, Reject, Result,
};
use memchr::memchr;
use serde::{Deserialize, Serialize};

use super::document::{SAMPLE, compile, push};
use super::fields::Fields;
use super::options::ValidatedJsonOptions;
use super::text::encoding;
use crate::text::buffer::{TextBuffer, unfinished};
use crate::text::encoding::TextEncoding;
use crate::{Blob, Pages};

const BLOCK_BYTES: usize = 256 << 10;
/// How much of a line that is too long is shown.
const SHOWN_BYTES: usize = 4096;
const BOM: &[u8] = "\u{feff}".as_bytes();

/// What a cursor of this format holds: where the text was read up to, that it is still the same text, and how to read it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinesState {
    line: u64,
    offset: u64,
    /// XXH3-128 of the text before `offset`.
    digest: String,
    encoding: TextEncoding,
    columns: Vec<Box<str>>,
}

/// A reading under way.
pub(super) struct LinesPages {
    blob: Blob,
    page_size: PageSize,
    given: ValidatedJsonOptions,
    encoding: TextEncoding,
    fields: Fields,
    columns: Columns,
    lines: Lines,
    findings: Option<Vec<Finding>>,
    records_read: u64,
    is_at_end: bool,
}

impl LinesPages {
    pub(super) fn start(blob: Blob, given: &ValidatedJsonOptions, reading: Reading) -> Result<Self> {
        let records_read = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
        let state = reading.after.as_ref().map(Cursor::state::<LinesState>).transpose()?;
        let encoding = match &state {
            Some(state) => state.encoding,
            None => encoding(&blob, given)?,
        };
        let mut lines = Lines::open(&blob, encoding, given)?;
        let columns = match &state {
            Some(state) => {
                lines.buffer.resume_at(state.offset, state.line, &state.digest)?;
                state.columns.clone()
            }
            None if !reading.fields.is_empty() => reading.fields.to_vec(),
            None => suggest(Lines::open(&blob, encoding, given)?)?,
        };
        let fields = compile(&columns)?;
        Ok(Self {
            blob,
            page_size: reading.page_size,
            given: given.clone(),
            encoding,
            columns: fields.names().into(),
            fields,
            lines,
            findings: state.is_none().then(Vec::new),
            records_read,
            is_at_end: false,
        })
    }

    fn read_page(&mut self) -> Result<Option<Page>> {
        let (max_rows, max_bytes) = (self.page_size.max_rows(), self.page_size.max_bytes());
        let mut page = Page { columns: self.columns.clone(), ..Page::default() };
        let was_at_end = self.is_at_end;
        while !self.is_at_end && page.count() < max_rows && page.records.bytes() < max_bytes {
            match self.lines.next()? {
                None => self.is_at_end = true,
                Some(Line { position, raw: Ok(raw) }) => {
                    push(&mut page, &self.fields, &self.given, (position, raw), false);
                }
                Some(Line { position, raw: Err((code, message, shown)) }) => {
                    page.rejects.push(Reject::new(ErrorKind::Parsing, code, message, position, &shown));
                }
            }
        }
        if self.is_at_end && !was_at_end && !self.lines.buffer.is_empty() {
            page.cursor.findings.push(unfinished(self.lines.buffer.line()));
        }
        if page.count() == 0 && self.findings.is_none() && page.cursor.findings.is_empty() {
            return Ok(None);
        }
        self.records_read += page.count() as u64;
        let buffer = &self.lines.buffer;
        let state = LinesState {
            line: buffer.line(),
            offset: buffer.offset(),
            digest: buffer.digest(),
            encoding: self.encoding,
            columns: self.columns[..self.columns.len() - 1].to_vec(),
        };
        let mut findings = self.findings.take().unwrap_or_default();
        findings.append(&mut page.cursor.findings);
        page.cursor = Cursor { findings, ..Cursor::new(self.records_read, &state)? };
        page.progress = self.blob.progress();
        Ok(Some(page))
    }
}

impl Pages for LinesPages {
    /// What a change of the file makes of its last line, or of compressed data, is the change's fault.
    fn next(&mut self) -> Result<Option<Page>> {
        let page = self.read_page();
        if page.is_err() || self.lines.buffer.is_at_end() {
            self.blob.check_unchanged()?;
        }
        page.map_err(|error| error.with("line", self.lines.buffer.line()))
    }
}

/// The columns that the first lines have.
fn suggest(mut lines: Lines) -> Result<Vec<Box<str>>> {
    let mut sample: Vec<String> = Vec::new();
    while sample.len() < SAMPLE {
        match lines.next()? {
            Some(Line { raw, .. }) => sample.extend(raw.ok().map(str::to_owned)),
            None => break,
        }
    }
    Ok(Fields::suggest(sample.iter().map(String::as_str)))
}

/// The lines of a text that hold something.
struct Lines {
    buffer: TextBuffer,
    max_bytes: usize,
    is_growing: bool,
}

/// A line: its text, or why it has none that can be read, with its beginning.
struct Line<'l> {
    position: Position,
    raw: Result<&'l str, (&'static str, String, String)>,
}

impl Lines {
    fn open(blob: &Blob, encoding: TextEncoding, given: &ValidatedJsonOptions) -> Result<Self> {
        let buffer = TextBuffer::new(blob.text(encoding)?, BLOCK_BYTES, given.max_bytes);
        Ok(Self { buffer, max_bytes: given.max_record_bytes, is_growing: given.is_growing })
    }

    fn next(&mut self) -> Result<Option<Line<'_>>> {
        loop {
            if self.buffer.offset() == 0 {
                while self.buffer.len() < BOM.len() && self.buffer.fill()? {}
                if self.buffer.rest().starts_with(BOM) {
                    self.buffer.advance(BOM.len());
                }
            }
            let position = Position::Line { line: self.buffer.line(), byte: self.buffer.offset() };
            let Some(length) = self.length()? else { return Ok(None) };
            let Some(length) = length else { return Ok(Some(self.too_long(position)?)) };
            if self.buffer.rest()[..length].trim_ascii().is_empty() {
                self.buffer.consume(length);
                continue;
            }
            let bytes = self.buffer.pass(length);
            let raw = str::from_utf8(bytes).map(str::trim).map_err(|_| {
                let message = "the line holds bytes that are not valid in its encoding; name the right one with the option \
                               `encoding`";
                ("bad_encoding", message.to_owned(), String::from_utf8_lossy(bytes).into_owned())
            });
            return Ok(Some(Line { position, raw }));
        }
    }

    /// The length of the next line with its end; `None` at the end of the text, and of a line that is too long.
    fn length(&mut self) -> Result<Option<Option<usize>>> {
        let mut looked = 0;
        loop {
            if let Some(at) = memchr(b'\n', &self.buffer.rest()[looked..]) {
                return Ok(Some(Some(looked + at + 1)));
            }
            looked = self.buffer.len();
            if looked > self.max_bytes {
                return Ok(Some(None));
            }
            if !self.buffer.fill()? {
                // A line without its end is the last one; or it is still being written.
                return Ok((looked > 0 && !self.is_growing).then_some(Some(looked)));
            }
        }
    }

    /// Passes over a line that is too long.
    fn too_long(&mut self, position: Position) -> Result<Line<'_>> {
        let shown = self.buffer.rest();
        let shown = String::from_utf8_lossy(&shown[..shown.len().min(SHOWN_BYTES)]).into_owned();
        loop {
            if let Some(at) = memchr(b'\n', self.buffer.rest()) {
                self.buffer.consume(at + 1);
                break;
            }
            self.buffer.advance(self.buffer.len());
            if !self.buffer.fill()? {
                self.buffer.end_line();
                break;
            }
        }
        let message =
            format!("the line has more bytes than the limit of {} (option `maxRecordBytes`)", self.max_bytes);
        Ok(Line { position, raw: Err(("record_too_long", message, shown)) })
    }
}
