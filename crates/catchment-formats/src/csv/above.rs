//! What stands above the header of a text: titles, dates, blank lines; and how far the table reaches to the right.

use super::delimiter::DELIMITERS;
use super::dialect::CsvDialect;
use super::framing::{Framed, Framer};
use super::options::ValidatedCsvOptions;
use crate::table::{HeaderChoice, LookedAt, TableOptions, find_header};

/// Records that are looked at for the header.
const LOOKED_AT: usize = 50;
/// Records below the header whose last fields are looked at.
const COMPARED_RECORDS: usize = 100;

/// What stands above the header of a text.
#[derive(Debug, Default)]
pub(super) struct Above {
    /// So many lines.
    pub(super) lines: u64,
    /// Why the header may be another line.
    pub(super) doubt: Option<String>,
}

/// What stands above the header of a table that begins with `text`.
pub(super) fn above(
    text: &str,
    given: &ValidatedCsvOptions,
    table: &TableOptions,
    fields: &[Box<str>],
) -> Above {
    let of = |lines| Above { lines, doubt: None };
    if let Some(row) = table.header_row {
        return of(row.saturating_sub(1));
    }
    let skipped = table.skip_rows.unwrap_or_default();
    if !given.has_header() {
        return of(skipped);
    }
    let candidates: Vec<u8> =
        given.delimiter.map_or_else(|| DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
    let looked = candidates.into_iter().map(|delimiter| look(text, given, delimiter, skipped));
    let best = looked.max_by(|one, other| evenness(one).total_cmp(&evenness(other)));
    let choice = best.and_then(|rows| find_header(&rows, fields).map(|choice| (choice, rows)));
    let Some((HeaderChoice { index, doubt }, rows)) = choice else { return of(skipped) };
    Above { lines: rows[index].number.saturating_sub(1), doubt }
}

/// The first records of a text.
fn look(text: &str, given: &ValidatedCsvOptions, delimiter: u8, skipped: u64) -> Vec<LookedAt> {
    let mut framer = framer(text, given, delimiter);
    let mut looked = Vec::new();
    if framer.skip_lines(skipped).is_err() {
        return looked;
    }
    while looked.len() < LOOKED_AT {
        match framer.next(None) {
            Ok(Some(Framed::Record(record))) => {
                let texts = record.fields().map(str::to_owned).collect();
                looked.push(LookedAt { number: record.line, texts, has_data: false });
            }
            Ok(Some(Framed::MalformedRecord(_))) => {}
            Ok(None) | Err(_) => break,
        }
    }
    looked
}

/// How well a delimiter explains the first records: how many are as wide as most of them are, times what separates their
/// columns.
fn evenness(looked: &[LookedAt]) -> f64 {
    let widths: Vec<usize> = looked.iter().map(|row| row.texts.len()).collect();
    let times = |width: usize| widths.iter().filter(|other| **other == width).count();
    let best = widths.iter().map(|width| times(*width) * (width - 1)).max().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a few dozen records")]
    let (best, all) = (best as f64, widths.len().max(1) as f64);
    best / all
}

fn framer(text: &str, given: &ValidatedCsvOptions, delimiter: u8) -> Framer {
    let dialect = CsvDialect { delimiter, quote: given.quote, escape: given.escape };
    Framer::new(Box::new(std::io::Cursor::new(text.to_owned())), dialect, given.limits)
}

/// How many columns a table has whose header is `first`: what has neither a name nor a value at its right is none.
pub(super) fn used_width(first: &[String], framer: &mut Framer) -> usize {
    let mut used = filled(first.iter().map(String::as_str));
    for _ in 0..COMPARED_RECORDS {
        if used == first.len() {
            break;
        }
        match framer.next(Some(first.len())) {
            Ok(Some(Framed::Record(record))) => used = used.max(filled(record.fields())),
            Ok(Some(Framed::MalformedRecord(_))) => {}
            // What cannot be read fails the reading, in its place.
            Ok(None) | Err(_) => break,
        }
    }
    used.max(1)
}

/// Up to the last value that is none.
fn filled<'f>(fields: impl Iterator<Item = &'f str>) -> usize {
    fields
        .enumerate()
        .filter(|(_, field)| !field.trim().is_empty())
        .map(|(index, _)| index + 1)
        .last()
        .unwrap_or(0)
}
