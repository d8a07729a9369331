//! Dates and times of cells: numbers of days, which only their format tells from other numbers (ECMA-376, 18.8.30 and
//! 18.17.4).

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::row::CellKind;

/// What a number format makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum NumberFormat {
    /// A number.
    #[default]
    Number,
    /// A share of a hundred.
    Percent,
    /// A date, a time of day, or both.
    Moment { has_date: bool, has_time: bool },
    /// Hours that may be more than a day's.
    Duration,
}

const DATE: NumberFormat = NumberFormat::Moment { has_date: true, has_time: false };
const TIME: NumberFormat = NumberFormat::Moment { has_date: false, has_time: true };
const BOTH: NumberFormat = NumberFormat::Moment { has_date: true, has_time: true };

/// Which day a workbook counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum DateSystem {
    /// Day 1 is 1900-01-01, and 1900 is taken for a leap year.
    #[default]
    From1900,
    /// Day 0 is 1904-01-01, as on old Macintoshes.
    From1904,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The day after 9999-12-31, from 1900.
const MAX_DAY: f64 = 2_958_466.0;

impl NumberFormat {
    /// Whether it shows a time of day.
    pub(super) fn shows_time(self) -> bool {
        self != DATE
    }

    /// A format that a workbook does not write out, by its number.
    pub(super) fn built_in(id: u32) -> Self {
        match id {
            9 | 10 => Self::Percent,
            14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => DATE,
            18..=21 | 32..=35 | 45 | 47 | 55 | 56 => TIME,
            22 => BOTH,
            46 => Self::Duration,
            _ => Self::Number,
        }
    }

    /// A format by its code, such as `dd/mm/yyyy hh:mm`.
    pub(super) fn of_code(code: &str) -> Self {
        let (mut has_date, mut has_time, mut is_percent) = (false, false, false);
        // An `m` is a minute beside hours or seconds.
        let (mut has_m, mut is_after_hours) = (false, false);
        let mut chars = code.chars();
        while let Some(char) = chars.next() {
            match char.to_ascii_lowercase() {
                ';' => break,
                '"' => {
                    chars.by_ref().find(|char| *char == '"');
                }
                '\\' | '_' | '*' => {
                    chars.next();
                }
                '[' => {
                    let inside: String = chars.by_ref().take_while(|char| *char != ']').collect();
                    let inside = inside.to_ascii_lowercase();
                    let is_elapsed =
                        |sign: char| !inside.is_empty() && inside.chars().all(|char| char == sign);
                    if is_elapsed('h') || is_elapsed('m') || is_elapsed('s') {
                        return Self::Duration;
                    }
                }
                'a' => {
                    let rest = chars.as_str().to_ascii_lowercase();
                    let half_day = ["m/pm", "/p"].into_iter().find(|mark| rest.starts_with(mark));
                    half_day.and_then(|mark| chars.nth(mark.len() - 1));
                }
                'y' | 'd' => (has_date, is_after_hours) = (true, false),
                'h' => (has_time, is_after_hours) = (true, true),
                's' => {
                    (has_time, is_after_hours) = (true, false);
                    has_m = false;
                }
                'm' if !is_after_hours => has_m = true,
                '%' => is_percent = true,
                _ => {}
            }
        }
        has_date |= has_m;
        match (has_date, has_time) {
            (false, false) if is_percent => Self::Percent,
            (false, false) => Self::Number,
            _ => Self::Moment { has_date, has_time },
        }
    }
}

/// A number of days as its format shows it: what it is, and its text in ISO 8601; of what is no date, the text says why.
pub(super) fn show(days: f64, format: NumberFormat, system: DateSystem) -> (CellKind, String) {
    let shown = match format {
        NumberFormat::Duration => duration(days),
        NumberFormat::Moment { has_date, has_time } => moment(days, has_date, has_time, system),
        NumberFormat::Number | NumberFormat::Percent => None,
    };
    shown.unwrap_or_else(|| (CellKind::Error, format!("{days} as a date")))
}

fn moment(days: f64, has_date: bool, has_time: bool, system: DateSystem) -> Option<(CellKind, String)> {
    let ms = milliseconds(days)?;
    let (day, time) = (ms / DAY_MS, ms % DAY_MS);
    let is_time_alone = day == 0 && (system == DateSystem::From1900 && time > 0 || !has_date);
    if is_time_alone && has_time {
        return Some((CellKind::Time, time_text(time)));
    }
    let date = date_of(day, system)?;
    Some(if has_time || time > 0 {
        (CellKind::DateTime, format!("{date}T{}", time_text(time)))
    } else {
        (CellKind::Date, date.to_string())
    })
}

