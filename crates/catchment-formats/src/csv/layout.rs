//! What a CSV file looks like: its encoding, its dialect, the names of its columns.

use catchment_core::{Columns, Finding, Result};
use serde::{Deserialize, Serialize};

use super::delimiter::{SAMPLE_BYTES, find_delimiter};
use super::dialect::CsvDialect;
use super::framing::Framer;
use super::header::{first_record, judge_header, name_columns};
use super::options::ValidatedCsvOptions;
use crate::Blob;
use crate::text::compression::read_head;
use crate::text::content::{refuse_binary, refuse_other_text};
use crate::text::detect::find_encoding;
use crate::text::encoding::TextEncoding;

/// All that reading needs to know of the file. A cursor keeps it, so that a resumed run finds the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CsvLayout {
    pub(crate) encoding: TextEncoding,
    pub(crate) dialect: CsvDialect,
    pub(crate) has_header: bool,
    pub(crate) columns: Columns,
}

impl CsvLayout {
    /// Finds out what the options leave open, and says so. `None` where there is not one record.
    ///
    /// # Errors
    /// `parsing`, `not_csv`, where the file is something else; `unsupported_encoding`; `unreadable_header`.
    pub(crate) fn find(
        blob: &Blob,
        given: &ValidatedCsvOptions,
        fields: &[Box<str>],
    ) -> Result<Option<(Self, Vec<Finding>)>> {
        let head = read_head(&mut *blob.bytes()?, SAMPLE_BYTES)?;
        refuse_binary(&head)?;
        let mut findings = Vec::new();
        let encoding = match given.encoding {
            Some(encoding) => encoding,
            None => {
                let detection = find_encoding(blob, &head, given.limits.file, given.language.as_deref())?;
                findings.push(detection.finding);
                detection.encoding
            }
        };
        let text = encoding.decode_head(&head);
        refuse_other_text(&text, head.len() < SAMPLE_BYTES)?;
        let delimiter = given.delimiter.unwrap_or_else(|| {
            let (delimiter, finding) = find_delimiter(&text, given, fields);
            findings.push(finding);
            delimiter
        });
        let dialect = CsvDialect { delimiter, quote: given.quote, escape: given.escape };
        let mut framer = Framer::new(blob.text(encoding)?, dialect, given.limits);
        let has_header = given.has_header();
        let Some(first) = first_record(&mut framer, has_header)? else { return Ok(None) };
        let columns = name_columns(&first, has_header);
        if given.has_header.is_none() {
            findings.push(judge_header(&first, &mut framer));
        }
        Ok(Some((Self { encoding, dialect, has_header, columns }, findings)))
    }

    /// The same as options, ready to be given.
    pub(crate) fn options(&self) -> serde_json::Map<String, serde_json::Value> {
        let text = |byte: u8| if byte == b'\t' { "tab".to_owned() } else { char::from(byte).to_string() };
        let mut options = serde_json::Map::new();
        options.insert("delimiter".into(), text(self.dialect.delimiter).into());
        options.insert("encoding".into(), self.encoding.name().into());
        options.insert("hasHeader".into(), self.has_header.into());
        options
    }
}
