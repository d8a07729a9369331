//! Text of any encoding as UTF-8, with the place of what is malformed marked.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

use super::encoding::{CodePage, TextEncoding};

/// Stands in decoded text where the bytes were no text of their encoding. It never occurs in UTF-8, so the
/// record that holds it is rejected where records are checked for being UTF-8, whatever the encoding was.
const MALFORMED: u8 = 0xff;

/// Text as UTF-8, with the byte 0xFF, which no UTF-8 has, where it is malformed in its own encoding.
pub(crate) fn transcode(bytes: Box<dyn Read + Send>, encoding: TextEncoding) -> Box<dyn Read + Send> {
    match encoding {
        TextEncoding::Whatwg(encoding) if encoding == UTF_8 => bytes,
        TextEncoding::Whatwg(encoding) => Box::new(Transcoded::new(bytes, encoding)),
        TextEncoding::CodePage(page) => Box::new(PageText { bytes, page, block: Vec::new() }),
    }
}

/// Text of a code page on its way to UTF-8.
struct PageText {
    bytes: Box<dyn Read + Send>,
    page: CodePage,
    block: Vec<u8>,
}

impl Read for PageText {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        /// The longest of its characters in UTF-8, in bytes.
        const LONGEST: usize = 3;
        if out.len() < LONGEST {
            return Err(too_small());
        }
        self.block.resize((out.len() / LONGEST).min(64 << 10), 0);
        let count = self.bytes.read(&mut self.block)?;
        let mut written = 0;
        for &byte in &self.block[..count] {
            match self.page.decode(byte) {
                Some(char) => written += char.encode_utf8(&mut out[written..]).len(),
                None => {
                    out[written] = MALFORMED;
                    written += 1;
                }
            }
        }
        Ok(written)
    }
}

fn too_small() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "decoded text is read in larger pieces")
}

/// Text of another encoding on its way to UTF-8.
struct Transcoded {
    bytes: Box<dyn Read + Send>,
    decoder: Decoder,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    state: Decoding,
}

impl Transcoded {
    fn new(bytes: Box<dyn Read + Send>, encoding: &'static Encoding) -> Self {
        Self {
            bytes,
            decoder: encoding.new_decoder_with_bom_removal(),
            buffer: vec![0; 64 << 10].into(),
            start: 0,
            end: 0,
            state: Decoding::Going,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Decoding {
    Going,
    /// The last bytes were malformed, and there was no room to say so.
    Malformed,
    /// All bytes are in the decoder.
    AtEnd,
    /// The decoder is done and must not be asked again.
    Done,
}

impl Read for Transcoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        /// The decoder gets nowhere with less than room for a character.
        const ROOM: usize = 8;
        if out.len() < ROOM {
            return Err(too_small());
        }
        loop {
            if self.state == Decoding::Done {
                return Ok(0);
            }
            if self.state == Decoding::Malformed {
                self.state = Decoding::Going;
                out[0] = MALFORMED;
                return Ok(1);
            }
            if self.start == self.end && self.state == Decoding::Going {
                (self.start, self.end) = (0, self.bytes.read(&mut self.buffer)?);
                if self.end == 0 {
                    self.state = Decoding::AtEnd;
                }
            }
            let is_last = self.state == Decoding::AtEnd;
            let input = &self.buffer[self.start..self.end];
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, out, is_last);
            self.start += read;
            match result {
                // After this the end is met again, with nothing left in the decoder.
                DecoderResult::Malformed(..) => self.state = Decoding::Malformed,
                DecoderResult::InputEmpty if is_last => self.state = Decoding::Done,
                DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            }
            if written > 0 {
                return Ok(written);
            }
        }
    }
}
