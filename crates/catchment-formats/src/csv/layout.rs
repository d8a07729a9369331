//! What a CSV file looks like: its encoding, its dialect, the names of its columns.

use catchment_core::{Columns, Result};
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use super::delimiter::{SAMPLE_BYTES, find_delimiter};
use super::dialect::CsvDialect;
use super::framing::Framer;
use super::header::{first_record, name_columns};
use super::options::ValidatedCsvOptions;
use crate::Blob;
use crate::text::encoding::{decode_head, encoding_name, find_encoding, read_head};

/// All that reading needs to know of the file. A cursor keeps it, so that a resumed run finds the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CsvLayout {
    #[serde(with = "encoding_name")]
    pub(crate) encoding: &'static Encoding,
    pub(crate) dialect: CsvDialect,
    pub(crate) has_header: bool,
    pub(crate) columns: Columns,
}

impl CsvLayout {
    /// Finds out what the options leave open. `None` where there is not one record.
    pub(crate) fn find(
        blob: &Blob,
        given: &ValidatedCsvOptions,
        fields: &[Box<str>],
    ) -> Result<Option<Self>> {
        let head = read_head(&mut *blob.bytes()?, SAMPLE_BYTES)?;
        let encoding = match given.encoding {
            Some(encoding) => encoding,
            None => find_encoding(blob, &head, given.limits.file)?,
        };
        let text = decode_head(&head, encoding);
        let delimiter = given.delimiter.unwrap_or_else(|| find_delimiter(&text, given, fields));
        let dialect = CsvDialect { delimiter, quote: given.quote, escape: given.escape };
        let mut framer = Framer::new(blob.text(encoding)?, dialect, given.limits);
        let Some(first) = first_record(&mut framer, given.has_header)? else { return Ok(None) };
        let columns = name_columns(&first, given.has_header);
        Ok(Some(Self { encoding, dialect, has_header: given.has_header, columns }))
    }

    /// The same as options, ready to be given.
    pub(crate) fn options(&self) -> serde_json::Map<String, serde_json::Value> {
        let text = |byte: u8| if byte == b'\t' { "tab".to_owned() } else { char::from(byte).to_string() };
        let mut options = serde_json::Map::new();
        options.insert("delimiter".into(), text(self.dialect.delimiter).into());
        options.insert("encoding".into(), self.encoding.name().to_lowercase().into());
        options.insert("hasHeader".into(), self.has_header.into());
        options
    }
}
