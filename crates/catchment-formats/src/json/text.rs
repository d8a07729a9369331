//! The text of JSON in files: UTF-8 (RFC 8259), or what a byte order mark tells.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use catchment_core::{Error, ErrorKind, Result};
use memchr::memchr;

use super::options::ValidatedJsonOptions;
use crate::Blob;
use crate::text::compression::read_head;
use crate::text::detect::marked_encoding;
use crate::text::encoding::TextEncoding;

const BOM: &[u8] = "\u{feff}".as_bytes();
/// What stands for a malformed byte.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
/// The most text between two records, which is held in memory: a record that is longer, or what stands beside the list.
const MAX_RUN_BYTES: u64 = 64 << 20;
/// Enough to tell UTF-16.
const HEAD_BYTES: usize = 4096;

/// The encoding of a text: the one that is given, or by its first bytes.
pub(super) fn encoding(blob: &Blob, given: &ValidatedJsonOptions) -> Result<TextEncoding> {
    if let Some(encoding) = given.encoding {
        return Ok(encoding);
    }
    let head = read_head(&mut *blob.bytes()?, HEAD_BYTES)?;
    Ok(marked_encoding(&head)?.unwrap_or(TextEncoding::UTF_8))
}

/// A text as UTF-8 without a byte order mark. Malformed bytes stand as U+FFFD in it, and are noted.
pub(super) struct RepairedText {
    text: BufReader<Box<dyn Read + Send>>,
    is_repaired: Arc<AtomicBool>,
    /// What is still to be given of a replacement.
    pending: &'static [u8],
    is_begun: bool,
    left: u64,
    /// Bytes since a record was cut out.
    run: Arc<AtomicU64>,
}

impl RepairedText {
    pub(super) fn open(blob: &Blob, encoding: TextEncoding, max_bytes: u64) -> Result<Self> {
        let text = BufReader::with_capacity(256 << 10, blob.text(encoding)?);
        let is_repaired = Arc::default();
        let run = Arc::default();
        Ok(Self { text, is_repaired, pending: &[], is_begun: false, left: max_bytes, run })
    }

    /// Whether bytes that came in so far were malformed.
    pub(super) fn is_repaired(&self) -> Arc<AtomicBool> {
        self.is_repaired.clone()
    }

    /// What counts the bytes since a record was cut out, to be set back when one is.
    pub(super) fn run(&self) -> Arc<AtomicU64> {
        self.run.clone()
    }

    fn give(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.pending.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.pending[..count]);
        self.pending = &self.pending[count..];
        count
    }
}

impl Read for RepairedText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::io::BufRead;
        if !self.pending.is_empty() {
            return Ok(self.give(buffer));
        }
        if !std::mem::replace(&mut self.is_begun, true) && self.text.fill_buf()?.starts_with(BOM) {
            self.text.consume(BOM.len());
        }
        let block = self.text.fill_buf()?;
        if block.first() == Some(&0xff) {
            self.text.consume(1);
            self.is_repaired.store(true, Ordering::Relaxed);
            self.pending = REPLACEMENT;
            return Ok(self.give(buffer));
        }
        let sound = memchr(0xff, block).unwrap_or(block.len()).min(buffer.len());
        buffer[..sound].copy_from_slice(&block[..sound]);
        self.text.consume(sound);
        if self.run.fetch_add(sound as u64, Ordering::Relaxed) > MAX_RUN_BYTES {
            return Err(io::Error::from(io::ErrorKind::QuotaExceeded));
        }
        self.left = self
            .left
            .checked_sub(sound as u64)
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        Ok(sound)
    }
}

/// The error of a text that does not read as JSON.
pub(super) fn unreadable(error: &serde_json::Error, max_bytes: u64) -> Error {
    match error.io_error_kind() {
        Some(io::ErrorKind::FileTooLarge) => return crate::blob::too_long(max_bytes),
        Some(io::ErrorKind::QuotaExceeded) => {
            let message = format!(
                "a value in the file has more than {MAX_RUN_BYTES} bytes, and is no record; check that it is the right file, \
                 and the option `dataPath`"
            );
            return Error::new(ErrorKind::Parsing, "value_too_long", message);
        }
        Some(kind) => return crate::text::compression::read_error(io::Error::new(kind, error.to_string())),
        None => {}
    }
    let message = if error.is_eof() {
        format!("the file ends in the middle of its JSON ({error}); it was cut off: get it again")
    } else {
        format!("the file is not JSON: {error}; check that it is the right file")
    };
    Error::new(ErrorKind::Parsing, "bad_json", message)
}
