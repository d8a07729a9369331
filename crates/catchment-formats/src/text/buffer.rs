//! Decoded text in blocks, with what is asked of every format that resumes: is it the same text up to here?

use std::io::Read;

use catchment_core::{Finding, Result};
use memchr::memchr2;
use xxhash_rust::xxh3::Xxh3;

use super::compression::read_error;
use crate::blob::{changed, too_long};

/// A window into a text, in bounded memory. What has been passed is in the offset, the line and the digest.
pub(crate) struct TextBuffer {
    text: Box<dyn Read + Send>,
    block_bytes: usize,
    max_bytes: u64,
    /// Text not yet passed is `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    is_at_end: bool,
    offset: u64,
    line: u64,
    digest: Xxh3,
}

impl TextBuffer {
    /// A buffer that reads blocks of `block_bytes`, and no more than `max_bytes` in all.
    pub(crate) fn new(text: Box<dyn Read + Send>, block_bytes: usize, max_bytes: u64) -> Self {
        Self {
            text,
            block_bytes,
            max_bytes,
            buffer: vec![0; block_bytes],
            start: 0,
            end: 0,
            is_at_end: false,
            offset: 0,
            line: 1,
            digest: Xxh3::new(),
        }
    }

    /// Goes to where an earlier reading stood, if all the text up to there is still the same.
    ///
    /// # Errors
    /// `system`, `source_changed`.
    pub(crate) fn resume_at(&mut self, offset: u64, line: u64, digest: &str) -> Result<()> {
        while self.offset < offset {
            if self.is_empty() && !self.fill()? {
                return Err(changed(&format!(
                    "its text ends at byte {}, before byte {offset}, where reading resumes",
                    self.offset
                )));
            }
            let wanted = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            self.advance(wanted.min(self.len()));
        }
        self.line = line;
        if self.digest() == digest {
            return Ok(());
        }
        Err(changed(&format!("its text before byte {offset} has changed")))
    }

    /// What has been read and not yet passed.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether all text has been read; some of it may still be in the buffer.
    pub(crate) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Bytes passed, of the decoded text.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The line that the buffer stands in, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The digest of all the text that was passed: XXH3, 128 bits, in hexadecimal.
    pub(crate) fn digest(&self) -> String {
        format!("{:032x}", self.digest.digest128())
    }

    /// Passes whole lines.
    pub(crate) fn consume(&mut self, bytes: usize) {
        let raw = &self.rest()[..bytes];
        self.line += if spans_lines(without_line_end(raw)) { count_lines(raw) } else { 1 };
        self.advance(bytes);
    }

    /// The same; what was passed.
    pub(crate) fn pass(&mut self, bytes: usize) -> &[u8] {
        self.consume(bytes);
        &self.buffer[self.start - bytes..self.start]
    }

    /// Passes the end of a text whose last line has no line end.
    pub(crate) fn end_line(&mut self) {
        self.line += 1;
    }

    /// Passes a part of a line.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.digest.update(&self.buffer[self.start..self.start + bytes]);
        self.start += bytes;
        self.offset += bytes as u64;
    }

    /// Reads more text behind what is there; false at its end.
    ///
    /// # Errors
    /// `config`, `file_too_long`; what reading fails with.
    pub(crate) fn fill(&mut self) -> Result<bool> {
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
        if self.offset + self.len() as u64 > self.max_bytes {
            return Err(too_long(self.max_bytes));
        }
        Ok(!self.is_at_end)
    }
}

/// What is said of a text that goes on, whose last line has no end.
pub(crate) fn unfinished(line: u64) -> Finding {
    let message = format!("what begins in line {line} has no end yet, and is left for the next run");
    Finding::unsure("unfinished", message)
}

/// A line, or a record of several, without its line end.
pub(crate) fn without_line_end(raw: &[u8]) -> &[u8] {
    match raw {
        [body @ .., b'\r', b'\n'] | [body @ .., b'\r' | b'\n'] => body,
        body => body,
    }
}

pub(crate) fn spans_lines(text: &[u8]) -> bool {
    memchr2(b'\n', b'\r', text).is_some()
}

/// How many lines `raw` has; CR LF ends one.
fn count_lines(raw: &[u8]) -> u64 {
    let ends = |(at, byte): (usize, &u8)| *byte == b'\n' || *byte == b'\r' && raw.get(at + 1) != Some(&b'\n');
    let ended = raw.iter().enumerate().filter(|&place| ends(place)).count() as u64;
    ended + u64::from(!matches!(raw, [.., b'\n' | b'\r']))
}
