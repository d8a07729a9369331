//! Character encodings that text is read in: those of the WHATWG Encoding Standard, and the DOS code pages that it lacks.

use encoding_rs::{CoderResult, Encoding, UTF_8};
use oem_cp::code_table::DECODING_TABLE_CP_MAP;
use oem_cp::code_table_type::TableType;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A character encoding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TextEncoding {
    /// One of the WHATWG Encoding Standard.
    Whatwg(&'static Encoding),
    /// A code page of DOS (IBM, OEM).
    CodePage(CodePage),
}

/// A code page of DOS: ASCII below 128, and a table above.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodePage {
    number: u16,
    table: &'static TableType,
}

impl PartialEq for CodePage {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl CodePage {
    /// The character of a byte; `None` where the code page has none.
    pub(crate) fn decode(self, byte: u8) -> Option<char> {
        let Some(place) = byte.checked_sub(128) else { return Some(char::from(byte)) };
        match self.table {
            TableType::Complete(table) => Some(table[usize::from(place)]),
            TableType::Incomplete(table) => table[usize::from(place)],
        }
    }
}

impl TextEncoding {
    /// UTF-8.
    pub(crate) const UTF_8: Self = Self::Whatwg(UTF_8);

    /// The encoding of a label: those of the standard, and `ibm850`, `cp850` and the like. What the standard would replace as
    /// unsafe (ISO-2022-KR, HZ) is none.
    pub(crate) fn for_label(label: &str) -> Option<Self> {
        Encoding::for_label_no_replacement(label.as_bytes())
            .map(Self::Whatwg)
            .or_else(|| code_page(label).map(Self::CodePage))
    }

    /// Its name, in lower case, as the option `encoding` takes it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Whatwg(encoding) => encoding.name().to_lowercase(),
            Self::CodePage(page) => format!("ibm{}", page.number),
        }
    }

    /// The character of a byte that is one by itself; `None` where there is none.
    pub(crate) fn decode_byte(self, byte: u8) -> Option<char> {
        match self {
            Self::CodePage(page) => page.decode(byte),
            Self::Whatwg(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(&[byte])?.chars().next()
            }
        }
    }

    /// The beginning of a text, decoded as far as it goes; for finding out what it is.
    pub(crate) fn decode_head(self, bytes: &[u8]) -> String {
        match self {
            Self::CodePage(page) => {
                bytes.iter().map(|&byte| page.decode(byte).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            Self::Whatwg(encoding) => {
                let mut decoder = encoding.new_decoder_with_bom_removal();
                let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3);
                let mut text = String::with_capacity(room);
                let (result, _, _) = decoder.decode_to_string(bytes, &mut text, false);
                debug_assert_eq!(result, CoderResult::InputEmpty);
                text
            }
        }
    }
}

fn code_page(label: &str) -> Option<CodePage> {
    let label = label.trim().to_ascii_lowercase();
    let digits = ["ibm", "cp", "dos", "oem"].iter().find_map(|prefix| label.strip_prefix(prefix))?;
    let number = digits.trim_start_matches(['-', '_']).parse().ok()?;
    DECODING_TABLE_CP_MAP.get(&number).map(|table| CodePage { number, table })
}

impl Serialize for TextEncoding {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for TextEncoding {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let label = String::deserialize(from)?;
        Self::for_label(&label).ok_or_else(|| D::Error::custom("unknown encoding"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_standard_and_of_code_pages() {
        for (label, name) in [
            ("UTF8", "utf-8"),
            ("latin1", "windows-1252"),
            ("macintosh", "macintosh"),
            ("x-mac-cyrillic", "x-mac-cyrillic"),
            ("ibm866", "ibm866"),
            ("IBM437", "ibm437"),
            ("cp850", "ibm850"),
            ("cp-852", "ibm852"),
            ("ibm858", "ibm858"),
            ("ibm855", "ibm855"),
        ] {
            let encoding = TextEncoding::for_label(label).unwrap();
            assert_eq!(encoding.name(), name);
            assert_eq!(TextEncoding::for_label(name), Some(encoding));
        }
        for label in ["klingon", "ibm", "cp99999", "iso-2022-kr", "hz-gb-2312", "utf-32", ""] {
            assert_eq!(TextEncoding::for_label(label), None, "{label}");
        }
    }
}
