//! Dates and times: ISO 8601, or as a format says. What could be read two ways is refused, and nothing is cut or rounded.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::{DateTimeParser, Pieces, PiecesOffset};
use jiff::tz::Offset;

use super::number::{ConversionError, refused};
use super::reading::Reading;
use crate::target::Decimals;

/// Hours that TIME of MySQL and MariaDB holds.
const MAX_HOURS: i64 = 838;

/// What a text says of a date and a time.
struct Moment {
    date: Date,
    /// None where it tells no time of day.
    time: Option<Time>,
    offset: Option<Offset>,
}

/// A calendar date, `2026-11-24`.
pub(super) fn date(text: &str, reading: &Reading) -> Result<String, ConversionError> {
    let moment = read(text, reading, "a date such as 2026-11-24")?;
    if moment.time.is_some_and(|time| time != Time::midnight()) {
        return Err(refused(
            "has_a_time",
            text,
            "a date without a time of day, which the column does not hold",
        ));
    }
    in_range(moment.date, text)?;
    Ok(moment.date.to_string())
}

/// A date and a time, `2026-11-24 14:30:00`, with so many decimals of the second. An instant is in UTC; another one is in the
/// zone of the reading where the text tells an offset, and as the text has it where it does not.
pub(super) fn date_time(
    text: &str,
    decimals: Decimals,
    is_instant: bool,
    reading: &Reading,
) -> Result<String, ConversionError> {
    let moment = read(text, reading, "a date and a time such as 2026-11-24 14:30:00")?;
    let local = moment.date.to_datetime(moment.time.unwrap_or(Time::midnight()));
    let local = match (moment.offset, is_instant) {
        (None, false) => local,
        (None, true) => in_utc(local, text, reading)?,
        (Some(offset), _) => {
            let out_of_range = |_| refused("out_of_range", text, "a date and a time that there is");
            let instant = offset.to_timestamp(local).map_err(out_of_range)?;
            if is_instant { Offset::UTC.to_datetime(instant) } else { reading.zone.to_datetime(instant) }
        }
    };
    in_range(local.date(), text)?;
    if is_instant {
        instant_in_range(local, text)?;
    }
    let seconds = format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second());
    let fraction = fraction(local.subsec_nanosecond(), decimals, text)?;
    Ok(format!("{} {seconds}{fraction}", local.date()))
}

/// A time of day, or a span of up to 838 hours, `14:30:00`.
pub(super) fn time(text: &str, decimals: Decimals, reading: &Reading) -> Result<String, ConversionError> {
    if let Some(format) = &reading.format {
        let parsed = BrokenDownTime::parse(format, text).and_then(|parsed| parsed.to_time());
        let time = parsed.map_err(|_| not_of_format(text, format))?;
        let fraction = fraction(time.subsec_nanosecond(), decimals, text)?;
        return Ok(format!("{:02}:{:02}:{:02}{fraction}", time.hour(), time.minute(), time.second()));
    }
    let accepted = "a time such as 14:30:00, from -838:59:59 to 838:59:59";
    let not_a_time = || refused("not_a_time", text, accepted);
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (clock, decimal_part) = rest.split_once('.').unwrap_or((rest, ""));
    let parts: Vec<&str> = clock.split(':').collect();
    let number = |part: &str| -> Option<i64> {
        let is_digits = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits { part.parse().ok() } else { None }
    };
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes] if decimal_part.is_empty() => (number(hours), number(minutes), Some(0)),
        [hours, minutes, seconds] => (number(hours), number(minutes), number(seconds)),
        _ => return Err(not_a_time()),
    };
    let (Some(hours), Some(minutes @ 0..=59), Some(seconds @ 0..=59)) = (hours, minutes, seconds) else {
        return Err(not_a_time());
    };
    let is_fraction = decimal_part.len() <= 9 && decimal_part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_fraction || rest.ends_with('.') {
        return Err(not_a_time());
    }
    let nanoseconds = format!("{decimal_part:0<9}").parse().unwrap_or_default();
    let is_last = hours == MAX_HOURS && minutes == 59 && seconds == 59 && nanoseconds > 0;
    if hours > MAX_HOURS || is_last {
        return Err(refused("out_of_range", text, accepted));
    }
    let is_zero = hours == 0 && minutes == 0 && seconds == 0 && nanoseconds == 0;
    let fraction = fraction(nanoseconds, decimals, text)?;
    let sign = if is_zero { "" } else { sign };
    Ok(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"))
}

