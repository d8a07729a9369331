//! Encodings, found out from the bytes, and the bytes that fit none.

use catchment_core::{PageSize, Reading, Source};
use encoding_rs::{Encoding, SHIFT_JIS, WINDOWS_1252};
use futures::StreamExt;

use super::{Sample, columns, rejects, rows};

fn utf16(text: &str, is_big_endian: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

fn encode(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

#[tokio::test]
async fn encodings_are_found_out() {
    let text = "título;artista\nCanción de otoño;José Núñez\n¿Dónde estás?;Zoë\n";
    let bom = "\u{feff}".to_owned() + text;
    for (name, bytes) in [
        ("utf-8", text.as_bytes().to_vec()),
        ("utf-8 with a mark", bom.as_bytes().to_vec()),
        ("utf-16le with a mark", utf16(&bom, false)),
        ("utf-16be with a mark", utf16(&bom, true)),
        ("utf-16le", utf16(text, false)),
        ("utf-16be", utf16(text, true)),
        ("windows-1252", encode(text, WINDOWS_1252)),
    ] {
        let read = Sample::new(bytes).read().await;
        assert_eq!(columns(&read), "título|artista", "{name}");
        assert_eq!(rows(&read), ["Canción de otoño|José Núñez", "¿Dónde estás?|Zoë"], "{name}");
    }
}

#[tokio::test]
async fn a_short_western_file_is_not_taken_for_another_script() {
    for text in [
        "titulo\nCanción\n",
        "name;artist\nCafé;Beyoncé\n",
        "t;a\nMañana;Peña\n",
        "t\n“quoted” – 5 €\n",
        "título;ñ\nx;y\n",
    ] {
        let found =
            Sample::new(encode(text, WINDOWS_1252)).source().inspect([].into()).await.unwrap().options;
        assert_eq!(found["encoding"], "windows-1252", "{text}");
    }
}

#[tokio::test]
async fn the_first_accent_may_come_late() {
    let mut text = "title;artist\n".to_owned() + &"plain;ascii\n".repeat(100_000);
    text.push_str("Canción;José\n");
    for bytes in [text.as_bytes().to_vec(), encode(&text, WINDOWS_1252)] {
        let sample = Sample::new(bytes);
        let mut last = String::new();
        for page in sample.pages(None, 50_000).await {
            let page = page.unwrap();
            assert!(page.rejects.is_empty());
            last = page.records.iter().last().unwrap().raw().to_owned();
        }
        assert_eq!(last, "Canción;José");
    }
}

#[tokio::test]
async fn a_bad_byte_costs_its_record() {
    let read =
        Sample::new(b"title,artist\nCaf\xc3\xa9,a\nCaf\xe9,b\nCaf\xc3\xa9,c\n".as_slice()).read().await;
    assert_eq!(rows(&read), ["Café|a", "Café|c"]);
    assert_eq!(rejects(&read), ["line 3 bad_encoding"]);

    let sample = Sample::new(
        [&encode("題名,b\n愛,1\n", SHIFT_JIS)[..], b"\x81,2\n", &encode("夜,3\n", SHIFT_JIS)].concat(),
    );
    let read = sample.options(|options| options.format.encoding = Some("shift_jis".into())).read().await;
    assert_eq!(rows(&read), ["愛|1", "夜|3"]);
    assert_eq!(rejects(&read), ["line 3 bad_encoding"]);
}

#[tokio::test]
async fn code_pages_of_dos_and_the_macintosh_are_read() {
    // `Señal` and `Sí` in each.
    for (label, bytes) in [
        ("ibm437", &b"t\nSe\xa4al\nS\xa1\n"[..]),
        ("cp850", b"t\nSe\xa4al\nS\xa1\n"),
        ("ibm858", b"t\nSe\xa4al\nS\xa1\n"),
        ("macintosh", b"t\nSe\x96al\nS\x92\n"),
    ] {
        let sample = Sample::new(bytes).options(|options| options.format.encoding = Some(label.into()));
        assert_eq!(rows(&sample.read().await), ["Señal", "Sí"], "{label}");
    }
    // IBM857 has no character there.
    let sample =
        Sample::new(b"t\na\n\xd5\n\xa4\n").options(|options| options.format.encoding = Some("ibm857".into()));
    let read = sample.read().await;
    assert_eq!(
        (rows(&read), rejects(&read)),
        (vec!["a".to_owned(), "ñ".to_owned()], vec!["line 3 bad_encoding".to_owned()])
    );
}

#[tokio::test]
async fn a_file_in_utf_32_is_refused_by_name() {
    let bytes: Vec<u8> = "a,b\nñ,1\n".chars().flat_map(|char| u32::from(char).to_le_bytes()).collect();
    assert_eq!(Sample::new(bytes).error_code().await, "unsupported_encoding");
}

#[tokio::test]
async fn a_resumed_run_reads_in_the_encoding_of_the_first_attempt_whatever_the_hint() {
    let sample = Sample::new(b"t\nSe\xf1al\nSe\xf1al\n");
    let spanish = sample.source_in(Some("es"));
    let reading = |after| Reading { after, page_size: PageSize::rows(1), ..Reading::default() };
    let first = spanish.read(reading(None)).next().await.unwrap().unwrap();
    let polish = sample.source_in(Some("pl"));
    let second = polish.read(reading(Some(first.cursor))).next().await.unwrap().unwrap();
    assert_eq!(second.records.iter().next().unwrap().raw(), "Señal");
    let anew = polish.read(reading(None)).next().await.unwrap().unwrap();
    assert_eq!(anew.records.iter().next().unwrap().raw(), "Seńal");
}
