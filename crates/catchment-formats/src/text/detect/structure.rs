//! Encodings that the bytes themselves tell, without statistics: by a byte order mark, by zeros, by escape sequences.

use catchment_core::{Error, ErrorKind, Result};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_16BE, UTF_16LE};
use memchr::memmem;

use super::detection::Detection;
use crate::text::encoding::TextEncoding;

/// The encoding of a file that begins with `head`, where a byte order mark or zeros tell it.
///
/// # Errors
/// `parsing`, `unsupported_encoding`, for UTF-32.
pub(super) fn by_marks_and_zeros(head: &[u8]) -> Result<Option<Detection>> {
    if is_utf_32(head) {
        return Err(unsupported("UTF-32", "UTF-32"));
    }
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(Some(Detection::sure(TextEncoding::Whatwg(encoding), ", by its byte order mark")));
    }
    Ok([(UTF_16LE, 1), (UTF_16BE, 0)].into_iter().find_map(|(encoding, high)| {
        let is_sure = utf_16_by_zeros(head, encoding, high)?;
        let encoding = TextEncoding::Whatwg(encoding);
        Some(if is_sure {
            Detection::sure(encoding, ", by its zeros")
        } else {
            Detection::unsure(encoding, ", by its zeros alone; if that is wrong, set the option `encoding`")
        })
    }))
}

/// UTF-32, with a byte order mark or without: of the four bytes of a character the highest is zero, and most often that
/// below it.
fn is_utf_32(head: &[u8]) -> bool {
    let quads = head.as_chunks::<4>().0;
    let has_zeros_at = |highest: usize, high: usize| {
        let is_char = |quad: &[u8; 4]| quad[highest] == 0 && quad[high] <= 0x10 && *quad != [0; 4];
        quads.len() >= 2
            && quads.iter().all(is_char)
            && quads.iter().filter(|quad| quad[high] == 0).count() * 2 > quads.len()
    };
    let has_mark = head.starts_with(&[0xff, 0xfe, 0, 0]) || head.starts_with(&[0, 0, 0xfe, 0xff]);
    has_mark || has_zeros_at(3, 2) || has_zeros_at(0, 1)
}

/// Whether zeros, at `high` of each two bytes, say that a text without a byte order mark is UTF-16; and whether they
/// surely do: of Western text every other byte is zero, of others that of line ends and delimiters, and no text has zeros
/// otherwise.
fn utf_16_by_zeros(head: &[u8], encoding: &'static Encoding, high: usize) -> Option<bool> {
    let pairs = head.as_chunks::<2>().0;
    let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
    let (expected, others) = (zeros(high), zeros(1 - high));
    if pairs.len() < 2 {
        None
    } else if expected * 2 > pairs.len() && others * 10 < expected {
        Some(true)
    } else if expected > 0 && others == 0 {
        let (text, is_malformed) = encoding.decode_without_bom_handling(pairs.as_flattened());
        let is_text = text.contains(['\n', '\r']) && !text.contains(is_no_text);
        (is_text && !is_malformed).then_some(false)
    } else {
        None
    }
}

fn is_no_text(char: char) -> bool {
    char.is_control() && !matches!(char, '\t' | '\n' | '\r')
        || matches!(char, '\u{e000}'..='\u{f8ff}' | '\u{ffff}')
}

/// The encoding of a sample that escape sequences of ISO 2022 tell, where all its bytes are ASCII.
///
/// # Errors
/// `parsing`, `unsupported_encoding`, for those of Korean and Chinese.
pub(super) fn by_escapes(sample: &[u8]) -> Result<Option<Detection>> {
    let has =
        |sequences: &[&str]| sequences.iter().any(|text| memmem::find(sample, text.as_bytes()).is_some());
    if !sample.is_ascii() {
        return Ok(None);
    }
    if has(&["\x1b$)C"]) {
        return Err(unsupported("ISO-2022-KR", "ISO-2022-KR"));
    }
    if has(&["\x1b$)A", "\x1b$)G", "\x1b$*H"]) {
        return Err(unsupported("ISO-2022-CN", "ISO-2022-CN-EXT"));
    }
    if !has(&["\x1b$B", "\x1b$@", "\x1b(J", "\x1b(I"]) {
        return Ok(None);
    }
    let how = ", by its escape sequences alone; if that is wrong, set the option `encoding`";
    Ok(Some(Detection::unsure(TextEncoding::Whatwg(ISO_2022_JP), how)))
}

fn unsupported(name: &str, of_iconv: &str) -> Error {
    let message = format!(
        "the file is {name}, which is not read; convert it to UTF-8, such as with `iconv -f {of_iconv} -t UTF-8`"
    );
    Error::new(ErrorKind::Parsing, "unsupported_encoding", message)
}
