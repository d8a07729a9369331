//! Tags of audio, by the library `lofty`: a file whose tags cannot be read is on the stick all the same.

use std::io::{BufReader, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use lofty::config::{GlobalOptions, ParseOptions, ParsingMode, apply_global_options};
use lofty::file::{AudioFile, FileType, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::{Accessor, ItemKey};
use unicode_normalization::UnicodeNormalization;

use super::media_file::MediaFile;

/// The most bytes of one field.
const MAX_FIELD_BYTES: usize = 1 << 20;
/// The longest title, in characters, and the longest genre: what `content_index` takes, and a little less.
pub(super) const MAX_TEXT: usize = 1000;
const MAX_GENRE: usize = 250;
/// The most that a file may make the library reserve.
const MAX_ALLOCATION: usize = 16 << 20;

/// What tags say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tags {
    pub(super) title: Option<String>,
    pub(super) artist: Option<String>,
    pub(super) genre: Option<String>,
    pub(super) album: Option<String>,
    pub(super) track: Option<u32>,
    pub(super) year: Option<u16>,
    pub(super) duration_ms: Option<u64>,
}

/// Reads the tags of a file; why they cannot be read, for people.
pub(super) fn read(file: MediaFile, extension: &str) -> Result<Tags, String> {
    static LIMIT: Once = Once::new();
    LIMIT.call_once(|| apply_global_options(GlobalOptions::new().allocation_limit(MAX_ALLOCATION)));
    // Damaged files are what it is tried on, and what nobody thought of may still panic.
    let read = catch_unwind(AssertUnwindSafe(|| try_read(file, extension)));
    read.unwrap_or_else(|_| Err("its tags are damaged in a way that cannot be read".to_owned()))
}

fn try_read(mut file: MediaFile, extension: &str) -> Result<Tags, String> {
    if is_flac_in_ogg(&mut file) {
        return Err("tags of FLAC in Ogg are not read".to_owned());
    }
    let again = file.clone();
    // One bad field costs no other.
    parse(file, extension, ParsingMode::BestAttempt).or_else(|error| {
        let relaxed = parse(again, extension, ParsingMode::Relaxed);
        relaxed.ok().filter(|tags| tags.title.is_some() || tags.artist.is_some()).ok_or(error)
    })
}

/// Whether it is FLAC in Ogg, whose bytes the library takes for MPEG (<https://xiph.org/flac/ogg_mapping.html>).
fn is_flac_in_ogg(file: &mut MediaFile) -> bool {
    let mut head = [0; 64];
    let read = file.rewind().and_then(|()| file.read(&mut head)).unwrap_or_default();
    head[..read].starts_with(b"OggS") && head[..read].windows(5).any(|bytes| bytes == b"\x7fFLAC")
}

fn parse(mut file: MediaFile, extension: &str, mode: ParsingMode) -> Result<Tags, String> {
    file.rewind().map_err(|error| error.to_string())?;
    let options = ParseOptions::new().read_cover_art(false).read_properties(true).parsing_mode(mode);
    let probe = Probe::new(BufReader::new(file)).options(options);
    let probe = probe.guess_file_type().map_err(|error| error.to_string())?;
    let probe = match (probe.file_type(), FileType::from_ext(extension)) {
        (None, Some(kind)) => probe.set_file_type(kind),
        (None, None) => return Err(format!("tags of .{extension} files are not read")),
        _ => probe,
    };
    let tagged = probe.read().map_err(|error| error.to_string())?;
    let duration = tagged.properties().duration().as_millis();
    let mut tags = Tags {
        duration_ms: u64::try_from(duration).ok().filter(|duration| *duration > 0),
        ..Tags::default()
    };
    // What the tag that is usual for a file lacks may be in another one.
    let primary = tagged.primary_tag_type();
    let (first, others): (Vec<_>, Vec<_>) = tagged.tags().iter().partition(|tag| tag.tag_type() == primary);
    for tag in first.into_iter().chain(others) {
        let artists: Vec<_> = tag.get_strings(ItemKey::TrackArtist).collect();
        tags.title = tags.title.or_else(|| field(tag.title(), MAX_TEXT));
        tags.artist = tags.artist.or_else(|| field(Some(artists.join("\0").into()), MAX_TEXT));
        tags.genre = tags.genre.or_else(|| field(tag.genre(), MAX_GENRE));
        tags.album = tags.album.or_else(|| field(tag.album(), MAX_TEXT));
        tags.track = tags.track.or_else(|| tag.track());
        tags.year = tags.year.or_else(|| tag.date().map(|date| date.year));
    }
    Ok(tags)
}

/// A field that says something, composed (NFC), and cut to so many characters: a tag that nobody can read costs no row.
pub(super) fn field(text: Option<std::borrow::Cow<'_, str>>, longest: usize) -> Option<String> {
    let text = text.filter(|text| text.len() <= MAX_FIELD_BYTES)?;
    // Several values are separated by NUL.
    let text =
        text.split('\0').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" / ");
    (!text.is_empty()).then(|| text.nfc().take(longest).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> MediaFile {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        MediaFile::new(file)
    }

    #[test]
    fn tags_of_id3_are_read_and_rubbish_is_an_error() {
        let mut tag = b"ID3\x03\0\0\0\0\0\x1eTIT2\0\0\0\x05\0\0\0AireTPE1\0\0\0\x04\0\0\0Zoe".to_vec();
        tag.resize(40, 0);
        // Frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz: 417 bytes and 26 ms each.
        for _ in 0..40 {
            tag.extend([0xff, 0xfb, 0x90, 0x64]);
            tag.resize(tag.len() + 413, 0);
        }
        let tags = read(file(&tag), "mp3").unwrap();
        assert_eq!((tags.title.as_deref(), tags.artist.as_deref()), (Some("Aire"), Some("Zoe")));
        assert!(tags.duration_ms.is_some_and(|duration| (1000..1100).contains(&duration)), "{tags:?}");
        for rubbish in [&b""[..], b"not a song", &[0xff; 300]] {
            assert!(read(file(rubbish), "mp3").is_err(), "{rubbish:?}");
        }
        assert!(read(file(b"x"), "wma").is_err());
    }
}
