//! Numbers in text: exact decimals, digit for digit, with either decimal sign.

use std::borrow::Cow;

use catchment_core::truncate_text;

use super::reading::DecimalSeparator;
use crate::target::DecimalLimits;

/// Why a value does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConversionError {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// The two numbers that a text is with either decimal sign: one sign before three digits may as well group thousands.
pub(super) fn readings(text: &str) -> Option<[String; 2]> {
    let digits = text.trim_start_matches(['+', '-']);
    let (whole, fraction) = digits.split_once(['.', ','])?;
    let is_group =
        |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_group(whole) || whole.starts_with('0') || fraction.len() != 3 || !is_group(fraction) {
        return None;
    }
    let by = |sign| stored_as(text, DecimalSeparator::Named(sign));
    Some([by('.')?, by(',')?])
}

/// A text as it would be stored with a decimal sign.
pub(super) fn stored_as(text: &str, decimal: DecimalSeparator) -> Option<String> {
    exact(text.trim_start_matches('-'), decimal, &READABLE).ok().map(Cow::into_owned)
}

/// What a text that can be read two ways may be.
const READABLE: DecimalLimits = DecimalLimits { whole: 11, scale: 4, all: 15, is_signed: false };

/// A price a thousand times too small is worse than none.
pub(super) fn refuse_two_readings(text: &str) -> Result<(), ConversionError> {
    let Some([point, comma]) = readings(text) else { return Ok(()) };
    let message = format!(
        "`{text}` can be read as {point}, with the decimal sign `.`, or as {comma}, with `,`; say which with the option \
         `decimal`"
    );
    Err(ConversionError { code: "ambiguous_number", message })
}

/// The error of a text that does not fit, with what would be accepted.
pub(super) fn refused(code: &'static str, text: &str, accepted: &str) -> ConversionError {
    ConversionError {
        code,
        message: format!("`{}` does not fit; accepted: {accepted}", truncate_text(text, 80)),
    }
}

/// A decimal number in its shortest form, digit for digit: no float is involved.
pub(super) fn exact<'a>(
    text: &'a str,
    decimal: DecimalSeparator,
    limits: &DecimalLimits,
) -> Result<Cow<'a, str>, ConversionError> {
    // Most are written like this already.
    if is_shortest(text, decimal, limits) {
        return Ok(text.into());
    }
    let number = split_number(text, decimal)
        .ok_or_else(|| refused("not_a_number", text, &accepted(decimal, limits)))?;
    let out_of_range = || refused("out_of_range", text, &accepted(decimal, limits));
    let (whole, fraction) = number.shifted().ok_or_else(out_of_range)?;
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let is_negative = number.is_negative && !(whole.is_empty() && fraction.is_empty());
    let has_room = whole.len() <= limits.whole
        && fraction.len() <= limits.scale
        && whole.len() + fraction.len() <= limits.all;
    if is_negative && !limits.is_signed || !has_room {
        return Err(out_of_range());
    }
    let (sign, whole) = (if is_negative { "-" } else { "" }, if whole.is_empty() { "0" } else { whole });
    Ok(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
        .into())
}

/// Whether a text is a number in its shortest form that fits, so that there is nothing to be done.
fn is_shortest(text: &str, decimal: DecimalSeparator, limits: &DecimalLimits) -> bool {
    let bytes = text.as_bytes();
    let point = bytes.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(point) if decimal != DecimalSeparator::Named(',') => (&bytes[..point], &bytes[point + 1..]),
        Some(_) => return false,
        None => (bytes, &bytes[..0]),
    };
    let is_whole = matches!(whole, [b'0'] | [b'1'..=b'9', ..]) && whole.iter().all(u8::is_ascii_digit);
    let is_fraction = match point {
        Some(_) => matches!(fraction, [.., b'1'..=b'9']) && fraction.iter().all(u8::is_ascii_digit),
        None => true,
    };
    is_whole
        && is_fraction
        && whole.len() <= limits.whole
        && fraction.len() <= limits.scale
        && whole.len() + fraction.len() <= limits.all
}

/// What would be accepted.
fn accepted(decimal: DecimalSeparator, limits: &DecimalLimits) -> String {
    let DecimalLimits { whole, scale, all, is_signed } = *limits;
    let sign = if decimal == DecimalSeparator::Named(',') { ',' } else { '.' };
    let places = if scale == 0 { "no decimals".to_owned() } else { format!("up to {scale} decimals") };
    let from = if is_signed { "a number" } else { "a number from 0" };
    let together = if whole + scale > all { format!(" ({all} digits together)") } else { String::new() };
    format!(
        "{from} with up to {whole} digits and {places}{together}, decimal sign `{sign}` (option `decimal`)"
    )
}

