//! From a source's value to a column's, or the reason why it does not fit.

use std::borrow::Cow;

use catchment_core::Value;
use catchment_core::json::{JsonText, Key, for_each_entry};

use super::number::{ConversionError, exact, refuse_two_readings, refused};
use super::options::DecimalSeparator;
use crate::target::ColumnKind;

/// A value as the database takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Converted<'a> {
    Text(Cow<'a, str>),
    Int(i64),
}

/// The value in the form of the column; `None` when it is empty.
pub(super) fn convert<'a>(
    value: Value<'a>,
    kind: ColumnKind,
    decimal: DecimalSeparator,
) -> Result<Option<Converted<'a>>, ConversionError> {
    let Some(text) = value.as_trimmed() else { return Ok(None) };
    if let Value::Json(json) = value {
        return list(json, kind);
    }
    if let Value::Bytes(base64) = value {
        return Err(refused("not_a_value", base64, "a string, a number or a boolean, not bytes"));
    }
    // JSON has one decimal sign, whatever the options say of text.
    let decimal = if matches!(value, Value::Number(_)) { DecimalSeparator::Assumed } else { decimal };
    if matches!(kind, ColumnKind::Money | ColumnKind::Count)
        && decimal == DecimalSeparator::Assumed
        && matches!(value, Value::Text(_))
    {
        refuse_two_readings(text)?;
    }
    let converted = match kind {
        ColumnKind::Text { max_chars } => Converted::Text(limit_chars(text, max_chars)?.into()),
        ColumnKind::Flag => Converted::Int(flag(text)?.into()),
        ColumnKind::Choice(words) => Converted::Text(choice(text, words)?.into()),
        ColumnKind::Money => Converted::Text(exact(text, decimal, 11, 4)?.into()),
        ColumnKind::Count => {
            let whole = exact(text, decimal, 10, 0)?;
            let number = whole.parse().ok().filter(|number| *number <= i64::from(i32::MAX));
            Converted::Int(number.ok_or_else(|| refused("out_of_range", text, "at most 2147483647"))?)
        }
    };
    Ok(Some(converted))
}

/// A list of plain values as the text of a column; nothing of a list without values.
fn list<'a>(json: &str, kind: ColumnKind) -> Result<Option<Converted<'a>>, ConversionError> {
    let accepted = "a string, a number or a boolean, or for text a list of them; map a member by its path, such as \
                    `artist.name` or `artists[0].name`";
    let (ColumnKind::Text { max_chars }, Some(text)) = (kind, joined(json)) else {
        return Err(refused("not_a_value", json, accepted));
    };
    limit_chars(&text, max_chars)?;
    Ok((!text.is_empty()).then_some(Converted::Text(text.into())))
}

/// The values of a list, joined with `, `, but for those that are empty; `None` for what is no list of plain values.
fn joined(json: &str) -> Option<String> {
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
    is_plain.then(|| parts.join(", "))
}

fn limit_chars(text: &str, max_chars: usize) -> Result<&str, ConversionError> {
    // Bytes are never fewer than characters.
    if text.len() > max_chars {
        let chars = text.chars().count();
        if chars > max_chars {
            return Err(refused(
                "too_long",
                text,
                &format!("at most {max_chars} characters (this has {chars})"),
            ));
        }
    }
    if text.contains('\0') {
        return Err(refused("nul", &text.replace('\0', "␀"), "text without the character U+0000"));
    }
    Ok(text)
}

fn flag(text: &str) -> Result<bool, ConversionError> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "yes" | "sí" | "si" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(refused("not_a_flag", text, "true/false, 1/0, yes/no, sí/no")),
    }
}

fn choice<'a>(text: &str, words: &'a [&'a str]) -> Result<&'a str, ConversionError> {
    let word = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    word.copied().ok_or_else(|| refused("not_a_choice", text, &words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_reads_two_ways_is_refused_until_the_sign_is_given() {
        let read = |text, decimal| match convert(Value::Text(text), ColumnKind::Money, decimal) {
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
        let count = |text| {
            convert(Value::Text(text), ColumnKind::Count, DecimalSeparator::Assumed)
                .map_err(|error| error.code)
        };
        assert_eq!(count("1.400"), Err("ambiguous_number"));
        // JSON has one decimal sign.
        assert!(convert(Value::Number("54.900"), ColumnKind::Money, DecimalSeparator::Assumed).is_ok());
    }

    #[test]
    fn a_list_of_plain_values_is_joined_for_text_and_nothing_else_is_a_value() {
        let read = |json, kind| match convert(Value::Json(json), kind, DecimalSeparator::Assumed) {
            Ok(Some(Converted::Text(text))) => Ok(Some(text.into_owned())),
            Ok(other) => Ok(other.map(|other| format!("{other:?}"))),
            Err(error) => Err(error.code),
        };
        let text = ColumnKind::Text { max_chars: 9 };
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
            assert_eq!(read(json, text), expected.map(|text| text.map(str::to_owned)), "{json}");
        }
        for kind in [ColumnKind::Money, ColumnKind::Count, ColumnKind::Flag, ColumnKind::Choice(&["1"])] {
            assert_eq!(read("[1]", kind), Err("not_a_value"));
        }
    }

    #[test]
    fn flags_and_choices_take_any_case() {
        for text in ["TRUE", "1", "Yes", "SÍ", "si"] {
            assert_eq!(flag(text), Ok(true));
        }
        assert!(flag("maybe").is_err());
        assert_eq!(choice("Music", &["music", "game"]), Ok("music"));
    }

    #[test]
    fn lengths_count_characters() {
        assert!(limit_chars("ñññ", 3).is_ok());
        assert_eq!(limit_chars("ññññ", 3).map_err(|error| error.code), Err("too_long"));
        assert_eq!(limit_chars("a\0", 3).map_err(|error| error.code), Err("nul"));
    }
}
