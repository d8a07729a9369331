//! The names that Google knows, from the discovery documents of drive v3 and sheets v4. All else is refused.

/// What is below a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Leaf,
    /// A map with keys of its own.
    Open,
    Object(&'static [(&'static str, Self)]),
}

use Shape::{Leaf, Object, Open};

impl Shape {
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        match self {
            Object(fields) => fields.iter().find(|(known, _)| *known == name).map(|(_, shape)| shape),
            Open => Some(&Open),
            Leaf => None,
        }
    }
}

const USER: Shape = Object(&[
    ("kind", Leaf),
    ("displayName", Leaf),
    ("photoLink", Leaf),
    ("me", Leaf),
    ("permissionId", Leaf),
    ("emailAddress", Leaf),
]);

const CAPABILITIES: Shape = Object(&[
    ("canAcceptOwnership", Leaf),
    ("canAddChildren", Leaf),
    ("canComment", Leaf),
    ("canCopy", Leaf),
    ("canDelete", Leaf),
    ("canDownload", Leaf),
    ("canEdit", Leaf),
    ("canListChildren", Leaf),
    ("canModifyContent", Leaf),
    ("canReadDrive", Leaf),
    ("canReadRevisions", Leaf),
    ("canRename", Leaf),
    ("canShare", Leaf),
    ("canTrash", Leaf),
    ("canUntrash", Leaf),
]);

const PERMISSION: Shape = Object(&[
    ("kind", Leaf),
    ("id", Leaf),
    ("type", Leaf),
    ("emailAddress", Leaf),
    ("domain", Leaf),
    ("role", Leaf),
    ("displayName", Leaf),
    ("deleted", Leaf),
]);

/// `File`
pub(crate) const FILE: Shape = Object(&[
    ("kind", Leaf),
    ("id", Leaf),
    ("name", Leaf),
    ("mimeType", Leaf),
    ("description", Leaf),
    ("starred", Leaf),
    ("trashed", Leaf),
    ("explicitlyTrashed", Leaf),
    ("trashingUser", USER),
    ("trashedTime", Leaf),
    ("parents", Leaf),
    ("properties", Open),
    ("appProperties", Open),
    ("spaces", Leaf),
    ("version", Leaf),
    ("webContentLink", Leaf),
    ("webViewLink", Leaf),
    ("iconLink", Leaf),
    ("hasThumbnail", Leaf),
    ("thumbnailLink", Leaf),
    ("thumbnailVersion", Leaf),
    ("viewedByMe", Leaf),
    ("viewedByMeTime", Leaf),
    ("createdTime", Leaf),
    ("modifiedTime", Leaf),
    ("modifiedByMeTime", Leaf),
    ("modifiedByMe", Leaf),
    ("sharedWithMeTime", Leaf),
    ("sharingUser", USER),
    ("owners", USER),
    ("teamDriveId", Leaf),
    ("driveId", Leaf),
    ("lastModifyingUser", USER),
    ("shared", Leaf),
    ("ownedByMe", Leaf),
    ("capabilities", CAPABILITIES),
    ("viewersCanCopyContent", Leaf),
    ("copyRequiresWriterPermission", Leaf),
    ("writersCanShare", Leaf),
    ("permissions", PERMISSION),
    ("permissionIds", Leaf),
    ("hasAugmentedPermissions", Leaf),
    ("folderColorRgb", Leaf),
    ("originalFilename", Leaf),
    ("fullFileExtension", Leaf),
    ("fileExtension", Leaf),
    ("md5Checksum", Leaf),
    ("sha1Checksum", Leaf),
    ("sha256Checksum", Leaf),
    ("size", Leaf),
    ("quotaBytesUsed", Leaf),
    ("headRevisionId", Leaf),
    ("contentHints", Open),
    ("imageMediaMetadata", Object(&[("width", Leaf), ("height", Leaf), ("rotation", Leaf), ("time", Leaf)])),
    ("videoMediaMetadata", Object(&[("width", Leaf), ("height", Leaf), ("durationMillis", Leaf)])),
    ("isAppAuthorized", Leaf),
    ("exportLinks", Open),
    ("shortcutDetails", Object(&[("targetId", Leaf), ("targetMimeType", Leaf), ("targetResourceKey", Leaf)])),
    ("contentRestrictions", Open),
    ("labelInfo", Open),
    ("linkShareMetadata", Object(&[("securityUpdateEligible", Leaf), ("securityUpdateEnabled", Leaf)])),
    ("resourceKey", Leaf),
]);

