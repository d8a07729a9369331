//! What files become: price lists of many languages in the encodings that programs export them in, with a language hint and
//! without.

use std::collections::HashMap;

use super::*;
use lists::{LISTS, PriceList};

mod lists;

/// A text in an encoding, as a program would write it.
fn encode(text: &str, label: &str) -> Vec<u8> {
    match label {
        "utf-8" => text.as_bytes().to_vec(),
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => {
            let encoding = TextEncoding::for_label(label).unwrap();
            let bytes: HashMap<_, _> = (0..=255).map(|byte| (encoding.decode_byte(byte), byte)).collect();
            text.chars().map(|char| bytes[&Some(char)]).collect()
        }
    }
}

fn detect(bytes: &[u8], language: Option<&str>) -> Detection {
    match structure::by_marks_and_zeros(bytes).unwrap() {
        Some(detection) => detection,
        None => find_in_sample(bytes, language).unwrap(),
    }
}

/// Each file with a hint, which must read it right, and without one, which must not read it wrong in silence.
fn hold(list: &PriceList, label: &str, seed: u32) -> [Detection; 2] {
    let text = list.text(seed);
    let bytes = encode(&text, label);
    let [by_hint, alone] = [Some(list.language), None].map(|hint| detect(&bytes, hint));
    let is_right = |found: &Detection| found.encoding.decode_head(&bytes) == text;
    let name = format!("{} in {label}, seed {seed}", list.language);
    assert!(is_right(&by_hint), "{name}, with its hint: {}", by_hint.finding);
    assert!(is_right(&alone) || alone.finding.is_unsure, "{name}, without a hint: {}", alone.finding);
    if alone.finding.is_unsure && !label.starts_with("utf-16") {
        assert!(alone.finding.message.contains("could also be"), "{name}: {}", alone.finding);
        assert!(alone.finding.message.contains("`encoding`"), "{name}: {}", alone.finding);
    }
    [by_hint, alone]
}

#[test]
fn twenty_four_spanish_price_lists_are_read_right() {
    let spanish = &LISTS[0];
    for seed in 0..24 {
        let [by_hint, alone] = hold(spanish, "windows-1252", seed);
        for found in [by_hint, alone] {
            assert_eq!(found.encoding.name(), "windows-1252", "seed {seed}: {}", found.finding);
        }
    }
}

#[test]
fn no_list_of_any_language_is_read_wrong_in_silence() {
    for list in &LISTS {
        for label in list.encodings {
            for seed in 0..4 {
                hold(list, label, seed);
            }
        }
    }
}

