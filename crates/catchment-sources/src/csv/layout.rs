//! What a CSV file looks like: its encoding, its dialect, the names of its columns.

use std::io::Read;

use catchment_core::{Columns, Error, ErrorKind, Result};
use csv_nose::{SampleSize, Sniffer};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use serde::{Deserialize, Serialize};

use super::framing::{Framed, Framer};
use super::options::Given;
use super::text::{Input, decode_head, read_error};

/// How much of a file is looked at to find out its dialect.
const SAMPLE_BYTES: usize = 128 << 10;
/// The delimiters that are looked for, the likeliest first.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// More columns than this are taken for a file that is not CSV.
const MAX_COLUMNS: usize = 4096;

/// What stands between fields and around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
    pub(crate) escape: Option<u8>,
}

impl Dialect {
    /// Whether options can say it; a cursor may say anything.
    pub(crate) fn is_possible(self) -> bool {
        let Self { delimiter, quote, escape } = self;
        let is_sign = |byte: u8| byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0);
        let is_distinct = Some(delimiter) != quote && Some(delimiter) != escape;
        is_distinct
            && (escape.is_none() || escape != quote)
            && [Some(delimiter), quote, escape].into_iter().flatten().all(is_sign)
    }
}

/// All that reading needs to know of the file. A cursor keeps it, so that a resumed run finds the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Layout {
    #[serde(with = "encoding_name")]
    pub(crate) encoding: &'static Encoding,
    pub(crate) dialect: Dialect,
    pub(crate) has_header: bool,
    pub(crate) columns: Columns,
}

impl Layout {
    /// Finds out what the options leave open. `None` where there is not one record.
    pub(crate) fn find(input: &Input, given: &Given, fields: &[Box<str>]) -> Result<Option<Self>> {
        let head = read_head(&mut *input.bytes()?, SAMPLE_BYTES)?;
        let encoding = match given.encoding {
            Some(encoding) => encoding,
            None => find_encoding(input, &head, given.limits.file)?,
        };
        let text = decode_head(&head, encoding);
        let delimiter = given.delimiter.unwrap_or_else(|| find_delimiter(&text, given, fields));
        let dialect = Dialect { delimiter, quote: given.quote, escape: given.escape };
        let mut framer = Framer::new(input.text(encoding)?, dialect, given.limits);
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

/// The fields of the first record, which is the header where there is one. Without a header, what is malformed before
/// it is left for reading to reject.
fn first_record(framer: &mut Framer, has_header: bool) -> Result<Option<Vec<String>>> {
    let unreadable = |code, message| Err(Error::new(ErrorKind::Parsing, code, message));
    loop {
        return match framer.next(None)? {
            None => Ok(None),
            Some(Framed::Record(record)) if record.len() > MAX_COLUMNS => unreadable(
                "too_many_columns",
                format!("the first line has {} fields; is it CSV?", record.len()),
            ),
            Some(Framed::Record(record)) => Ok(Some(record.fields().map(str::to_owned).collect())),
            Some(Framed::Bad(bad)) if has_header => {
                let message = format!(
                    "line {}, which should name the columns: {}; the delimiter may be another one (option `delimiter`)",
                    bad.line, bad.message
                );
                unreadable("unreadable_header", message)
            }
            Some(Framed::Bad(_)) => continue,
        };
    }
}

/// One name a column: as in the header, its number where that is empty or absent, and with `_1`, `_2` where a
/// name stands several times, so that no mapping takes one of them by chance.
fn name_columns(first: &[String], has_header: bool) -> Columns {
    let numbered = |index: usize| (index + 1).to_string();
    if !has_header {
        return (0..first.len()).map(|index| numbered(index).into()).collect();
    }
    let names: Vec<String> = first
        .iter()
        .enumerate()
        .map(|(index, name)| match name.trim() {
            "" => numbered(index),
            name => name.to_owned(),
        })
        .collect();
    let mut taken: std::collections::HashSet<String> = names.iter().cloned().collect();
    let mut counts = std::collections::HashMap::<&str, usize>::new();
    names
        .iter()
        .map(|name| {
            if names.iter().filter(|other| *other == name).nth(1).is_none() {
                return name.clone().into();
            }
            let count = counts.entry(name).or_default();
            loop {
                *count += 1;
                let candidate = format!("{name}_{count}");
                if taken.insert(candidate.clone()) {
                    return candidate.into();
                }
            }
        })
        .collect()
}

/// The comma wins if it yields the mapped names out of a header; then any other that does; then what the text looks like.
/// Names of columns without a header are numbers, which every delimiter yields.
fn find_delimiter(text: &str, given: &Given, fields: &[Box<str>]) -> u8 {
    let is_other = |delimiter: &u8| Some(*delimiter) != given.quote && Some(*delimiter) != given.escape;
    let delimiters = || DELIMITERS.into_iter().filter(is_other);
    let first = |delimiter: u8| -> Option<Vec<String>> {
        let dialect = Dialect { delimiter, quote: given.quote, escape: given.escape };
        let mut framer = Framer::new(Box::new(std::io::Cursor::new(text.to_owned())), dialect, given.limits);
        loop {
            match framer.next(None).ok()?? {
                Framed::Record(record) => return Some(record.fields().map(str::to_owned).collect()),
                Framed::Bad(_) if given.has_header => return None,
                // Left for reading to reject.
                Framed::Bad(_) => {}
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

fn find_encoding(input: &Input, head: &[u8], max_bytes: u64) -> Result<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    if let Some(encoding) = utf16_without_bom(head) {
        return Ok(encoding);
    }
    let sample = first_foreign_bytes(&mut input.bytes()?.take(max_bytes))?;
    Ok(guess(&sample))
}

/// Every other byte of Western text in UTF-16 is zero, and no text has zeros otherwise.
fn utf16_without_bom(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.as_chunks::<2>().0;
    let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
    let (high, low) = (zeros(0), zeros(1));
    match () {
        () if pairs.len() < 2 => None,
        () if low * 2 > pairs.len() && high * 10 < low => Some(UTF_16LE),
        () if high * 2 > pairs.len() && low * 10 < high => Some(UTF_16BE),
        () => None,
    }
}

/// The part of the file that tells its encoding: from the first byte that is not ASCII. A catalogue's first
/// accent may stand a million rows down.
fn first_foreign_bytes(bytes: &mut dyn Read) -> Result<Vec<u8>> {
    let mut block = vec![0; 256 << 10];
    loop {
        let count = bytes.read(&mut block).map_err(read_error)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let ascii = Encoding::ascii_valid_up_to(&block[..count]);
        if ascii < count {
            // Words before it help to guess the language.
            let mut sample = block[ascii.saturating_sub(4096)..count].to_vec();
            sample.extend(read_head(bytes, 1 << 20)?);
            return Ok(sample);
        }
    }
}

/// UTF-8 if most of what is not ASCII is valid in it (a bad byte costs its record, not the file), else what
/// chardetng thinks.
fn guess(sample: &[u8]) -> &'static Encoding {
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        valid += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    if valid >= invalid {
        return UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

fn read_head(bytes: &mut dyn Read, max: usize) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    bytes.take(max as u64).read_to_end(&mut head).map_err(read_error)?;
    Ok(head)
}

mod encoding_name {
    //! An encoding by its name.

    use encoding_rs::Encoding;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(encoding: &'static Encoding, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(encoding.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static Encoding, D::Error> {
        let name = String::deserialize(from)?;
        Encoding::for_label(name.as_bytes()).ok_or_else(|| D::Error::custom("an unknown encoding"))
    }
}