/// `FileList`
pub(crate) const FILE_LIST: Shape =
    Object(&[("kind", Leaf), ("nextPageToken", Leaf), ("incompleteSearch", Leaf), ("files", FILE)]);

/// `Drive`
pub(crate) const DRIVE: Shape = Object(&[
    ("kind", Leaf),
    ("id", Leaf),
    ("name", Leaf),
    ("colorRgb", Leaf),
    ("createdTime", Leaf),
    ("hidden", Leaf),
    ("themeId", Leaf),
    ("orgUnitId", Leaf),
    ("capabilities", Open),
    ("restrictions", Open),
]);

/// `DriveList`
pub(crate) const DRIVE_LIST: Shape = Object(&[("kind", Leaf), ("nextPageToken", Leaf), ("drives", DRIVE)]);

/// `ChangeList`
pub(crate) const CHANGE_LIST: Shape = Object(&[
    ("kind", Leaf),
    ("nextPageToken", Leaf),
    ("newStartPageToken", Leaf),
    (
        "changes",
        Object(&[
            ("kind", Leaf),
            ("type", Leaf),
            ("changeType", Leaf),
            ("time", Leaf),
            ("removed", Leaf),
            ("fileId", Leaf),
            ("file", FILE),
            ("teamDriveId", Leaf),
            ("teamDrive", DRIVE),
            ("driveId", Leaf),
            ("drive", DRIVE),
        ]),
    ),
]);

/// `StartPageToken`
pub(crate) const START_PAGE_TOKEN: Shape = Object(&[("kind", Leaf), ("startPageToken", Leaf)]);

/// `About`
pub(crate) const ABOUT: Shape = Object(&[
    ("kind", Leaf),
    ("user", USER),
    ("storageQuota", Open),
    ("importFormats", Open),
    ("exportFormats", Open),
    ("maxImportSizes", Open),
    ("maxUploadSize", Leaf),
    ("appInstalled", Leaf),
    ("folderColorPalette", Leaf),
    ("driveThemes", Open),
    ("canCreateDrives", Leaf),
]);

/// `Revision`
pub(crate) const REVISION: Shape = Object(&[
    ("kind", Leaf),
    ("id", Leaf),
    ("mimeType", Leaf),
    ("modifiedTime", Leaf),
    ("keepForever", Leaf),
    ("originalFilename", Leaf),
    ("md5Checksum", Leaf),
    ("size", Leaf),
]);

const GRID_PROPERTIES: Shape = Object(&[
    ("rowCount", Leaf),
    ("columnCount", Leaf),
    ("frozenRowCount", Leaf),
    ("frozenColumnCount", Leaf),
    ("hideGridlines", Leaf),
]);

const SHEET_PROPERTIES: Shape = Object(&[
    ("sheetId", Leaf),
    ("title", Leaf),
    ("index", Leaf),
    ("sheetType", Leaf),
    ("gridProperties", GRID_PROPERTIES),
    ("hidden", Leaf),
    ("tabColor", Open),
    ("rightToLeft", Leaf),
]);

/// `Spreadsheet`
pub(crate) const SPREADSHEET: Shape = Object(&[
    ("spreadsheetId", Leaf),
    (
        "properties",
        Object(&[
            ("title", Leaf),
            ("locale", Leaf),
            ("autoRecalc", Leaf),
            ("timeZone", Leaf),
            ("defaultFormat", Open),
        ]),
    ),
    ("sheets", Object(&[("properties", SHEET_PROPERTIES), ("data", Open), ("merges", Open)])),
    ("namedRanges", Open),
    ("spreadsheetUrl", Leaf),
]);

/// `ValueRange`
pub(crate) const VALUE_RANGE: Shape = Object(&[("range", Leaf), ("majorDimension", Leaf), ("values", Leaf)]);
