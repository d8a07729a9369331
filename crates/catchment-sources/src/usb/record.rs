//! A file or a game on a volume as a record: its tags, what its name says, and what kind of content it is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use catchment_core::{Position, Pulse, Records};
use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde_json::json;

use super::kinds::{ContentKind, MediaKind};
use super::media_file::MediaFile;
use super::options::{Rules, UsbHash};
use super::path_text::text_of;
use super::tags::{self, Tags};
use super::titles::{Named, clean, of_film, of_song};
use super::walk::Item;
use super::{avi, matroska};
use crate::digests::{each_block, hex};
use crate::fields::push_fields;
use crate::media::extension;

/// What is told of each.
pub(super) const COLUMNS: [&str; 21] = [
    "content_type",
    "title",
    "artist",
    "genre",
    "external_id",
    "path",
    "size",
    "modified",
    "type",
    "album",
    "track",
    "year",
    "season",
    "episode",
    "duration_ms",
    "hash",
    "tag_error",
    "type_by",
    "available",
    "is_folder",
    catchment_core::WHOLE_RECORD,
];

/// The longest identity, in characters: what `content_index` holds.
const MAX_ID: usize = 191;
/// A film is at least this long.
const FILM_MS: u64 = 40 * 60 * 1000;
/// Or so large, where nobody tells how long it is.
const FILM_BYTES: u64 = 300 << 20;
/// What is read of the beginning and the end of a file for a quick digest.
const QUICK_BYTES: u64 = 64 << 10;
/// Containers of video whose tags are read for how long they play.
const WITH_DURATION: [&str; 8] = ["mp4", "m4v", "mov", "3gp", "mkv", "webm", "avi", "divx"];

/// What reading the file told.
#[derive(Default)]
pub(super) struct Content {
    pub(super) tags: Tags,
    pub(super) tag_error: Option<String>,
    pub(super) hash: Option<String>,
}

/// Reads what the options ask for.
///
/// # Errors
/// Where the file cannot be read: of a volume that is there, that is a file's own.
pub(super) fn read_content(file: &File, item: &Item, rules: &Rules, pulse: &Pulse) -> io::Result<Content> {
    let mut content = Content::default();
    let name = text_of(&item.path);
    let end = extension(&name).unwrap_or_default();
    if rules.reads_tags && has_tags(item) {
        let file = MediaFile::new(file.try_clone()?);
        let tags = match end.as_str() {
            "mkv" | "webm" | "mka" => matroska::read(file.clone()),
            "avi" | "divx" => avi::read(file.clone()),
            _ => tags::read(file.clone(), &end),
        };
        file.check()?;
        match tags {
            Ok(tags) => content.tags = tags,
            Err(error) if item.media == MediaKind::Audio => content.tag_error = Some(error),
            Err(_) => {}
        }
    }
    content.hash = match rules.hash {
        UsbHash::None => None,
        UsbHash::Quick => Some(quick_hash(file)?),
        UsbHash::Full => Some(full_hash(file, pulse)?),
    };
    Ok(content)
}

fn quick_hash(file: &File) -> io::Result<String> {
    let mut file = file.try_clone()?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut digest = Context::new(&SHA256);
    digest.update(&length.to_be_bytes());
    for start in [0, length.saturating_sub(QUICK_BYTES).max(QUICK_BYTES.min(length))] {
        file.seek(SeekFrom::Start(start))?;
        let mut part = Vec::new();
        Read::by_ref(&mut file).take(QUICK_BYTES).read_to_end(&mut part)?;
        digest.update(&part);
    }
    Ok(hex(digest.finish().as_ref()))
}

fn full_hash(file: &File, pulse: &Pulse) -> io::Result<String> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    let mut digest = Context::new(&SHA256);
    each_block(&file, |block| {
        digest.update(block);
        // A film takes its time.
        pulse.beat();
        true
    })?;
    Ok(hex(digest.finish().as_ref()))
}

/// Whether reading a file takes more than to list it.
pub(super) fn is_read(item: &Item, rules: &Rules) -> bool {
    !item.is_folder && (rules.hash != UsbHash::None || rules.reads_tags && has_tags(item))
}

fn has_tags(item: &Item) -> bool {
    let end = extension(&text_of(&item.path)).unwrap_or_default();
    item.bytes > 0 && (item.media == MediaKind::Audio || WITH_DURATION.contains(&end.as_str()))
}

