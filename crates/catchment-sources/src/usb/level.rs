//! A folder that is gone through.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use xxhash_rust::xxh3::Xxh3;

use super::kinds::ContentKind;
use super::mounts::{DiskEntry, DiskKind};

/// A folder whose entries are gone through.
pub(super) struct Level {
    pub(super) path: PathBuf,
    pub(super) entries: std::vec::IntoIter<DiskEntry>,
    /// A digest of its files, and when the newest of them was written.
    pub(super) digest: (u64, i64),
    pub(super) kind: Option<ContentKind>,
    /// Whether what is directly in it are games, one each.
    pub(super) holds_games: bool,
}

impl Level {
    pub(super) fn new(
        path: PathBuf,
        entries: Vec<DiskEntry>,
        kind: Option<ContentKind>,
        holds_games: bool,
    ) -> Self {
        let digest = digest_of(&entries);
        Self { path, entries: entries.into_iter(), digest, kind, holds_games }
    }
}

/// XXH3-64 over the names, sizes and times of the files in a folder, and the newest of these times.
fn digest_of(entries: &[DiskEntry]) -> (u64, i64) {
    let (mut digest, mut newest) = (Xxh3::new(), i64::MIN);
    for entry in entries.iter().filter(|entry| entry.kind == DiskKind::File) {
        digest.update(entry.name.as_bytes());
        digest.update(&[0]);
        digest.update(&entry.bytes.to_be_bytes());
        digest.update(&entry.modified.to_be_bytes());
        newest = newest.max(entry.modified);
    }
    (digest.digest(), newest)
}
