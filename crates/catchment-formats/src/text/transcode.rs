//! Text of any encoding as UTF-8, with the place of what is malformed marked.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

/// Stands in decoded text where the bytes were no text of their encoding. It never occurs in UTF-8, so the
/// record that holds it is rejected where records are checked for being UTF-8, whatever the encoding was.
const MALFORMED: u8 = 0xff;

/// Text as UTF-8, with the byte 0xFF, which no UTF-8 has, where it is malformed in its own encoding.
pub(crate) fn transcode(bytes: Box<dyn Read + Send>, encoding: &'static Encoding) -> Box<dyn Read + Send> {
    if encoding == UTF_8 {
        return bytes;
    }
    Box::new(Transcoded {
        bytes,
        decoder: encoding.new_decoder_with_bom_removal(),
        buffer: vec![0; 64 << 10].into(),
        start: 0,
        end: 0,
        state: Decoding::Going,
    })
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
            return Err(io::Error::new(io::ErrorKind::Unsupported, "decoded text is read in larger pieces"));
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
