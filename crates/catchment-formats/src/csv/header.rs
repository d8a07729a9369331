//! The first record: the names of the columns, where it is a header.

use catchment_core::{Error, ErrorKind, Finding, Result, truncate_text};

use super::framing::{Framed, Framer};
use crate::table::is_number_or_date;

/// More columns than this are taken for a file that is not CSV.
const MAX_COLUMNS: usize = 4096;

/// The fields of the first record, which is the header where there is one. Without a header, what is malformed before
/// it is left for reading to reject.
pub(crate) fn first_record(framer: &mut Framer, has_header: bool) -> Result<Option<Vec<String>>> {
    let unreadable =
        |code, message, line| Err(Error::new(ErrorKind::Parsing, code, message).with("line", line));
    loop {
        return match framer.next(None)? {
            None => Ok(None),
            Some(Framed::Record(record)) if record.len() > MAX_COLUMNS => unreadable(
                "too_many_columns",
                format!(
                    "the first record has {} fields, more than the limit of {MAX_COLUMNS}; check that the file is \
                     CSV, and the option `delimiter`",
                    record.len()
                ),
                record.line,
            ),
            Some(Framed::Record(record)) => Ok(Some(record.fields().map(str::to_owned).collect())),
            Some(Framed::MalformedRecord(bad)) if has_header => {
                let message = format!(
                    "the header in line {} cannot be read: {}; check the option `delimiter`",
                    bad.line, bad.message
                );
                unreadable("unreadable_header", message, bad.line)
            }
            Some(Framed::MalformedRecord(_)) => continue,
        };
    }
}

/// Records after the header whose values it is compared with.
const COMPARED_RECORDS: usize = 100;

/// Whether the first record looks like a header: of its fields none is empty, a number or a date, and none stands again in
/// its column. A record has `width` fields, of which the first ones are columns.
pub(crate) fn judge_header(first: &[String], width: usize, framer: &mut Framer) -> Finding {
    let field = |index: usize| match first[index].trim() {
        "" => format!("field {} is empty", index + 1),
        text => format!("{} looks like data", shown(text)),
    };
    let mut doubt =
        first.iter().position(|name| name.trim().is_empty() || is_number_or_date(name)).map(field);
    for _ in 0..COMPARED_RECORDS {
        if doubt.is_some() {
            break;
        }
        match framer.next(Some(width)) {
            // A header that is printed on each page confirms itself.
            Ok(Some(Framed::Record(record))) if first.len() > 1 && is_same(first, record.fields()) => {}
            Ok(Some(Framed::Record(record))) => {
                let again =
                    first.iter().zip(record.fields()).position(|(name, value)| name.trim() == value.trim());
                doubt = again.map(|index| format!("{} stands below it as well", shown(&first[index])));
            }
            Ok(Some(Framed::MalformedRecord(_))) => {}
            // What cannot be read fails the reading, in its place.
            Ok(None) | Err(_) => break,
        }
    }
    match doubt {
        None => Finding::sure("header", "the first record, which names the columns"),
        Some(doubt) => Finding::unsure(
            "header",
            format!(
                "the first record was taken for it, though {doubt}; set the option `hasHeader` to settle it"
            ),
        ),
    }
}

fn is_same<'f>(first: &[String], fields: impl Iterator<Item = &'f str>) -> bool {
    first.iter().zip(fields).all(|(name, value)| name.trim() == value.trim())
}

fn shown(name: &str) -> String {
    format!("`{}`", truncate_text(name.trim(), 40))
}
