//! Where several files are.

use std::fs::File;
use std::sync::Arc;

use catchment_core::{Error, Result};

use super::entry::FileEntry;
use super::folder::Folder;
use super::local::LocalFile;

/// Where several files are; or one, of which is known what runs have read.
pub(super) enum Place {
    One(LocalFile),
    Folder(Folder),
}

impl Place {
    pub(super) fn list(&self) -> Result<Vec<FileEntry>> {
        match self {
            Self::One(local) => Ok(vec![local.entry()?]),
            Self::Folder(folder) => folder.list(),
        }
    }

    pub(super) fn open(&self, name: &str) -> Result<File> {
        match self {
            Self::One(local) => local.files.open(&local.path),
            Self::Folder(folder) => folder.open(name),
        }
    }

    /// A file that seems to be on its way still.
    pub(super) fn unfinished(&self) -> Result<Option<FileEntry>> {
        match self {
            Self::One(_) => Ok(None),
            Self::Folder(folder) => folder.unfinished(),
        }
    }

    /// The file that a record is said to be in.
    pub(super) fn told<'n>(&self, name: &'n Arc<str>) -> Option<&'n Arc<str>> {
        match self {
            Self::One(_) => None,
            Self::Folder(_) => Some(name),
        }
    }

    /// Says which file an error is of.
    pub(super) fn located(&self, error: Error, name: &str) -> Error {
        match self {
            Self::One(local) => error.with("path", local.path.display()),
            Self::Folder(_) => error.with("file", name),
        }
    }
}
