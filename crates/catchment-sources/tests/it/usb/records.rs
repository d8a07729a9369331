//! What becomes of files: titles, kinds, digests, and what is passed over.

use catchment_core::{Coverage, Reading};
use serde_json::json;

use super::scripted::Stick;
use super::{pages, values};

#[tokio::test]
async fn kinds_titles_and_paths_are_told_and_junk_is_counted() {
    let stick = Stick::new();
    stick.file("Música/07. Björk - Jóga.flac", "no flac");
    stick.file("Series/La Casa de Papel S01E03.mkv", "x");
    stick.file("Cine/El Padrino 1972 [BRRip 720p].avi", "x");
    stick.file("Juegos/PS2/Ico.iso", "xx");
    stick.file("Juegos/Doom/doom.exe", "xxx");
    stick.file("loose_clip.mp4", "x");
    stick.file("zero.mp3", "");
    stick.file(".DS_Store", "x");
    stick.file("cover.jpg", "x");
    stick.file("film.srt", "x");
    let (read, end) = pages(&stick.source("volume:1234ABCD", json!({})), Reading::default()).await;
    end.unwrap();
    let mut found = values(&read, &["path", "content_type", "title", "artist", "type_by"]);
    found.sort();
    let expected = [
        ["Cine/El Padrino 1972 [BRRip 720p].avi", "movie", "El Padrino", "null", "folder"],
        ["Juegos/Doom", "game", "Doom", "null", "folder"],
        ["Juegos/PS2/Ico.iso", "game", "Ico", "null", "folder"],
        ["Música/07. Björk - Jóga.flac", "music", "Jóga", "Björk", "folder"],
        ["Series/La Casa de Papel S01E03.mkv", "video", "La Casa de Papel", "null", "folder"],
        ["loose_clip.mp4", "video", "loose clip", "null", "extension"],
        ["zero.mp3", "music", "zero", "null", "extension"],
    ];
    assert_eq!(found, expected);
    let cursor = &read.last().unwrap().cursor;
    assert!(cursor.is_inventory && cursor.coverage == Coverage::Complete);
    let told = cursor.findings[0].to_string();
    assert!(
        told.contains("1 pictures") && told.contains("1 subtitles") && told.contains("1 left by systems"),
        "{told}"
    );
    // Tags that cannot be read cost no row.
    let errors = values(&read, &["tag_error"]).into_iter().flatten().filter(|error| error != "null").count();
    assert_eq!(errors, 1);
}

#[tokio::test]
async fn videos_are_films_by_how_long_they_play() {
    /// A Matroska file whose `Info` has a title, and a duration in milliseconds.
    fn matroska(ms: f32) -> Vec<u8> {
        let info = [&b"\x7b\xa9\x84Aire\x44\x89\x84"[..], &ms.to_be_bytes()].concat();
        [&b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x15\x49\xa9\x66"[..], &[0x80 | 14], &info].concat()
    }
    let mut avi = b"RIFF....AVI LIST....hdrlavih\x38\0\0\0".to_vec();
    avi.extend([40_000_u32, 0, 0, 0, 75_000].map(u32::to_le_bytes).concat());
    let stick = Stick::new();
    stick.file("a.mkv", matroska(2_400_000.0));
    stick.file("b.webm", matroska(2_399_000.0));
    stick.file("El Padrino 1972 [BRRip 720p].mkv", matroska(2_400_000.0));
    stick.file("c.avi", avi);
    stick.file("d.mka", matroska(1500.0));
    stick.file("e.mka", "no Matroska");
    stick.file("f.mkv", "no Matroska");
    let (read, _) = pages(&stick.source("volume:1234-ABCD", json!({})), Reading::default()).await;
    let found = values(&read, &["path", "content_type", "title", "duration_ms", "tag_error"]);
    let expected = [
        ["El Padrino 1972 [BRRip 720p].mkv", "movie", "El Padrino", "2400000", "null"],
        ["a.mkv", "movie", "Aire", "2400000", "null"],
        ["b.webm", "video", "Aire", "2399000", "null"],
        ["c.avi", "movie", "c", "3000000", "null"],
        ["d.mka", "music", "Aire", "1500", "null"],
        ["e.mka", "music", "e", "null", "it is no Matroska file"],
        ["f.mkv", "video", "f", "null", "null"],
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn options_say_what_folders_hold_and_what_is_left_out() {
    let stick = Stick::new();
    for path in ["Cosas/a.mp4", "Cosas/b.mp4", "Otros/c.mp3", "Otros/d.txt"] {
        stick.file(path, path);
    }
    let options = json!({"folders": {"cosas": "movie"}, "exclude": ["**/b.*"], "hash": "quick"});
    let (read, _) = pages(&stick.source("volume:1234-ABCD", options), Reading::default()).await;
    let found = values(&read, &["path", "content_type"]);
    assert_eq!(found, [["Cosas/a.mp4", "movie"], ["Otros/c.mp3", "music"]]);
    let hashes = values(&read, &["hash"]).concat();
    assert!(hashes.iter().all(|hash| hash.len() == 64) && hashes[0] != hashes[1], "{hashes:?}");
    let only = json!({"include": ["otros/*"], "hash": "full"});
    let (read, _) = pages(&stick.source("volume:1234-ABCD", only), Reading::default()).await;
    // SHA-256 of what it holds, which is its path.
    let sha = "61f9e7b4ec2a2bdb7750a0a9ba38593ccd2b0db609b39214f609c6619451e82f";
    assert_eq!(values(&read, &["path"]), [["Otros/c.mp3"]]);
    assert_eq!(values(&read, &["hash"])[0][0], sha);
}

#[tokio::test]
async fn identities_are_paths_and_long_ones_are_digests() {
    let stick = Stick::new();
    let long = format!("{}.mp3", "x".repeat(200));
    stick.file(&long, "x");
    stick.file("Ame\u{301}lie.mp3", "nfd");
    stick.file("Amélie.mp3", "nfc");
    let (read, _) = pages(&stick.source("volume:1234-ABCD", json!({})), Reading::default()).await;
    let ids = values(&read, &["external_id"]).concat();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().any(|id| id.starts_with("p1:") && id.len() == 35), "{ids:?}");
    assert!(ids.contains(&"Amélie.mp3".to_owned()) && ids.contains(&"Ame\u{301}lie.mp3".to_owned()));
    // Titles are composed, so that both are found.
    assert_eq!(values(&read, &["title"]).concat().iter().filter(|title| *title == "Amélie").count(), 2);
}
