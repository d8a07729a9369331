//! What a reading of several files keeps: in its cursor, and for the next run.

use std::collections::BTreeMap;
use std::sync::Arc;

use catchment_core::Cursor;
use serde::{Deserialize, Serialize};

use super::entry::{FileEntry, FileRead};

/// What a cursor holds: which files are read, and where reading stands in the one that is being read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SeveralState {
    /// The columns of all files.
    pub(super) columns: Vec<Box<str>>,
    /// The last file that is read to its end; the others come behind it, by their names.
    pub(super) last: Option<Arc<str>>,
    /// The digest of the list of files up to it.
    pub(super) listed: String,
    /// The file that is being read.
    pub(super) open: Option<OpenFile>,
    /// The files that this run has read, for the next one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) read: BTreeMap<Arc<str>, FileRead>,
}

/// A file that is being read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OpenFile {
    pub(super) entry: FileEntry,
    /// XXH3-128 of its bytes, where that matters to the next run.
    pub(super) digest: Option<String>,
    /// Where its format stands; none before its first page.
    pub(super) cursor: Option<Cursor>,
}

/// What a completed run leaves for the next one: the files that runs have read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct KnownFiles {
    pub(super) files: BTreeMap<Arc<str>, FileRead>,
    /// The columns of all of them: a new file that lacks one has no value there, whatever stands beside it.
    #[serde(default)]
    pub(super) columns: Vec<Box<str>>,
}
