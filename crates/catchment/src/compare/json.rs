//! JSON by its value: the same text for documents that mean the same.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Deeper documents are compared as texts.
const MAX_DEPTH: usize = 128;

/// A document with its members in order, of those of one name the last, and no space between; `None` where it is no JSON.
/// Numbers keep their digits but for what means nothing (`1.50` is `1.5`). `is_lossy` makes them what a database with a
/// JSON type makes of them: 64-bit integers and floats (MySQL 8).
pub(super) fn canonical(text: &str, is_lossy: bool) -> Option<String> {
    let mut canonical = String::with_capacity(text.len());
    write(text.trim(), is_lossy, MAX_DEPTH, &mut canonical)?;
    Some(canonical)
}

fn write(text: &str, is_lossy: bool, depth: usize, out: &mut String) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match text.as_bytes().first()? {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            out.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name).to_string());
                out.push(':');
                write(value.get(), is_lossy, depth, out)?;
            }
            out.push('}');
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push('[');
            for (index, element) in elements.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(element.get(), is_lossy, depth, out)?;
            }
            out.push(']');
        }
        b'-' | b'0'..=b'9' => out.push_str(&number(text, is_lossy)?),
        _ => {
            out.push_str(
                &Value::deserialize(&mut serde_json::Deserializer::from_str(text)).ok()?.to_string(),
            );
        }
    }
    Some(())
}

/// A number as its sign, its digits without zeros at either end, and the power of ten that they are multiplied with.
fn number(text: &str, is_lossy: bool) -> Option<String> {
    let text = if is_lossy {
        let value: serde_json::Number = serde_json::from_str(text).ok()?;
        match (value.as_i64(), value.as_u64()) {
            (None, None) => value.as_f64()?.to_string(),
            _ => value.to_string(),
        }
    } else {
        text.to_owned()
    };
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let shift = i64::try_from(zeros).ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    // An exponent beyond all numbers keeps its text.
    let power = match exponent.parse::<i64>().ok().and_then(|exponent| exponent.checked_add(shift)) {
        Some(power) => power.to_string(),
        None => format!("{exponent}+{shift}"),
    };
    Some(format!("{sign}{significant}e{power}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_a_database_wrote_in_its_own_way_is_the_same() {
        // As MySQL 8 gives back what it was given: members by the length of their names, a space after each sign, numbers
        // in their shortest form.
        let given = r#"{"year":1999,"artist":{"name":"Zo\u00eb","n":1.50},"big":12345678901234567890123,"e":1e2,"x":1,"x":2}"#;
        let stored = r#"{"e": 100.0, "x": 2, "big": 1.2345678901234568e22, "year": 1999, "artist": {"n": 1.5, "name": "Zoë"}}"#;
        assert_eq!(canonical(given, true), canonical(stored, true));
        assert!(canonical(given, true).is_some());
    }

    #[test]
    fn documents_that_mean_something_else_differ() {
        let different = |one: &str, other: &str| {
            assert_ne!(canonical(one, false), canonical(other, false), "{one} {other}");
        };
        different("12345678901234567890123", "12345678901234567890124");
        different("1", "\"1\"");
        different("[1,2]", "[2,1]");
        different("{\"a\":null}", "{}");
        different("10", "1");
        different("0.1", "0.01");
        for (one, other) in
            [("1.0", "1"), ("-0.50", "-5e-1"), ("1e2", "100"), ("0.0", "-0"), ("[ 1 ]", "[1]")]
        {
            assert_eq!(canonical(one, false), canonical(other, false), "{one} {other}");
        }
        assert_eq!(canonical("{\"a\":", false), None);
    }
}
