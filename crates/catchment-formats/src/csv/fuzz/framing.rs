//! What holds for any text and any file that is read as CSV. See [`crate::fuzz`].

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;

use catchment_core::{Cursor, Location, PageSize, Position, Reading, Record, Result, parse_options};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::dialect::Dialect;
use super::framing::{Framed, Framer};
use super::layout::Layout;
use super::options::{CsvOptions, Given, Limits};
use super::pages::CsvPages;
use crate::fuzz::split_line;
use crate::{Blob, Pages};

/// Most text of a file; compressed, a few bytes become any number.
const MAX_FILE_BYTES: u64 = 64 << 10;
/// Records that are resumed at, of those that there are.
const RESUMED: usize = 12;

/// Text to records. The first line of `data` says how to read the rest, in a character each: the delimiter, the quote and
/// the escape (`-` for none), the number of columns (`?` for that of the first record), and which power of two is the
/// longest record.
pub fn csv(data: &[u8]) {
    let [delimiter, quote, escape, width, power, b'\n', text @ ..] = data else { return };
    let one = |byte: u8| Some(char::from(byte).to_string());
    let longest = 1 << (power.wrapping_sub(b'0') % 21);
    let options = CsvOptions {
        delimiter: one(*delimiter),
        quote: if *quote == b'-' { Some(String::new()) } else { one(*quote) },
        escape: if *escape == b'-' { None } else { one(*escape) },
        max_record_bytes: Some(longest),
        max_field_bytes: Some(longest / 2 + 1),
        ..CsvOptions::default()
    };
    let Ok(Given { delimiter: Some(delimiter), quote, escape, limits, .. }) = options.check() else { return };
    let mut way = Way { dialect: Dialect { delimiter, quote, escape }, limits, width: None };
    way.width = match width {
        b'1'..=b'9' => Some(usize::from(width - b'0')),
        _ => way.frame(text, Pace::WHOLE, None).iter().find_map(|seen| match &seen.what {
            What::Record { fields, .. } => Some(fields.len()),
            What::Bad { .. } => None,
        }),
    };

    let all = way.frame(text, Pace::WHOLE, None);
    accounts_for(&all, text);
    assert_eq!(way.frame(text, Pace { block: 16, piece: 3 }, None), all, "read in small blocks");
    for (index, seen) in all.iter().enumerate().step_by(all.len() / RESUMED + 1) {
        let rest = way.frame(text, Pace { block: 64, piece: 64 }, Some(&seen.end));
        assert_eq!(rest, all[index + 1..], "resumed after record {index}");
    }
    reads_what_it_is_written(&all, way.dialect);
}

/// How a text is read.
#[derive(Clone, Copy)]
struct Way {
    dialect: Dialect,
    limits: Limits,
    width: Option<usize>,
}

/// In which portions.
#[derive(Clone, Copy)]
struct Pace {
    block: usize,
    piece: usize,
}

impl Pace {
    const WHOLE: Self = Self { block: 256 << 10, piece: usize::MAX };
}

/// A record as it was framed.
#[derive(Debug, PartialEq)]
struct Seen {
    line: u64,
    byte: u64,
    what: What,
    end: Mark,
}

#[derive(Debug, PartialEq)]
enum What {
    Record { fields: Vec<String>, raw: String },
    Bad { code: &'static str },
}

/// Where reading may go on.
#[derive(Debug, PartialEq)]
struct Mark {
    offset: u64,
    line: u64,
    digest: String,
}

impl Way {
    fn frame(self, text: &[u8], pace: Pace, after: Option<&Mark>) -> Vec<Seen> {
        let pieces = Pieces { text: io::Cursor::new(text.to_vec()), most: pace.piece };
        let mut framer = Framer::with_blocks(Box::new(pieces), self.dialect, self.limits, pace.block);
        if let Some(Mark { offset, line, digest }) = after {
            framer.text_mut().resume_at(*offset, *line, digest).expect("the text is the same");
        }
        let mut all = Vec::new();
        while let Some(framed) = framer.next(self.width).expect("reading from memory does not fail") {
            let (line, byte, what) = match framed {
                Framed::Record(record) => {
                    let fields = record.fields().map(str::to_owned).collect();
                    (record.line, record.byte, What::Record { fields, raw: record.raw.to_owned() })
                }
                Framed::Bad(bad) => {
                    // Which of the two a record of many lines is found to be first, its blocks decide.
                    let code = if bad.code == "unclosed_quote" { "record_too_long" } else { bad.code };
                    (bad.line, bad.byte, What::Bad { code })
                }
            };
            let end = Mark {
                offset: framer.text().offset(),
                line: framer.text().line(),
                digest: framer.text().digest(),
            };
            all.push(Seen { line, byte, what, end });
        }
        assert_eq!(framer.text().offset(), text.len() as u64, "the end is not that of the text");
        all
    }
}

/// Text that comes in pieces of so many bytes.
struct Pieces {
    text: io::Cursor<Vec<u8>>,
    most: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.most);
        self.text.read(&mut buffer[..most])
    }
}

