//! Record framing: splits text into records, in bounded memory; a malformed record costs only itself.
//!
//! The records are those of RFC 4180 as csv-core reads them, more strictly in one thing: text after a closing
//! quote is an error and not joined to the field. A quote that is never closed would make one record of the
//! rest of the file. So a record that spans lines and is not well formed, or passes the limit, is given up:
//! its first line is the bad record, and reading continues at the line after that.

use std::io::Read;

use catchment_core::Result;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::memchr2;

use super::dialect::CsvDialect;
use super::fault::{Fault, Shape, SkipExtent, validate_record};
use super::options::CsvLimits;
use crate::text::buffer::{TextBuffer, spans_lines, without_line_end};

const BLOCK_BYTES: usize = 256 << 10;
/// How much of a bad record is kept; the reject keeps no more.
const SHOWN_BYTES: usize = catchment_core::MAX_RAW_BYTES + 4;
const BOM: &[u8] = "\u{feff}".as_bytes();

/// A tokenizer that splits a text into records.
pub(crate) struct Framer {
    buffer: TextBuffer,
    limits: CsvLimits,
    dialect: CsvDialect,
    parser: Reader,
    /// Whether the text may go on behind its end.
    is_growing: bool,
    /// The unquoted fields of the record in hand, one after the other, and where each ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
}

/// What stands next in the text.
pub(crate) enum Framed<'a> {
    Record(CsvRecord<'a>),
    MalformedRecord(MalformedRecord),
}

/// A well-formed record.
pub(crate) struct CsvRecord<'a> {
    pub(crate) line: u64,
    pub(crate) byte: u64,
    /// As it stands in the text, without its line end.
    pub(crate) raw: &'a str,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> CsvRecord<'a> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let (text, mut start) = (self.text, 0);
        self.ends.iter().map(move |&end| &text[std::mem::replace(&mut start, end)..end])
    }
}

/// A record that is not well formed.
pub(crate) struct MalformedRecord {
    pub(crate) line: u64,
    pub(crate) byte: u64,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) raw: String,
}

impl Framer {
    pub(crate) fn new(text: Box<dyn Read + Send>, dialect: CsvDialect, limits: CsvLimits) -> Self {
        Self::with_blocks(text, dialect, limits, BLOCK_BYTES)
    }

    /// Text is read in blocks of this size; small ones show what happens at their edges.
    pub(super) fn with_blocks(
        text: Box<dyn Read + Send>,
        dialect: CsvDialect,
        limits: CsvLimits,
        block_bytes: usize,
    ) -> Self {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(dialect.delimiter).escape(dialect.escape);
        match dialect.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        let buffer = TextBuffer::new(text, block_bytes, limits.file);
        let parser = builder.build();
        Self { buffer, limits, dialect, parser, is_growing: false, fields: vec![0; 4096], ends: vec![0; 64] }
    }

    /// The text before the next record, and what is still to come.
    pub(crate) fn text(&self) -> &TextBuffer {
        &self.buffer
    }

    /// The same, to go to where an earlier reading stood.
    pub(crate) fn text_mut(&mut self) -> &mut TextBuffer {
        &mut self.buffer
    }

    /// Passes over lines, whatever they hold.
    pub(crate) fn skip_lines(&mut self, lines: u64) -> Result<()> {
        for _ in 0..lines {
            if self.buffer.is_empty() && !self.buffer.fill()? {
                break;
            }
            self.give_up(&SkipExtent::FirstLine)?;
        }
        Ok(())
    }

    /// The same where a last line without its end is not whole yet: it is left for later.
    pub(crate) fn for_growing_text(self, is_growing: bool) -> Self {
        Self { is_growing, ..self }
    }

