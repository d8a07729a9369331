//! From a source's value to a column's, or the reason why it does not fit.

use catchment_core::Value;
use catchment_core::json::{JsonText, Key, for_each_entry};

use super::converted::Converted;
use super::moment;
use super::number::{ConversionError, refused};
use super::numeric::{flag, number};
use super::reading::Reading;
use super::special::{bytes, json, uuid};
use super::text::limited;
use crate::target::{ColumnKind, WhenEmpty, Words};

/// The value in the form of the column; `None` when it is empty.
pub(super) fn convert<'a>(
    value: Value<'a>,
    kind: &ColumnKind,
    reading: &Reading,
) -> Result<Option<Converted<'a>>, ConversionError> {
    if let (ColumnKind::Text(limits), Value::Text(whole), false) = (kind, value, reading.trims)
        && !whole.is_empty()
    {
        return limited(whole, limits).map(|text| Some(Converted::Text(text.into())));
    }
    let Some(text) = value.as_trimmed() else { return Ok(None) };
    let converted = match (kind, value) {
        (ColumnKind::Json { max_digits }, _) => Converted::Text(json(value, *max_digits)?),
        (_, Value::Json(json)) => return list(json, kind),
        (ColumnKind::Bytes { min, max }, _) => {
            Converted::Text(bytes(value, *min..=*max, reading.format.as_deref())?.into())
        }
        (_, Value::Bytes(base64)) => {
            return Err(refused("not_a_value", base64, "a string, a number or a boolean, not bytes"));
        }
        (kind, _) if kind.is_number() => number(text, value, kind, reading)?,
        // What is a date already is in no form of the options.
        (kind, Value::Date(_) | Value::Time(_) | Value::DateTime(_)) if reading.format.is_some() => {
            word(text, kind, &Reading { format: None, ..reading.clone() })?
        }
        (kind, _) => word(text, kind, reading)?,
    };
    Ok(Some(converted))
}

/// A value, or what an empty one means to its column.
pub(super) fn or_when_empty(
    converted: Option<Converted<'_>>,
    when_empty: WhenEmpty,
) -> Result<Option<Converted<'_>>, ConversionError> {
    match (converted, when_empty) {
        (Some(converted), _) => Ok(Some(converted)),
        (None, WhenEmpty::Null) => Ok(None),
        (None, WhenEmpty::EmptyText) => Ok(Some(Converted::Text("".into()))),
        (None, WhenEmpty::Flag(flag)) => Ok(Some(Converted::Int(flag.into()))),
        (None, WhenEmpty::Reject) => {
            Err(ConversionError { code: "empty", message: "is empty; a value is required".to_owned() })
        }
    }
}

/// What is no number.
fn word<'a>(text: &'a str, kind: &ColumnKind, reading: &Reading) -> Result<Converted<'a>, ConversionError> {
    Ok(match kind {
        ColumnKind::Text(limits) => Converted::Text(limited(text, limits)?.into()),
        ColumnKind::Flag => Converted::Int(flag(text)?.into()),
        ColumnKind::Year => Converted::Int(year(text)?),
        ColumnKind::Choice(words) => Converted::Text(choice(text, words)?.to_owned().into()),
        ColumnKind::Set(words) => Converted::Text(set(text, words)?.into()),
        ColumnKind::Date => Converted::Text(moment::date(text, reading)?.into()),
        ColumnKind::Time(decimals) => Converted::Text(moment::time(text, *decimals, reading)?.into()),
        ColumnKind::DateTime { decimals, is_instant } => {
            Converted::Text(moment::date_time(text, *decimals, *is_instant, reading)?.into())
        }
        ColumnKind::Uuid => Converted::Text(uuid(text)?.into()),
        other => {
            let accepted =
                format!("nothing, as nothing can be mapped to a column that holds {}", other.describe());
            return Err(refused("unsupported_type", text, &accepted));
        }
    })
}

/// A list of plain values as the text of a column; nothing of a list without values.
fn list<'a>(json: &str, kind: &ColumnKind) -> Result<Option<Converted<'a>>, ConversionError> {
    let accepted = "a string, a number or a boolean, or for text a list of them; map a member by its path, such as \
                    `artist.name` or `artists[0].name`";
    match (kind, joined(json)) {
        (ColumnKind::Text(limits), Some(parts)) => {
            let text = parts.join(", ");
            limited(&text, limits)?;
            Ok((!text.is_empty()).then_some(Converted::Text(text.into())))
        }
        (ColumnKind::Set(words), Some(parts)) => {
            let text = set(&parts.join(","), words)?;
            Ok((!text.is_empty()).then_some(Converted::Text(text.into())))
        }
        _ => Err(refused("not_a_value", json, accepted)),
    }
}

/// The values of a list, but for those that are empty; `None` for what is no list of plain values.
fn joined(json: &str) -> Option<Vec<String>> {
    let (mut parts, mut is_plain) = (Vec::new(), json.starts_with('['));
    let take = |_: Key<'_>, value: &str| {
        match value.as_bytes().first() {
            Some(b'"') => parts.push(serde_json::from_str::<JsonText<'_>>(value)?.0.trim().to_owned()),
            Some(b'{' | b'[') => is_plain = false,
            Some(b'n') | None => {}
            Some(_) => parts.push(value.to_owned()),
        }
        Ok(())
    };
    for_each_entry(json, take).ok()?;
    parts.retain(|part| !part.is_empty());
    is_plain.then_some(parts)
}

