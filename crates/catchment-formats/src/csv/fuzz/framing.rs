//! Text to records: every byte is accounted for, in whatever portions the text comes, and from wherever it is resumed.

use std::io::{self, Read};

use xxhash_rust::xxh3::xxh3_128;

use super::RESUMED;
use crate::csv::dialect::CsvDialect;
use crate::csv::framing::{Framed, Framer};
use crate::csv::options::{CsvFormatOptions, CsvLimits, ValidatedCsvOptions};

/// Text to records. The first line of `data` says how to read the rest, in a character each: the delimiter, the quote and
/// the escape (`-` for none), the number of columns (`?` for that of the first record), and which power of two is the
/// longest record.
pub fn csv(data: &[u8]) {
    let [delimiter, quote, escape, width, power, b'\n', text @ ..] = data else { return };
    let one = |byte: u8| Some(char::from(byte).to_string());
    let longest = 1 << (power.wrapping_sub(b'0') % 21);
    let options = CsvFormatOptions {
        delimiter: one(*delimiter),
        quote: if *quote == b'-' { Some(String::new()) } else { one(*quote) },
        escape: if *escape == b'-' { None } else { one(*escape) },
        max_record_bytes: Some(longest),
        max_field_bytes: Some(longest / 2 + 1),
        ..CsvFormatOptions::default()
    };
    let Ok(ValidatedCsvOptions { delimiter: Some(delimiter), quote, escape, limits, .. }) = options.check()
    else {
        return;
    };
    let mut way = Way { dialect: CsvDialect { delimiter, quote, escape }, limits, width: None };
    way.width = match width {
        b'1'..=b'9' => Some(usize::from(width - b'0')),
        _ => way.frame(text, Pace::WHOLE, None).iter().find_map(|seen| match &seen.what {
            What::Record { fields, .. } => Some(fields.len()),
            What::MalformedRecord { .. } => None,
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
    dialect: CsvDialect,
    limits: CsvLimits,
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
    MalformedRecord { code: &'static str },
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
                Framed::MalformedRecord(bad) => {
                    // Which of the two a record of many lines is found to be first, its blocks decide.
                    let code = if bad.code == "unclosed_quote" { "record_too_long" } else { bad.code };
                    (bad.line, bad.byte, What::MalformedRecord { code })
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
fn reads_what_it_is_written(all: &[Seen], dialect: CsvDialect) {
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
    let way =
        Way { dialect, limits: CsvLimits { field: 1 << 20, record: 1 << 20, file: 1 << 20 }, width: None };
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
