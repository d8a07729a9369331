//! What names of files say where no tag does: songs by rules of our own, films and series by the library `hunch`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use crate::media::{extension, stem};

/// What a name says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) title: String,
    pub(super) artist: Option<String>,
    pub(super) track: Option<u32>,
    pub(super) year: Option<i32>,
    pub(super) season: Option<i32>,
    pub(super) episode: Option<i32>,
}

/// The number of a track before a name.
static TRACK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(\d{1,3})\s*(?:[-._)]\s*|\s)(\D.*)$").ok());
/// What says nothing of a song: `(Official Video)`, the id of a video.
static NOISE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\s*[(\[](?:official[^)\]]*|video oficial|lyrics?[^)\]]*|letra|audio|hd|hq|4k|[a-z0-9_-]{11})[)\]]").ok()
});

/// What the name of a song says.
pub(super) fn of_song(name: &str) -> Named {
    let whole = clean(name);
    let quiet = NOISE.as_ref().map_or(whole.clone(), |noise| noise.replace_all(&whole, "").trim().to_owned());
    let text = if quiet.is_empty() { whole } else { quiet };
    let (track, text) = match TRACK.as_ref().and_then(|track| track.captures(&text)) {
        Some(found) => (found[1].parse().ok(), found[2].trim().to_owned()),
        None => (None, text),
    };
    let pair = text.split_once(" - ").map(|(artist, title)| (artist.trim(), title.trim()));
    match pair.filter(|(artist, title)| !artist.is_empty() && !title.is_empty()) {
        Some((artist, title)) => {
            Named { title: title.to_owned(), artist: Some(artist.to_owned()), track, ..Named::default() }
        }
        None => Named { title: text, track, ..Named::default() },
    }
}

/// What the name of a film or of an episode says; `is_release` is whether it has the words of one.
pub(super) fn of_film(name: &str) -> (Named, bool) {
    // It was made for names of releases, and others may meet what nobody thought of.
    let found = catch_unwind(AssertUnwindSafe(|| hunch::hunch(name))).ok();
    let end = extension(name);
    let title = found
        .as_ref()
        .and_then(|found| found.title())
        .map(str::trim)
        .filter(|title| !title.is_empty() && Some(title.to_lowercase()) != end);
    let Some((found, title)) = found.as_ref().zip(title) else {
        return (Named { title: clean(name), ..Named::default() }, false);
    };
    let is_release = found.year().is_some()
        || found.screen_size().is_some()
        || found.video_codec().is_some()
        || found.source().is_some();
    let named = Named {
        title: title.nfc().collect(),
        artist: None,
        track: None,
        year: found.year(),
        season: found.season(),
        episode: found.episode(),
    };
    (named, is_release)
}

/// A name without its extension, with spaces for underscores.
pub(super) fn clean(name: &str) -> String {
    let text: String = stem(name).nfc().collect();
    let text = if text.contains(' ') { text } else { text.replace('_', " ") };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { name.to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn songs_say_track_artist_and_title() {
        for (name, track, artist, title) in [
            ("01 - Intro.mp3", Some(1), None, "Intro"),
            ("07. Björk - Jóga.flac", Some(7), Some("Björk"), "Jóga"),
            (
                "Soda Stereo - Persiana Americana (Official Video) [dQw4w9WgXcQ].mp3",
                None,
                Some("Soda Stereo"),
                "Persiana Americana",
            ),
            ("99_Luftballons.mp3", Some(99), None, "Luftballons"),
            ("a_song_of_mine.mp3", None, None, "a song of mine"),
            ("1979.mp3", None, None, "1979"),
            ("[].mp3", None, None, "[]"),
        ] {
            let named = of_song(name);
            assert_eq!(
                (named.track, named.artist.as_deref(), named.title.as_str()),
                (track, artist, title),
                "{name}"
            );
        }
    }

    #[test]
    fn films_and_episodes_are_read_by_their_release_names() {
        let (film, is_release) = of_film("El Padrino 1972 Latino [BRRip 720p].avi");
        assert_eq!((film.title.as_str(), film.year, is_release), ("El Padrino", Some(1972), true));
        let (episode, _) = of_film("La Casa de Papel S01E03 Castellano.mkv");
        assert_eq!((episode.season, episode.episode), (Some(1), Some(3)));
        // What it takes for a title is none: the name counts.
        assert_eq!(of_film("2012.mkv").0.title, "2012");
    }
}
