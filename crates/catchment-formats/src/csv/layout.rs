//! What a CSV file looks like: its encoding, its dialect, the names of its columns.

use catchment_core::{Columns, Finding, Result, truncate_text};
use serde::{Deserialize, Serialize};

use super::above::{Above, above, used_width};
use super::delimiter::{SAMPLE_BYTES, find_delimiter};
use super::dialect::CsvDialect;
use super::framing::Framer;
use super::header::{first_record, judge_header};
use super::options::ValidatedCsvOptions;
use crate::Blob;
use crate::table::name_columns;
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
    /// Lines above the table.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) above: u64,
    pub(crate) columns: Columns,
    /// How many fields a record has, where not all of them are columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<usize>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
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
        let encoding = Self::encoding(blob, given, &head, &mut findings)?;
        let text = encoding.decode_head(&head);
        if !given.is_certain {
            refuse_other_text(&text, head.len() < SAMPLE_BYTES)?;
        }
        let look = |table| above(&text, given, table, fields);
        let Above { lines: above, doubt } = given.table.as_ref().map(look).unwrap_or_default();
        let (titles, below) = split_lines(&text, above);
        let delimiter = given.delimiter.unwrap_or_else(|| {
            let (delimiter, finding) = find_delimiter(below, given, fields);
            findings.push(finding);
            delimiter
        });
        let dialect = CsvDialect { delimiter, quote: given.quote, escape: given.escape };
        let mut layout = Self {
            encoding,
            dialect,
            has_header: given.has_header(),
            above,
            columns: [].into(),
            fields: None,
        };
        let mut records = layout.records(blob, given)?;
        let Some(first) = first_record(&mut records, layout.has_header)? else { return Ok(None) };
        let width = match given.table {
            Some(_) => layout.used_width(blob, given)?,
            None => first.len(),
        };
        layout.columns = name_columns(&first, layout.has_header)[..width].into();
        layout.fields = (width < first.len()).then_some(first.len());
        if given.has_header.is_none() {
            let finding = judge_header(&first[..width], first.len(), &mut records);
            findings.push(below_titles(finding, above, titles, doubt));
        }
        Ok(Some((layout, findings)))
    }

    /// The encoding that is given, or that is found.
    fn encoding(
        blob: &Blob,
        given: &ValidatedCsvOptions,
        head: &[u8],
        findings: &mut Vec<Finding>,
    ) -> Result<TextEncoding> {
        if let Some(encoding) = given.encoding {
            return Ok(encoding);
        }
        let detection = find_encoding(blob, head, given.limits.file, given.language.as_deref())?;
        findings.push(detection.finding);
        Ok(detection.encoding)
    }

    /// The records of the table, with its header.
    pub(super) fn records(&self, blob: &Blob, given: &ValidatedCsvOptions) -> Result<Framer> {
        let mut framer = Framer::new(blob.text(self.encoding)?, self.dialect, given.limits);
        framer.skip_lines(self.above)?;
        Ok(framer.for_growing_text(given.is_growing))
    }

    /// How many columns the table has.
    fn used_width(&self, blob: &Blob, given: &ValidatedCsvOptions) -> Result<usize> {
        let mut records = self.records(blob, given)?;
        let first = first_record(&mut records, self.has_header)?.unwrap_or_default();
        Ok(used_width(&first, &mut records))
    }

    /// How many fields a record has.
    pub(crate) fn width(&self) -> usize {
        self.fields.unwrap_or(self.columns.len())
    }

    /// The same as options, ready to be given.
    pub(crate) fn options(&self) -> serde_json::Map<String, serde_json::Value> {
        let text = |byte: u8| if byte == b'\t' { "tab".to_owned() } else { char::from(byte).to_string() };
        let mut options = serde_json::Map::new();
        options.insert("delimiter".into(), text(self.dialect.delimiter).into());
        options.insert("encoding".into(), self.encoding.name().into());
        options.insert("hasHeader".into(), self.has_header.into());
        if self.above > 0 {
            let (name, row) =
                if self.has_header { ("headerRow", self.above + 1) } else { ("skipRows", self.above) };
            options.insert(name.into(), row.into());
        }
        options
    }
}

/// The first lines of a text, and what follows them.
fn split_lines(text: &str, lines: u64) -> (&str, &str) {
    let mut rest = text;
    for _ in 0..lines {
        let Some(end) = rest.find(['\n', '\r']) else { return (text, "") };
        let end = end + if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end..];
    }
    text.split_at(text.len() - rest.len())
}

/// A finding of a header, with what stands above it.
fn below_titles(finding: Finding, above: u64, titles: &str, doubt: Option<String>) -> Finding {
    let doubt = doubt.filter(|_| !finding.is_unsure);
    let finding = match doubt {
        Some(doubt) => {
            let message = format!(
                "taken for it, though {doubt}; set the option `headerRow`, or `hasHeader` to false, to settle it"
            );
            Finding::unsure("header", message)
        }
        None => finding,
    };
    if above == 0 {
        return finding;
    }
    let titles: Vec<_> = titles.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let shown: Vec<_> =
        titles.iter().take(3).map(|title| format!("`{}`", truncate_text(title, 60))).collect();
    let what = if shown.is_empty() {
        "the lines above it are blank".to_owned()
    } else {
        format!("passed over above it: {}", shown.join(", "))
    };
    let message = format!("line {}: {}; {what}", above + 1, finding.message);
    Finding { is_unsure: finding.is_unsure, ..Finding::sure("header", message) }
}