fn read(text: &str, reading: &Reading, wanted: &str) -> Result<Moment, ConversionError> {
    // A leap second would be read as the one before it.
    if text.contains(":60") {
        return Err(refused("not_a_date", text, &format!("{wanted}, with seconds up to 59")));
    }
    if let Some(format) = &reading.format {
        let parsed = BrokenDownTime::parse(format, text).map_err(|_| not_of_format(text, format))?;
        let date = parsed.to_date().map_err(|_| not_of_format(text, format))?;
        return Ok(Moment { date, time: parsed.to_time().ok(), offset: parsed.offset() });
    }
    static ISO_8601: DateTimeParser = DateTimeParser::new();
    let pieces: Option<Pieces<'_>> = ISO_8601.parse_pieces(text).ok().filter(|_| text.len() >= 8);
    let pieces = pieces.filter(|pieces| pieces.time_zone_annotation().is_none());
    let Some(pieces) = pieces else { return Err(not_iso(text, wanted)) };
    let offset = pieces.offset().map(|offset| match offset {
        PiecesOffset::Numeric(offset) => offset.offset(),
        _ => Offset::UTC,
    });
    Ok(Moment { date: pieces.date(), time: pieces.time(), offset })
}

/// A local time as an instant; one that a clock shows twice, or never, is none.
fn in_utc(local: DateTime, text: &str, reading: &Reading) -> Result<DateTime, ConversionError> {
    if local.year() > 2040 {
        return instant_in_range(local, text).map(|()| local);
    }
    let zoned = reading.zone.to_ambiguous_timestamp(local).unambiguous();
    let instant = zoned.map_err(|_| {
        let zone = reading.zone.iana_name().unwrap_or("its time zone");
        let accepted = format!(
            "a time that there is once in {zone} (option `timeZone`), or one with its offset, such as …+01:00"
        );
        refused("ambiguous_time", text, &accepted)
    })?;
    Ok(Offset::UTC.to_datetime(instant))
}

fn in_range(date: Date, text: &str) -> Result<(), ConversionError> {
    if (1000..=9999).contains(&date.year()) {
        return Ok(());
    }
    Err(refused("out_of_range", text, "a year from 1000 to 9999"))
}

/// What TIMESTAMP holds.
fn instant_in_range(utc: DateTime, text: &str) -> Result<(), ConversionError> {
    let seconds = Offset::UTC.to_timestamp(utc).map(Timestamp::as_second).unwrap_or(i64::MAX);
    if (1..=i64::from(i32::MAX)).contains(&seconds) {
        return Ok(());
    }
    Err(refused("out_of_range", text, "a time from 1970-01-01 00:00:01 to 2038-01-19 03:14:07 in UTC"))
}

/// The decimals of the second, as many as the column has.
fn fraction(nanoseconds: i32, decimals: Decimals, text: &str) -> Result<String, ConversionError> {
    let digits = format!("{nanoseconds:09}");
    let (kept, lost) = digits.split_at(decimals.max.min(9));
    if lost.bytes().any(|digit| digit != b'0') {
        let accepted = match decimals.max {
            0 => "a time without fractions of a second".to_owned(),
            decimals => format!("at most {decimals} decimals of the second"),
        };
        return Err(refused("too_exact", text, &accepted));
    }
    let kept = if decimals.is_padded { kept } else { kept.trim_end_matches('0') };
    Ok(if kept.is_empty() { String::new() } else { format!(".{kept}") })
}

fn not_of_format(text: &str, format: &str) -> ConversionError {
    refused(
        "not_of_format",
        text,
        &format!("what is written as `{format}` (option `dateFormat`, or `format` of the column)"),
    )
}

/// A date that is not written as ISO 8601 has it: some can be read two ways, and the others are written as those are.
fn not_iso(text: &str, wanted: &str) -> ConversionError {
    let day = text.split([' ', 'T', ',']).next().unwrap_or_default();
    let numbers: Vec<i16> = day.split(['/', '.', '-']).map_while(|part| part.parse().ok()).collect();
    if let [one, other, year] = numbers[..]
        && let (Some(first), Some(second)) = (spoken(year, other, one), spoken(year, one, other))
        && first != second
    {
        let message = format!(
            "`{text}` can be read as {first} or as {second}; say how dates are written with the option `dateFormat`, such as \
             dd/MM/yyyy"
        );
        return ConversionError { code: "ambiguous_date", message };
    }
    refused(
        "not_a_date",
        text,
        &format!("{wanted} (ISO 8601), or what the option `dateFormat` says, such as dd/MM/yyyy"),
    )
}