/// A whole number within bounds.
pub(super) fn whole_number(
    text: &str,
    decimal: DecimalSeparator,
    (min, max): (i128, i128),
) -> Result<i128, ConversionError> {
    // Most are written like this; 18 digits fit.
    if text.len() <= 18
        && matches!(text.as_bytes(), [b'0'] | [b'1'..=b'9', ..])
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = text.parse::<i64>()
        && (min..=max).contains(&number.into())
    {
        return Ok(number.into());
    }
    let digits = |bound: i128| bound.unsigned_abs().to_string().len();
    let whole = digits(min).max(digits(max));
    let limits = DecimalLimits { whole, scale: 0, all: whole, is_signed: min < 0 };
    // Counts have words of their own.
    let is_count = (min, max) == (0, i32::MAX.into());
    let refuse = |code| refused(code, text, &format!("a whole number from {min} to {max}"));
    let plain = |error: ConversionError| if is_count { error } else { refuse(error.code) };
    let number = exact(text, decimal, &limits).map_err(plain)?;
    let number: i128 = number.parse().map_err(|_| refuse("not_a_number"))?;
    match number {
        number if number > max && is_count => Err(refused("out_of_range", text, &format!("at most {max}"))),
        number if number > max || number < min => Err(refuse("out_of_range")),
        number => Ok(number),
    }
}

/// The digits of a number in text.
pub(super) struct Digits {
    pub(super) is_negative: bool,
    pub(super) whole: String,
    pub(super) fraction: String,
    pub(super) exponent: i32,
}

impl Digits {
    /// The digits before and after the point, with the exponent worked in; `None` when it is absurd.
    fn shifted(&self) -> Option<(String, String)> {
        let (mut whole, mut fraction) = (self.whole.clone(), self.fraction.clone());
        if self.exponent.unsigned_abs() > 64 {
            return None;
        }
        for _ in 0..self.exponent {
            whole.push(if fraction.is_empty() { '0' } else { fraction.remove(0) });
        }
        for _ in self.exponent..0 {
            fraction.insert(0, whole.pop().unwrap_or('0'));
        }
        Some((whole, fraction))
    }
}

pub(super) fn split_number(text: &str, decimal: DecimalSeparator) -> Option<Digits> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text, exponent.parse().ok()?),
        None => (text, 0),
    };
    let sign = if decimal == DecimalSeparator::Named(',') { ',' } else { '.' };
    let (whole, fraction) = text.split_once(sign).unwrap_or((text, ""));
    let whole = match decimal {
        DecimalSeparator::Assumed => whole.to_owned(),
        DecimalSeparator::Named(_) => ungroup(whole, if sign == ',' { '.' } else { ',' })?,
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(&whole) || !are_digits(fraction) || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    Some(Digits { is_negative, whole, fraction: fraction.to_owned(), exponent })
}

/// Takes out what groups thousands, if all groups are of three digits and by one sign.
fn ungroup(whole: &str, sign: char) -> Option<String> {
    let Some(used) =
        whole.chars().find(|char| *char == sign || matches!(char, ' ' | '\u{a0}' | '\u{202f}' | '\''))
    else {
        return Some(whole.to_owned());
    };
    let mut groups = whole.split(used);
    let first = groups.next()?;
    let are_whole = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    are_whole.then(|| whole.split(used).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str, decimal: DecimalSeparator) -> Result<String, &'static str> {
        exact(text, decimal, &READABLE).map(Cow::into_owned).map_err(|error| error.code)
    }

    #[test]
    fn decimals_are_exact_digit_for_digit() {
        use DecimalSeparator::{Assumed, Named};
        for (text, decimal, expected) in [
            ("54900", Assumed, "54900"),
            ("0012.50", Assumed, "12.5"),
            ("99999999999.9999", Assumed, "99999999999.9999"),
            ("0.1", Assumed, "0.1"),
            (".5", Assumed, "0.5"),
            ("-0", Assumed, "0"),
            ("5.49e4", Assumed, "54900"),
            ("5e-2", Assumed, "0.05"),
            ("12,5", Named(','), "12.5"),
            ("1.234.567,89", Named(','), "1234567.89"),
            ("1 234,5", Named(','), "1234.5"),
            ("1,234.5", Named('.'), "1234.5"),
        ] {
            assert_eq!(money(text, decimal).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn whole_numbers_keep_to_their_bounds() {
        let read =
            |text, bounds| whole_number(text, DecimalSeparator::Assumed, bounds).map_err(|error| error.code);
        assert_eq!(read("18446744073709551615", (0, u64::MAX.into())), Ok(u64::MAX.into()));
        assert_eq!(read("18446744073709551616", (0, u64::MAX.into())), Err("out_of_range"));
        assert_eq!(read("-128", (-128, 127)), Ok(-128));
        assert_eq!(read("-129", (-128, 127)), Err("out_of_range"));
        assert_eq!(read("1.5", (-128, 127)), Err("out_of_range"));
        assert_eq!(read("-1", (0, 255)), Err("out_of_range"));
    }

    #[test]
    fn what_is_no_exact_decimal_is_refused() {
        use DecimalSeparator::{Assumed, Named};
        for (text, decimal, code) in [
            ("12,5", Assumed, "not_a_number"),
            ("1,234", Assumed, "not_a_number"),
            ("1.23,4", Named(','), "not_a_number"),
            ("1.2345.678", Named(','), "not_a_number"),
            ("$5", Assumed, "not_a_number"),
            ("NaN", Assumed, "not_a_number"),
            (".", Assumed, "not_a_number"),
            ("1e400", Assumed, "out_of_range"),
            ("1e99999999999", Assumed, "not_a_number"),
            ("-1", Assumed, "out_of_range"),
            ("0.00001", Assumed, "out_of_range"),
            ("100000000000", Assumed, "out_of_range"),
        ] {
            assert_eq!(money(text, decimal), Err(code), "{text}");
        }
    }
}
