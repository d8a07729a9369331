//! The identity of a record that has none of its own.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, is_nfkc};

use crate::hex::push_hex;

/// An `external_id` from what the record says of itself, the same on every run however it is spelt: NFKC and
/// case-folded (Unicode, default caseless match). The prefix names the version of this rule.
pub(super) fn derived_id(fields: &[Option<&str>]) -> String {
    let mut hash = Sha256::new();
    for field in fields {
        match field {
            None => hash.update([0]),
            Some(text) => {
                let text = folded(text);
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
    }
    let mut id = String::with_capacity(35);
    id.push_str("v1:");
    push_hex(&mut id, &hash.finalize()[..16]);
    id
}

fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let has_capitals = text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if has_capitals { text.to_ascii_lowercase().into() } else { text.into() };
    }
    // Folding can undo the normalisation, and the other way round.
    let text: Cow<'_, str> = if is_nfkc(text) { text.into() } else { text.nfkc().collect::<String>().into() };
    let folded = caseless::default_case_fold_str(&text);
    if is_nfkc(&folded) { folded.into() } else { folded.nfkc().collect::<String>().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_song_are_one_identity() {
        let id = derived_id(&[Some("music"), Some("Señor"), None]);
        assert_eq!(id, derived_id(&[Some("music"), Some("SEN\u{303}OR"), None]));
        assert_ne!(id, derived_id(&[Some("music"), Some("Señor"), Some("")]));
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(derived_id(&[Some("ab"), Some("c")]), derived_id(&[Some("a"), Some("bc")]));
        assert_eq!(derived_id(&[Some("Straße")]), derived_id(&[Some("STRASSE")]));
        assert_eq!(derived_id(&[Some("ﬁn")]), derived_id(&[Some("FIN")]));
    }

    #[test]
    fn the_rule_does_not_change_unnoticed() {
        // Stored in people's tables: a change of the rule needs a new version, not a new value.
        assert_eq!(
            derived_id(&[Some("music"), Some("Despacito"), Some("Luis Fonsi")]),
            "v1:b339211f0591851518c7a1f149d46ab0"
        );
    }
}
