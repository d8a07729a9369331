//! Zip archives: what is in them, and their members as streams of bounded memory. What an archive says of itself is not
//! believed: a member ends where its data does, and is held against its checksum there.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use catchment_core::{Error, ErrorKind, Result};
use flate2::{Crc, bufread::DeflateDecoder};
use zip::{CompressionMethod, ZipArchive};

/// What every archive with something in it begins with.
pub(crate) const SIGNATURE: &[u8] = b"PK\x03\x04";
/// Members that an archive may have: a workbook has a few for each of its sheets.
const MAX_MEMBERS: usize = 10_000;
/// What systems put beside the files that people pack.
const BESIDE: [&str; 3] = ["__MACOSX/", ".DS_Store", "Thumbs.db"];

/// A zip archive, by its central directory.
pub(crate) struct Archive {
    file: Arc<File>,
    members: Vec<Member>,
}

/// A file in an archive.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: Box<str>,
    start: u64,
    packed: u64,
    checksum: u32,
    /// `None` where it is packed in a way that is not read.
    is_deflated: Option<bool>,
    is_encrypted: bool,
}

impl Archive {
    /// Reads what is in an archive.
    ///
    /// # Errors
    /// `parsing`, `damaged_archive`.
    pub(crate) fn open(file: &Arc<File>) -> Result<Self> {
        let mut archive = ZipArchive::new(Section::whole(file)?).map_err(damaged)?;
        if archive.len() > MAX_MEMBERS {
            let why = format!("it holds {} files, more than the limit of {MAX_MEMBERS}", archive.len());
            return Err(damaged(why));
        }
        let mut members = Vec::with_capacity(archive.len());
        for index in 0..archive.len() {
            let member = archive.by_index_raw(index).map_err(damaged)?;
            let entry = member.entry();
            if entry.is_dir() {
                continue;
            }
            members.push(Member {
                name: entry.name().map_err(damaged)?.replace('\\', "/").into(),
                start: member.data_start().ok_or_else(|| damaged("a file in it has no place"))?,
                packed: entry.compressed_size(),
                checksum: entry.crc32(),
                is_deflated: match entry.compression() {
                    CompressionMethod::Stored => Some(false),
                    CompressionMethod::Deflated => Some(true),
                    _ => None,
                },
                is_encrypted: entry.encrypted(),
            });
        }
        Ok(Self { file: file.clone(), members })
    }

    /// The member of a name, whatever its case: some programs write other ones than they refer to.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        let name = name.trim_start_matches('/');
        let exact = self.members.iter().find(|member| *member.name == *name);
        exact.or_else(|| self.members.iter().find(|member| member.name.eq_ignore_ascii_case(name)))
    }

    /// The only file that somebody has packed; `None` where there are none or several.
    pub(crate) fn only_member(&self) -> Option<&Member> {
        let is_beside =
            |name: &str| BESIDE.iter().any(|beside| name.starts_with(beside) || name.ends_with(beside));
        let mut files = self.members.iter().filter(|member| !is_beside(&member.name));
        files.next().filter(|_| files.next().is_none())
    }

    /// Whether it has files in a directory.
    pub(crate) fn has_below(&self, dir: &str) -> bool {
        self.members.iter().any(|member| member.name.starts_with(dir))
    }

    /// The bytes of a member, unpacked. `watch` is asked before each block, and told its size.
    ///
    /// # Errors
    /// `parsing`, `protected_file`, `damaged_archive`.
    pub(crate) fn read(&self, member: &Member, watch: Watch) -> Result<Box<dyn Read + Send>> {
        if member.is_encrypted {
            return Err(protected("the archive"));
        }
        let Some(is_deflated) = member.is_deflated else {
            let why = format!("`{}` in it is packed in a way that is not read", member.name);
            return Err(damaged(why));
        };
        let section =
            Section { file: self.file.clone(), start: member.start, at: 0, len: member.packed, watch };
        let packed = BufReader::with_capacity(64 << 10, section);
        let bytes: Box<dyn Read + Send> =
            if is_deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
        Ok(Box::new(Checked { bytes, crc: Crc::new(), expected: member.checksum }))
    }
}

/// Asked before each block that is read of a file, and told how many bytes it has: whether to go on.
pub(crate) type Watch = Arc<dyn Fn(usize) -> bool + Send + Sync>;

/// A part of a file, read by its place, so that several readers do not disturb each other.
pub(crate) struct Section {
    file: Arc<File>,
    start: u64,
    at: u64,
    len: u64,
    watch: Watch,
}

impl Section {
    /// All of a file.
    pub(crate) fn whole(file: &Arc<File>) -> Result<Self> {
        Self::watched(file, Arc::new(|_| true))
    }

    /// All of a file, while somebody watches.
    pub(crate) fn watched(file: &Arc<File>, watch: Watch) -> Result<Self> {
        let metadata = file.metadata().map_err(|error| Error::io("reading the file's metadata", error))?;
        Ok(Self { file: file.clone(), start: 0, at: 0, len: metadata.len(), watch })
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let place = self.start.saturating_add(self.at);
        let count = if wanted == 0 { 0 } else { self.file.read_at(&mut buffer[..wanted], place)? };
        if !(self.watch)(count) {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the reader of the file was dropped",
            ));
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = place.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// Bytes that are held against their checksum at their end.
struct Checked {
    bytes: Box<dyn Read + Send>,
    crc: Crc,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.crc.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() && self.crc.sum() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is another one"));
        }
        Ok(count)
    }
}

/// The error of an archive that does not read.
fn damaged(why: impl std::fmt::Display) -> Error {
    let message = format!("the zip archive cannot be read: {why}; pack it again, or save the file again");
    Error::new(ErrorKind::Parsing, "damaged_archive", message)
}

/// The error of a file that a password protects.
pub(crate) fn protected(what: &str) -> Error {
    let message = format!(
        "{what} is protected by a password, and cannot be read; save a copy without one, and read that"
    );
    Error::new(ErrorKind::Parsing, "protected_file", message)
}
