//! A file as Drive's API shows it, with all of its fields; a mask takes from these.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::principal::Principal;
use crate::world::access::Viewer;
use crate::world::item::{Content, Item};
use crate::world::native::{ExportFormat, SHEET_EXPORTS};
use crate::world::state::World;
use crate::world::walk::WRONG_MD5;

/// What is shown of a file without a mask.
pub(crate) const DEFAULT_FIELDS: &str = "kind,id,name,mimeType";

/// A time as Google writes it.
pub(crate) fn time(time: Timestamp) -> Value {
    json!(format!("{time:.3}"))
}

/// A user as Google shows it to another.
pub(crate) fn user(principal: Principal, viewer: Principal) -> Value {
    json!({
        "kind": "drive#user",
        "displayName": principal.display_name(),
        "me": principal == viewer,
        "permissionId": principal.permission_id(),
        "emailAddress": principal.email(),
    })
}

/// All fields that the viewer sees of a file.
pub(crate) fn file_resource(world: &World, item: &Item, viewer: &Viewer) -> Value {
    let mut file = Map::new();
    let mut put = |name: &str, value: Value| file.insert(name.to_owned(), value);
    put("kind", json!("drive#file"));
    put("id", json!(item.id));
    put("name", json!(item.name));
    put("mimeType", json!(item.mime()));
    put("starred", json!(false));
    put("trashed", json!(world.is_trashed(&item.id)));
    put("explicitlyTrashed", json!(item.is_explicitly_trashed));
    if let Some(parent) = item.parent.as_ref().filter(|parent| world.is_visible(viewer, parent)) {
        put("parents", json!([parent]));
    }
    put("spaces", json!(["drive"]));
    put("version", json!(item.version.to_string()));
    put("webViewLink", json!(format!("https://drive.google.com/file/d/{}/view", item.id)));
    put("createdTime", time(item.created));
    put("modifiedTime", time(item.modified));
    let readers = Principal::ALL.into_iter().filter(|reader| world.has_permission(*reader, &item.id));
    put("shared", json!(readers.count() > 1 || item.traits.is_link_shared));
    put("quotaBytesUsed", json!(item.blob().map_or(0, |blob| blob.bytes.len()).to_string()));
    put("capabilities", capabilities(item));
    if let Some(drive) = &item.drive {
        put("driveId", json!(drive));
        put("teamDriveId", json!(drive));
        if let Some(trashed_at) = item.trashed_at {
            put("trashedTime", time(trashed_at));
        }
    }
    if let Some(owner) = item.owner {
        put("owners", json!([user(owner, viewer.principal)]));
        put("ownedByMe", json!(owner == viewer.principal));
    }
    if let Some(key) = &item.traits.resource_key {
        put("resourceKey", json!(key));
        put("linkShareMetadata", json!({"securityUpdateEligible": true, "securityUpdateEnabled": true}));
    }
    put_content(world, item, viewer, &mut file);
    Value::Object(file)
}

fn put_content(world: &World, item: &Item, viewer: &Viewer, file: &mut Map<String, Value>) {
    let mut put = |name: &str, value: Value| file.insert(name.to_owned(), value);
    match &item.content {
        Content::Folder => {}
        Content::Blob(blob) => {
            put("size", json!(blob.bytes.len().to_string()));
            let md5 = if item.traits.has_wrong_md5 { WRONG_MD5 } else { &blob.digests.md5 };
            put("md5Checksum", json!(md5));
            if item.traits.has_sha {
                put("sha1Checksum", json!(blob.digests.sha1));
                put("sha256Checksum", json!(blob.digests.sha256));
            }
            put("headRevisionId", json!(blob.revision));
            put("originalFilename", json!(item.name));
            let extension = item.name.rsplit_once('.').map_or("", |(_, extension)| extension);
            put("fileExtension", json!(extension));
            put("fullFileExtension", json!(extension));
        }
        Content::Native { kind, .. } => {
            put("exportLinks", export_links(world, item, kind.editor(), kind.exports()));
        }
        Content::Sheet(_) => {
            put("exportLinks", export_links(world, item, "spreadsheets", SHEET_EXPORTS));
        }
        Content::Shortcut { target, target_mime } => {
            put("shortcutDetails", shortcut_details(world, target, target_mime, viewer));
        }
    }
    if let Some(size) = item.traits.native_size {
        put("size", json!(size.to_string()));
    }
    if let Some(video) = item.traits.video {
        let (width, height) = (video.width, video.height);
        let duration = video.duration_millis.to_string();
        put("videoMediaMetadata", json!({"width": width, "height": height, "durationMillis": duration}));
    }
    if let Some(image) = item.traits.image {
        put("imageMediaMetadata", json!({"width": image.width, "height": image.height}));
    }
}

fn shortcut_details(world: &World, target: &str, target_mime: &str, viewer: &Viewer) -> Value {
    let mut details = json!({"targetId": target, "targetMimeType": target_mime});
    let key = world.items.get(target).and_then(|item| item.traits.resource_key.as_ref());
    // A shortcut of one's own knows the key that one had when it was made.
    if let Some(key) = key.filter(|_| !world.has_permission(viewer.principal, target)) {
        details["targetResourceKey"] = json!(key);
    }
    details
}

fn export_links(world: &World, item: &Item, editor: &str, formats: &[ExportFormat]) -> Value {
    let docs = &world.addresses.docs;
    let link = |format: &str| json!(format!("{docs}/{editor}/export?id={}&exportFormat={format}", item.id));
    formats.iter().map(|(mime, format)| ((*mime).to_owned(), link(format))).collect()
}

fn capabilities(item: &Item) -> Value {
    json!({
        "canAddChildren": false,
        "canComment": false,
        "canCopy": item.traits.can_download,
        "canDownload": item.traits.can_download,
        "canEdit": false,
        "canListChildren": item.is_folder(),
        "canReadRevisions": item.traits.can_read_revisions && !item.is_folder(),
        "canTrash": false,
    })
}
