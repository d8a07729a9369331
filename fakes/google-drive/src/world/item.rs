//! An item of a Drive: a folder, a file, or a shortcut.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::blob::Blob;
use super::native::{FOLDER, NativeKind, SHORTCUT, SPREADSHEET};
use super::spreadsheet::Spreadsheet;
use crate::principal::Principal;

/// What Google found out about a video.
#[derive(Debug, Clone, Copy)]
pub struct VideoMetadata {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// In milliseconds; sent as a string.
    pub duration_millis: u64,
}

/// What Google found out about a picture.
#[derive(Debug, Clone, Copy)]
pub struct ImageMetadata {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// What makes a file a special one.
#[derive(Debug, Clone)]
pub struct FileTraits {
    /// `videoMediaMetadata`.
    pub video: Option<VideoMetadata>,
    /// `imageMediaMetadata`.
    pub image: Option<ImageMetadata>,
    /// `capabilities.canDownload`; else `alt=media` is 403 `cannotDownloadFile`.
    pub can_download: bool,
    /// `capabilities.canReadRevisions`.
    pub can_read_revisions: bool,
    /// Whether `sha1Checksum` and `sha256Checksum` are there.
    pub has_sha: bool,
    /// The md5 is of something else than the content.
    pub has_wrong_md5: bool,
    /// Malware in the eyes of Google: 403 `cannotDownloadAbusiveFile`.
    pub is_abusive: bool,
    /// Anybody with the link can read it (and what is below it).
    pub is_link_shared: bool,
    /// A link-shared file that needs `X-Goog-Drive-Resource-Keys`.
    pub resource_key: Option<String>,
    /// A native file's `size`, that of its storage.
    pub native_size: Option<u64>,
    /// Backdated, as uploads by sync clients are.
    pub modified: Option<Timestamp>,
    /// When it was made, by its uploader's word.
    pub created: Option<Timestamp>,
}

impl Default for FileTraits {
    fn default() -> Self {
        Self {
            video: None,
            image: None,
            can_download: true,
            can_read_revisions: true,
            has_sha: true,
            has_wrong_md5: false,
            is_abusive: false,
            is_link_shared: false,
            resource_key: None,
            native_size: None,
            modified: None,
            created: None,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Folder,
    Blob(Blob),
    Native { kind: NativeKind, text: String },
    Sheet(Spreadsheet),
    Shortcut { target: String, target_mime: String },
}

/// An item. Whether it is shown, and how, is decided from its whole chain of parents.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) content: Content,
    pub(crate) parent: Option<String>,
    /// The shared drive that it is in.
    pub(crate) drive: Option<String>,
    /// None in shared drives.
    pub(crate) owner: Option<Principal>,
    pub(crate) shared_with: BTreeSet<Principal>,
    pub(crate) is_explicitly_trashed: bool,
    pub(crate) trashed_at: Option<Timestamp>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) version: u64,
    pub(crate) traits: FileTraits,
}

impl Item {
    pub(crate) fn mime(&self) -> &str {
        match &self.content {
            Content::Folder => FOLDER,
            Content::Blob(blob) => &blob.mime,
            Content::Native { kind, .. } => kind.mime(),
            Content::Sheet(_) => SPREADSHEET,
            Content::Shortcut { .. } => SHORTCUT,
        }
    }

    pub(crate) const fn blob(&self) -> Option<&Blob> {
        if let Content::Blob(blob) = &self.content { Some(blob) } else { None }
    }

    pub(crate) const fn is_folder(&self) -> bool {
        matches!(self.content, Content::Folder)
    }
}
