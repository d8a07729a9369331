//! Character encoding detection, where no option names one.

use std::io::Read;

use catchment_core::Result;
use encoding_rs::{CoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::compression::read_error;
use crate::Blob;

/// Finds out the encoding of a blob that begins with `head`: by its byte order mark, by its zeros (UTF-16), or by the
/// first of its bytes, up to `max_bytes`, that are not ASCII.
pub(crate) fn find_encoding(blob: &Blob, head: &[u8], max_bytes: u64) -> Result<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    if let Some(encoding) = utf16_without_bom(head) {
        return Ok(encoding);
    }
    let sample = first_foreign_bytes(&mut blob.bytes()?.take(max_bytes))?;
    Ok(guess(&sample))
}

/// Every other byte of Western text in UTF-16 is zero, and no text has zeros otherwise.
fn utf16_without_bom(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.as_chunks::<2>().0;
    let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
    let (high, low) = (zeros(0), zeros(1));
    if pairs.len() < 2 {
        None
    } else if low * 2 > pairs.len() && high * 10 < low {
        Some(UTF_16LE)
    } else if high * 2 > pairs.len() && low * 10 < high {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// The part of the file that tells its encoding: from the first byte that is not ASCII. A catalogue's first
/// accent may stand a million rows down.
fn first_foreign_bytes(bytes: &mut dyn Read) -> Result<Vec<u8>> {
    let mut block = vec![0; 256 << 10];
    loop {
        let count = bytes.read(&mut block).map_err(read_error)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let ascii = Encoding::ascii_valid_up_to(&block[..count]);
        if ascii < count {
            // Words before it help to guess the language.
            let mut sample = block[ascii.saturating_sub(4096)..count].to_vec();
            sample.extend(read_head(bytes, 1 << 20)?);
            return Ok(sample);
        }
    }
}

/// UTF-8 if most of what is not ASCII is valid in it (a bad byte costs its record, not the file), else what
/// chardetng thinks.
fn guess(sample: &[u8]) -> &'static Encoding {
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        valid += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    if valid >= invalid {
        return UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

/// The first bytes of a reader, so many at most.
pub(crate) fn read_head(bytes: &mut dyn Read, max: usize) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    bytes.take(max as u64).read_to_end(&mut head).map_err(read_error)?;
    Ok(head)
}

/// The beginning of a text, decoded as far as it goes; for finding out what it is.
pub(crate) fn decode_head(bytes: &[u8], encoding: &'static Encoding) -> String {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text =
        String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3));
    let (result, _, _) = decoder.decode_to_string(bytes, &mut text, false);
    debug_assert_eq!(result, CoderResult::InputEmpty);
    text
}

pub(crate) mod encoding_name {
    //! An encoding by its name, for serde.

    use encoding_rs::Encoding;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(encoding: &'static Encoding, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(encoding.name())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static Encoding, D::Error> {
        let name = String::deserialize(from)?;
        Encoding::for_label(name.as_bytes()).ok_or_else(|| D::Error::custom("unknown encoding"))
    }
}
