//! Numbers of cells, as they were typed. Spreadsheets calculate with binary floating point of 15 decimal digits, and store
//! more: `4.35` is stored as `4.3499999999999996`.

/// Whole numbers up to here are written without an exponent.
const MAX_WHOLE: f64 = 1e21;

/// The number that a text of a cell stands for; `None` where it is none.
///
/// Whole numbers keep all their digits, as programs other than spreadsheets write longer ones than these would.
pub(super) fn of_text(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole && (digits == "0" || !digits.starts_with('0')) {
        return Some(if text == "-0" { "0".to_owned() } else { text.to_owned() });
    }
    of_float(text.parse().ok()?)
}

/// The number that a spreadsheet stores: a fraction in the 15 digits that it shows, a whole number in all that it has; `None`
/// where it is none.
pub(super) fn of_float(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    if number == 0.0 {
        return Some("0".to_owned());
    }
    // The shortest digits that are this number and no other: those of identifiers are kept as they are stored.
    if number.fract() == 0.0 && number.abs() < MAX_WHOLE {
        return Some(number.to_string());
    }
    let scientific = format!("{number:.14e}");
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    let length = i32::try_from(digits.len()).ok()?;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    Some(match exponent {
        // Plain digits, as long as these are not mostly zeros.
        -7..0 => format!("{sign}0.{}{digits}", zeros(-exponent - 1)),
        0..=20 if length <= exponent + 1 => format!("{sign}{digits}{}", zeros(exponent + 1 - length)),
        0..=20 => {
            let (whole, fraction) = digits.split_at(usize::try_from(exponent + 1).ok()?);
            format!("{sign}{whole}.{fraction}")
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{point}{rest}e{exponent}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_they_were_typed() {
        for (stored, typed) in [
            ("4.3499999999999996", "4.35"),
            ("0.30000000000000004", "0.3"),
            ("54900", "54900"),
            ("12345678901234567890", "12345678901234567890"),
            ("-0", "0"),
            ("0", "0"),
            ("0.0", "0"),
            ("1E3", "1000"),
            ("1.5E-3", "0.0015"),
            ("1.0000000000000001E-5", "0.00001"),
            ("-1234567.8900000001", "-1234567.89"),
            ("123456789.12345678", "123456789.123457"),
            ("9.9999999999999995E-21", "1e-20"),
            ("1.7976931348623157E+308", "1.79769313486232e308"),
            ("7501055300075", "7501055300075"),
            ("0012", "12"),
            ("1.234567890123452E+16", "12345678901234520"),
        ] {
            assert_eq!(of_text(stored).as_deref(), Some(typed), "{stored}");
        }
        for none in ["", "NaN", "inf", "1e999", "a", "1,5"] {
            assert_eq!(of_text(none), None, "{none}");
        }
    }

    proptest::proptest! {
        /// Up to 15 digits come back as they went in, through the floating point that spreadsheets store.
        #[test]
        fn fifteen_digits_survive(whole in 0_u64..1_000_000_000, cents in 0_u32..1_000_000) {
            let typed = format!("{whole}.{cents:06}");
            let typed = typed.trim_end_matches('0').trim_end_matches('.');
            let number: f64 = typed.parse().unwrap();
            proptest::prop_assert_eq!(of_float(number).unwrap(), typed);
            proptest::prop_assert_eq!(of_text(&format!("{number:.17}")).unwrap(), typed);
        }
    }
}
