//! What the name of a file says: its title and artist, its extension, and what kind of content it is.

use catchment_core::{Result, invalid_option};
use regex::{Regex, RegexBuilder};
use unicode_normalization::UnicodeNormalization;

use crate::media::{AUDIO, VIDEO, extension, stem};

/// How a compiled pattern may grow.
const MAX_PATTERN_BYTES: usize = 1 << 20;
/// `NN Artist - Title`, where the number may be missing.
const DEFAULT: &str = r"^(?:\d{2}\s*[.)_-]?\s+)?(?<artist>\S.*?)\s+[-–—]\s+(?<title>\S.*)$";
/// `NN - Title`, where nobody is named.
const NUMBERED: &str = r"^\d{1,2}\s*[-–—]\s+(?<title>\S.*)$";

/// Reads names of files.
#[derive(Debug, Clone)]
pub(super) struct NamePattern {
    patterns: Vec<Regex>,
}

/// What a name says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) title: String,
    pub(super) artist: Option<String>,
}

impl NamePattern {
    /// The pattern that is given, or the usual one.
    ///
    /// # Errors
    /// `config`, `invalid_options`.
    pub(super) fn new(given: Option<&str>) -> Result<Self> {
        let wrong = |problem: &str| invalid_option("namePattern", problem);
        let compiled = |text: &str| RegexBuilder::new(text).size_limit(MAX_PATTERN_BYTES).build();
        let texts = given.map_or_else(|| vec![NUMBERED, DEFAULT], |given| vec![given]);
        let patterns = texts.into_iter().map(compiled).collect::<Result<Vec<_>, _>>();
        let patterns = patterns.map_err(|error| wrong(&format!("is no regular expression: {error}")))?;
        for name in patterns.iter().flat_map(|pattern| pattern.capture_names().flatten()) {
            if !matches!(name, "title" | "artist") {
                return Err(wrong(&format!("has the group `{name}`; it may have `title` and `artist`")));
            }
        }
        let has_title = |pattern: &Regex| pattern.capture_names().flatten().any(|name| name == "title");
        if !patterns.iter().all(has_title) {
            return Err(wrong("has no group `title`, such as `(?<artist>.+) - (?<title>.+)`"));
        }
        Ok(Self { patterns })
    }

    /// What the name of a file says. Names are composed (NFC), however they were written.
    pub(super) fn read(&self, name: &str) -> Named {
        let name: String = name.nfc().collect();
        let stem = stem(&name).trim();
        let found = self.patterns.iter().find_map(|pattern| pattern.captures(stem));
        let group = |group: &str| {
            let text = found.as_ref()?.name(group)?.as_str().trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        match group("title") {
            Some(title) => Named { title, artist: group("artist") },
            None => Named { title: stem.to_owned(), artist: None },
        }
    }
}

const ROWS: &[&str] = &["csv", "tsv", "txt", "json", "ndjson", "jsonl", "xlsx", "xlsm", "xlsb", "xls", "ods"];
const PACKED: &[&str] = &["gz", "zst", "zip"];

/// What kind of content a file is, by its type, and where that says nothing by its name.
pub(super) fn content_type(mime_type: &str, name: &str) -> Option<&'static str> {
    let named = || {
        let extension = extension(name)?;
        match extension.as_str() {
            audio if AUDIO.contains(&audio) => Some("music"),
            video if VIDEO.contains(&video) => Some("video"),
            _ => None,
        }
    };
    match mime_type.split('/').next() {
        Some("audio") => Some("music"),
        Some("video") => Some("video"),
        Some("application") => named(),
        _ => None,
    }
}

/// Whether the name of a file promises rows.
pub(super) fn promises_rows(name: &str) -> bool {
    let is = |name: &str, known: &[&str]| {
        extension(name).is_some_and(|extension| known.contains(&extension.as_str()))
    };
    is(name, ROWS) || is(name, PACKED) && is(stem(name), ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_title_and_artist() {
        let usual = NamePattern::new(None).unwrap();
        for (name, artist, title) in [
            ("01 Soda Stereo - Persiana Americana.mp3", Some("Soda Stereo"), "Persiana Americana"),
            ("07. Björk - Jóga.flac", Some("Björk"), "Jóga"),
            ("AC-DC - T.N.T. - Live.mp3", Some("AC-DC"), "T.N.T. - Live"),
            ("99 Luftballons.mp3", None, "99 Luftballons"),
            ("03 - Intro.mp3", None, "Intro"),
            ("Zoe\u{308} – Aire.mp3", Some("Zoë"), "Aire"),
            ("no-artist.mp3", None, "no-artist"),
            (".hidden", None, ".hidden"),
            ("v1.0 final cut", None, "v1.0 final cut"),
        ] {
            let found = usual.read(name);
            assert_eq!((found.artist.as_deref(), found.title.as_str()), (artist, title), "{name}");
        }
        let own = NamePattern::new(Some(r"^(?<title>.+?) \((?<artist>.+)\)$")).unwrap();
        assert_eq!(own.read("Aire (Zoe).mp3"), Named { title: "Aire".into(), artist: Some("Zoe".into()) });
        assert_eq!(own.read("other.mp3"), Named { title: "other".into(), artist: None });
    }

    #[test]
    fn patterns_that_say_nothing_are_refused() {
        for pattern in ["(", "(?<artist>.+)", "(?<title>.+) (?<album>.+)", "(?<title>\\w{50000})"] {
            assert!(NamePattern::new(Some(pattern)).is_err(), "{pattern}");
        }
    }

    #[test]
    fn kinds_are_told_by_type_and_by_name() {
        assert_eq!(content_type("audio/mpeg", "a"), Some("music"));
        assert_eq!(content_type("application/octet-stream", "a.FLAC"), Some("music"));
        assert_eq!(content_type("video/mp2t", "a.ts"), Some("video"));
        assert_eq!(content_type("text/plain", "a.ts"), None);
        assert!(
            promises_rows("a.CSV.gz")
                && promises_rows("b.xlsx")
                && !promises_rows("a.zip")
                && !promises_rows("a.mp3")
        );
    }
}