fn duration(days: f64) -> Option<(CellKind, String)> {
    let ms = milliseconds(days)?;
    let (hours, rest) = (ms / (60 * 60 * 1000), ms % (60 * 60 * 1000));
    let text = format!("{hours:02}{}", &time_text(rest)[2..]);
    Some((if hours < 24 { CellKind::Time } else { CellKind::Text }, text))
}

/// A date or a time of a grid: its days since 1899-12-30, and how it is shown, which tells what it is meant as.
pub(super) fn grid_moment(days: f64, shown: &str) -> (CellKind, String) {
    let found = match shown_hours(shown) {
        // A duration below zero is no moment.
        _ if days < 0.0 && shown.trim().starts_with('-') => None,
        // Of a moment of which the time alone is shown, the date is there all the same.
        Some(hours) if days < 1.0 || hours.is_some_and(|hours| hours == (days * 24.0 + 1e-6).floor()) => {
            duration(days)
        }
        Some(_) => grid_date(days, true),
        None => grid_date(days, shown.contains(':')),
    };
    found.unwrap_or_else(|| (CellKind::Text, shown.to_owned()))
}

/// The hours of a text that shows nothing but a time, such as `26:30:00`; none within where it counts half days.
fn shown_hours(shown: &str) -> Option<Option<f64>> {
    let shown = shown.trim();
    let time = shown.trim_end_matches(|char: char| char.is_alphabetic() || ". \u{a0}\u{202f}".contains(char));
    let mut parts = time.split(':');
    let hours = parts.next()?;
    let is_time = !hours.is_empty()
        && hours.bytes().all(|byte| byte.is_ascii_digit())
        && (1..=2).contains(&parts.clone().count())
        && parts.all(|part| {
            part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_digit() || b".,".contains(&byte))
        });
    is_time.then(|| hours.parse().ok().filter(|_| time.len() == shown.len()))
}

fn grid_date(days: f64, has_time: bool) -> Option<(CellKind, String)> {
    let first = date(1899, 12, 30);
    if !(-MAX_DAY..MAX_DAY).contains(&days) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is below the day after 9999")]
    let ms = (days * 86_400_000.0).round() as i64;
    let (day, time) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let date = first.checked_add(day.days()).ok()?;
    Some(if has_time || time > 0 {
        (CellKind::DateTime, format!("{date}T{}", time_text(time)))
    } else {
        (CellKind::Date, date.to_string())
    })
}

/// Days in milliseconds, which is as exact as spreadsheets show them.
fn milliseconds(days: f64) -> Option<i64> {
    if !(0.0..MAX_DAY).contains(&days) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is below the day after 9999")]
    Some((days * 86_400_000.0).round() as i64)
}

fn date_of(day: i64, system: DateSystem) -> Option<Date> {
    let first = match (system, day) {
        (DateSystem::From1904, _) => date(1904, 1, 1),
        // 1900-01-00 and 1900-02-29 are shown, and are no dates.
        (DateSystem::From1900, 0 | 60) => return None,
        (DateSystem::From1900, 1..60) => date(1899, 12, 31),
        (DateSystem::From1900, _) => date(1899, 12, 30),
    };
    first.checked_add(day.days()).ok()
}

/// A time of day, in ISO 8601.
fn time_text(ms: i64) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if ms == 0 { text } else { format!("{text}.{ms:03}").trim_end_matches('0').to_owned() }
}

