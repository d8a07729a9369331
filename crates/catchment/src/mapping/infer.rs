//! What a source's columns hold, by their values: for a table that is made from them. A type is one that takes every value that
//! was seen, by the same conversions that a sync does.

use std::collections::HashSet;

use catchment_core::{Page, Result, Value, WHOLE_RECORD};

use super::convert::convert;
use super::converted::Converted;
use super::options::TargetOptions;
use super::reading::Reading;
use crate::target::{ColumnKind, DecimalLimits, Decimals};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InferredType {
    Boolean,
    Integer,
    /// So many digits before the point and after it at most.
    Decimal {
        whole: usize,
        scale: usize,
    },
    Double,
    Date,
    Time,
    /// With fractions of a second where some have them; an instant where all tell their offset from UTC.
    DateTime {
        has_fractions: bool,
        is_instant: bool,
    },
    Uuid,
    Json,
    /// So many characters at most.
    Text {
        max_chars: usize,
    },
}

impl InferredType {
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Text { .. })
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal { .. } | Self::Double)
    }

    /// What it is, for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Double => "float",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime { .. } => "date and time",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Text { .. } => "text",
        }
    }
}

/// A column that was looked at.
#[derive(Debug)]
pub(crate) struct InferredColumn {
    /// As the source names it.
    pub(crate) field: Box<str>,
    pub(crate) holds: InferredType,
    /// How many records have no value there.
    pub(crate) empty: usize,
    /// Whether all records have a value there, each another one.
    pub(crate) is_unique: bool,
}

/// What the columns of some pages hold; all of the same source.
///
/// # Errors
/// `config`: an option does not fit.
pub(crate) fn infer(options: &TargetOptions, pages: &[Page]) -> Result<Vec<InferredColumn>> {
    let Some(first) = pages.first() else { return Ok(Vec::new()) };
    let reading = Reading {
        decimal: options.decimal_sign()?,
        format: options.format("dateFormat", options.date_format.as_deref())?,
        zone: options.zone()?,
        trims: true,
    };
    let columns = first.columns.iter().enumerate().filter(|(_, field)| ***field != *WHOLE_RECORD);
    let inferred = columns.map(|(place, field)| {
        let records = pages.iter().flat_map(|page| page.records.iter());
        let values: Vec<_> = records.map(|record| record.value(place)).collect();
        let texts: Vec<_> = values.iter().filter_map(|value| value.as_trimmed()).collect();
        let distinct: HashSet<_> = texts.iter().collect();
        let is_unique = texts.len() == values.len() && distinct.len() == texts.len() && !texts.is_empty();
        InferredColumn {
            field: field.clone(),
            holds: holds(&values, &texts, &reading),
            empty: values.len() - texts.len(),
            is_unique,
        }
    });
    Ok(inferred.collect())
}

