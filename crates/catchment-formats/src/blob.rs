//! An opened file, wherever it came from, and its version: what it looked like when it was opened.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use catchment_core::{Error, ErrorKind, Progress, Result};

use crate::archive::{Archive, SIGNATURE, Section, Watch};
use crate::text::compression::{decompress, read_error};
use crate::text::encoding::TextEncoding;
use crate::text::transcode::transcode;

/// Blocks that are read of a file.
const BLOCK_BYTES: usize = 256 << 10;

/// An opened file and its version.
pub struct Blob {
    file: Arc<File>,
    /// Its name, which hints at its format.
    name: Option<Arc<str>>,
    version: Version,
    /// Whether it is the whole file, and not its beginning alone.
    is_whole: bool,
    /// Whether it is a grid, as a service handed it out.
    is_grid: bool,
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
        Ok(Self {
            file: Arc::new(file),
            name: None,
            version,
            is_whole: true,
            is_grid: false,
            taken: Arc::default(),
            is_wanted,
        })
    }

    /// The same with a name, which hints at its format where its content does not tell it.
    #[must_use]
    pub fn with_name(self, name: impl Into<Arc<str>>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The same where the file may hold only the beginning of what it stands for: good for looking at it, and for nothing
    /// else.
    #[must_use]
    pub fn with_is_whole(self, is_whole: bool) -> Self {
        Self { is_whole, ..self }
    }

    /// The same as the grid that a [`GridWriter`](crate::GridWriter) wrote.
    #[must_use]
    pub fn as_grid(self) -> Self {
        Self { is_grid: true, ..self }
    }

    /// Its bytes from the beginning, decompressed; those of the only file in it where it is a zip archive of one.
    ///
    /// # Errors
    /// `system`, `io`; `parsing`, `damaged_compression`, `damaged_archive`, `protected_file`.
    pub fn bytes(&self) -> Result<Box<dyn Read + Send>> {
        self.taken.store(0, Ordering::Relaxed);
        let raw = Section::watched(&self.file, self.watch())?;
        let mut raw = BufReader::with_capacity(BLOCK_BYTES, raw);
        let head = raw.fill_buf().map_err(|error| Error::io("reading the file", error))?;
        // What is no archive after all is refused by whoever reads it, by the name of what it seems to be.
        if self.is_whole
            && head.starts_with(SIGNATURE)
            && let Ok(archive) = Archive::open(&self.file)
            && let Some(only) = archive.only_member()
        {
            return archive.read(only, self.watch());
        }
        decompress(raw)
    }

    /// What is in it, where it is a zip archive as it stands.
    ///
    /// # Errors
    /// As [`Blob::bytes`].
    pub(crate) fn archive(&self) -> Result<Archive> {
        Archive::open(&self.file)
    }

    /// Its bytes as they stand, to be read from any place.
    ///
    /// # Errors
    /// As [`Blob::bytes`].
    pub(crate) fn section(&self) -> Result<Section> {
        Section::watched(&self.file, self.watch())
    }

    /// What is asked before each block that is read, and counts it.
    pub(crate) fn watch(&self) -> Watch {
        let (taken, is_wanted) = (self.taken.clone(), self.is_wanted.clone());
        Arc::new(move |count| {
            taken.fetch_add(count as u64, Ordering::Relaxed);
            is_wanted()
        })
    }

    /// Whether it is the whole file.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether it is a grid.
    pub(crate) fn is_grid(&self) -> bool {
        self.is_grid
    }

    /// How many bytes it has, as it stands.
    pub(crate) fn len(&self) -> u64 {
        self.version.bytes
    }

    /// Its name, where it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Its bytes as they come out of their compression, in a file of their own that can be read from any place.
    ///
    /// # Errors
    /// `config`, `file_too_long`, where they are more than so many; as [`Blob::bytes`].
    pub(crate) fn unpacked(&self, max_bytes: u64) -> Result<Self> {
        let mut file = tempfile::tempfile().map_err(buffering)?;
        let mut bytes = self.bytes()?.take(max_bytes.saturating_add(1));
        let mut block = vec![0; BLOCK_BYTES];
        let mut count = 0_u64;
        loop {
            let read = bytes.read(&mut block).map_err(read_error)?;
            if read == 0 {
                break;
            }
            count = count.saturating_add(read as u64);
            if count > max_bytes {
                return Err(too_long(max_bytes));
            }
            file.write_all(&block[..read]).map_err(buffering)?;
        }
        let unpacked = Self::new(file, self.is_wanted.clone())?;
        Ok(Self { name: self.name.clone(), ..unpacked })
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
        let mut text = Vec::new();
        // Compressed data ends in the middle; what came out of it before is fine.
        self.bytes()?.take(max_bytes).read_to_end(&mut text).ok();
        let end = text.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
        // Characters of UTF-16 have two bytes.
        text.truncate(if text.contains(&0) { end & !1 } else { end });
        let mut lines = tempfile::tempfile().map_err(buffering)?;
        lines.write_all(&text).map_err(buffering)?;
        let lines = Self::new(lines, self.is_wanted)?;
        Ok(Self { name: self.name, ..lines })
    }
}

/// The error of a file that changed while it was read: what was read belongs to no version of it.
pub(crate) fn changed(how: &str) -> Error {
    let message = format!("the file changed while it was being read: {how}");
    Error::new(ErrorKind::System, "source_changed", message)
}

/// The error of a file with more text than is read.
pub(crate) fn too_long(max_bytes: u64) -> Error {
    let message = format!(
        "the file has more than {max_bytes} bytes of text; raise the option `maxFileBytes` to read it"
    );
    Error::config("file_too_long", message)
}

/// The error of a temporary file.
fn buffering(error: io::Error) -> Error {
    let dir = std::env::temp_dir();
    Error::io(format!("buffering the file in a temporary one in {} (TMPDIR)", dir.display()), error)
}
