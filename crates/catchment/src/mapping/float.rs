//! Floating point numbers in text: those that a binary number holds as they are written.

use super::number::{ConversionError, refused, split_number};
use super::reading::DecimalSeparator;

/// A floating point number in its shortest form. Digits that it cannot hold are refused, and not rounded away.
pub(super) fn float(
    text: &str,
    decimal: DecimalSeparator,
    is_single: bool,
    is_signed: bool,
    scale: Option<(usize, usize)>,
) -> Result<String, ConversionError> {
    let refuse = |code| {
        let (kind, digits) = if is_single { ("32 bits", "6") } else { ("64 bits", "15") };
        let sign = if decimal == DecimalSeparator::Named(',') { ',' } else { '.' };
        let from = if is_signed { "a number" } else { "a number from 0" };
        let decimals =
            scale.map(|(whole, scale)| format!(", and at most {whole} digits and {scale} decimals"));
        let decimals = decimals.unwrap_or_default();
        let accepted = format!(
            "{from} that a floating point number of {kind} holds exactly as written ({digits} digits always{decimals}), \
             decimal sign `{sign}` (option `decimal`)"
        );
        refused(code, text, &accepted)
    };
    let number = split_number(text, decimal).ok_or_else(|| refuse("not_a_number"))?;
    let plain = format!(
        "{}{}.{}0e{}",
        if number.is_negative { "-" } else { "" },
        number.whole,
        number.fraction,
        number.exponent
    );
    let plain = plain.replacen("-.", "-0.", 1);
    let shortest = shortest(&plain, is_single).ok_or_else(|| refuse("out_of_range"))?;
    let (held, given) = (significant(&shortest), significant(&plain));
    let is_negative = number.is_negative && !given.0.is_empty();
    let decimals = number.fraction.trim_end_matches('0').len();
    if is_negative && !is_signed
        || scale.is_some_and(|(whole, scale)| {
            number.exponent != 0 || decimals > scale || number.whole.trim_start_matches('0').len() > whole
        })
    {
        return Err(refuse("out_of_range"));
    }
    if held != given {
        return Err(refuse("not_exact"));
    }
    // No negative zero: not every database keeps its sign.
    let shortest = if given.0.is_empty() { "0".to_owned() } else { shortest };
    let plain = shortest.parse::<f64>().map(|number| number.to_string()).unwrap_or_default();
    Ok(if !is_single && plain.len() <= 24 { plain } else { shortest })
}

/// The shortest text of the number that a text stands for; `None` beyond all that there are.
fn shortest(plain: &str, is_single: bool) -> Option<String> {
    if is_single {
        plain.parse::<f32>().ok().filter(|number| number.is_finite()).map(|number| format!("{number:e}"))
    } else {
        plain.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| format!("{number:e}"))
    }
}

/// The digits of a number in text, without zeros at either end, and the power of ten of the first one.
fn significant(text: &str) -> (String, i64) {
    let (mantissa, exponent) = text.trim_start_matches('-').split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let exponent = exponent.parse::<i64>().unwrap_or_default();
    let first =
        exponent + i64::try_from(whole.len()).unwrap_or_default() - i64::try_from(zeros).unwrap_or_default();
    let digits = digits.trim_matches('0').to_owned();
    if digits.is_empty() { (digits, 0) } else { (digits, first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_the_digits_that_they_hold_and_refuse_others() {
        let read = |text, is_single| {
            float(text, DecimalSeparator::Assumed, is_single, true, None).map_err(|error| error.code)
        };
        for (text, expected) in [
            ("0.1", "0.1"),
            ("-2.50", "-2.5"),
            ("1e300", "1e300"),
            ("-0.0", "0"),
            ("12345678.25", "12345678.25"),
        ] {
            assert_eq!(read(text, false).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(read("0.12345678901234567890", false), Err("not_exact"));
        assert_eq!(read("16777217", true), Err("not_exact"));
        assert_eq!(read("0.1", true).as_deref(), Ok("1e-1"));
        assert_eq!(read("1e39", true), Err("out_of_range"));
        assert_eq!(read("abc", true), Err("not_a_number"));
    }
}