fn holds(values: &[Value<'_>], texts: &[&str], reading: &Reading) -> InferredType {
    let text = || InferredType::Text {
        max_chars: texts.iter().map(|text| text.chars().count()).max().unwrap_or_default(),
    };
    if texts.is_empty() {
        return text();
    }
    let takes = |kind: &ColumnKind| values.iter().all(|value| convert(*value, kind, reading).is_ok());
    // A single letter is rather a code: `x` beside `y` is not the same.
    let is_word = |text: &&str| text.chars().count() > 1 && text.chars().all(char::is_alphabetic);
    if texts.iter().all(is_word) && takes(&ColumnKind::Flag) {
        return InferredType::Boolean;
    }
    // A code such as 08001 is no number.
    let is_code = |text: &&str| text.len() > 1 && text.starts_with('0') && !text.contains(['.', ',']);
    let number = if texts.iter().any(is_code) { None } else { number(values, reading) };
    if let Some(number) = number {
        return number;
    }
    let decimals = Decimals { max: 6, is_padded: false };
    let is_instant = texts.iter().all(|text| text.ends_with('Z') || has_offset(text));
    let date_time = ColumnKind::DateTime { decimals, is_instant };
    match () {
        () if takes(&ColumnKind::Date) => InferredType::Date,
        () if takes(&date_time) => {
            InferredType::DateTime { has_fractions: texts.iter().any(|text| text.contains('.')), is_instant }
        }
        () if texts.iter().all(|text| text.contains(':')) && takes(&ColumnKind::Time(decimals)) => {
            InferredType::Time
        }
        () if takes(&ColumnKind::Uuid) => InferredType::Uuid,
        () if texts.iter().all(|text| text.starts_with(['{', '[']))
            && takes(&ColumnKind::Json { max_digits: None }) =>
        {
            InferredType::Json
        }
        () => text(),
    }
}

/// Whether a time ends with its offset from UTC, such as `+01:00`.
fn has_offset(text: &str) -> bool {
    let Some((_, time)) = text.split_once(['T', ' ']) else { return false };
    time.rfind(['+', '-']).is_some_and(|sign| time.len() - sign >= 3)
}

fn number(values: &[Value<'_>], reading: &Reading) -> Option<InferredType> {
    let integer = ColumnKind::Integer { min: i64::MIN.into(), max: i64::MAX.into(), is_flag: false };
    let takes = |kind: &ColumnKind| values.iter().all(|value| convert(*value, kind, reading).is_ok());
    if takes(&integer) {
        return Some(InferredType::Integer);
    }
    let limits = DecimalLimits { whole: 35, scale: 30, all: 65, is_signed: true };
    let (mut whole, mut scale) = (0, 0);
    let is_decimal =
        values.iter().all(|value| match convert(*value, &ColumnKind::Decimal(limits), reading) {
            Ok(Some(Converted::Text(text))) => {
                let (before, after) = text.split_once('.').unwrap_or((&text, ""));
                whole = whole.max(before.trim_start_matches('-').len());
                scale = scale.max(after.len());
                true
            }
            Ok(_) => true,
            Err(_) => false,
        });
    if is_decimal {
        return Some(InferredType::Decimal { whole, scale });
    }
    let double = ColumnKind::Float { is_single: false, is_signed: true, scale: None };
    takes(&double).then_some(InferredType::Double)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn values_say_what_their_column_holds() {
        let reading = Reading {
            decimal: super::super::reading::DecimalSeparator::Assumed,
            format: None,
            zone: TimeZone::UTC,
            trims: true,
        };
        let of = |texts: &[&'static str]| {
            let values: Vec<_> = texts.iter().map(|text| Value::Text(text)).collect();
            let texts: Vec<_> = values.iter().filter_map(|value| value.as_trimmed()).collect();
            holds(&values, &texts, &reading)
        };
        assert_eq!(of(&["1", "", "-20"]), InferredType::Integer);
        assert_eq!(of(&["08001", "28001"]), InferredType::Text { max_chars: 5 });
        assert_eq!(of(&["1.5", "100"]), InferredType::Decimal { whole: 3, scale: 1 });
        assert_eq!(of(&["1e300", "2"]), InferredType::Double);
        assert_eq!(of(&["sí", "no"]), InferredType::Boolean);
        assert_eq!(of(&["0", "1"]), InferredType::Integer);
        assert_eq!(of(&["2026-01-02", "2026-12-31"]), InferredType::Date);
        assert_eq!(
            of(&["2026-01-02 10:00", "2026-12-31"]),
            InferredType::DateTime { has_fractions: false, is_instant: false }
        );
        assert_eq!(
            of(&["2026-01-02T10:00:00.5Z", "2026-01-02T10:00:00+01:00"]),
            InferredType::DateTime { has_fractions: true, is_instant: true }
        );
        assert_eq!(of(&["10:30", "11:00"]), InferredType::Time);
        assert_eq!(of(&["123e4567-e89b-12d3-a456-426614174000"]), InferredType::Uuid);
        assert_eq!(of(&["{\"a\":1}", "[]"]), InferredType::Json);
        assert_eq!(of(&["ñandú", "tea"]), InferredType::Text { max_chars: 5 });
        assert_eq!(of(&["", ""]), InferredType::Text { max_chars: 0 });
    }
}
