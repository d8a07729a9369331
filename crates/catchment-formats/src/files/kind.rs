//! Which format a file has.

use catchment_core::{Error, ErrorKind, Result};
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::Blob;
use crate::archive::SIGNATURE;
use crate::spreadsheet::WorkbookKind;
use crate::text::compression::read_head;
use crate::text::detect::marked_encoding;
use crate::text::encoding::TextEncoding;

/// How much of a text is looked at.
const LOOKED_AT_BYTES: usize = 128 << 10;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// Delimited text.
    #[serde(alias = "tsv", alias = "txt")]
    Csv,
    /// A JSON document.
    Json,
    /// JSON in lines.
    #[serde(alias = "jsonl")]
    Ndjson,
    /// A workbook of Excel since 2007.
    #[serde(alias = "xlsm")]
    Xlsx,
    /// The same in binary.
    Xlsb,
    /// A workbook of Excel before 2007.
    Xls,
    /// A spreadsheet of LibreOffice.
    Ods,
}

impl FileKind {
    /// Its name as an option.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Xlsx | Self::Xlsb | Self::Xls | Self::Ods => self.workbook().map_or("", WorkbookKind::name),
        }
    }

    pub(super) fn workbook(self) -> Option<WorkbookKind> {
        match self {
            Self::Csv | Self::Json | Self::Ndjson => None,
            Self::Xlsx => Some(WorkbookKind::Xlsx),
            Self::Xlsb => Some(WorkbookKind::Xlsb),
            Self::Xls => Some(WorkbookKind::Xls),
            Self::Ods => Some(WorkbookKind::Ods),
        }
    }

    fn of_workbook(kind: WorkbookKind) -> Self {
        match kind {
            WorkbookKind::Xlsx => Self::Xlsx,
            WorkbookKind::Xlsb => Self::Xlsb,
            WorkbookKind::Xls => Self::Xls,
            WorkbookKind::Ods => Self::Ods,
        }
    }

    /// What a blob holds. Text that is no JSON is taken for delimited text, which refuses what it is not.
    ///
    /// # Errors
    /// `parsing`, `damaged_compression`, `damaged_archive`; `config`, `file_too_long`.
    pub(super) fn find(blob: &Blob, max_bytes: u64) -> Result<Self> {
        let raw = read_head(&mut blob.section()?, 8)?;
        if let Some(kind) = WorkbookKind::of(blob, &raw)? {
            return Ok(Self::of_workbook(kind));
        }
        let head = read_head(&mut *blob.bytes()?, LOOKED_AT_BYTES)?;
        let packed = match WorkbookKind::of_head(&head) {
            _ if head == raw => None,
            _ if blob.is_whole() && head.starts_with(SIGNATURE) => {
                WorkbookKind::of(&blob.unpacked(max_bytes)?, &head)?
            }
            found => found,
        };
        if let Some(kind) = packed {
            return Ok(Self::of_workbook(kind));
        }
        if head.is_empty() {
            let message = "the file is empty: it has not one byte; was it cut off on its way here?";
            return Err(Error::new(ErrorKind::Parsing, "empty_file", message));
        }
        let text = marked_encoding(&head)?.unwrap_or(TextEncoding::UTF_8).decode_head(&head);
        let is_named = |ends: &[&str]| blob.name().is_some_and(|name| has_ending(name, ends));
        let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
        if is_json && is_named(&["ndjson", "jsonl"]) {
            return Ok(Self::Ndjson);
        }
        Ok(match json(&text, head.len() < LOOKED_AT_BYTES) {
            Json::No => Self::Csv,
            Json::Document => Self::Json,
            Json::Lines => Self::Ndjson,
        })
    }
}

/// Whether a name ends like this, but for an ending of compression.
fn has_ending(name: &str, ends: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    let name =
        ["gz", "zst", "zip"].iter().find_map(|end| name.strip_suffix(&format!(".{end}"))).unwrap_or(&name);
    ends.iter().any(|end| name.ends_with(&format!(".{end}")))
}

enum Json {
    No,
    Document,
    Lines,
}

/// What of JSON a text begins with; `is_whole` where it is all there is. A field of delimited text may begin with `[` or `{` as
/// well, but then a delimiter follows what it begins with.
fn json(text: &str, is_whole: bool) -> Json {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with(['{', '[']) {
        return Json::No;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            let rest = &text[values.byte_offset()..];
            let ends_line = rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
            match rest.trim_start().chars().next() {
                None => Json::Document,
                Some('{' | '[') if ends_line => Json::Lines,
                // An object that is a line by itself is a record; what follows it is a bad one.
                Some(_) if ends_line && text.starts_with('{') => Json::Lines,
                Some('{' | '[') => Json::Document,
                Some(_) => Json::No,
            }
        }
        Some(Err(error)) if error.is_eof() => Json::Document,
        // A first line that is no JSON does not make the others any.
        Some(Err(_)) => first_lines(text, is_whole),
        None => Json::No,
    }
}

/// What lines are of which the first one is no JSON: JSON in lines if those that follow are.
fn first_lines(text: &str, is_whole: bool) -> Json {
    let mut lines = text.lines().skip(1).take(5).filter(|line| !line.trim().is_empty()).peekable();
    let is_json =
        |line: &str| line.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok();
    if lines.peek().is_some_and(|line| is_json(line)) {
        return Json::Lines;
    }
    // Else a damaged document, of which reading tells the place, or no JSON at all.
    let begins = |mark: &str| text[1..].trim_start().starts_with(mark);
    if is_whole && !(begins("\"") || begins("{") || begins("[")) { Json::No } else { Json::Document }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_what_it_holds() {
        let of = |text| match json(text, true) {
            Json::No => "no",
            Json::Document => "document",
            Json::Lines => "lines",
        };
        for (text, expected) in [
            ("[1, 2]", "document"),
            (" {\"a\": 1}\n", "document"),
            ("{\"a\": [{}", "document"),
            ("{\"a\": 1}\n{\"a\": 2}\n", "lines"),
            ("{\"a\": 1}\r\n{\"a\": 2}", "lines"),
            ("{\"a\": 1,}\n{\"a\": 2}", "lines"),
            ("[draft] title;artist\na;b", "no"),
            ("{x};b\nc;d", "no"),
            ("[1];[2]\n[3];[4]", "no"),
            ("{\"a\": 1 \"b\": 2}", "document"),
            ("title,artist", "no"),
            ("", "no"),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn names_are_looked_at_without_their_compression() {
        assert!(has_ending("a.NDJSON.gz", &["ndjson"]));
        assert!(has_ending("a.jsonl", &["ndjson", "jsonl"]));
        assert!(!has_ending("ndjson", &["ndjson"]));
    }
}
