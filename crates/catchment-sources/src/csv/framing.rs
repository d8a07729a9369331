//! From text to records, in bounded memory, at a cost of one record for each that is malformed.
//!
//! The records are those of RFC 4180 as csv-core reads them, more strictly in one thing: text after a closing
//! quote is an error and not joined to the field. A quote that is never closed would make one record of the
//! rest of the file. So a record that spans lines and is not well formed, or passes the limit, is given up:
//! its first line is the bad record, and reading goes on at the line after that.

use std::io::Read;

use catchment_core::{Error, Result};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr2};
use xxhash_rust::xxh3::Xxh3;

use super::layout::Dialect;
use super::options::Limits;
use super::text::{changed, read_error};

const BLOCK_BYTES: usize = 256 << 10;
/// How much of a bad record is kept; the reject keeps no more.
const SHOWN_BYTES: usize = catchment_core::MAX_RAW_BYTES + 4;
const BOM: &[u8] = "\u{feff}".as_bytes();

pub(crate) struct Framer {
    text: Box<dyn Read + Send>,
    limits: Limits,
    dialect: Dialect,
    parser: Reader,
    block_bytes: usize,
    /// Text not yet consumed is `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    is_at_end: bool,
    /// Where `start` stands in the text.
    offset: u64,
    /// The line that `start` stands in, from 1.
    line: u64,
    /// Of all the text before `start`.
    digest: Xxh3,
    /// The unquoted fields of the record in hand, one after the other, and where each ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
}

/// What stands next in the text.
pub(crate) enum Framed<'a> {
    Record(Fields<'a>),
    Bad(Bad),
}

/// A well-formed record.
pub(crate) struct Fields<'a> {
    pub(crate) line: u64,
    pub(crate) byte: u64,
    /// As it stands in the text, without its line end.
    pub(crate) raw: &'a str,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (text, mut start) = (self.text, 0);
        self.ends.iter().map(move |&end| &text[std::mem::replace(&mut start, end)..end])
    }
}

/// A record that is not well formed.
pub(crate) struct Bad {
    pub(crate) line: u64,
    pub(crate) byte: u64,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) raw: String,
}

/// Why a record is bad, and how much of the text it costs.
struct Fault {
    code: &'static str,
    message: String,
    costs: Costs,
}

enum Costs {
    /// All that was taken for it, in bytes from `start`.
    Bytes(usize),
    FirstLine,
}

/// What the parser made of the text at `start`.
enum Shape {
    /// A record of so many bytes and fields, its line end included.
    Whole { bytes: usize, fields: usize },
    /// It spans lines and already has more fields than it should.
    TooWide,
    /// It goes on past the limit.
    TooLong,
    /// It ends with the text, inside quotes.
    Unclosed,
}

impl Framer {
    pub(crate) fn new(text: Box<dyn Read + Send>, dialect: Dialect, limits: Limits) -> Self {
        Self::with_blocks(text, dialect, limits, BLOCK_BYTES)
    }

    /// Text is read in blocks of this size; small ones show what happens at their edges.
    pub(super) fn with_blocks(
        text: Box<dyn Read + Send>,
        dialect: Dialect,
        limits: Limits,
        block_bytes: usize,
    ) -> Self {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(dialect.delimiter).escape(dialect.escape);
        match dialect.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        Self {
            text,
            limits,
            dialect,
            parser: builder.build(),
            block_bytes,
            buffer: vec![0; block_bytes],
            start: 0,
            end: 0,
            is_at_end: false,
            offset: 0,
            line: 1,
            digest: Xxh3::new(),
            fields: vec![0; 4096],
            ends: vec![0; 64],
        }
    }

    /// Goes to where an earlier reading stood, if all the text up to there is still the same.
    pub(crate) fn skip_to(&mut self, offset: u64, line: u64, digest: &str) -> Result<()> {
        while self.offset < offset {
            if self.start == self.end && !self.fill()? {
                return Err(changed(&format!("its text ends at byte {}, before {offset}", self.offset)));
            }
            let wanted = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            self.advance(wanted.min(self.end - self.start));
        }
        self.line = line;
        if self.digest() == digest {
            return Ok(());
        }
        Err(changed(&format!("its text up to byte {offset} is not what it was")))
    }

