//! A file to pages, in whatever encoding and compression, resumed at any cursor.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::sync::Arc;

use catchment_core::{Cursor, Location, PageSize, Position, Reading, Record, Result, parse_options};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::RESUMED;
use crate::csv::layout::CsvLayout;
use crate::csv::options::{CsvFormatOptions, ValidatedCsvOptions};
use crate::csv::pages::CsvPages;
use crate::fuzz::split_line;
use crate::text::encoding::TextEncoding;
use crate::{Blob, Pages};

/// Most text of a file; compressed, a few bytes become any number.
const MAX_FILE_BYTES: u64 = 64 << 10;

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
    if let Ok(Some((layout, _))) = CsvLayout::find(&input(&file), &given, &[]) {
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
fn is_a_layout(layout: &CsvLayout, mut options: Map<String, Value>, file: &File) {
    let names: std::collections::HashSet<_> = layout.columns.iter().collect();
    assert_eq!(names.len(), layout.columns.len(), "two columns of one name: {:?}", layout.columns);
    let text = serde_json::to_string(layout).expect("it has a JSON form");
    let read: CsvLayout = serde_json::from_str(&text).expect("it reads its own JSON");
    assert_eq!(&read, layout);
    options.extend(layout.options());
    let given = given(options).expect("what is shown as options is taken as options");
    let again = CsvLayout::find(&input(file), &given, &[]).expect("it was found before");
    assert_eq!(again.map(|(layout, _)| layout).as_ref(), Some(layout));
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

fn read(file: &File, given: &ValidatedCsvOptions, after: Option<&Cursor>, rows: usize) -> Outcome {
    let mut outcome = Outcome { items: Vec::new(), cursors: Vec::new(), error: None };
    if let Err(error) = read_into(&mut outcome, file, given, after, rows) {
        outcome.error = Some(error.code().to_owned());
    }
    outcome
}

fn read_into(
    outcome: &mut Outcome,
    file: &File,
    given: &ValidatedCsvOptions,
    after: Option<&Cursor>,
    rows: usize,
) -> Result<()> {
    let before = after.map_or(0, |cursor| cursor.records_read);
    let page_size = PageSize::rows(rows);
    let reading = Reading { after: after.cloned(), page_size, ..Reading::default() };
    let mut pages = CsvPages::start(input(file), given, reading)?;
    while let Some(page) = pages.next()? {
        let count = page.records.len() + page.rejects.len();
        // Without a record there is one page, for what was found out.
        let least = usize::from(after.is_some() || !outcome.cursors.is_empty());
        assert!((least..=rows).contains(&count), "a page of {count} records where {rows} were asked for");
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
    let encoding = TextEncoding::for_label(label)?;
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

fn given(mut options: Map<String, Value>) -> Option<ValidatedCsvOptions> {
    options.insert("maxFileBytes".to_owned(), MAX_FILE_BYTES.into());
    parse_options::<CsvFormatOptions>(options).ok()?.check().ok()
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
