//! What Drive tells of files, and of what changed.

use serde::{Deserialize, Deserializer};

pub(super) const FOLDER: &str = "application/vnd.google-apps.folder";
pub(super) const SHORTCUT: &str = "application/vnd.google-apps.shortcut";
pub(super) const SPREADSHEET: &str = "application/vnd.google-apps.spreadsheet";
/// What all types begin with that have no bytes of their own.
const NATIVE: &str = "application/vnd.google-apps.";

/// The fields that are asked for of a file.
pub(super) const FILE_FIELDS: &str = "id,name,mimeType,parents,driveId,trashed,size,md5Checksum,headRevisionId,version,modifiedTime,\
     createdTime,resourceKey,webViewLink,exportLinks,capabilities(canDownload),\
     shortcutDetails(targetId,targetMimeType,targetResourceKey),videoMediaMetadata(width,height,durationMillis),\
     imageMediaMetadata(width,height)";

/// A file, a folder or a shortcut.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DriveFile {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) mime_type: String,
    /// What is not there was not answered, and a file in the trash must not pass for one that is none.
    pub(super) trashed: bool,
    #[serde(default)]
    pub(super) parents: Vec<String>,
    pub(super) drive_id: Option<String>,
    #[serde(default, deserialize_with = "number")]
    pub(super) size: Option<u64>,
    pub(super) md5_checksum: Option<String>,
    pub(super) modified_time: Option<String>,
    pub(super) created_time: Option<String>,
    pub(super) resource_key: Option<String>,
    pub(super) web_view_link: Option<String>,
    #[serde(default)]
    pub(super) export_links: std::collections::BTreeMap<String, String>,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) shortcut_details: Option<ShortcutDetails>,
    pub(super) video_media_metadata: Option<MediaMetadata>,
    pub(super) image_media_metadata: Option<MediaMetadata>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Capabilities {
    pub(super) can_download: Option<bool>,
}

/// Where a shortcut leads.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShortcutDetails {
    pub(super) target_id: String,
    #[serde(default)]
    pub(super) target_mime_type: String,
    pub(super) target_resource_key: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MediaMetadata {
    #[serde(default, deserialize_with = "number")]
    pub(super) width: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    pub(super) height: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    pub(super) duration_millis: Option<u64>,
}

/// A page of files.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileList {
    pub(super) files: Vec<DriveFile>,
    pub(super) next_page_token: Option<String>,
    #[serde(default)]
    pub(super) incomplete_search: bool,
}

/// A page of changes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeList {
    pub(super) changes: Vec<Change>,
    pub(super) next_page_token: Option<String>,
    pub(super) new_start_page_token: Option<String>,
}

/// What became of a file: its present state, or that it cannot be seen any more.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    pub(super) change_type: Option<String>,
    #[serde(default)]
    pub(super) removed: bool,
    pub(super) file_id: Option<String>,
    pub(super) file: Option<DriveFile>,
}

impl DriveFile {
    pub(super) fn is_folder(&self) -> bool {
        self.mime_type == FOLDER
    }

    /// Where it leads, if it is a shortcut.
    pub(super) fn target(&self) -> Option<&ShortcutDetails> {
        self.shortcut_details.as_ref().filter(|_| self.mime_type == SHORTCUT)
    }

    /// Whether it has no bytes of its own: a document of Google's editors.
    pub(super) fn is_native(&self) -> bool {
        self.mime_type.starts_with(NATIVE)
    }

    pub(super) fn is_spreadsheet(&self) -> bool {
        self.mime_type == SPREADSHEET
    }

    /// What changes with what it holds: the digest of its bytes; of what has none, when it was changed last.
    pub(super) fn content_key(&self) -> String {
        match (&self.md5_checksum, &self.modified_time) {
            (Some(md5), _) => format!("md5:{md5}"),
            (None, time) => format!("modified:{}", time.as_deref().unwrap_or_default()),
        }
    }

    /// The kind of a document of Google's editors, for people.
    pub(super) fn native_kind(&self) -> &str {
        match self.mime_type.strip_prefix(NATIVE).unwrap_or_default() {
            "document" => "a Google document",
            "presentation" => "a Google presentation",
            "drawing" => "a Google drawing",
            "form" => "a Google form",
            "site" => "a Google site",
            "map" => "a Google map",
            "script" => "a script of Google Apps",
            "spreadsheet" => "a Google spreadsheet",
            _ => "a document without bytes of its own",
        }
    }
}

/// A whole number, which Drive writes as a text where it may be large.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelling {
        Text(String),
        Plain(u64),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Spelling::deserialize(deserializer)? {
        Spelling::Text(text) => text.parse().ok(),
        Spelling::Plain(number) => Some(number),
        Spelling::Other(_) => None,
    })
}
