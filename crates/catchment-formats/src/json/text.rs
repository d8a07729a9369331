//! The text of JSON in files: UTF-8 (RFC 8259), or what a byte order mark tells.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use catchment_core::{Error, ErrorKind, Result};
use encoding_rs::{Decoder, UTF_8};

use super::options::ValidatedJsonOptions;
use crate::Blob;
use crate::text::compression::read_head;
use crate::text::detect::marked_encoding;
use crate::text::encoding::TextEncoding;

const BLOCK_BYTES: usize = 64 << 10;
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
    bytes: Box<dyn Read + Send>,
    decoder: Decoder,
    block: Vec<u8>,
    /// What is decoded and not yet given is `text[given..]`.
    text: Vec<u8>,
    given: usize,
    is_at_end: bool,
    is_repaired: Arc<AtomicBool>,
    left: u64,
    /// Bytes since a record was cut out.
    run: Arc<AtomicU64>,
}

impl RepairedText {
    pub(super) fn open(blob: &Blob, encoding: TextEncoding, max_bytes: u64) -> Result<Self> {
        Ok(Self {
            bytes: blob.text(encoding)?,
            decoder: UTF_8.new_decoder_with_bom_removal(),
            block: vec![0; BLOCK_BYTES],
            text: Vec::new(),
            given: 0,
            is_at_end: false,
            is_repaired: Arc::default(),
            left: max_bytes,
            run: Arc::default(),
        })
    }

    /// Whether bytes that came in so far were malformed.
    pub(super) fn is_repaired(&self) -> Arc<AtomicBool> {
        self.is_repaired.clone()
    }

    /// What counts the bytes since a record was cut out, to be set back when one is.
    pub(super) fn run(&self) -> Arc<AtomicU64> {
        self.run.clone()
    }

    /// Decodes another block.
    fn refill(&mut self) -> io::Result<()> {
        let count = self.bytes.read(&mut self.block)?;
        self.is_at_end = count == 0;
        let block = &self.block[..count];
        let room = self.decoder.max_utf8_buffer_length(count).unwrap_or(BLOCK_BYTES * 3 + 16);
        self.text.resize(room, 0);
        let (_, _, written, had_errors) = self.decoder.decode_to_utf8(block, &mut self.text, self.is_at_end);
        self.text.truncate(written);
        self.given = 0;
        self.is_repaired.fetch_or(had_errors, Ordering::Relaxed);
        self.left = self.left.checked_sub(written as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        if self.run.fetch_add(written as u64, Ordering::Relaxed) > MAX_RUN_BYTES {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(())
    }
}

impl Read for RepairedText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.is_at_end {
            self.refill()?;
        }
        let text = &self.text[self.given..];
        let count = text.len().min(buffer.len());
        buffer[..count].copy_from_slice(&text[..count]);
        self.given += count;
        Ok(count)
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
