//! What a reading of Drive keeps: in its cursor, and for the next run.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catchment_core::Cursor;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Where change logs stand: a token for each shared drive, and under the empty name for the user.
pub(super) type Logs = BTreeMap<String, String>;

/// What a cursor holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "reading")]
pub(super) enum DriveState {
    /// All files of a folder are being read.
    Sweep(SweepState),
    /// What changed since an earlier run is being read.
    Increment(IncrementState),
    /// The rows of a file are being read.
    Rows(RowsState),
    /// The rows of the files of a folder are being read.
    Folder(FolderState),
}

/// Where the reading of a folder's files stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FolderState {
    /// Where that of the files themselves stands.
    pub(super) files: serde_json::Value,
    /// Whether one of them could not be fetched.
    #[serde(default)]
    pub(super) is_lacking: bool,
}

/// Where a reading of all files stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SweepState {
    /// Where the logs stood before the first list.
    pub(super) logs: Logs,
    /// When it began, in seconds since 1970 by the server's clock.
    pub(super) began: u64,
    /// Whose change logs these are.
    pub(super) account: String,
    /// A digest of the folders and shortcuts that there were.
    pub(super) tree: String,
    /// The folder that is being read; none before the first.
    pub(super) folder: Option<String>,
    /// What was read last of it, or of what changed meanwhile.
    pub(super) last: Option<String>,
    /// Whether the folders are read, and what changed meanwhile is being read.
    #[serde(default)]
    pub(super) is_at_changes: bool,
}

/// Where a reading of changes stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IncrementState {
    /// Where the logs stood at the end of the run before.
    pub(super) from: Logs,
    /// Where they stood when they were first read: what comes after is for the next run.
    pub(super) to: Logs,
    /// The last file that was delivered.
    pub(super) last: Option<String>,
    /// Whether folders had come in whose files are read with it.
    #[serde(default)]
    pub(super) has_folders: bool,
}

/// Where the reading of a file's rows stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RowsState {
    pub(super) id: String,
    /// What it held ([`DriveFile::content_key`](super::resource::DriveFile::content_key)).
    pub(super) content: String,
    /// Where its format stands.
    pub(super) cursor: serde_json::Value,
}

/// What a completed run leaves for the next one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kept")]
pub(super) enum DriveKept {
    /// Of a folder's files.
    Files {
        /// Whose change logs these are.
        account: String,
        logs: Logs,
        /// When all of them were read last, in seconds since 1970 by the server's clock.
        swept: u64,
        tree: KnownTree,
    },
    /// Of rows: what the file, or all files of the folder, held.
    Rows {
        content: String,
        /// When they were read last.
        read: u64,
    },
}

/// The folders of a tree, the shortcuts in it and what these lead to, each as a hash of its id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct KnownTree {
    #[serde(with = "hashes")]
    pub(super) folders: BTreeSet<u64>,
    #[serde(with = "hashes")]
    pub(super) links: BTreeSet<u64>,
}

impl KnownTree {
    pub(super) fn has_folder(&self, id: &str) -> bool {
        self.folders.contains(&hash(id))
    }

    pub(super) fn has_link(&self, id: &str) -> bool {
        self.links.contains(&hash(id))
    }
}

/// XXH3-64 of an id.
pub(super) fn hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

/// A cursor of a format inside of one of Drive.
pub(super) fn inner(cursor: &Cursor, state: serde_json::Value) -> Cursor {
    Cursor { records_read: cursor.records_read, state, ..Cursor::default() }
}

/// Sorted hashes as base64 of their bytes.
mod hashes {
    use super::{BTreeSet, Engine, STANDARD};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(hashes: &BTreeSet<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_be_bytes()).collect();
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<u64>, D::Error> {
        let bytes = STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        let (chunks, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(D::Error::custom("hashes have eight bytes each"));
        }
        Ok(chunks.iter().map(|chunk| u64::from_be_bytes(*chunk)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_tree_survives_as_text() {
        let mut tree = KnownTree::default();
        tree.folders.extend(["a", "b", "c"].map(hash));
        tree.links.insert(hash("d"));
        let text = serde_json::to_string(&tree).unwrap();
        assert_eq!(serde_json::from_str::<KnownTree>(&text).unwrap(), tree);
        assert!(tree.has_folder("b") && !tree.has_folder("d") && tree.has_link("d"));
        assert!(serde_json::from_str::<KnownTree>(r#"{"folders": "AAAA", "links": ""}"#).is_err());
    }
}
