//! A file of several: as its place lists it, and as it was read.

use std::fs::File;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use catchment_core::{Cursor, Error, Result};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::digests::each_block;

/// A file as its place lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    /// Its path below the place.
    pub(crate) name: Arc<str>,
    pub(crate) bytes: u64,
    /// What changes whenever it does: when it was written last, in nanoseconds since 1970, or what its place knows better.
    pub(crate) modified: Option<u64>,
}

/// A file as it was read: what tells whether it is another one by now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FileRead {
    pub(super) bytes: u64,
    pub(super) modified: Option<u64>,
    /// XXH3-128 of its bytes.
    pub(super) digest: String,
    /// Where reading ended, where it may go on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<Cursor>,
}

impl FileRead {
    /// Whether a file seems to be as it was, without a look at what it holds.
    pub(super) fn is_as_listed(&self, entry: &FileEntry) -> bool {
        self.bytes == entry.bytes && self.modified == entry.modified && self.modified.is_some()
    }
}

/// A time in nanoseconds since 1970.
pub(super) fn nanoseconds(time: SystemTime) -> Option<u64> {
    time.duration_since(UNIX_EPOCH).ok().and_then(|since| u64::try_from(since.as_nanos()).ok())
}

/// The digest of all that a file holds.
pub(super) fn digest(file: &File, is_wanted: &dyn Fn() -> bool) -> Result<String> {
    let failed = |error| Error::io("reading the file", error);
    let mut digest = Xxh3::new();
    let take = |block: &[u8]| {
        digest.update(block);
        is_wanted()
    };
    each_block(file, take).map_err(failed)?;
    Ok(format!("{:032x}", digest.digest128()))
}

/// The digest of a list of files that one more is added to.
pub(crate) fn listed(before: &str, entry: &FileEntry) -> String {
    let mut digest = Xxh3::new();
    for part in [before, &entry.name, &entry.bytes.to_string(), &format!("{:?}", entry.modified)] {
        digest.update(part.as_bytes());
        digest.update(&[0]);
    }
    format!("{:032x}", digest.digest128())
}