/// Each byte belongs to one record, ends a line, or is the byte order mark; and lines are counted as an editor would.
fn accounts_for(all: &[Seen], text: &[u8]) {
    let mut end = 0;
    let at = |offset: u64| usize::try_from(offset).expect("it is in memory");
    for seen in all {
        let (start, next) = (at(seen.byte), at(seen.end.offset));
        assert!(end <= start && start < next && next <= text.len(), "{seen:?} begins after {end}");
        assert!(is_between(&text[end..start], end), "text is lost before {seen:?}");
        assert_eq!(seen.line, line_at(text, start), "{seen:?}");
        assert_eq!(seen.end.line, line_at(text, next), "after {seen:?}");
        assert_eq!(seen.end.digest, format!("{:032x}", xxh3_128(&text[..next])));
        if let What::Record { raw, .. } = &seen.what {
            let rest = text[start..next].strip_prefix(raw.as_bytes()).expect("a record stands in its text");
            assert!(matches!(rest, b"" | b"\n" | b"\r" | b"\r\n"), "{seen:?} has {rest:?} at its end");
        }
        end = next;
    }
    assert!(is_between(&text[end..], end), "text is lost at the end");
}

fn is_between(text: &[u8], offset: usize) -> bool {
    let text = if offset == 0 { text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text) } else { text };
    text.iter().all(|byte| matches!(byte, b'\n' | b'\r'))
}

fn line_at(text: &[u8], offset: usize) -> u64 {
    let is_end = |(at, byte): (usize, &u8)| match byte {
        b'\n' => true,
        // One that belongs to a line feed ends no line of its own.
        b'\r' => text.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    let ends = text[..offset].iter().enumerate().filter(|place| is_end(*place)).count() as u64;
    // The end of the text ends a line too.
    let is_cut = offset == text.len() && !matches!(text, [] | [.., b'\n' | b'\r']);
    1 + ends + u64::from(is_cut)
}

/// Records that are written with every field in quotes are read as they were.
fn reads_what_it_is_written(all: &[Seen], dialect: Dialect) {
    let Some(quote) = dialect.quote else { return };
    let mut text = Vec::new();
    let mut written = Vec::new();
    for seen in all {
        let What::Record { fields, .. } = &seen.what else { continue };
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                text.push(dialect.delimiter);
            }
            text.push(quote);
            for byte in field.bytes() {
                text.extend(Some(byte).filter(|byte| *byte == quote || Some(*byte) == dialect.escape));
                text.push(byte);
            }
            text.push(quote);
        }
        text.push(b'\n');
        written.push(fields);
    }
    let way = Way { dialect, limits: Limits { field: 1 << 20, record: 1 << 20, file: 1 << 20 }, width: None };
    let read = way.frame(&text, Pace::WHOLE, None);
    let read: Vec<_> = read.iter().map(|seen| &seen.what).collect();
    assert_eq!(read.len(), written.len(), "{read:?}");
    for (what, expected) in read.iter().zip(written) {
        assert!(
            matches!(what, What::Record { fields, .. } if fields == expected),
            "{what:?}, not {expected:?}"
        );
    }
}

/// A file to pages: what it looks like, in whatever encoding and compression, and reading on from each page. Where the
/// first line of `data` is a JSON object, it holds the options.
pub fn csv_file(data: &[u8]) {
    let (options, bytes) = match split_line(data).map(|(line, rest)| (serde_json::from_str(line), rest)) {
        Some((Ok(Value::Object(options)), rest)) => (options, rest),
        _ => (Map::new(), data),
    };
    let Some(given) = given(options.clone()) else { return };
    let file = file_of(bytes);
    let one = read(&file, &given, None, 1);
    if let Ok(Some(layout)) = Layout::find(&input(&file), &given, &[]) {
        is_a_layout(&layout, options, &file);
    }
    for rows in [3, 1000] {
        read(&file, &given, None, rows).is_same(&one);
    }
    for (count, cursor) in one.cursors.iter().step_by(one.cursors.len() / RESUMED + 1) {
        let mut joined = read(&file, &given, Some(cursor), 3);
        joined.items.splice(0..0, one.items[..*count].iter().cloned());
        joined.is_same(&one);
    }
}

/// It lives in cursors, and is found again by the options that it is shown as.
fn is_a_layout(layout: &Layout, mut options: Map<String, Value>, file: &File) {
    let names: std::collections::HashSet<_> = layout.columns.iter().collect();
    assert_eq!(names.len(), layout.columns.len(), "two columns of one name: {:?}", layout.columns);
    let text = serde_json::to_string(layout).expect("it has a JSON form");
    let read: Layout = serde_json::from_str(&text).expect("it reads its own JSON");
    assert_eq!(&read, layout);
    options.extend(layout.options());
    let given = given(options).expect("what is shown as options is taken as options");
    let again = Layout::find(&input(file), &given, &[]).expect("it was found before");
    assert_eq!(again.as_ref(), Some(layout));
}

/// What a reading came to.
#[derive(Debug)]
struct Outcome {
    /// Where each stands, and what it is.
    items: Vec<(u64, String)>,
    /// Each after how many items.
    cursors: Vec<(usize, Cursor)>,
    error: Option<String>,
}

