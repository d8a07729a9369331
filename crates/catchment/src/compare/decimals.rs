//! Exact decimals as databases write them, and as we do.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A decimal without the zeros that end it: `5.40` is `5.4`.
pub(super) fn shortest_decimal(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A decimal as we write it, whatever the database did: SQLite writes small ones with an exponent.
pub(crate) fn decimal_text(text: &str) -> Cow<'_, str> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return without_zeros(shortest_decimal(text)).into();
    };
    let Ok(exponent @ -40..=40) = exponent.parse::<i32>() else { return text.into() };
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).unwrap_or_default() + exponent;
    let written = match usize::try_from(point) {
        Ok(point @ 1..) if point < digits.len() => format!("{}.{}", &digits[..point], &digits[point..]),
        Ok(point @ 1..) => format!("{digits:0<point$}"),
        _ => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
    };
    format!("{sign}{}", shortest_decimal(&written)).into()
}

/// The order of two decimals, of however many digits.
pub(super) fn order_of_decimals(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| {
        let text = decimal_text(text);
        let (is_negative, digits) = text.strip_prefix('-').map_or((false, &*text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (whole.trim_start_matches('0').to_owned(), fraction.to_owned());
        (is_negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction)
    };
    let ((is_negative, whole, fraction), (is_other_negative, other_whole, other_fraction)) =
        (parts(one), parts(other));
    let size = (whole.len(), whole, fraction).cmp(&(other_whole.len(), other_whole, other_fraction));
    match (is_negative, is_other_negative) {
        (false, false) => size,
        (true, true) => size.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// A decimal of a column with ZEROFILL, without the zeros that it begins with.
fn without_zeros(text: &str) -> &str {
    let digits = text.trim_start_matches('0');
    let needs_zero = !digits.starts_with(|char: char| char.is_ascii_digit() || char == '-');
    if needs_zero && digits.len() < text.len() { &text[text.len() - digits.len() - 1..] } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_without_zeros_and_exponents() {
        for (text, expected) in [
            ("5.40", "5.4"),
            ("100", "100"),
            ("100.0", "100"),
            ("000005.40", "5.4"),
            ("000.50", "0.5"),
            ("0000", "0"),
            ("-0.5", "-0.5"),
            ("1.0e-05", "0.00001"),
            ("-2.5e-06", "-0.0000025"),
            ("1.25e+15", "1250000000000000"),
            ("1.234567e+02", "123.4567"),
        ] {
            assert_eq!(decimal_text(text), expected);
        }
    }
}
