//! An opened file, wherever it came from, and its version: what it looked like when it was opened.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use catchment_core::{Error, ErrorKind, Progress, Result};

use crate::text::compression::decompress;
use crate::text::encoding::TextEncoding;
use crate::text::transcode::transcode;

/// Blocks that are read of a file.
const BLOCK_BYTES: usize = 256 << 10;

/// An opened file and its version.
pub struct Blob {
    file: Arc<File>,
    version: Version,
    /// Whether it is the whole file, and not its beginning alone.
    is_whole: bool,
    taken: Arc<AtomicU64>,
    is_wanted: ContinueCheck,
}

/// A cancellation check, called before each block is read: whether the result is still wanted.
pub type ContinueCheck = Arc<dyn Fn() -> bool + Send + Sync>;

/// A version stamp, to detect that a file changed: its size and modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Version {
    fn of(file: &File) -> Result<Self> {
        let metadata = file.metadata().map_err(|error| Error::io("reading the file's metadata", error))?;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().ok() })
    }
}

impl Blob {
    /// A whole file that is open for reading.
    ///
    /// # Errors
    /// `system`, `io`, where the file system does not tell its size.
    pub fn new(file: File, is_wanted: ContinueCheck) -> Result<Self> {
        let version = Version::of(&file)?;
        Ok(Self { file: Arc::new(file), version, is_whole: true, taken: Arc::default(), is_wanted })
    }

    /// The same where the file may hold only the beginning of what it stands for: good for looking at it, and for nothing
    /// else.
    #[must_use]
    pub fn with_is_whole(self, is_whole: bool) -> Self {
        Self { is_whole, ..self }
    }

    /// Its bytes from the beginning, decompressed.
    ///
    /// # Errors
    /// `system`, `io`; `parsing`, `damaged_compression`.
    pub fn bytes(&self) -> Result<Box<dyn Read + Send>> {
        (&*self.file).rewind().map_err(|error| Error::io("rewinding the file", error))?;
        self.taken.store(0, Ordering::Relaxed);
        let (file, taken, is_wanted) = (self.file.clone(), self.taken.clone(), self.is_wanted.clone());
        decompress(BufReader::with_capacity(BLOCK_BYTES, CountingReader { file, taken, is_wanted }))
    }

    /// Its text as UTF-8, with the byte 0xFF, which no UTF-8 has, where it is malformed in its encoding.
    ///
    /// # Errors
    /// As [`Blob::bytes`].
    pub(crate) fn text(&self, encoding: TextEncoding) -> Result<Box<dyn Read + Send>> {
        Ok(transcode(self.bytes()?, encoding))
    }

    /// How far it has been read.
    pub(crate) fn progress(&self) -> Progress {
        Progress { bytes: self.taken.load(Ordering::Relaxed), total_bytes: Some(self.version.bytes) }
    }

    /// Compares the file with its version; asked at its end, and of whatever cannot be read.
    ///
    /// # Errors
    /// `system`, `source_changed`.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        let now = Version::of(&self.file)?;
        if now == self.version {
            return Ok(());
        }
        Err(changed(&if now.bytes == self.version.bytes {
            "it was modified after it was opened".to_owned()
        } else {
            format!("it had {} bytes when it was opened and has {} now", self.version.bytes, now.bytes)
        }))
    }

    /// The whole lines of a blob of which only the beginning is there, at most so many bytes of them, decompressed; a blob
    /// that is whole as it is.
    pub(crate) fn whole_lines(self, max_bytes: u64) -> Result<Self> {
        if self.is_whole {
            return Ok(self);
        }
        let failed = |error| {
            let dir = std::env::temp_dir();
            let what = "buffering the beginning of the file in a temporary one";
            Error::io(format!("{what} in {} (TMPDIR)", dir.display()), error)
        };
        let mut text = Vec::new();
        // Compressed data ends in the middle; what came out of it before is fine.
        self.bytes()?.take(max_bytes).read_to_end(&mut text).ok();
        let end = text.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
        // Characters of UTF-16 have two bytes.
        text.truncate(if text.contains(&0) { end & !1 } else { end });
        let mut lines = tempfile::tempfile().map_err(failed)?;
        lines.write_all(&text).map_err(failed)?;
        Self::new(lines, self.is_wanted)
    }
}

/// The error of a file that changed while it was read: what was read belongs to no version of it.
pub(crate) fn changed(how: &str) -> Error {
    let message = format!("the file changed while it was being read: {how}");
    Error::new(ErrorKind::System, "source_changed", message)
}

/// A file whose bytes are counted on their way.
struct CountingReader {
    file: Arc<File>,
    taken: Arc<AtomicU64>,
    is_wanted: ContinueCheck,
}

impl Read for CountingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !(self.is_wanted)() {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the reader of the file was dropped",
            ));
        }
        let count = self.file.read(buffer)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
