//! Values of columns of numbers: in text, with a currency or without, and as numbers.

use catchment_core::{Value, truncate_text};

use super::amount::Amount;
use super::converted::Converted;
use super::float::float;
use super::number::{ConversionError, exact, refuse_two_readings, refused, whole_number};
use super::reading::{DecimalSeparator, Reading};
use crate::target::ColumnKind;

/// A number of the kind of its column.
pub(super) fn number<'a>(
    text: &'a str,
    value: Value<'a>,
    kind: &ColumnKind,
    reading: &Reading,
) -> Result<Converted<'a>, ConversionError> {
    // JSON has one decimal sign, whatever the options say of text.
    let decimal = if matches!(value, Value::Number(_)) { DecimalSeparator::Assumed } else { reading.decimal };
    let Value::Text(_) = value else { return plain_number(text, kind, decimal) };
    let amount = Amount::of(text);
    if decimal == DecimalSeparator::Assumed {
        if amount.has_currency {
            let message = format!(
                "`{}` has the sign of a currency, which is understood where the option `decimal` says how numbers are written",
                truncate_text(text, 80)
            );
            return Err(ConversionError { code: "not_a_number", message });
        }
        refuse_two_readings(text)?;
        return plain_number(text, kind, decimal);
    }
    match amount {
        Amount { digits, is_negative: false, .. } => plain_number(digits, kind, decimal),
        Amount { digits, .. } => Ok(plain_number(&format!("-{digits}"), kind, decimal)?.into_owned()),
    }
}

/// A number without a currency.
fn plain_number<'a>(
    text: &'a str,
    kind: &ColumnKind,
    decimal: DecimalSeparator,
) -> Result<Converted<'a>, ConversionError> {
    Ok(match kind {
        ColumnKind::Decimal(limits) => Converted::Text(exact(text, decimal, limits)?),
        ColumnKind::Float { is_single, is_signed, scale } => {
            Converted::Text(float(text, decimal, *is_single, *is_signed, *scale)?.into())
        }
        ColumnKind::Integer { min, max, is_flag } => {
            let word = if *is_flag { flag(text).ok() } else { None };
            let number = match word {
                Some(flag) => flag.into(),
                None => whole_number(text, decimal, (*min, *max))?,
            };
            match i64::try_from(number) {
                Ok(number) if kind.is_int64() => Converted::Int(number),
                _ => Converted::Text(number.to_string().into()),
            }
        }
        _ => return Err(refused("not_a_number", text, "a number")),
    })
}

/// Yes or no, as people and spreadsheets write them: in English, Spanish, Portuguese, French, Italian and German, or marked by a
/// cross.
pub(super) fn flag(text: &str) -> Result<bool, ConversionError> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "sí" | "si" | "sì" | "sim" | "oui" | "ja" | "x" | "✓" | "✔" => {
            Ok(true)
        }
        "verdadero" | "verdadeiro" | "vrai" | "vero" | "wahr" => Ok(true),
        "false" | "0" | "no" | "n" | "não" | "non" | "nein" => Ok(false),
        "falso" | "faux" | "falsch" => Ok(false),
        _ => Err(refused("not_a_flag", text, "true/false, 1/0, yes/no, sí/no, x")),
    }
}