    /// Whether all text has been taken from the file; some of it may still be to come from here.
    pub(crate) fn has_met_end(&self) -> bool {
        self.is_at_end
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// A digest (XXH3, 128 bits, in hexadecimal) of all the text up to here.
    pub(crate) fn digest(&self) -> String {
        format!("{:032x}", self.digest.digest128())
    }

    /// The next record; of `width` fields, where that is known. `None` at the end of the text.
    pub(crate) fn next(&mut self, width: Option<usize>) -> Result<Option<Framed<'_>>> {
        if !self.skip_blank_lines()? {
            return Ok(None);
        }
        let (line, byte) = (self.line, self.offset);
        let shape = self.parse(width)?;
        let (bytes, fields) = match self.judge(&shape, width) {
            Ok(record) => record,
            Err(Fault { code, message, costs }) => {
                let raw = self.give_up(&costs)?;
                return Ok(Some(Framed::Bad(Bad { line, byte, code, message, raw })));
            }
        };
        let raw = self.start..self.start + body(&self.buffer[self.start..self.start + bytes]).len();
        self.consume(bytes);
        let ends = &self.ends[..fields];
        let text = &self.fields[..ends.last().copied().unwrap_or(0)];
        match (str::from_utf8(&self.buffer[raw.clone()]), str::from_utf8(text)) {
            (Ok(raw), Ok(text)) => Ok(Some(Framed::Record(Fields { line, byte, raw, text, ends }))),
            (Err(error), _) | (_, Err(error)) => {
                let place = byte + error.valid_up_to() as u64;
                let message = format!(
                    "the bytes at {place} of the text are not text of its encoding; if all such rows fail, name the \
                     right one with the option `encoding`"
                );
                let raw = shown(&self.buffer[raw]);
                Ok(Some(Framed::Bad(Bad { line, byte, code: "bad_encoding", message, raw })))
            }
        }
    }