fn spoken(year: i16, month: i16, day: i16) -> Option<Date> {
    let year = if year < 100 { year + 2000 } else { year };
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::date_format::strptime;
    use super::super::reading::DecimalSeparator;
    use super::*;
    use jiff::tz::TimeZone;

    fn reading(format: Option<&str>, zone: &str) -> Reading {
        let format = format.map(|format| strptime(format).unwrap());
        Reading {
            decimal: DecimalSeparator::Assumed,
            format,
            zone: TimeZone::get(zone).unwrap(),
            trims: true,
        }
    }

    fn code<T>(result: Result<T, ConversionError>) -> Result<T, &'static str> {
        result.map_err(|error| error.code)
    }

    #[test]
    fn dates_are_read_as_iso_8601_has_them_and_as_a_format_says() {
        let iso = reading(None, "UTC");
        assert_eq!(code(date("2026-11-24", &iso)).as_deref(), Ok("2026-11-24"));
        assert_eq!(code(date("20261124", &iso)).as_deref(), Ok("2026-11-24"));
        assert_eq!(code(date("2026-11-24T00:00:00", &iso)).as_deref(), Ok("2026-11-24"));
        assert_eq!(code(date("2026-11-24 10:00", &iso)), Err("has_a_time"));
        assert_eq!(code(date("03/04/2026", &iso)), Err("ambiguous_date"));
        assert_eq!(code(date("25/12/2026", &iso)), Err("not_a_date"));
        assert_eq!(code(date("2026-02-30", &iso)), Err("not_a_date"));
        assert_eq!(code(date("0999-01-01", &iso)), Err("out_of_range"));
        for (format, text) in
            [("dd/MM/yyyy", "03/04/2026"), ("d.M.yy", "3.4.26"), ("%d %b %Y", "03 Apr 2026")]
        {
            assert_eq!(
                code(date(text, &reading(Some(format), "UTC"))).as_deref(),
                Ok("2026-04-03"),
                "{format}"
            );
        }
        assert_eq!(code(date("2026-04-03", &reading(Some("dd/MM/yyyy"), "UTC"))), Err("not_of_format"));
    }

    #[test]
    fn times_keep_their_instant_and_lose_no_fraction() {
        let madrid = reading(None, "Europe/Madrid");
        let at = |text, max, is_instant| {
            code(date_time(text, Decimals { max, is_padded: true }, is_instant, &madrid))
        };
        assert_eq!(at("2026-11-24 14:30", 0, false).as_deref(), Ok("2026-11-24 14:30:00"));
        assert_eq!(at("2026-11-24T14:30:00", 0, true).as_deref(), Ok("2026-11-24 13:30:00"));
        assert_eq!(at("2026-11-24T14:30:00Z", 0, false).as_deref(), Ok("2026-11-24 15:30:00"));
        assert_eq!(at("2026-11-24T14:30:00-05:00", 3, true).as_deref(), Ok("2026-11-24 19:30:00.000"));
        assert_eq!(at("2026-11-24T14:30:00.5", 0, false), Err("too_exact"));
        assert_eq!(at("2026-11-24T14:30:00.50", 1, false).as_deref(), Ok("2026-11-24 14:30:00.5"));
        assert_eq!(at("2026-10-25T02:30:00", 0, true), Err("ambiguous_time"));
        assert_eq!(at("2039-01-01T00:00:00", 0, true), Err("out_of_range"));
        assert_eq!(at("1970-01-01T00:00:00Z", 0, true), Err("out_of_range"));
        assert_eq!(at("2026-11-24", 0, false).as_deref(), Ok("2026-11-24 00:00:00"));
    }

    #[test]
    fn spans_of_hours_are_times() {
        let iso = reading(None, "UTC");
        let at = |text, max| code(time(text, Decimals { max, is_padded: true }, &iso));
        assert_eq!(at("14:30", 0).as_deref(), Ok("14:30:00"));
        assert_eq!(at("-838:59:59", 2).as_deref(), Ok("-838:59:59.00"));
        assert_eq!(at("839:00:00", 0), Err("out_of_range"));
        assert_eq!(at("838:59:59.1", 1), Err("out_of_range"));
        assert_eq!(at("1:2:3.25", 3).as_deref(), Ok("01:02:03.250"));
        assert_eq!(at("-00:00:00", 0).as_deref(), Ok("00:00:00"));
        assert_eq!(at("14:60", 0), Err("not_a_time"));
    }
}
