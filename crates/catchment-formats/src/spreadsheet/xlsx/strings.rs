//! The texts that cells share: all that is held in memory of a workbook.

use catchment_core::{Error, Result};
use quick_xml::events::Event;

use crate::spreadsheet::xml::Xml;

/// Texts, one after the other.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// Reads them, up to so many bytes.
    ///
    /// # Errors
    /// `config`, `too_much_text`; `parsing`, `damaged_workbook`.
    pub(super) fn read(mut xml: Xml, max_bytes: usize) -> Result<Self> {
        let mut strings = Self::default();
        let mut text = String::new();
        loop {
            match xml.next()? {
                Event::Start(element) if element.local_name().as_ref() == "si" => {
                    text.clear();
                    text_of(&mut xml, &mut text)?;
                    strings.text.push_str(&text);
                    strings.ends.push(strings.text.len());
                    if strings.bytes() > max_bytes {
                        return Err(too_much(max_bytes));
                    }
                }
                Event::Eof => return Ok(strings),
                _ => {}
            }
        }
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>()
    }

    /// A text by its number.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }
}

/// The text of a shared or inline string that has just begun: its pieces, without how they are pronounced.
pub(super) fn text_of(xml: &mut Xml, text: &mut String) -> Result<()> {
    let start = text.len();
    let mut depth = 0;
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "t" => xml.text_into(text)?,
                "rPh" | "phoneticPr" | "rPr" => xml.skip()?,
                _ => depth += 1,
            },
            Event::End(_) if depth == 0 => break,
            Event::End(_) => depth -= 1,
            Event::Eof => return Err(xml.cut_off()),
            _ => {}
        }
    }
    if text[start..].contains("_x") {
        let unescaped = unescape(&text[start..]);
        text.truncate(start);
        text.push_str(&unescaped);
    }
    Ok(())
}

/// Characters that XML cannot hold are written as `_x000D_`, in units of UTF-16.
fn unescape(text: &str) -> String {
    let (mut units, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = code.filter(|_| rest[at + 6..].starts_with('_'));
        match code.and_then(|code| u16::from_str_radix(code, 16).ok()) {
            Some(unit) => {
                units.extend(rest[..at].encode_utf16());
                units.push(unit);
                rest = &rest[at + 7..];
            }
            None => {
                units.extend(rest[..at + 2].encode_utf16());
                rest = &rest[at + 2..];
            }
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

fn too_much(max_bytes: usize) -> Error {
    let message = format!(
        "the workbook has more than {max_bytes} bytes of text in its cells, which are held in memory; save the sheet as CSV \
         and read that, or raise the option `maxTextBytes`"
    );
    Error::config("too_much_text", message)
}

#[cfg(test)]
mod tests {
    #[test]
    fn characters_that_xml_cannot_hold_are_unescaped() {
        for (stored, text) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xD83D__xDE00_", "😀"),
            ("_x00_ é_x", "_x00_ é_x"),
        ] {
            assert_eq!(super::unescape(stored), text, "{stored}");
        }
    }
}
