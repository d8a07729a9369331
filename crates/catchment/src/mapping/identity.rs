//! The identity of a record that has none of its own.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::batch::Cell;
use crate::hex::push_hex;

/// An `external_id` from what the record says of itself: the same whatever the case, the white space and the composition of
/// its accents are (Unicode simple case folding; NFC), and another one where anything else differs, as `²` from `2`. The
/// prefix names the version of this rule.
pub(crate) fn derived_id(fields: &[Option<&str>]) -> String {
    hashed("v2:", fields, folded)
}

/// A key of a row that has none: of all its values, each exactly as it is stored. The prefix names the version of this rule.
pub(super) fn row_key(cells: &[Cell<'_>]) -> String {
    let texts: Vec<_> = cells.iter().map(|cell| cell.to_text()).collect();
    let fields: Vec<_> = texts.iter().map(Option::as_deref).collect();
    hashed("r1:", &fields, |text| Cow::Borrowed(text))
}

/// A versioned hash of length-prefixed fields; NULL is not empty.
pub(crate) fn hashed(version: &str, fields: &[Option<&str>], fold: impl Fn(&str) -> Cow<'_, str>) -> String {
    let mut hash = Sha256::new();
    for field in fields {
        match field {
            None => hash.update([0]),
            Some(text) => {
                let text = fold(text);
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
    }
    let mut id = String::with_capacity(version.len() + 32);
    id.push_str(version);
    push_hex(&mut id, &hash.finalize()[..16]);
    id
}

fn folded(text: &str) -> Cow<'_, str> {
    let has_lone_spaces = |text: &str| {
        !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ") && !text.contains(['\t', '\n'])
    };
    if text.is_ascii() && has_lone_spaces(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return text.into();
    }
    let case = CaseMapper::new();
    let words: Vec<_> = text.split_whitespace().collect();
    // Decomposed, as an accent may stand beside its letter in one spelling and in it in another.
    words.join(" ").nfd().map(|char| case.simple_fold(char)).nfc().collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one(one: &str, other: &str) -> bool {
        derived_id(&[Some(one)]) == derived_id(&[Some(other)])
    }

    #[test]
    fn spellings_of_one_song_are_one_identity() {
        let id = derived_id(&[Some("music"), Some("Señor"), None]);
        assert_eq!(id, derived_id(&[Some("music"), Some("SEN\u{303}OR"), None]));
        assert_ne!(id, derived_id(&[Some("music"), Some("Señor"), Some("")]));
        for (one, other) in [
            ("La  Bamba ", "la bamba"),
            ("La\u{a0}Bamba", "La Bamba"),
            ("ΟΔΟΣ", "οδός".replace('ό', "ο").as_str()),
            ("ÅNGSTRÖM", "a\u{30a}ngstro\u{308}m"),
        ] {
            assert!(is_one(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_another_identity() {
        for (one, other) in [
            ("Alien²", "Alien2"),
            ("Maße", "Masse"),
            ("ﬁn", "fin"),
            ("Año", "Ano"),
            ("Ⅳ", "IV"),
            ("ı", "i"),
            ("LaBamba", "La Bamba"),
            ("Hola!", "Hola"),
        ] {
            assert!(!is_one(one, other), "{one} {other}");
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(derived_id(&[Some("ab"), Some("c")]), derived_id(&[Some("a"), Some("bc")]));
    }

    #[test]
    fn the_rule_does_not_change_unnoticed() {
        // Stored in people's tables: a change of the rule needs a new version and a migration.
        assert_eq!(
            derived_id(&[Some("music"), Some("Despacito"), Some("Luis Fonsi")]),
            "v2:b339211f0591851518c7a1f149d46ab0"
        );
    }
}
