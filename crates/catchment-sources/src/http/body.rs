//! The body of an answer: decompressed, told whether its end is proven, and in UTF-8 where it is text.

use std::io;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use catchment_core::{Error, ErrorKind, Result, mask_url_query};
use encoding_rs::{Decoder, Encoding};
use futures::TryStreamExt;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use reqwest::{Response, Version};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

/// The encodings that are asked for: those that [`BodyReader`] decodes.
pub(super) const ACCEPTED: &str = "gzip, br, zstd, deflate";
const PIECE_BYTES: usize = 64 << 10;

/// The decompressed bytes of a body.
pub(super) struct BodyReader {
    bytes: Box<dyn AsyncRead + Send + Unpin>,
    is_proven_whole: bool,
}

impl BodyReader {
    /// Begins to read a body.
    ///
    /// # Errors
    /// `api`, when it is encoded in a way that was not asked for.
    pub(super) fn new(response: Response) -> Result<Self> {
        let (url, headers) = (response.url().clone(), response.headers());
        let is_framed = response.version() >= Version::HTTP_2
            || headers.contains_key(CONTENT_LENGTH)
            || headers.contains_key(TRANSFER_ENCODING);
        let encoding = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim());
        let encoding = encoding.unwrap_or_default().to_ascii_lowercase();
        let stream = StreamReader::new(response.bytes_stream().map_err(io::Error::other));
        // Each of these ends by a mark of its own, most with a checksum: a stream that was cut off is an error.
        let bytes: Box<dyn AsyncRead + Send + Unpin> = match encoding.as_str() {
            "" | "identity" => return Ok(Self { bytes: Box::new(stream), is_proven_whole: is_framed }),
            "gzip" | "x-gzip" => {
                let mut decoder = GzipDecoder::new(stream);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
            "zstd" => {
                let mut decoder = ZstdDecoder::new(stream);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
            "br" => Box::new(BrotliDecoder::new(stream)),
            "deflate" => Box::new(ZlibDecoder::new(stream)),
            other => {
                let message = format!(
                    "{} answered in the content encoding `{other}`, which is not supported; accepted: {ACCEPTED}",
                    mask_url_query(url.as_str())
                );
                return Err(Error::new(ErrorKind::Api, "bad_encoding", message));
            }
        };
        Ok(Self { bytes, is_proven_whole: true })
    }

    /// The next piece; none at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let count = self.bytes.read_buf(&mut piece).await?;
        Ok((count > 0).then_some(piece))
    }

    /// Whether the end of the body proves that it is whole.
    pub(super) fn is_proven_whole(&self) -> bool {
        self.is_proven_whole
    }
}

/// Text on its way to UTF-8: a byte order mark says more than the declared encoding, and malformed bytes become U+FFFD.
pub(super) struct TextDecoder {
    decoder: Decoder,
    is_repaired: bool,
    is_finished: bool,
}

impl TextDecoder {
    pub(super) fn new(declared: &'static Encoding) -> Self {
        Self { decoder: declared.new_decoder(), is_repaired: false, is_finished: false }
    }

    pub(super) fn decode(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.step(bytes, false)
    }

    /// What was held back for a character that did not come; none where there was nothing.
    pub(super) fn finish(&mut self) -> Option<Vec<u8>> {
        if std::mem::replace(&mut self.is_finished, true) {
            return None;
        }
        Some(self.step(&[], true)).filter(|rest| !rest.is_empty())
    }

    pub(super) fn is_repaired(&self) -> bool {
        self.is_repaired
    }

    fn step(&mut self, bytes: &[u8], is_last: bool) -> Vec<u8> {
        let room = self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len());
        let mut text = String::with_capacity(room);
        // There is room for all that these bytes can become.
        let (_, _, is_repaired) = self.decoder.decode_to_string(bytes, &mut text, is_last);
        self.is_repaired |= is_repaired;
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;

    use super::*;

    #[test]
    fn text_becomes_utf_8_wherever_it_is_cut() {
        let utf16: Vec<u8> = "\u{feff}Zoë 😀".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, expected, is_bad) in [
            ("\u{feff}Zoë 😀".as_bytes(), "Zoë 😀", false),
            (&utf16, "Zoë 😀", false),
            (b"a\xffb", "a\u{fffd}b", true),
            (b"a\xe2\x82", "a\u{fffd}", true),
        ] {
            for size in 1..=bytes.len() {
                let mut text = TextDecoder::new(UTF_8);
                let mut all: Vec<u8> = bytes.chunks(size).flat_map(|piece| text.decode(piece)).collect();
                all.extend(text.finish().unwrap_or_default());
                assert_eq!(
                    (String::from_utf8(all).unwrap().as_str(), text.is_repaired()),
                    (expected, is_bad)
                );
            }
        }
    }
}
