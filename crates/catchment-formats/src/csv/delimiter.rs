//! Delimiter detection, where no option names one.

use catchment_core::Finding;
use csv_nose::{SampleSize, Sniffer};

use super::dialect::CsvDialect;
use super::framing::{Framed, Framer};
use super::options::ValidatedCsvOptions;
use crate::table::name_columns;

/// How much of a file is looked at to find out its delimiter.
pub(crate) const SAMPLE_BYTES: usize = 128 << 10;
/// The delimiters that are looked for, the likeliest first.
pub(super) const DELIMITERS: [u8; 4] = *b",;\t|";
/// Records that must be as wide as the first one for a delimiter to be sure.
const COMPARED_RECORDS: usize = 100;

/// The comma wins if it yields the mapped names out of a header; then any other that does; then what the text looks like.
/// Names of columns without a header are numbers, which every delimiter yields.
pub(crate) fn find_delimiter(text: &str, given: &ValidatedCsvOptions, fields: &[Box<str>]) -> (u8, Finding) {
    let sample = Sample { text, given };
    let has_header = given.has_header();
    let is_other = |delimiter: &u8| Some(*delimiter) != given.quote && Some(*delimiter) != given.escape;
    let delimiters = || DELIMITERS.into_iter().filter(is_other);
    // What separates the columns yields several out of a first record that is well formed with it: what stands inside
    // quotes separates nothing.
    let firsts = delimiters().filter_map(|delimiter| Some((delimiter, sample.first(delimiter)?)));
    let candidates: Vec<_> = firsts.filter(|(_, first)| first.len() > 1 || fields.len() == 1).collect();
    if !fields.is_empty() && has_header {
        let yields = |first: &[String]| {
            let columns = name_columns(first, true);
            fields.iter().all(|field| columns.contains(field))
        };
        if let Some((delimiter, _)) = candidates.iter().find(|(_, first)| yields(first)) {
            let message = format!("{}, which yields the columns that are mapped", shown(*delimiter));
            return (*delimiter, Finding::sure("delimiter", message));
        }
    }
    // A sign inside quotes leaves half a quote in the fields on either side of it.
    let quote = char::from(given.quote.unwrap_or(b'"'));
    let stray = |first: &[String]| first.iter().filter(|field| field.contains(quote)).count();
    let several = candidates.iter().filter(|(_, first)| first.len() > 1);
    let fewest = several.clone().map(|(_, first)| stray(first)).min();
    let several: Vec<u8> =
        several.filter(|(_, first)| Some(stray(first)) == fewest).map(|(delimiter, _)| *delimiter).collect();
    match several.as_slice() {
        [] => {
            let delimiter = delimiters().next().unwrap_or(DELIMITERS[0]);
            let message = format!(
                "{}, though nothing that separates columns was found; if there are several, set the option `delimiter`",
                shown(delimiter)
            );
            (delimiter, Finding::unsure("delimiter", message))
        }
        [only] => (*only, Finding::sure("delimiter", shown(*only))),
        [first, ..] => {
            let delimiter = sniff(text).filter(|found| several.contains(found)).unwrap_or(*first);
            let is_sure = several.iter().all(|other| sample.is_even(*other) == (*other == delimiter));
            (delimiter, choice(delimiter, &several, is_sure))
        }
    }
}

/// The beginning of a text, and what the options say of it.
struct Sample<'a> {
    text: &'a str,
    given: &'a ValidatedCsvOptions,
}

impl Sample<'_> {
    fn framer(&self, delimiter: u8) -> Framer {
        let dialect = CsvDialect { delimiter, quote: self.given.quote, escape: self.given.escape };
        Framer::new(Box::new(std::io::Cursor::new(self.text.to_owned())), dialect, self.given.limits)
    }

    /// The fields of the first record, if it is well formed with this delimiter.
    fn first(&self, delimiter: u8) -> Option<Vec<String>> {
        let mut framer = self.framer(delimiter);
        loop {
            match framer.next(None).ok()?? {
                Framed::Record(record) => return Some(record.fields().map(str::to_owned).collect()),
                Framed::MalformedRecord(_) if self.given.has_header() => return None,
                // Left for reading to reject.
                Framed::MalformedRecord(_) => {}
            }
        }
    }

    /// Whether the first records have all the same number of fields with this delimiter; what the end of the sample cuts
    /// does not count.
    fn is_even(&self, delimiter: u8) -> bool {
        let mut framer = self.framer(delimiter);
        let mut width = None;
        for _ in 0..COMPARED_RECORDS {
            match framer.next(None) {
                Ok(Some(Framed::Record(record))) if *width.get_or_insert(record.len()) == record.len() => {}
                Ok(Some(_)) => return framer.text().is_at_end() && framer.text().is_empty(),
                Ok(None) | Err(_) => break,
            }
        }
        true
    }
}

fn choice(delimiter: u8, several: &[u8], is_sure: bool) -> Finding {
    if is_sure {
        return Finding::sure("delimiter", shown(delimiter));
    }
    let others = several.iter().filter(|other| **other != delimiter).map(|other| shown(*other));
    let message = format!(
        "{}, though it could also be {}; set the option `delimiter` to settle it",
        shown(delimiter),
        others.collect::<Vec<_>>().join(" or ")
    );
    Finding::unsure("delimiter", message)
}

/// As the option takes it, for people.
fn shown(delimiter: u8) -> String {
    if delimiter == b'\t' { "tab".to_owned() } else { format!("`{}`", char::from(delimiter)) }
}

/// Asks csv-nose, with whole lines only: half a record at the end would look uneven.
fn sniff(text: &str) -> Option<u8> {
    let whole = if text.len() < SAMPLE_BYTES / 2 { text } else { &text[..=text.rfind(['\n', '\r'])?] };
    let mut sniffer = Sniffer::new();
    sniffer.sample_size(SampleSize::Records(200));
    Some(sniffer.sniff_bytes(whole.as_bytes()).ok()?.dialect.delimiter)
}