    /// Reads the record at `start` into `fields` and `ends`, as far as it is worth it.
    fn parse(&mut self, width: Option<usize>) -> Result<Shape> {
        self.parser.reset();
        if self.buffer[self.start..self.end].starts_with(BOM) {
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
            let is_past_end = self.start + bytes == self.end && self.is_at_end;
            let input = if is_past_end { &b"\n"[..] } else { &self.buffer[self.start + bytes..self.end] };
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
                    self.fill()?;
                }
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            }
            if spans && width.is_some_and(|width| fields > width) {
                return Ok(Shape::TooWide);
            }
        }
    }

    /// Whether what was parsed is a record: its length in bytes and its number of fields, or what is wrong.
    fn judge(&self, shape: &Shape, width: Option<usize>) -> Result<(usize, usize), Fault> {
        let unclosed = |message: String| Fault { code: "unclosed_quote", message, costs: Costs::FirstLine };
        let (bytes, fields) = match *shape {
            Shape::Whole { bytes, fields } => (bytes, fields),
            Shape::TooWide => {
                return Err(unclosed("a quote is opened and not closed in its field".to_owned()));
            }
            Shape::Unclosed => {
                return Err(unclosed(
                    "a quote is opened and not closed up to the end of the file".to_owned(),
                ));
            }
            Shape::TooLong => return Err(self.too_long(Costs::FirstLine)),
        };
        let body = body(&self.buffer[self.start..self.start + bytes]);
        let spans = spans_lines(body);
        let costs = if spans { Costs::FirstLine } else { Costs::Bytes(bytes) };
        if body.len() > self.limits.record {
            return Err(self.too_long(costs));
        }
        if !self.is_well_quoted(body) {
            return Err(match spans {
                true => unclosed("a quote is opened and the next one does not end its field".to_owned()),
                false => Fault {
                    code: "malformed_quote",
                    message: format!(
                        "text follows the closing quote of a field, where the delimiter `{}` or the end of the line \
                         should stand; a quote inside quotes is written twice",
                        char::from(self.dialect.delimiter).escape_default()
                    ),
                    costs,
                },
            });
        }
        match width {
            Some(width) if fields != width && spans => Err(unclosed(format!(
                "a quoted field spans lines and its record then has {fields} fields where there are {width} columns"
            ))),
            Some(width) if fields != width => Err(Fault {
                code: "ragged_row",
                message: format!("the row has {fields} fields where there are {width} columns"),
                costs,
            }),
            _ if body.len() > self.limits.field => self.judge_field_lengths(bytes, fields),
            _ => Ok((bytes, fields)),
        }
    }

    fn judge_field_lengths(&self, bytes: usize, fields: usize) -> Result<(usize, usize), Fault> {
        let mut start = 0;
        for (index, end) in self.ends[..fields].iter().enumerate() {
            let length = end - std::mem::replace(&mut start, *end);
            if length > self.limits.field {
                return Err(Fault {
                    code: "field_too_long",
                    message: format!(
                        "field {} has {length} bytes; the most is {} (option `maxFieldBytes`)",
                        index + 1,
                        self.limits.field
                    ),
                    costs: Costs::Bytes(bytes),
                });
            }
        }
        Ok((bytes, fields))
    }

    fn too_long(&self, costs: Costs) -> Fault {
        Fault {
            code: "record_too_long",
            message: format!(
                "the record is longer than {} bytes (option `maxRecordBytes`), or a quote is not closed",
                self.limits.record
            ),
            costs,
        }
    }

    /// Whether each quoted field ends where its quote is closed, which csv-core does not tell.
    fn is_well_quoted(&self, body: &[u8]) -> bool {
        let Some(quote) = self.dialect.quote else { return true };
        let Some(first) = memchr(quote, body) else { return true };
        let Dialect { delimiter, escape, .. } = self.dialect;
        // The field that holds the first quote; those before it cannot be malformed.
        let mut at = body[..first].iter().rposition(|&byte| byte == delimiter).map_or(0, |place| place + 1);
        loop {
            if body.get(at) == Some(&quote) {
                at += 1;
                loop {
                    match body.get(at) {
                        None => return false,
                        Some(&byte) if Some(byte) == escape => at += 2,
                        Some(&byte) if byte != quote => at += 1,
                        Some(_) if body.get(at + 1) == Some(&quote) => at += 2,
                        Some(_) => break,
                    }
                }
                at += 1;
                while body.get(at).is_some_and(|&byte| byte != delimiter && matches!(byte, b' ' | b'\t')) {
                    at += 1;
                }
                if body.get(at).is_some_and(|&byte| byte != delimiter) {
                    return false;
                }
            }
            match body.get(at..).and_then(|rest| memchr(delimiter, rest)) {
                Some(next) => at += next + 1,
                None => return true,
            }
        }
    }

    /// Takes a bad record away, and returns what is shown of it.
    fn give_up(&mut self, costs: &Costs) -> Result<String> {
        if let Costs::Bytes(bytes) = *costs {
            let raw = shown(body(&self.buffer[self.start..self.start + bytes]));
            self.consume(bytes);
            return Ok(raw);
        }
        let mut raw = None;
        loop {
            let rest = &self.buffer[self.start..self.end];
            let line_end = memchr2(b'\n', b'\r', rest);
            raw.get_or_insert_with(|| shown(&rest[..line_end.unwrap_or(rest.len())]));
            if let Some(place) = line_end {
                let bytes = self.with_line_feed(place + 1)?;
                self.consume(bytes);
                break;
            }
            self.advance(self.end - self.start);
            if !self.fill()? {
                self.line += 1;
                break;
            }
        }
        Ok(raw.unwrap_or_default())
    }

    /// `bytes`, and one more where they end between CR and LF.
    fn with_line_feed(&mut self, bytes: usize) -> Result<usize> {
        if bytes == 0 || self.buffer[self.start + bytes - 1] != b'\r' {
            return Ok(bytes);
        }
        if self.start + bytes == self.end {
            self.fill()?;
        }
        let is_line_feed = self.start + bytes < self.end && self.buffer[self.start + bytes] == b'\n';
        Ok(bytes + usize::from(is_line_feed))
    }

    /// Goes to the next thing that is not an empty line or a byte order mark; false at the end of the text.
    fn skip_blank_lines(&mut self) -> Result<bool> {
        loop {
            while self.end - self.start < BOM.len() && self.fill()? {}
            let rest = &self.buffer[self.start..self.end];
            let blank = match rest {
                [] => return Ok(false),
                _ if self.offset == 0 && rest.starts_with(BOM) => {
                    self.advance(BOM.len());
                    continue;
                }
                [b'\r', b'\n', ..] => 2,
                [b'\r' | b'\n', ..] => 1,
                _ => return Ok(true),
            };
            self.consume(blank);
        }
    }

    /// Goes past whole lines.
    fn consume(&mut self, bytes: usize) {
        let raw = &self.buffer[self.start..self.start + bytes];
        let body = body(raw);
        self.line += if spans_lines(body) { count_lines(raw) } else { 1 };
        self.advance(bytes);
    }

    fn advance(&mut self, bytes: usize) {
        self.digest.update(&self.buffer[self.start..self.start + bytes]);
        self.start += bytes;
        self.offset += bytes as u64;
    }

    /// Reads more text behind what is there; false at its end.
    fn fill(&mut self) -> Result<bool> {
        if self.is_at_end {
            return Ok(false);
        }
        if self.buffer.len() - self.end < self.block_bytes / 4 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.buffer.len() - self.end < self.block_bytes / 4 {
                self.buffer.resize(self.buffer.len() + self.block_bytes, 0);
            }
        }
        let count = self.text.read(&mut self.buffer[self.end..]).map_err(read_error)?;
        self.end += count;
        self.is_at_end = count == 0;
        if self.offset + (self.end - self.start) as u64 > self.limits.file {
            return Err(Error::config(
                "file_too_long",
                format!("the file has more than {} bytes of text (option `maxFileBytes`)", self.limits.file),
            ));
        }
        Ok(!self.is_at_end)
    }
}

/// A record without its line end.
fn body(raw: &[u8]) -> &[u8] {
    match raw {
        [body @ .., b'\r', b'\n'] | [body @ .., b'\r' | b'\n'] => body,
        body => body,
    }
}

fn spans_lines(text: &[u8]) -> bool {
    memchr2(b'\n', b'\r', text).is_some()
}

/// How many lines `raw` has; CR LF ends one.
fn count_lines(raw: &[u8]) -> u64 {
    let ends = |(at, byte): (usize, &u8)| *byte == b'\n' || *byte == b'\r' && raw.get(at + 1) != Some(&b'\n');
    let ended = raw.iter().enumerate().filter(|&place| ends(place)).count() as u64;
    ended + u64::from(!matches!(raw, [.., b'\n' | b'\r']))
}

/// The beginning of a bad record, as text whatever it is.
fn shown(raw: &[u8]) -> String {
    String::from_utf8_lossy(&raw[..raw.len().min(SHOWN_BYTES)]).into_owned()
}
