//! What is wrong with a record, and how much of the text it costs: one bad record must not cost the rest of the file.

use memchr::memchr;

use super::dialect::CsvDialect;
use super::options::CsvLimits;
use crate::text::buffer::{spans_lines, without_line_end};

/// Why a record is bad, and how much of the text it costs.
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) costs: SkipExtent,
}

pub(super) enum SkipExtent {
    /// All that was taken for it, in bytes.
    Bytes(usize),
    FirstLine,
}

/// What the parser made of the text.
pub(super) enum Shape {
    /// A record of so many bytes and fields, its line end included.
    Whole { bytes: usize, fields: usize },
    /// It spans lines and already has more fields than it should.
    TooWide,
    /// It is longer than the limit.
    TooLong,
    /// It ends with the text, inside quotes.
    Unclosed,
}

/// Whether what was parsed of `text` is a record of `width` fields, where that is known, whose fields end at `ends`: its
/// length in bytes and its number of fields.
///
/// # Errors
/// What is wrong with it.
pub(super) fn validate_record(
    shape: &Shape,
    text: &[u8],
    ends: &[usize],
    width: Option<usize>,
    dialect: CsvDialect,
    limits: CsvLimits,
) -> Result<(usize, usize), Fault> {
    let (bytes, fields) = match *shape {
        Shape::Whole { bytes, fields } => (bytes, fields),
        Shape::TooWide => return Err(unclosed("a quote is opened and not closed in its field")),
        Shape::Unclosed => {
            return Err(unclosed("a quote is opened and not closed before the end of the file"));
        }
        Shape::TooLong => return Err(too_long(limits, SkipExtent::FirstLine)),
    };
    let body = without_line_end(&text[..bytes]);
    let spans = spans_lines(body);
    let costs = if spans { SkipExtent::FirstLine } else { SkipExtent::Bytes(bytes) };
    if body.len() > limits.record {
        return Err(too_long(limits, costs));
    }
    if !is_well_quoted(body, dialect) {
        return Err(if spans {
            unclosed("a quote is opened and the next one does not end its field")
        } else {
            malformed_quote(dialect, costs)
        });
    }
    match width {
        Some(width) if fields != width && spans => Err(unclosed(&format!(
            "a quoted field spans lines and its record then has {fields} fields where there are {width} columns"
        ))),
        Some(width) if fields != width => Err(Fault {
            code: "ragged_row",
            message: format!(
                "the row has {fields} field{} where there are {width} columns",
                if fields == 1 { "" } else { "s" }
            ),
            costs,
        }),
        _ if body.len() > limits.field => {
            judge_field_lengths(&ends[..fields], limits, bytes).map(|()| (bytes, fields))
        }
        _ => Ok((bytes, fields)),
    }
}

fn judge_field_lengths(ends: &[usize], limits: CsvLimits, bytes: usize) -> Result<(), Fault> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let lengths = ends.iter().zip(starts).map(|(end, start)| end - start);
    match lengths.enumerate().find(|(_, length)| *length > limits.field) {
        None => Ok(()),
        Some((index, length)) => Err(Fault {
            code: "field_too_long",
            message: format!(
                "field {} has {length} bytes, more than the limit of {} (option `maxFieldBytes`)",
                index + 1,
                limits.field
            ),
            costs: SkipExtent::Bytes(bytes),
        }),
    }
}

fn unclosed(message: &str) -> Fault {
    Fault { code: "unclosed_quote", message: message.to_owned(), costs: SkipExtent::FirstLine }
}

fn malformed_quote(dialect: CsvDialect, costs: SkipExtent) -> Fault {
    let message = format!(
        "text follows the closing quote of a field, where the delimiter `{}` or the end of the line is expected; \
         write a quote inside quotes twice",
        char::from(dialect.delimiter).escape_default()
    );
    Fault { code: "malformed_quote", message, costs }
}

fn too_long(limits: CsvLimits, costs: SkipExtent) -> Fault {
    let message = format!(
        "the record is longer than the limit of {} bytes (option `maxRecordBytes`), or a quote is not closed",
        limits.record
    );
    Fault { code: "record_too_long", message, costs }
}

/// Whether each quoted field ends where its quote is closed, which csv-core does not tell.
fn is_well_quoted(body: &[u8], dialect: CsvDialect) -> bool {
    let Some(quote) = dialect.quote else { return true };
    let Some(first) = memchr(quote, body) else { return true };
    let CsvDialect { delimiter, escape, .. } = dialect;
    // The field that holds the first quote; those before it cannot be malformed.
    let mut at = body[..first].iter().rposition(|&byte| byte == delimiter).map_or(0, |place| place + 1);
    loop {
        if body.get(at) == Some(&quote) {
            at += 1;
            loop {
                match body.get(at) {
                    None => return false,
                    Some(&byte) if Some(byte) == escape => at += 2,
                    Some(&byte) if byte != quote => at += 1,
                    Some(_) if body.get(at + 1) == Some(&quote) => at += 2,
                    Some(_) => break,
                }
            }
            at += 1;
            while body.get(at).is_some_and(|&byte| byte != delimiter && matches!(byte, b' ' | b'\t')) {
                at += 1;
            }
            if body.get(at).is_some_and(|&byte| byte != delimiter) {
                return false;
            }
        }
        match body.get(at..).and_then(|rest| memchr(delimiter, rest)) {
            Some(next) => at += next + 1,
            None => return true,
        }
    }
}
