//! JSON, UUIDs and bytes.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catchment_core::Value;
use serde::de::IgnoredAny;

use super::number::{ConversionError, refused};
use crate::hex::{hex, unhex};

/// JSON text (RFC 8259).
pub(super) fn json(value: Value<'_>, max_digits: Option<usize>) -> Result<Cow<'_, str>, ConversionError> {
    let text = value.as_trimmed().unwrap_or("null");
    // Of JSON, nothing else begins like one.
    let is_number = text.starts_with(|char: char| char == '-' || char.is_ascii_digit());
    if let (true, Some(max)) = (is_number, max_digits) {
        let digits = text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
        if digits > max || text.contains(['e', 'E']) {
            let accepted =
                format!("a number of at most {max} digits, without an exponent, where it stands alone");
            return Err(refused("not_exact", text, &accepted));
        }
    }
    match value {
        Value::Bool(_) | Value::Number(_) | Value::Json(_) | Value::Null => Ok(text.into()),
        _ if serde_json::from_str::<IgnoredAny>(text).is_ok() => Ok(text.into()),
        _ => {
            let quoted = serde_json::Value::from(text).to_string();
            Err(refused("not_json", text, &format!("JSON; a text is written as {}", shorten(&quoted))))
        }
    }
}

fn shorten(text: &str) -> String {
    catchment_core::truncate_text(text, 40)
}

/// A UUID (RFC 9562) in its usual form: hyphens, and small letters.
pub(super) fn uuid(text: &str) -> Result<String, ConversionError> {
    let bare = text.trim_start_matches("urn:uuid:").trim_start_matches('{').trim_end_matches('}');
    let digits: String =
        bare.chars().filter(|char| *char != '-').map(|char| char.to_ascii_lowercase()).collect();
    let has_hyphens = bare.len() == 36 && [8, 13, 18, 23].iter().all(|place| bare.as_bytes()[*place] == b'-');
    if digits.len() != 32
        || !digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        || bare.len() != 32 && !has_hyphens
    {
        return Err(refused("not_a_uuid", text, "a UUID such as 123e4567-e89b-12d3-a456-426614174000"));
    }
    let part = |range: std::ops::Range<usize>| &digits[range];
    Ok([part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-"))
}

/// Bytes as hexadecimal digits.
pub(super) fn bytes(
    value: Value<'_>,
    size: RangeInclusive<u64>,
    format: Option<&str>,
) -> Result<String, ConversionError> {
    let text = value.as_trimmed().unwrap_or_default();
    let is_base64 = matches!(value, Value::Bytes(_)) || format == Some("base64");
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("\\x"));
    let digits = digits.or_else(|| (format == Some("hex")).then_some(text)).filter(|_| !is_base64);
    let bytes = match digits {
        Some(digits) => from_hex(digits),
        None if !is_base64 && text.len().is_multiple_of(4) && from_hex(text).is_some() => {
            let problem = format!(
                "`{}` can be read as hexadecimal digits or as base64; say which with `format` in the option `columnMapping`",
                shorten(text)
            );
            return Err(ConversionError { code: "ambiguous_bytes", message: problem });
        }
        None => STANDARD.decode(text).ok(),
    };
    let accepted = "bytes as base64 (RFC 4648), or as hexadecimal digits after 0x";
    let bytes = bytes.ok_or_else(|| refused("not_bytes", text, accepted))?;
    let length = bytes.len() as u64;
    if !size.contains(&length) {
        let (min, max) = (size.start(), size.end());
        let wanted = if min == max { format!("exactly {max} bytes") } else { format!("at most {max} bytes") };
        return Err(refused("too_long", text, &format!("{wanted} (this has {length})")));
    }
    Ok(hex(&bytes).to_uppercase())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| unhex(text)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_from_base64_and_from_hexadecimal_digits() {
        let read = |text, format| bytes(Value::Text(text), 0..=4, format).map_err(|error| error.code);
        assert_eq!(read("3q2+7w==", None).as_deref(), Ok("DEADBEEF"));
        assert_eq!(read("0xdeadbeef", None).as_deref(), Ok("DEADBEEF"));
        assert_eq!(read("deadbeef", Some("hex")).as_deref(), Ok("DEADBEEF"));
        assert_eq!(read("deadbeef", None), Err("ambiguous_bytes"));
        assert_eq!(read("0xdeadbeef00", None), Err("too_long"));
        assert_eq!(read("hello!", None), Err("not_bytes"));
        assert_eq!(bytes(Value::Bytes("3q2+7w=="), 4..=4, None).as_deref(), Ok("DEADBEEF"));
    }

    #[test]
    fn uuids_have_one_form() {
        for text in [
            "123E4567-E89B-12D3-A456-426614174000",
            "123e4567e89b12d3a456426614174000",
            "{123e4567-e89b-12d3-a456-426614174000}",
        ] {
            assert_eq!(uuid(text).as_deref(), Ok("123e4567-e89b-12d3-a456-426614174000"));
        }
        assert!(uuid("123e4567-e89b-12d3-a456-42661417400").is_err());
        assert!(uuid("123e4567-e89b12d3-a456-4266-14174000").is_err());
    }
}
