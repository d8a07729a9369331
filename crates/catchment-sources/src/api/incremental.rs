//! Incremental reading by a high-water mark: the highest value so far, and where the next run begins.

use std::cmp::Ordering;

use catchment_core::{Result, Value, invalid_option};
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Span, Timestamp};

use super::options::IncrementalOptions;

/// Incremental reading: the field of the high-water mark, and the parameter that it is sent as.
#[derive(Debug)]
pub(super) struct Incremental {
    pub(super) field: Box<str>,
    pub(super) param: String,
    initial: Option<String>,
    lookback: Lookback,
}

#[derive(Debug)]
enum Lookback {
    None,
    /// For numbers; seconds for times.
    Number(f64),
    Duration(SignedDuration),
}

impl Incremental {
    pub(super) fn new(options: &IncrementalOptions) -> Result<Self> {
        let plain = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let lookback = match &options.lookback {
            None => Lookback::None,
            Some(serde_json::Value::Number(number)) => Lookback::Number(number.as_f64().unwrap_or_default()),
            Some(value) => {
                let span = plain(value).parse::<Span>().ok();
                let duration =
                    span.and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
                let problem = "must be seconds, or a duration such as \"2h\" or \"P1D\"";
                Lookback::Duration(duration.ok_or_else(|| invalid_option("incremental/lookback", problem))?)
            }
        };
        Ok(Self {
            field: options.cursor_field.as_str().into(),
            param: options.param.clone(),
            initial: options.initial_value.as_ref().map(plain),
            lookback,
        })
    }

    /// What this run asks from on, by the highest value of the runs before.
    pub(super) fn start(&self, highest: Option<&str>) -> Option<String> {
        match highest {
            Some(highest) => Some(self.back(highest)),
            None => self.initial.clone(),
        }
    }

    /// A value, so far back. What is neither a number nor a time stays what it is.
    fn back(&self, value: &str) -> String {
        let duration = match self.lookback {
            Lookback::None => return value.to_owned(),
            Lookback::Number(number) => {
                if let Ok(whole) = value.parse::<i64>()
                    && number.fract() == 0.0
                {
                    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction")]
                    return (whole.saturating_sub(number as i64)).to_string();
                }
                if let Ok(value) = value.parse::<f64>() {
                    return (value - number).to_string();
                }
                SignedDuration::try_from_secs_f64(number).unwrap_or_default()
            }
            Lookback::Duration(duration) => {
                if let Ok(seconds) = value.parse::<i64>() {
                    return seconds.saturating_sub(duration.as_secs()).to_string();
                }
                duration
            }
        };
        if let Ok(time) = value.parse::<Timestamp>() {
            return time.checked_sub(duration).map_or_else(|_| value.to_owned(), |time| time.to_string());
        }
        if let Ok(date) = value.parse::<Date>()
            && value.len() == 10
        {
            return date.checked_sub(duration).map_or_else(|_| value.to_owned(), |date| date.to_string());
        }
        let separator = if value.contains(' ') { " " } else { "T" };
        match value.parse::<DateTime>().ok().and_then(|time| time.checked_sub(duration).ok()) {
            Some(time) => time.to_string().replace('T', separator),
            None => value.to_owned(),
        }
    }
}

/// The higher one of the highest value so far and that of a record: as numbers, as times, or as text.
pub(super) fn raise_high_water_mark(highest: &mut Option<String>, value: Value<'_>) {
    let Some(text) = value.as_trimmed() else { return };
    let is_higher = highest.as_deref().is_none_or(|highest| compare(text, highest) == Ordering::Greater);
    if is_higher {
        *highest = Some(text.to_owned());
    }
}

fn compare(one: &str, other: &str) -> Ordering {
    if let (Ok(one), Ok(other)) = (one.parse::<i128>(), other.parse::<i128>()) {
        return one.cmp(&other);
    }
    if let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) {
        return one.total_cmp(&other);
    }
    if let (Ok(one), Ok(other)) = (one.parse::<Timestamp>(), other.parse::<Timestamp>()) {
        return one.cmp(&other);
    }
    one.cmp(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incremental(lookback: &serde_json::Value) -> Incremental {
        let options = serde_json::json!({"cursorField": "t", "param": "since", "initialValue": 0, "lookback": lookback});
        Incremental::new(&serde_json::from_value(options).unwrap()).unwrap()
    }

    #[test]
    fn the_highest_value_counts_whatever_it_is() {
        for (values, expected) in [
            (["9", "10", "2"], "10"),
            (
                ["2026-01-01T00:30:00+01:00", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"],
                "2026-01-01T00:00:00Z",
            ),
            (["b", "a", ""], "b"),
            (["1.5", "1.25", "1.50"], "1.5"),
        ] {
            let mut highest = None;
            values.into_iter().for_each(|value| raise_high_water_mark(&mut highest, Value::Text(value)));
            assert_eq!(highest.as_deref(), Some(expected));
        }
    }

    #[test]
    fn the_next_run_begins_a_little_before() {
        for (lookback, highest, start) in [
            (serde_json::json!(10), "100", "90"),
            (serde_json::json!(60), "2026-01-01T00:00:30Z", "2025-12-31T23:59:30Z"),
            (serde_json::json!("P1D"), "2026-03-01", "2026-02-28"),
            (serde_json::json!("2h"), "2026-01-01 01:00:00", "2025-12-31 23:00:00"),
            (serde_json::json!(null), "x", "x"),
        ] {
            assert_eq!(incremental(&lookback).start(Some(highest)).as_deref(), Some(start));
        }
        assert_eq!(incremental(&serde_json::json!(1)).start(None).as_deref(), Some("0"));
    }
}