fn choice<'a>(text: &str, words: &'a Words) -> Result<&'a str, ConversionError> {
    let exact = words.iter().find(|word| word.trim() == text);
    let word = exact.or_else(|| words.iter().find(|word| word.to_lowercase() == text.to_lowercase()));
    word.map(|word| &**word).ok_or_else(|| refused("not_a_choice", text, &words.join(", ")))
}

/// Members of a set, each once, in the order of its definition.
fn set(text: &str, words: &Words) -> Result<String, ConversionError> {
    let mut is_there = vec![false; words.len()];
    for member in text.split(',').map(str::trim).filter(|member| !member.is_empty()) {
        let word = choice(member, words).map_err(|_| refused("not_a_choice", text, &words.join(", ")))?;
        if let Some(place) = words.iter().position(|known| &**known == word) {
            is_there[place] = true;
        }
    }
    let members: Vec<_> =
        words.iter().zip(is_there).filter(|(_, is_there)| *is_there).map(|(word, _)| &**word).collect();
    Ok(members.join(","))
}

fn year(text: &str) -> Result<i64, ConversionError> {
    let accepted = "a year of four digits from 1901 to 2155, or 0";
    match text.parse::<i64>() {
        Ok(year @ (0 | 1901..=2155)) if text.len() == 4 || text == "0" => Ok(year),
        Ok(_) => Err(refused("out_of_range", text, accepted)),
        Err(_) => Err(refused("not_a_year", text, accepted)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::mapping::reading::DecimalSeparator;
    use crate::target::DecimalLimits;

    fn reading(decimal: DecimalSeparator) -> Reading {
        Reading { decimal, format: None, zone: TimeZone::UTC, trims: true }
    }

    fn money() -> ColumnKind {
        ColumnKind::Decimal(DecimalLimits { whole: 11, scale: 4, all: 15, is_signed: false })
    }

    fn count() -> ColumnKind {
        ColumnKind::Integer { min: 0, max: i32::MAX.into(), is_flag: false }
    }

    #[test]
    fn a_number_that_reads_two_ways_is_refused_until_the_sign_is_given() {
        let read = |text, decimal| match convert(Value::Text(text), &money(), &reading(decimal)) {
            Ok(Some(Converted::Text(number))) => Ok(number.into_owned()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        };
        for (text, readings) in [("54.900", ["54.9", "54900"]), ("1,234", ["1234", "1.234"])] {
            let error = read(text, DecimalSeparator::Assumed).unwrap_err();
            assert_eq!(error.code, "ambiguous_number");
            assert!(readings.iter().all(|reading| error.message.contains(reading)), "{}", error.message);
            for (sign, expected) in ['.', ','].into_iter().zip(readings) {
                assert_eq!(read(text, DecimalSeparator::Named(sign)).as_deref(), Ok(expected));
            }
        }
        for (text, expected) in
            [("0.900", "0.9"), ("1234.567", "1234.567"), ("54.90", "54.9"), ("54900", "54900")]
        {
            assert_eq!(read(text, DecimalSeparator::Assumed).as_deref(), Ok(expected));
        }
        let assumed = reading(DecimalSeparator::Assumed);
        let refused = convert(Value::Text("1.400"), &count(), &assumed).map_err(|error| error.code);
        assert_eq!(refused, Err("ambiguous_number"));
        // JSON has one decimal sign.
        assert!(convert(Value::Number("54.900"), &money(), &assumed).is_ok());
    }

    #[test]
    fn a_list_of_plain_values_is_joined_for_text_and_nothing_else_is_a_value() {
        let assumed = reading(DecimalSeparator::Assumed);
        let read = |json, kind: &ColumnKind| match convert(Value::Json(json), kind, &assumed) {
            Ok(Some(Converted::Text(text))) => Ok(Some(text.into_owned())),
            Ok(other) => Ok(other.map(|other| format!("{other:?}"))),
            Err(error) => Err(error.code),
        };
        let text = ColumnKind::text(9);
        for (json, expected) in [
            (r#"["Pop", " R\u00f3ck "]"#, Ok(Some("Pop, Róck"))),
            (r#"[1, 2.50]"#, Ok(Some("1, 2.50"))),
            (r#"[null, "", true]"#, Ok(Some("true"))),
            ("[]", Ok(None)),
            (r#"[null, " "]"#, Ok(None)),
            (r#"["too", "long"]"#, Ok(Some("too, long"))),
            (r#"["much", "longer"]"#, Err("too_long")),
            (r#"["a\u0000"]"#, Err("nul")),
            (r#"[{"name": "a"}]"#, Err("not_a_value")),
            (r#"["a", ["b"]]"#, Err("not_a_value")),
            (r#"{"a": 1}"#, Err("not_a_value")),
        ] {
            assert_eq!(read(json, &text), expected.map(|text| text.map(str::to_owned)), "{json}");
        }
        for kind in [money(), count(), ColumnKind::Flag, ColumnKind::Choice(["1".into()].into())] {
            assert_eq!(read("[1]", &kind), Err("not_a_value"));
        }
    }

    #[test]
    fn flags_and_choices_take_any_case() {
        for text in ["TRUE", "1", "Yes", "SÍ", "si"] {
            assert_eq!(flag(text), Ok(true));
        }
        assert!(flag("maybe").is_err());
        let words: Words = ["music".into(), "game".into()].into();
        assert_eq!(choice("Music", &words), Ok("music"));
        assert_eq!(set("Game, music,game", &words).as_deref(), Ok("music,game"));
    }
}
