//! Where volumes and their files come from: one trait, so that each way in which a stick fails can be played in tests.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use super::volume::Volume;

/// What is mounted on a machine.
pub trait Mounts: Send + Sync + fmt::Debug {
    /// The volumes that are there, in the order of their mounts: file systems on block devices, each once.
    ///
    /// # Errors
    /// Where the system does not tell.
    fn volumes(&self) -> io::Result<Vec<Volume>>;

    /// Opens a folder of a volume, by its path in it.
    ///
    /// # Errors
    /// Where it is not there, or may not be read.
    fn open(&self, volume: &Volume, folder: &Path) -> io::Result<Box<dyn Disk>>;

    /// Opens a folder that is on no volume of its own.
    ///
    /// # Errors
    /// Where it is not there, or may not be read.
    fn open_folder(&self, path: &Path) -> io::Result<Box<dyn Disk>>;
}

/// An opened folder: nothing out of it is ever read, whatever is mounted or linked below it. Its functions block.
pub trait Disk: Send {
    /// What is in a folder, in whatever order. What disappears meanwhile may be missing.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn entries(&self, folder: &Path) -> io::Result<Vec<DiskEntry>>;

    /// Opens a file.
    ///
    /// # Errors
    /// Where it is not there, or may not be read.
    fn open(&self, file: &Path) -> io::Result<File>;

    /// Whether the volume is still there: asked *after* something was read of it, as what a volume that was pulled out shows looks
    /// like an empty one. `held` is a file of it that is open.
    fn is_alive(&self, held: Option<&File>) -> bool;

    /// How many faults the system has found in the file system, where it counts them: one that it finds in a folder may leave out what
    /// is in it, without an error.
    fn faults(&self) -> u64 {
        0
    }
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskEntry {
    /// Its name.
    pub name: OsString,
    /// What it is.
    pub kind: DiskKind,
    /// Bytes of a file.
    pub bytes: u64,
    /// When it was written last, in seconds since 1970.
    pub modified: i64,
}

/// What something in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A folder that another file system is mounted on.
    Mount,
    /// A link, a pipe, a device: nothing that is read.
    Other,
    /// What is listed, and cannot be looked at.
    Lost,
}