#[test]
fn the_list_of_files_with_what_each_became() {
    let mut table = String::new();
    for list in &LISTS {
        for label in list.encodings {
            let [by_hint, alone] = hold(list, label, 1);
            for (hint, found) in [(list.language, by_hint), ("-", alone)] {
                let certainty = if found.finding.is_unsure { "unsure" } else { "sure" };
                let message = &found.finding.message;
                table += &format!("{} | {label} | {hint} | {certainty} | {message}\n", list.language);
            }
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/text/detect/tests/became.txt");
    if std::env::var_os("CATCHMENT_UPDATE_DOCS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap();
    assert!(table == expected, "{path} is out of date: CATCHMENT_UPDATE_DOCS=1 rewrites it:\n{table}");
}

#[test]
fn a_word_that_stands_a_thousand_times_counts_once() {
    let text =
        "producto;oferta\n".to_owned() + &"Silla;Sí\n".repeat(1000) + "Señal;No\nCañón;No\nMuñeca;No\n";
    for label in ["windows-1252", "ibm850", "macintosh"] {
        let found = detect(&encode(&text, label), Some("es"));
        assert_eq!(found.encoding.name(), label, "{}", found.finding);
    }
}

#[test]
fn a_word_that_two_languages_have_is_settled_by_the_hint_alone() {
    let spanish = encode("t\nSeñal\n", "windows-1252");
    let alone = detect(&spanish, None).finding;
    assert!(alone.is_unsure);
    let message = "windows-1252: `Señal` could also be `Seńal` (windows-1250); set the option `encoding`, or `language`, to \
                   settle it";
    assert_eq!(alone.message, message);
    let polish = detect(&spanish, Some("pl"));
    assert_eq!(polish.encoding.name(), "windows-1250");
    assert!(!polish.finding.is_unsure && polish.finding.message.contains("`Señal`"), "{}", polish.finding);
}

#[test]
fn a_hint_that_explains_little_is_not_followed() {
    let found = detect(&encode(&LISTS[0].text(3), "windows-1252"), Some("pl"));
    assert_eq!(found.encoding.name(), "windows-1252");
}

#[test]
fn what_statistics_alone_tell_is_unsure() {
    let russian =
        "Стул;Деревянный стул\nСтол;Большой стол\nШкаф;Белый шкаф для кухни\nПолка;Навесная полка\n";
    for label in ["windows-1251", "koi8-r", "iso-8859-5", "ibm866", "ibm855", "x-mac-cyrillic"] {
        let bytes = encode(russian, label);
        let found = detect(&bytes, None);
        assert!(found.finding.is_unsure, "{label}: {}", found.finding);
        assert_eq!(found.encoding.decode_head(&bytes), russian, "{label}: {}", found.finding);
    }
    let japanese = "商品名;価格\n木の椅子;1200\n大きなテーブル;5400\n";
    let bytes = encoding_rs::SHIFT_JIS.encode(japanese).0;
    let [alone, by_hint] = [None, Some("ja")].map(|hint| detect(&bytes, hint));
    assert!(alone.finding.is_unsure && alone.finding.message.contains("could also be"), "{}", alone.finding);
    assert_eq!([alone, by_hint].map(|found| found.encoding.name()), ["shift_jis", "shift_jis"]);
    // Johab, a Korean encoding that is not read: 한국어.
    let johab = detect(b"a;b\n\xd0\x65\x8a\x82\xb4\xe1;1\n\xb4\xe1\xd0\x65;2\n", Some("ko"));
    assert!(johab.finding.is_unsure, "{}", johab.finding);
}

#[test]
fn escape_sequences_are_no_utf_8() {
    let japanese = b"name,price\n\x1b$BLZ$N0X;R\x1b(B,1200\n";
    let found = detect(japanese, None);
    assert_eq!((found.encoding.name().as_str(), found.finding.is_unsure), ("iso-2022-jp", true));
    for (bytes, name) in [(&b"\x1b$)Ca,b\n"[..], "ISO-2022-KR"), (b"a\n\x1b$)A\x0eVP\x0f\n", "ISO-2022-CN")] {
        let error = find_in_sample(bytes, None).err().unwrap();
        assert_eq!(error.code(), "unsupported_encoding");
        assert!(error.message().contains(name) && error.message().contains("iconv"), "{error}");
    }
    assert_eq!(detect(b"a,b\n\x1b[1mbold\x1b[0m,1\n", None).encoding, TextEncoding::UTF_8);
}

#[test]
fn utf_32_is_named() {
    let text = "título,precio\nSeñal 😀,1\n1,2\n";
    let be: Vec<u8> = text.chars().flat_map(|char| u32::from(char).to_be_bytes()).collect();
    let le: Vec<u8> = text.chars().flat_map(|char| u32::from(char).to_le_bytes()).collect();
    for (mark, bytes) in [(&[0, 0, 0xfe, 0xff][..], &be), (&[0xff, 0xfe, 0, 0], &le), (&[], &be), (&[], &le)]
    {
        let error = structure::by_marks_and_zeros(&[mark, bytes].concat()).err().unwrap();
        assert!(error.message().contains("iconv -f UTF-32 -t UTF-8"), "{error}");
    }
}

#[test]
fn utf_16_without_a_mark_is_told_by_its_zeros_in_any_script() {
    for (text, is_unsure) in
        [("a\na\n1\n", false), ("Стул;Стол\nШкаф;Полка\n", true), ("名前\n木の椅子\n", true)]
    {
        for label in ["utf-16le", "utf-16be"] {
            let found = detect(&encode(text, label), None);
            assert_eq!(
                (found.encoding.name().as_str(), found.finding.is_unsure),
                (label, is_unsure),
                "{text}"
            );
        }
    }
    assert!(structure::by_marks_and_zeros(b"a,b\0c\nd,e\xff\n").unwrap().is_none());
}

#[test]
fn signs_without_a_letter_are_those_of_windows() {
    for text in ["t\n“quoted” – 5 €\n", "t\n1\u{a0}234,50\n", "t\nN° 5\n3½\n"] {
        assert_eq!(detect(&encode(text, "windows-1252"), None).encoding.name(), "windows-1252", "{text}");
    }
}
