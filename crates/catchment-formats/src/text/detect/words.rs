//! The sample that tells an encoding: the distinct words of a file that are not ASCII.
//!
//! Each distinct word counts once: a column that says `Sí` a thousand times says no more than once.

use std::collections::HashSet;
use std::io::Read;

use catchment_core::Result;
use memchr::memchr;

use crate::text::compression::{read_error, read_head};

/// How much is looked at from the first byte that is not ASCII.
const SAMPLE_BYTES: usize = 2 << 20;
/// More distinct words than this tell no more.
const MAX_WORDS: usize = 10_000;
/// Longer words are no words of a language that puts spaces between them.
const MAX_WORD_BYTES: usize = 64;
const ESCAPE: u8 = 0x1b;

/// The part of the file that tells its encoding: from the first byte that is not ASCII, or begins an escape sequence, on.
/// A catalogue's first accent may stand a million rows down.
pub(super) fn first_foreign_bytes(bytes: &mut dyn Read) -> Result<Vec<u8>> {
    let mut block = vec![0; 256 << 10];
    loop {
        let count = bytes.read(&mut block).map_err(read_error)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let ascii = encoding_rs::Encoding::ascii_valid_up_to(&block[..count]);
        let plain = memchr(ESCAPE, &block[..ascii]).unwrap_or(ascii);
        if plain < count {
            // The word that it stands in may have begun before it.
            let mut sample = block[plain.saturating_sub(MAX_WORD_BYTES)..count].to_vec();
            sample.extend(read_head(bytes, SAMPLE_BYTES)?);
            if sample.len() >= SAMPLE_BYTES {
                // Half a character at its end is no sign of anything.
                let end = sample.iter().rposition(|&byte| matches!(byte, b'\n' | b'\r'));
                sample.truncate(end.unwrap_or(sample.len()));
            }
            return Ok(sample);
        }
    }
}

/// Letters and digits, as encodings of a byte a character have them.
pub(super) fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// The same for encodings of several bytes a character, the second of which may look like ASCII from `@` on, or a digit.
pub(super) fn is_in_wide_word(byte: u8) -> bool {
    byte >= b'@' || byte.is_ascii_digit()
}

/// The distinct words of a sample that are not ASCII, in the order in which they come.
pub(super) fn distinct_words(sample: &[u8], is_in_word: fn(u8) -> bool) -> Vec<&[u8]> {
    let mut seen = HashSet::new();
    let words = sample.split(|&byte| !is_in_word(byte));
    words
        .filter(|word| !word.is_ascii() && word.len() <= MAX_WORD_BYTES && seen.insert(*word))
        .take(MAX_WORDS)
        .collect()
}
