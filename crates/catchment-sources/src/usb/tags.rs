//! Tags of audio, by the library `lofty`: a file whose tags cannot be read is on the stick all the same.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use lofty::config::{GlobalOptions, ParseOptions, apply_global_options};
use lofty::file::{AudioFile, FileType, TaggedFileExt};
use lofty::probe::Probe;
use lofty::tag::Accessor;
use unicode_normalization::UnicodeNormalization;

/// The most bytes of one field.
const MAX_FIELD_BYTES: usize = 1 << 20;
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
pub(super) fn read(file: File, extension: &str) -> Result<Tags, String> {
    static LIMIT: Once = Once::new();
    LIMIT.call_once(|| apply_global_options(GlobalOptions::new().allocation_limit(MAX_ALLOCATION)));
    // Damaged files are what it is tried on, and what nobody thought of may still panic.
    let read = catch_unwind(AssertUnwindSafe(|| try_read(file, extension)));
    read.unwrap_or_else(|_| Err("its tags are damaged in a way that cannot be read".to_owned()))
}

fn try_read(file: File, extension: &str) -> Result<Tags, String> {
    let options = ParseOptions::new().read_cover_art(false).read_properties(true);
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
    if let Some(tag) = tagged.primary_tag().or_else(|| tagged.first_tag()) {
        tags.title = field(tag.title());
        tags.artist = field(tag.artist());
        tags.genre = field(tag.genre());
        tags.album = field(tag.album());
        tags.track = tag.track();
        tags.year = tag.date().map(|date| date.year);
    }
    Ok(tags)
}

/// A field that says something, composed (NFC).
pub(super) fn field(text: Option<std::borrow::Cow<'_, str>>) -> Option<String> {
    let text = text.filter(|text| text.len() <= MAX_FIELD_BYTES)?;
    // Several values are separated by NUL.
    let text =
        text.split('\0').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" / ");
    (!text.is_empty()).then(|| text.nfc().collect())
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
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