/// A date and time in ISO 8601 as some cells hold it; a date alone where it is midnight and no time is shown.
pub(super) fn of_iso(text: &str, shows_time: bool) -> (CellKind, String) {
    let text = text.trim();
    match text.split_once('T') {
        None if text.parse::<Date>().is_ok() => (CellKind::Date, text.to_owned()),
        None if text.parse::<jiff::civil::Time>().is_ok() => (CellKind::Time, text.to_owned()),
        Some((date, time)) if text.trim_end_matches('Z').parse::<jiff::civil::DateTime>().is_ok() => {
            let is_midnight =
                time.trim_end_matches('Z').bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
            if is_midnight && !shows_time {
                (CellKind::Date, date.to_owned())
            } else {
                (CellKind::DateTime, text.to_owned())
            }
        }
        _ => (CellKind::Error, format!("{text} as a date")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_tell_dates_from_numbers() {
        for (code, format) in [
            ("General", NumberFormat::Number),
            ("#,##0.00 \"days\"", NumberFormat::Number),
            ("[$€-407] #,##0.00;[Red]-#,##0.00", NumberFormat::Number),
            ("0.00E+00", NumberFormat::Number),
            ("0.0%", NumberFormat::Percent),
            ("dd/mm/yyyy", DATE),
            ("[$-C0A]d \"de\" mmmm \"de\" yyyy;@", DATE),
            ("mmm\\-yy", DATE),
            ("mmmm", DATE),
            ("hh:mm", TIME),
            ("h:mm:ss AM/PM", TIME),
            ("mm:ss.0", TIME),
            ("yyyy-mm-dd hh:mm:ss", BOTH),
            ("m/d/yy h:mm", BOTH),
            ("[h]:mm:ss", NumberFormat::Duration),
            ("[mm]:ss", NumberFormat::Duration),
        ] {
            assert_eq!(NumberFormat::of_code(code), format, "{code}");
        }
    }

    #[test]
    fn days_are_dates_in_both_systems() {
        let of = |days, format| show(days, format, DateSystem::From1900);
        assert_eq!(of(1.0, DATE), (CellKind::Date, "1900-01-01".to_owned()));
        assert_eq!(of(59.0, DATE), (CellKind::Date, "1900-02-28".to_owned()));
        assert_eq!(of(60.0, DATE).0, CellKind::Error);
        assert_eq!(of(61.0, DATE), (CellKind::Date, "1900-03-01".to_owned()));
        assert_eq!(of(46_350.0, DATE), (CellKind::Date, "2026-11-24".to_owned()));
        assert_eq!(of(2_958_465.0, DATE), (CellKind::Date, "9999-12-31".to_owned()));
        assert_eq!(of(46_350.0, BOTH), (CellKind::DateTime, "2026-11-24T00:00:00".to_owned()));
        assert_eq!(of(46_350.541, DATE), (CellKind::DateTime, "2026-11-24T12:59:02.4".to_owned()));
        assert_eq!(of(0.604_166_666_666_667, TIME), (CellKind::Time, "14:30:00".to_owned()));
        assert_eq!(
            of(1.104_166_666_666_667, NumberFormat::Duration),
            (CellKind::Text, "26:30:00".to_owned())
        );
        assert_eq!(of(0.5, NumberFormat::Duration), (CellKind::Time, "12:00:00".to_owned()));
        for none in [-1.0, 0.0, 2_958_466.0, f64::NAN, f64::INFINITY] {
            assert_eq!(of(none, DATE).0, CellKind::Error, "{none}");
        }
        assert_eq!(grid_moment(1.0, "31/12/1899"), (CellKind::Date, "1899-12-31".to_owned()));
        assert_eq!(grid_moment(46_350.0, "24/11/2026"), (CellKind::Date, "2026-11-24".to_owned()));
        assert_eq!(
            grid_moment(46_350.0, "24/11/2026 0:00:00"),
            (CellKind::DateTime, "2026-11-24T00:00:00".to_owned())
        );
        assert_eq!(grid_moment(0.5, "12:00:00 PM"), (CellKind::Time, "12:00:00".to_owned()));
        assert_eq!(grid_moment(1.25, "30:00:00"), (CellKind::Text, "30:00:00".to_owned()));
        assert_eq!(grid_moment(-0.25, "-6:00:00"), (CellKind::Text, "-6:00:00".to_owned()));
        let evening = (CellKind::DateTime, "2023-03-15T18:00:00".to_owned());
        for shown in
            ["2023-03-15 18:00:00", "15.03.2023 18:00", "2023. 3. 15. 18:00:00", "18:00:00", "6:00:00 PM"]
        {
            assert_eq!(grid_moment(45_000.75, shown), evening, "{shown}");
        }
        let from_1904 = |days| show(days, DATE, DateSystem::From1904);
        assert_eq!(from_1904(0.0), (CellKind::Date, "1904-01-01".to_owned()));
        assert_eq!(from_1904(44_888.0), (CellKind::Date, "2026-11-24".to_owned()));
    }
}
