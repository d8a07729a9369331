//! The options of delimited text.

use catchment_core::{Result, invalid_option, primary_language};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::table::TableOptions;
use crate::text::encoding::TextEncoding;

/// The dialect of a CSV file (RFC 4180, and its relatives), and limits. What is not given is detected.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CsvFormatOptions {
    /// The delimiter: one ASCII character, or `tab`. Detected by default, from what is outside of quotes; the comma wins if
    /// it yields the names that are mapped.
    pub delimiter: Option<String>,
    /// The quote, around a field that holds delimiters or line breaks: one ASCII character; empty for none. Default `"`.
    pub quote: Option<String>,
    /// The escape, which makes the next character literal inside quotes: one ASCII character. None by default; a quote that
    /// is written twice (RFC 4180) is understood in any case.
    pub escape: Option<String>,
    /// Whether the first record is a header that names the columns. Without one, they are `1`, `2`, … Default true.
    pub has_header: Option<bool>,
    /// The character encoding, by a label of the WHATWG Encoding Standard, such as `utf-8`, `windows-1252`, `latin1` or
    /// `utf-16le`, or a code page of DOS, such as `ibm850`. Detected by default.
    pub encoding: Option<String>,
    /// The language that the file is likely to be in (BCP 47), such as `es` or `pl`: a hint for detecting the encoding. By
    /// default that of the settings, or of the locale.
    pub language: Option<String>,
    /// Longest field in bytes (UTF-8). Longer ones are rejected. Default 262144.
    pub max_field_bytes: Option<usize>,
    /// Longest record in bytes (UTF-8), and how far an unclosed quote is followed. Longer ones are rejected.
    /// Default 1048576, at most 2097152: a row must fit into what a database takes at once.
    pub max_record_bytes: Option<usize>,
    /// Most bytes of text in the file, after decompression. Default 68719476736 (64 GiB).
    pub max_file_bytes: Option<u64>,
}

/// The options, checked.
#[derive(Debug, Clone)]
pub(crate) struct ValidatedCsvOptions {
    pub(crate) delimiter: Option<u8>,
    pub(crate) quote: Option<u8>,
    pub(crate) escape: Option<u8>,
    pub(crate) has_header: Option<bool>,
    pub(crate) encoding: Option<TextEncoding>,
    /// Its primary subtag.
    pub(crate) language: Option<String>,
    pub(crate) limits: CsvLimits,
    /// What may stand above the header and among the records; none where the first record is the header, and each other one a
    /// record.
    pub(crate) table: Option<TableOptions>,
    /// Whether the text may go on behind its end.
    pub(crate) is_growing: bool,
    /// Whether it is known to be delimited text, whatever it looks like.
    pub(crate) is_certain: bool,
}

/// What comes from outside is bounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CsvLimits {
    pub(crate) field: usize,
    pub(crate) record: usize,
    pub(crate) file: u64,
}

impl ValidatedCsvOptions {
    /// Whether the first record is a header, where nothing says that it is none.
    pub(crate) fn has_header(&self) -> bool {
        self.has_header.unwrap_or(true)
    }
}

impl CsvFormatOptions {
    pub(crate) fn check(&self) -> Result<ValidatedCsvOptions> {
        let quote = match self.quote.as_deref() {
            None => Some(b'"'),
            Some("") => None,
            Some(text) => Some(ascii("quote", text)?),
        };
        let delimiter = self.delimiter.as_deref().map(|text| ascii("delimiter", text)).transpose()?;
        let escape = self.escape.as_deref().map(|text| ascii("escape", text)).transpose()?;
        if delimiter.is_some() && (delimiter == quote || delimiter == escape) {
            return Err(invalid_option("delimiter", "is also the quote or the escape; they must differ"));
        }
        if escape.is_some() && escape == quote {
            return Err(invalid_option(
                "escape",
                "is the quote as well; leave it out, a quote written twice is understood",
            ));
        }
        let limits = CsvLimits {
            field: self.max_field_bytes.unwrap_or(256 << 10),
            record: self.max_record_bytes.unwrap_or(1 << 20),
            file: self.max_file_bytes.unwrap_or(64 << 30),
        };
        if !(1..=2 << 20).contains(&limits.record) {
            return Err(invalid_option("maxRecordBytes", "must be from 1 to 2097152"));
        }
        Ok(ValidatedCsvOptions {
            delimiter,
            quote,
            escape,
            has_header: self.has_header,
            encoding: self.encoding.as_deref().map(encoding).transpose()?,
            language: self.language.as_deref().map(language).transpose()?,
            limits,
            table: None,
            is_growing: false,
            is_certain: false,
        })
    }
}

fn ascii(option: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        _ if matches!(text, "tab" | "\\t") => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0) => Ok(*byte),
        _ => {
            let or = if option == "quote" { "empty for none" } else { "`tab`" };
            let problem = format!("is `{text}`; it must be one ASCII character (or {or})");
            Err(invalid_option(option, &problem))
        }
    }
}

fn encoding(label: &str) -> Result<TextEncoding> {
    TextEncoding::for_label(label).ok_or_else(|| {
        if label.to_ascii_lowercase().trim().starts_with("utf-32") {
            let problem = "is UTF-32, which is not read; convert the file, such as with `iconv -f UTF-32 -t UTF-8`";
            return invalid_option("encoding", problem);
        }
        let known = "utf-8, utf-16le, utf-16be, windows-1252, latin1, windows-1250, shift_jis, ibm850, macintosh";
        invalid_option(
            "encoding",
            &format!(
                "`{label}` is not a known encoding; use a name of the WHATWG Encoding Standard, or a code page of DOS, such \
                 as {known}"
            ),
        )
    })
}

fn language(tag: &str) -> Result<String> {
    primary_language(tag).ok_or_else(|| {
        invalid_option(
            "language",
            &format!("`{tag}` is not a language tag; use one of BCP 47, such as `es` or `pt-BR`"),
        )
    })
}