/// Adds what identifies an item, and nothing that its file would have to be read for.
pub(super) fn add_name(records: &mut Records, item: &Item) {
    let path = text_of(&item.path);
    let field = |name: &&str| match *name {
        "external_id" => json!(identity(&path)),
        "path" => json!(path),
        _ => serde_json::Value::Null,
    };
    let fields = COLUMNS[..COLUMNS.len() - 1].iter().map(field).collect();
    let location = Position::Item { page: 0, path: path.as_str().into() };
    push_fields(records, &COLUMNS, location.into(), &path, fields);
}

/// Adds the record of an item.
pub(super) fn add(records: &mut Records, item: &Item, content: Content) {
    let path = text_of(&item.path);
    let name = path.rsplit('/').next().unwrap_or_default();
    let Content { tags, tag_error, hash } = content;
    let (named, is_release) = match (item.media, item.is_folder) {
        (MediaKind::Audio, _) => (of_song(name), false),
        (MediaKind::Video, _) => of_film(name),
        (MediaKind::Game, false) => (Named { title: clean(name), ..Named::default() }, false),
        (MediaKind::Game, true) => (Named { title: name.to_owned(), ..Named::default() }, false),
    };
    let (kind, by) = kind_of(item, &tags, &named, is_release);
    // Who makes a release names its file with care, and may put anything into its title.
    let title =
        tags.title.filter(|_| item.media == MediaKind::Audio || !is_release && named.season.is_none());
    // Names of songs in a folder of videos are those of songs, and not of films.
    let named = if kind == ContentKind::Video && named.season.is_none() && !is_release {
        of_song(name)
    } else {
        named
    };
    let modified = Timestamp::from_second(item.modified).ok().map(|time| time.to_string());
    let end = extension(name).filter(|_| !item.is_folder);
    let fields = vec![
        json!(kind.as_str()),
        json!(title.unwrap_or(named.title)),
        json!(tags.artist.or(named.artist)),
        json!(tags.genre),
        json!(identity(&path)),
        json!(path),
        json!(item.bytes),
        json!(modified),
        json!(end),
        json!(tags.album),
        json!(tags.track.or(named.track)),
        json!(tags.year.map(i32::from).or(named.year)),
        json!(named.season),
        json!(named.episode),
        json!(tags.duration_ms),
        json!(hash),
        json!(tag_error),
        json!(by),
        json!(true),
        json!(item.is_folder),
    ];
    let location = Position::Item { page: 0, path: path.as_str().into() };
    push_fields(records, &COLUMNS, location.into(), &path, fields);
}

/// What kind of content it is, and which rule said it.
fn kind_of(item: &Item, tags: &Tags, named: &Named, is_release: bool) -> (ContentKind, &'static str) {
    if let Some(kind) = item.by_folder {
        return (kind, "folder");
    }
    match item.media {
        MediaKind::Game => (ContentKind::Game, "extension"),
        MediaKind::Audio => (ContentKind::Music, "extension"),
        MediaKind::Video if named.season.is_some() => (ContentKind::Video, "episode"),
        MediaKind::Video => match tags.duration_ms {
            Some(duration) if duration >= FILM_MS => (ContentKind::Movie, "duration"),
            Some(_) => (ContentKind::Video, "duration"),
            None if is_release && item.bytes >= FILM_BYTES => (ContentKind::Movie, "name"),
            None => (ContentKind::Video, "extension"),
        },
    }
}

/// What tells a file on its volume from others: its path, as it is; a digest of one that is too long.
pub(super) fn identity(path: &str) -> String {
    if path.chars().count() <= MAX_ID {
        return path.to_owned();
    }
    let mut digest = Context::new(&SHA256);
    digest.update(path.as_bytes());
    format!("p1:{}", &hex(digest.finish().as_ref())[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_not_one_without_tags() {
        let rules = super::super::options::UsbOptions::default().check().unwrap();
        // A folder is opened like a file, and fails when it is read.
        let unreadable = File::open("/").unwrap();
        for (path, media) in [
            ("a.mkv", MediaKind::Video),
            ("a.avi", MediaKind::Video),
            ("a.mp4", MediaKind::Video),
            ("a.mp3", MediaKind::Audio),
        ] {
            let item = Item {
                path: path.into(),
                bytes: 1,
                modified: 0,
                media,
                by_folder: None,
                is_folder: false,
                sample: None,
                folder: 0,
                folder_modified: 0,
            };
            assert!(read_content(&unreadable, &item, &rules, &Pulse::default()).is_err(), "{path}");
        }
    }
}
