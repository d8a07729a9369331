//! Whether a text fits: its length, and its characters.

use super::number::{ConversionError, refused};
use crate::target::{Repertoire, TextLimits};

/// A text that a column takes unchanged.
pub(super) fn limited<'a>(text: &'a str, limits: &TextLimits) -> Result<&'a str, ConversionError> {
    let (max_chars, max_bytes) = (limits.max_chars, limits.max_bytes);
    // Bytes are never fewer than characters.
    if text.len() as u64 > max_chars {
        let chars = text.chars().count() as u64;
        if chars > max_chars {
            return Err(refused(
                "too_long",
                text,
                &format!("at most {max_chars} characters (this has {chars})"),
            ));
        }
    }
    if text.len() as u64 > max_bytes {
        return Err(refused(
            "too_long",
            text,
            &format!("at most {max_bytes} bytes in UTF-8 (this has {})", text.len()),
        ));
    }
    if text.contains('\0') {
        return Err(refused("nul", &text.replace('\0', "␀"), "text without the character U+0000"));
    }
    if limits.loses_spaces && text.ends_with(' ') {
        return Err(refused(
            "spaces_at_end",
            text,
            "text without spaces at its end, which CHAR does not keep",
        ));
    }
    let strange = match limits.repertoire {
        Repertoire::Unicode | Repertoire::Server => None,
        Repertoire::Bmp => text.chars().find(|char| u32::from(*char) > 0xffff),
        Repertoire::Latin1 => text.chars().find(|char| !is_windows_1252(*char)),
        Repertoire::Ascii => text.chars().find(|char| !char.is_ascii()),
    };
    match strange {
        None => Ok(text),
        Some(char) => {
            let known = match limits.repertoire {
                Repertoire::Bmp => "of the Basic Multilingual Plane (its character set is utf8mb3)",
                Repertoire::Latin1 => "of Windows-1252 (its character set is latin1)",
                _ => "of ASCII (its character set is ascii)",
            };
            Err(refused("bad_character", text, &format!("characters {known}, and not `{char}`")))
        }
    }
}

/// Whether Windows-1252 has a character; MySQL keeps the five bytes that it leaves out as control characters.
fn is_windows_1252(char: char) -> bool {
    const HIGH: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    const LEFT_OUT: [u32; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
    let code = u32::from(char);
    code < 0x80 || (0xa0..=0xff).contains(&code) || LEFT_OUT.contains(&code) || HIGH.contains(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters_and_what_a_column_cannot_hold_is_refused() {
        let limits = |max_chars, max_bytes, repertoire, loses_spaces| TextLimits {
            max_chars,
            max_bytes,
            repertoire,
            is_utf8: true,
            loses_spaces,
        };
        let code = |text, limits: TextLimits| limited(text, &limits).map(|_| ()).map_err(|error| error.code);
        let unicode = limits(3, u64::MAX, Repertoire::Unicode, false);
        assert_eq!(code("ñññ", unicode), Ok(()));
        assert_eq!(code("ññññ", unicode), Err("too_long"));
        assert_eq!(code("a\0", unicode), Err("nul"));
        assert_eq!(code("ñññ", limits(9, 5, Repertoire::Unicode, false)), Err("too_long"));
        assert_eq!(code("a ", limits(9, 9, Repertoire::Unicode, true)), Err("spaces_at_end"));
        assert_eq!(code("€ñ", limits(9, 9, Repertoire::Latin1, false)), Ok(()));
        assert_eq!(code("Ž", limits(9, 9, Repertoire::Latin1, false)), Ok(()));
        assert_eq!(code("Č", limits(9, 9, Repertoire::Latin1, false)), Err("bad_character"));
        assert_eq!(code("😀", limits(9, 9, Repertoire::Bmp, false)), Err("bad_character"));
    }
}
