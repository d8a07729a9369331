//! A place that holds several files.

use std::fs::File;
use std::sync::Arc;

use catchment_core::{Error, ErrorKind, Result};
use catchment_formats::Blob;
use catchment_formats::blob::ContinueCheck;

use super::entry::FileEntry;
use super::folder::Folder;
use super::local::LocalFile;

/// A place that holds several files; or one, of which is known what runs have read. Its functions block.
pub(crate) trait Place: Send {
    /// Its files, in the order of their names, which differ.
    ///
    /// # Errors
    /// Why they cannot be listed.
    fn list(&self) -> Result<Vec<FileEntry>>;

    /// Opens one of them.
    ///
    /// # Errors
    /// `config`, `no_such_file`, where it is not there any more; as of opening a file.
    fn open(&self, name: &str) -> Result<File>;

    /// The same as a blob that is read as long as it is wanted.
    ///
    /// # Errors
    /// As of [`Place::open`].
    fn blob(&self, name: &str, is_wanted: ContinueCheck) -> Result<Blob> {
        Ok(Blob::new(self.open(name)?, is_wanted)?.with_name(name))
    }

    /// A file that seems to be on its way still.
    ///
    /// # Errors
    /// As of [`Place::list`].
    fn unfinished(&self) -> Result<Option<FileEntry>> {
        Ok(None)
    }

    /// The error of a place without files; none where that is fine.
    fn without_files(&self) -> Option<Error> {
        None
    }

    /// Whether it may hold several.
    fn is_several(&self) -> bool {
        true
    }

    /// What identifies a file, where its name does not.
    fn item(&self, _name: &str) -> Option<String> {
        None
    }

    /// Whether an error is a file's own, and no other file has it.
    fn is_of_file(&self, error: &Error) -> bool {
        matches!(error.kind(), ErrorKind::Parsing | ErrorKind::Config)
    }

    /// Says which file an error is of.
    fn located(&self, error: Error, name: &str) -> Error {
        error.with("file", name)
    }
}

impl Place for LocalFile {
    fn list(&self) -> Result<Vec<FileEntry>> {
        Ok(vec![self.entry()?])
    }

    fn open(&self, _: &str) -> Result<File> {
        self.files.open(&self.path)
    }

    fn is_several(&self) -> bool {
        false
    }

    fn located(&self, error: Error, _: &str) -> Error {
        error.with("path", self.path.display())
    }
}

impl Place for Folder {
    fn list(&self) -> Result<Vec<FileEntry>> {
        self.files()
    }

    fn open(&self, name: &str) -> Result<File> {
        self.open_file(name)
    }

    fn unfinished(&self) -> Result<Option<FileEntry>> {
        self.unfinished_file()
    }

    fn without_files(&self) -> Option<Error> {
        Some(self.no_files())
    }
}

/// The file that a record is said to be in; none where there is only one.
pub(super) fn told<'n>(place: &dyn Place, name: &'n Arc<str>) -> Option<&'n Arc<str>> {
    place.is_several().then_some(name)
}