impl Outcome {
    /// An error takes with it what was read of its page.
    fn is_same(&self, other: &Self) {
        assert_eq!(self.error, other.error);
        let count = match self.error {
            Some(_) => self.items.len().min(other.items.len()),
            None => self.items.len().max(other.items.len()),
        };
        assert_eq!(self.items.get(..count), other.items.get(..count));
    }
}

fn read(file: &File, given: &Given, after: Option<&Cursor>, rows: usize) -> Outcome {
    let mut outcome = Outcome { items: Vec::new(), cursors: Vec::new(), error: None };
    if let Err(error) = read_into(&mut outcome, file, given, after, rows) {
        outcome.error = Some(error.code().to_owned());
    }
    outcome
}

fn read_into(
    outcome: &mut Outcome,
    file: &File,
    given: &Given,
    after: Option<&Cursor>,
    rows: usize,
) -> Result<()> {
    let before = after.map_or(0, |cursor| cursor.records_read);
    let page_size = PageSize::rows(rows);
    let reading = Reading { after: after.cloned(), page_size, ..Reading::default() };
    let mut pages = CsvPages::start(input(file), given, reading)?;
    while let Some(page) = pages.next()? {
        let count = page.records.len() + page.rejects.len();
        assert!((1..=rows).contains(&count), "a page of {count} records where {rows} were asked for");
        assert!(page.records.iter().all(|record| record.len() == page.columns.len()));
        let values = |record: Record<'_>| format!("{:?}", record.values().collect::<Vec<_>>());
        let records = page.records.iter().map(|record| (byte(record.location()), values(record)));
        let rejects = page.rejects.iter().map(|reject| (byte(&reject.location), reject.code.to_owned()));
        let mut items: Vec<_> = records.chain(rejects).collect();
        items.sort();
        outcome.items.extend(items);
        assert_eq!(Some(page.cursor.records_read), before.checked_add(outcome.items.len() as u64));
        let text = serde_json::to_string(&page.cursor).expect("a cursor has a JSON form");
        let cursor = serde_json::from_str(&text).expect("a cursor reads its own JSON");
        assert_eq!(page.cursor, cursor);
        outcome.cursors.push((outcome.items.len(), cursor));
    }
    Ok(())
}

fn byte(location: &Location) -> u64 {
    match &location.position {
        Position::Line { byte, .. } => *byte,
        other => unreachable!("delimited text has lines, and not {other}"),
    }
}

/// Reading on at any cursor, also one of another file, another version, or nobody: it does, or says why not. The first
/// line of `data` is the cursor, the rest the file; a digest that is `right` is made right.
pub fn csv_cursor(data: &[u8]) {
    let Some((line, bytes)) = split_line(data) else { return };
    let Ok(mut cursor) = serde_json::from_str::<Cursor>(line) else { return };
    let (Some(given), file) = (given(Map::new()), file_of(bytes)) else { return };
    make_right(&mut cursor, &file);
    let outcome = read(&file, &given, Some(&cursor), 3);
    let known = ["cursor", "source_changed", "file_too_long", "damaged_compression"];
    assert!(outcome.error.as_deref().is_none_or(|code| known.contains(&code)), "{outcome:?}");
    assert!(outcome.items.len() as u64 <= MAX_FILE_BYTES, "more records than bytes");
    let length = |cursor: &Cursor| serde_json::to_string(&cursor.state).map_or(0, |text| text.len());
    for (_, later) in &outcome.cursors {
        assert!(length(later) <= length(&cursor) + 200, "{later:?} has grown from {cursor:?}");
        let offset = |cursor: &Cursor| cursor.state["offset"].as_u64();
        assert!(offset(later) > offset(&cursor), "{later:?} is not after {cursor:?}");
    }
}

/// Puts the digest of the text up to the cursor in its place.
fn make_right(cursor: &mut Cursor, file: &File) -> Option<()> {
    if cursor.state.get("digest")? != "right" {
        return None;
    }
    let label = cursor.state["layout"]["encoding"].as_str()?;
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes())?;
    let offset = usize::try_from(cursor.state["offset"].as_u64()?).ok()?;
    let input = input(file);
    let (mut text, mut block) = (input.text(encoding).ok()?, vec![0; 4096]);
    let mut before = Vec::new();
    while before.len() < offset {
        match text.read(&mut block).ok()? {
            0 => return None,
            count => before.extend_from_slice(&block[..count]),
        }
    }
    cursor.state["digest"] = format!("{:032x}", xxh3_128(&before[..offset])).into();
    Some(())
}

fn given(mut options: Map<String, Value>) -> Option<Given> {
    options.insert("maxFileBytes".to_owned(), MAX_FILE_BYTES.into());
    parse_options::<CsvOptions>(options).ok()?.check().ok()
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("there is room for a small file");
    file.write_all(bytes).and_then(|()| file.rewind()).expect("there is room for a small file");
    file
}

fn input(file: &File) -> Blob {
    let file = file.try_clone().expect("an open file");
    Blob::new(file, Arc::new(|| true)).expect("an open file")
}
