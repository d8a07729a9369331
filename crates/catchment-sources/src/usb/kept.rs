//! What a reading leaves for the next one: which folders have not changed, so that their files need not be read again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Raised when the same file gives another record than before.
const VERSION: u32 = 1;
/// What is kept at most, in bytes of JSON, about; of a volume with more folders than fit nothing is.
const MAX_BYTES: usize = 256 << 10;
/// What a folder takes beside its path.
const ENTRY_BYTES: usize = 24;
/// A folder with a file that was written so shortly before reading, in seconds, may change again without showing it.
const SETTLED: i64 = 10;

/// The folders of a volume, by their paths.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// The digest of each, in hexadecimal.
    folders: BTreeMap<String, String>,
}

/// The folders that the reading before left, and those that this one leaves.
#[derive(Debug)]
pub(super) struct Folders {
    before: BTreeMap<String, String>,
    /// None for one that cannot be vouched for.
    now: BTreeMap<String, Option<String>>,
    began: i64,
    /// How much `now` holds, about.
    bytes: usize,
    is_too_much: bool,
}

impl Folders {
    /// What the reading before left, where it can be used.
    pub(super) fn new(carryover: Option<&serde_json::Value>) -> Self {
        let kept: Kept = carryover.and_then(|value| Kept::deserialize(value).ok()).unwrap_or_default();
        let before = if kept.version == VERSION { kept.folders } else { BTreeMap::new() };
        Self {
            before,
            now: BTreeMap::new(),
            began: Timestamp::now().as_second(),
            bytes: 0,
            is_too_much: false,
        }
    }

    /// Whether a folder is as the reading before found it.
    pub(super) fn is_unchanged(&self, folder: &str, digest: u64) -> bool {
        self.before.get(folder).is_some_and(|before| *before == text(digest))
    }

    /// Notes a folder, of which a file is read, or was by an attempt before.
    pub(super) fn note(&mut self, folder: &str, digest: u64, modified: i64, is_read: bool) {
        if self.is_too_much || self.now.contains_key(folder) {
            return;
        }
        self.bytes += folder.len() + ENTRY_BYTES;
        if self.bytes > MAX_BYTES {
            (self.is_too_much, self.now) = (true, BTreeMap::new());
            return;
        }
        // What an attempt before found is not known any more.
        let is_sure = is_read && modified < self.began.saturating_sub(SETTLED);
        self.now.insert(folder.to_owned(), Some(text(digest)).filter(|_| is_sure));
    }

    /// A file of it could not be read as it should.
    pub(super) fn doubt(&mut self, folder: &str) {
        if let Some(digest) = self.now.get_mut(folder) {
            *digest = None;
        }
    }

    /// What is left for the next reading.
    pub(super) fn carryover(&self) -> Option<serde_json::Value> {
        let folders = self.now.iter().filter_map(|(folder, digest)| Some((folder.clone(), digest.clone()?)));
        let kept = Kept { version: VERSION, folders: folders.collect() };
        serde_json::to_value(kept).ok().filter(|_| !self.is_too_much)
    }
}

fn text(digest: u64) -> String {
    format!("{digest:016x}")
}
