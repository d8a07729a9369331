//! Delimiter detection, where no option names one.

use csv_nose::{SampleSize, Sniffer};

use super::dialect::CsvDialect;
use super::framing::{Framed, Framer};
use super::header::name_columns;
use super::options::ValidatedCsvOptions;

/// How much of a file is looked at to find out its delimiter.
pub(crate) const SAMPLE_BYTES: usize = 128 << 10;
/// The delimiters that are looked for, the likeliest first.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// The comma wins if it yields the mapped names out of a header; then any other that does; then what the text looks like.
/// Names of columns without a header are numbers, which every delimiter yields.
pub(crate) fn find_delimiter(text: &str, given: &ValidatedCsvOptions, fields: &[Box<str>]) -> u8 {
    let is_other = |delimiter: &u8| Some(*delimiter) != given.quote && Some(*delimiter) != given.escape;
    let delimiters = || DELIMITERS.into_iter().filter(is_other);
    let first = |delimiter: u8| -> Option<Vec<String>> {
        let dialect = CsvDialect { delimiter, quote: given.quote, escape: given.escape };
        let mut framer = Framer::new(Box::new(std::io::Cursor::new(text.to_owned())), dialect, given.limits);
        loop {
            match framer.next(None).ok()?? {
                Framed::Record(record) => return Some(record.fields().map(str::to_owned).collect()),
                Framed::MalformedRecord(_) if given.has_header => return None,
                // Left for reading to reject.
                Framed::MalformedRecord(_) => {}
            }
        }
    };
    // What separates the columns yields several out of a first record that is well formed with it: what stands inside
    // quotes separates nothing.
    let firsts = delimiters().filter_map(|delimiter| Some((delimiter, first(delimiter)?)));
    let candidates: Vec<_> = firsts.filter(|(_, first)| first.len() > 1 || fields.len() == 1).collect();
    if !fields.is_empty() && given.has_header {
        let yields = |first: &[String]| {
            let columns = name_columns(first, true);
            fields.iter().all(|field| columns.contains(field))
        };
        if let Some((delimiter, _)) = candidates.iter().find(|(_, first)| yields(first)) {
            return *delimiter;
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
        [] => delimiters().next().unwrap_or(DELIMITERS[0]),
        [only] => *only,
        [first, ..] => sniff(text).filter(|found| several.contains(found)).unwrap_or(*first),
    }
}

/// Asks csv-nose, with whole lines only: half a record at the end would look uneven.
fn sniff(text: &str) -> Option<u8> {
    let whole = if text.len() < SAMPLE_BYTES / 2 { text } else { &text[..=text.rfind(['\n', '\r'])?] };
    let mut sniffer = Sniffer::new();
    sniffer.sample_size(SampleSize::Records(200));
    Some(sniffer.sniff_bytes(whole.as_bytes()).ok()?.dialect.delimiter)
}
