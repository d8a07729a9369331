//! The songs that every server has: number 1 to [`SONGS`].

/// How many there are.
pub(super) const SONGS: usize = 1200;

/// The artist of a song.
pub(super) fn artist(number: usize) -> String {
    format!("Artist {}", number % 7)
}

/// A song as JSON, with its artist in an object of its own.
pub(super) fn song(number: usize) -> String {
    format!(r#"{{"id": {number}, "title": "Song {number}", "artist": {{"name": "{}"}}}}"#, artist(number))
}
