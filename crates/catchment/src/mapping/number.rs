//! Numbers in text: exact decimals, digit for digit, with either decimal sign.

use catchment_core::truncate_text;

use super::options::DecimalSeparator;

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
    exact(text.trim_start_matches('-'), decimal, 11, 4).ok()
}

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

/// A decimal number from 0 in its shortest form, digit for digit: no float is involved.
pub(super) fn exact(
    text: &str,
    decimal: DecimalSeparator,
    max_whole: usize,
    max_scale: usize,
) -> Result<String, ConversionError> {
    let accepted = || {
        let sign = if decimal == DecimalSeparator::Named(',') { ',' } else { '.' };
        let places =
            if max_scale == 0 { "no decimals".to_owned() } else { format!("up to {max_scale} decimals") };
        format!(
            "a number from 0 with up to {max_whole} digits and {places}, decimal sign `{sign}` (option `decimal`)"
        )
    };
    let number = split_number(text, decimal).ok_or_else(|| refused("not_a_number", text, &accepted()))?;
    let (whole, fraction) = number.shifted().ok_or_else(|| refused("out_of_range", text, &accepted()))?;
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let is_zero = whole.is_empty() && fraction.is_empty();
    if number.is_negative && !is_zero || whole.len() > max_whole || fraction.len() > max_scale {
        return Err(refused("out_of_range", text, &accepted()));
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    Ok(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
}

/// The digits of a number in text.
struct Digits {
    is_negative: bool,
    whole: String,
    fraction: String,
    exponent: i32,
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

fn split_number(text: &str, decimal: DecimalSeparator) -> Option<Digits> {
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
        exact(text, decimal, 11, 4).map_err(|error| error.code)
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
