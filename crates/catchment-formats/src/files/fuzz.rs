//! Files of any format: whatever they hold, they are read to the same records from any cursor, or fail with an error.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use catchment_core::{Cursor, PageSize, Reading, Record, parse};
use serde_json::{Map, Value, json};

use super::{FileFormat, FileFormatOptions};
use crate::fuzz::split_line;
use crate::{Blob, Format};

/// Most text of a file; compressed, a few bytes become any number.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Cursors that are resumed at.
const RESUMED: usize = 4;

/// A file of any format, with options in its first line where that is a JSON object of some.
pub fn file(data: &[u8]) {
    let Some((format, bytes)) = split(data) else { return };
    let file = file_of(bytes);
    let one = read(&file, &format, None, 1);
    for rows in [3, 1000] {
        assert_eq!(read(&file, &format, None, rows).items, one.items, "pages of {rows} have other records");
    }
    for (count, cursor) in one.cursors.iter().step_by(one.cursors.len() / RESUMED + 1) {
        let rest = read(&file, &format, Some(cursor), 3);
        let joined: Vec<_> = one.items[..*count].iter().cloned().chain(rest.items).collect();
        assert_eq!(joined, one.items, "resumed at {cursor:?}");
    }
    // Looking at it fails with an error, or not.
    drop(blob(&file).map(|blob| format.inspect(blob, [].into())));
}

/// Any text as the cursor of a file: it is read on from there, or refused. The first line is the cursor, the rest the file.
pub fn file_cursor(data: &[u8]) {
    let Some((cursor, rest)) = split_line(data) else { return };
    let Ok(cursor) = serde_json::from_str::<Cursor>(cursor) else { return };
    let Some((format, bytes)) = split(rest) else { return };
    read(&file_of(bytes), &format, Some(&cursor), 3);
}

/// What a reading came to.
#[derive(Debug, Default)]
struct Outcome {
    items: Vec<String>,
    /// How many items there were before each cursor.
    cursors: Vec<(usize, Cursor)>,
}

fn split(data: &[u8]) -> Option<(FileFormat, &[u8])> {
    let (options, bytes) = match split_line(data).map(|(line, rest)| (serde_json::from_str(line), rest)) {
        Some((Ok(Value::Object(options)), rest)) if options.contains_key("options") => {
            (options["options"].as_object().cloned().unwrap_or_default(), rest)
        }
        _ => (Map::new(), data),
    };
    let mut options = options;
    options.insert("maxFileBytes".to_owned(), json!(MAX_FILE_BYTES));
    options.insert("maxTextBytes".to_owned(), json!(MAX_FILE_BYTES));
    options.insert("maxCells".to_owned(), json!(10_000));
    catchment_core::refuse_unknown::<FileFormatOptions>(&options).ok()?;
    let options = FileFormatOptions::take(&mut options).ok()?;
    Some((FileFormat::new(&options, None).ok()?, bytes))
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(bytes).expect("room for it");
    file
}

fn blob(file: &File) -> catchment_core::Result<Blob> {
    Blob::new(file.try_clone().expect("another handle"), Arc::new(|| true))
}

fn read(file: &File, format: &FileFormat, after: Option<&Cursor>, rows: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let reading = Reading { after: after.cloned(), page_size: PageSize::rows(rows), ..Reading::default() };
    let mut pages = match blob(file).and_then(|blob| format.open(blob, reading)) {
        Ok(pages) => pages,
        Err(error) => {
            outcome.items.push(error.code().to_owned());
            return outcome;
        }
    };
    loop {
        match pages.next() {
            Ok(Some(page)) => {
                let shown = |record: Record<'_>| {
                    let values: Vec<_> = record.values().collect();
                    (
                        record.location().order().1,
                        format!("{} {values:?} {}", record.location(), record.raw()),
                    )
                };
                let mut items: Vec<_> = page.records.iter().map(shown).collect();
                items.extend(
                    page.rejects.iter().map(|reject| (reject.location.order().1, format!("{reject:?}"))),
                );
                items.extend(page.skips.iter().map(|skip| (skip.location.order().1, format!("{skip:?}"))));
                items.sort_by_key(|(place, _)| *place);
                outcome.items.extend(items.into_iter().map(|(_, item)| item));
                let cursor = Cursor { findings: Vec::new(), ..page.cursor };
                let text = serde_json::to_value(&cursor).expect("a cursor has a JSON form");
                outcome.cursors.push((outcome.items.len(), parse("", text).expect("it reads its own JSON")));
            }
            Ok(None) => return outcome,
            Err(error) => {
                outcome.items.push(error.code().to_owned());
                return outcome;
            }
        }
    }
}