    /// The next record; of `width` fields, where that is known. `None` at the end of the text.
    pub(crate) fn next(&mut self, width: Option<usize>) -> Result<Option<Framed<'_>>> {
        if !self.skip_blank_lines()? {
            return Ok(None);
        }
        let (line, byte) = (self.buffer.line(), self.buffer.offset());
        let shape = self.parse(width)?;
        if self.is_growing && self.is_unfinished(&shape) {
            return Ok(None);
        }
        let rest = self.buffer.rest();
        let (bytes, fields) =
            match validate_record(&shape, rest, &self.ends, width, self.dialect, self.limits) {
                Ok(record) => record,
                Err(Fault { code, message, costs }) => {
                    let raw = self.give_up(&costs)?;
                    return Ok(Some(Framed::MalformedRecord(MalformedRecord {
                        line,
                        byte,
                        code,
                        message,
                        raw,
                    })));
                }
            };
        let body = without_line_end(self.buffer.pass(bytes));
        let ends = &self.ends[..fields];
        let text = &self.fields[..ends.last().copied().unwrap_or(0)];
        match (str::from_utf8(body), str::from_utf8(text)) {
            (Ok(raw), Ok(text)) => Ok(Some(Framed::Record(CsvRecord { line, byte, raw, text, ends }))),
            (Err(error), _) | (_, Err(error)) => {
                let place = byte + error.valid_up_to() as u64;
                let message = format!(
                    "the bytes at offset {place} are not valid in the encoding of the file; if all such rows fail, \
                     name the right one with the option `encoding`"
                );
                let raw = shown(body);
                Ok(Some(Framed::MalformedRecord(MalformedRecord {
                    line,
                    byte,
                    code: "bad_encoding",
                    message,
                    raw,
                })))
            }
        }
    }

    /// Whether a record ends with the text, and not with its line.
    fn is_unfinished(&self, shape: &Shape) -> bool {
        match *shape {
            Shape::Whole { bytes, .. } => !matches!(self.buffer.rest()[..bytes], [.., b'\n' | b'\r']),
            Shape::Unclosed => true,
            Shape::TooWide | Shape::TooLong => false,
        }
    }

    /// Reads the record in hand into `fields` and `ends`, as far as it is worth it.
    fn parse(&mut self, width: Option<usize>) -> Result<Shape> {
        self.parser.reset();
        if self.buffer.rest().starts_with(BOM) {
            // A parser that has just been made or reset takes a byte order mark away; only that of the text is one, and
            // has been taken already. An empty line leaves it where it is, but for that.
            self.parser.read_record(b"\n", &mut self.fields, &mut self.ends);
        }
        if let Some(width) = width {
            self.ends.resize(width + 1, 0);
        }
        let (mut bytes, mut text_len, mut fields, mut spans) = (0, 0, 0, false);
        loop {
            // Past the end stands a line end, which closes a record unless it is inside quotes.
            let is_past_end = bytes == self.buffer.len() && self.buffer.is_at_end();
            let input = if is_past_end { &b"\n"[..] } else { &self.buffer.rest()[bytes..] };
            let (result, read, written, ended) =
                self.parser.read_record(input, &mut self.fields[text_len..], &mut self.ends[fields..]);
            let parsed = if is_past_end { 0 } else { read };
            spans |= spans_lines(&input[..parsed]);
            bytes += parsed;
            text_len += written;
            fields += ended;
            match result {
                ReadRecordResult::Record => {
                    return Ok(Shape::Whole { bytes: self.with_line_feed(bytes)?, fields });
                }
                ReadRecordResult::InputEmpty if is_past_end => return Ok(Shape::Unclosed),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    if bytes > self.limits.record {
                        return Ok(Shape::TooLong);
                    }
                    self.buffer.fill()?;
                }
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            }
            if spans && width.is_some_and(|width| fields > width) {
                return Ok(Shape::TooWide);
            }
        }
    }

    /// Takes a bad record away, and returns what is shown of it.
    fn give_up(&mut self, costs: &SkipExtent) -> Result<String> {
        if let SkipExtent::Bytes(bytes) = *costs {
            let raw = shown(without_line_end(self.buffer.pass(bytes)));
            return Ok(raw);
        }
        let mut raw = None;
        loop {
            let rest = self.buffer.rest();
            let line_end = memchr2(b'\n', b'\r', rest);
            raw.get_or_insert_with(|| shown(&rest[..line_end.unwrap_or(rest.len())]));
            if let Some(place) = line_end {
                let bytes = self.with_line_feed(place + 1)?;
                self.buffer.consume(bytes);
                break;
            }
            self.buffer.advance(self.buffer.len());
            if !self.buffer.fill()? {
                self.buffer.end_line();
                break;
            }
        }
        Ok(raw.unwrap_or_default())
    }

    /// `bytes`, and one more where they end between CR and LF.
    fn with_line_feed(&mut self, bytes: usize) -> Result<usize> {
        if bytes == 0 || self.buffer.rest()[bytes - 1] != b'\r' {
            return Ok(bytes);
        }
        if bytes == self.buffer.len() {
            self.buffer.fill()?;
        }
        let is_line_feed = self.buffer.rest().get(bytes) == Some(&b'\n');
        Ok(bytes + usize::from(is_line_feed))
    }

    /// Goes to the next thing that is not an empty line or a byte order mark; false at the end of the text.
    fn skip_blank_lines(&mut self) -> Result<bool> {
        loop {
            while self.buffer.len() < BOM.len() && self.buffer.fill()? {}
            let rest = self.buffer.rest();
            let blank = match rest {
                [] => return Ok(false),
                _ if self.buffer.offset() == 0 && rest.starts_with(BOM) => {
                    self.buffer.advance(BOM.len());
                    continue;
                }
                [b'\r', b'\n', ..] => 2,
                [b'\r' | b'\n', ..] => 1,
                _ => return Ok(true),
            };
            self.buffer.consume(blank);
        }
    }
}

/// The beginning of a bad record, as text whatever it is.
fn shown(raw: &[u8]) -> String {
    String::from_utf8_lossy(&raw[..raw.len().min(SHOWN_BYTES)]).into_owned()
}
