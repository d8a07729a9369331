//! What kind of content something is: by the folder that it is in, its extension, its name, and how long it plays.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::media::{AUDIO, VIDEO};

/// A kind of content, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentKind {
    Music,
    Video,
    Movie,
    Game,
}

impl ContentKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Music => "music",
            Self::Video => "video",
            Self::Movie => "movie",
            Self::Game => "game",
        }
    }

    /// The kind of this word.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        [Self::Music, Self::Video, Self::Movie, Self::Game].into_iter().find(|kind| kind.as_str() == word)
    }
}

const MUSIC: &[&str] = &["musica", "music", "canciones", "mp3", "songs", "audio"];
const VIDEOS: &[&str] =
    &["videos", "video", "videoclips", "conciertos", "concerts", "clips", "series", "tv", "shows"];
const MOVIES: &[&str] = &["peliculas", "pelicula", "movies", "movie", "films", "cine"];
const GAMES: &[&str] = &["juegos", "juego", "games", "game", "roms"];
/// Folders of consoles, in a folder of games.
const CONSOLES: &[&str] = &[
    "nes",
    "snes",
    "n64",
    "gamecube",
    "gc",
    "wii",
    "wiiu",
    "switch",
    "gb",
    "gbc",
    "gba",
    "nds",
    "3ds",
    "psx",
    "ps1",
    "ps2",
    "ps3",
    "ps4",
    "psp",
    "psvita",
    "xbox",
    "xbox360",
    "megadrive",
    "genesis",
    "mastersystem",
    "dreamcast",
    "saturn",
    "mame",
    "arcade",
    "neogeo",
    "pc",
    "msx",
    "atari",
    "amiga",
    "dos",
];
/// Extensions of games and of the discs of consoles.
const GAME_ENDS: &[&str] = &[
    "iso", "chd", "cue", "nes", "sfc", "smc", "gba", "gbc", "gb", "nds", "3ds", "cia", "xci", "nsp", "wbfs",
    "cso", "n64", "z64", "pbp",
];

/// What a folder of this name holds; the option `folders` says more.
pub(super) fn of_folder(name: &str) -> Option<ContentKind> {
    let name = plain(name);
    let is = |names: &[&str]| names.contains(&name.as_str());
    match () {
        () if is(MUSIC) => Some(ContentKind::Music),
        () if is(VIDEOS) => Some(ContentKind::Video),
        () if is(MOVIES) => Some(ContentKind::Movie),
        () if is(GAMES) => Some(ContentKind::Game),
        () => None,
    }
}

/// Whether a folder among games is that of a console, and no game itself.
pub(super) fn is_console(name: &str) -> bool {
    CONSOLES.contains(&plain(name).replace([' ', '-', '_'], "").as_str())
}

/// A name without case and accents.
pub(super) fn plain(name: &str) -> String {
    name.nfd().filter(|char| !is_combining_mark(*char)).collect::<String>().to_lowercase().trim().to_owned()
}

/// What a file of this extension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaKind {
    Audio,
    Video,
    Game,
}

pub(super) fn of_extension(extension: &str) -> Option<MediaKind> {
    match extension {
        _ if AUDIO.contains(&extension) => Some(MediaKind::Audio),
        _ if VIDEO.contains(&extension) => Some(MediaKind::Video),
        _ if GAME_ENDS.contains(&extension) => Some(MediaKind::Game),
        _ => None,
    }
}

/// What other files are, for people.
pub(super) fn other_kind(extension: Option<&str>) -> &'static str {
    match extension.unwrap_or_default() {
        "jpg" | "jpeg" | "png" | "gif" | "bmp" | "webp" | "heic" | "tif" | "tiff" => "pictures",
        "srt" | "sub" | "idx" | "ass" | "ssa" | "vtt" => "subtitles",
        "txt" | "pdf" | "doc" | "docx" | "xls" | "xlsx" | "odt" | "ods" | "nfo" | "rtf" | "epub" => {
            "documents"
        }
        "zip" | "rar" | "7z" | "gz" | "tar" => "archives",
        "m3u" | "m3u8" | "pls" | "cda" | "log" => "lists",
        _ => "other files",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_extensions_say_what_is_in_them() {
        assert_eq!(of_folder("MÚSICA"), Some(ContentKind::Music));
        assert_eq!(of_folder("Películas"), Some(ContentKind::Movie));
        assert_eq!(of_folder("Rock"), None);
        assert!(
            is_console("Game-Boy".replace("Game-Boy", "G B A").as_str())
                && is_console("PS2")
                && !is_console("Doom")
        );
        assert_eq!(of_extension("flac"), Some(MediaKind::Audio));
        assert_eq!(of_extension("chd"), Some(MediaKind::Game));
        assert_eq!(other_kind(Some("srt")), "subtitles");
    }
}
