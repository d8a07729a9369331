//! From a file on a disk to its text: decompressed, and in UTF-8 whatever it was written in.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use catchment_core::{Error, ErrorKind, Progress, Result};
use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8};

/// Stands in decoded text where the bytes were no text of their encoding. It never occurs in UTF-8, so the
/// record that holds it is rejected where records are checked for being UTF-8, whatever the encoding was.
const MALFORMED: u8 = 0xff;

/// An open file, and what it looked like when it was opened.
pub(crate) struct Input {
    file: Arc<File>,
    stamp: (u64, Option<SystemTime>),
    taken: Arc<AtomicU64>,
    is_wanted: IsWanted,
}

/// Whether somebody still waits for what is read. Asked at each block, as some ways through a file are long.
pub(crate) type IsWanted = Arc<dyn Fn() -> bool + Send + Sync>;

impl Input {
    pub(crate) fn new(file: File, is_wanted: IsWanted) -> Result<Self> {
        let stamp = stamp(&file)?;
        Ok(Self { file: Arc::new(file), stamp, taken: Arc::default(), is_wanted })
    }

    /// Its bytes from the beginning, decompressed where they are compressed (told by their first bytes).
    pub(crate) fn bytes(&self) -> Result<Box<dyn Read + Send>> {
        use std::io::{BufRead, Seek};
        (&*self.file).rewind().map_err(|error| Error::io("rewinding the file", error))?;
        self.taken.store(0, Ordering::Relaxed);
        let counted =
            Counted { file: self.file.clone(), taken: self.taken.clone(), is_wanted: self.is_wanted.clone() };
        let mut raw = BufReader::with_capacity(256 << 10, counted);
        let head = raw.fill_buf().map_err(|error| Error::io("reading the file", error))?;
        Ok(match head {
            [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(
                zstd::stream::read::Decoder::with_buffer(raw)
                    .map_err(|error| Error::io("reading zstd", error))?,
            ),
            _ => Box::new(raw),
        })
    }

    /// Its text as UTF-8, with [`MALFORMED`] where it is none.
    pub(crate) fn text(&self, encoding: &'static Encoding) -> Result<Box<dyn Read + Send>> {
        let bytes = self.bytes()?;
        if encoding == UTF_8 {
            return Ok(bytes);
        }
        Ok(Box::new(Transcoded {
            bytes,
            decoder: encoding.new_decoder_with_bom_removal(),
            buffer: vec![0; 64 << 10].into(),
            start: 0,
            end: 0,
            state: Decoding::Going,
        }))
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress { bytes: self.taken.load(Ordering::Relaxed), total_bytes: Some(self.stamp.0) }
    }

    /// That the file is still what it was when it was opened; asked at its end.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        let now = stamp(&self.file)?;
        if now == self.stamp {
            return Ok(());
        }
        Err(changed(&match now.0 == self.stamp.0 {
            true => "it was written to after it was opened".to_owned(),
            false => format!("it had {} bytes when it was opened and has {} now", self.stamp.0, now.0),
        }))
    }
}

/// The error of a file that changed while it was read: what was read belongs to no version of it.
pub(crate) fn changed(how: &str) -> Error {
    Error::new(
        ErrorKind::System,
        "source_changed",
        format!("the file changed while it was being read: {how}"),
    )
}

/// What reading failed with. Compressed data that is cut off or damaged will not be better next time.
pub(crate) fn read_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Error::new(
                ErrorKind::Parsing,
                "damaged_compression",
                format!("the compressed file is damaged or cut off: {error}; make it again"),
            )
            .with_source(error)
        }
        // zstd's own errors have no kind but this one, and no number of the operating system.
        io::ErrorKind::Other if error.raw_os_error().is_none() => Error::new(
            ErrorKind::Parsing,
            "damaged_compression",
            format!("the compressed file cannot be read: {error}; make it again"),
        )
        .with_source(error),
        _ => Error::io("reading the file", error),
    }
}

fn stamp(file: &File) -> Result<(u64, Option<SystemTime>)> {
    let metadata = file.metadata().map_err(|error| Error::io("looking at the file", error))?;
    Ok((metadata.len(), metadata.modified().ok()))
}

struct Counted {
    file: Arc<File>,
    taken: Arc<AtomicU64>,
    is_wanted: IsWanted,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !(self.is_wanted)() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "nobody reads on"));
        }
        let count = self.file.read(buffer)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
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

/// The beginning of a text, decoded as far as it goes; for finding out what it is.
pub(crate) fn decode_head(bytes: &[u8], encoding: &'static Encoding) -> String {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text =
        String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3));
    let (result, _, _) = decoder.decode_to_string(bytes, &mut text, false);
    debug_assert_eq!(result, CoderResult::InputEmpty);
    text
}
