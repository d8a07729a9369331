//! Which decimal sign a column of numbers in text uses, by its values: `54.900` alone can be read two ways, and `12,50`
//! beside it says which.

use std::fmt;

use catchment_core::{Finding, Page, Value, truncate_text};

use super::amount::Amount;
use super::field::ColumnMapping;
use super::number::{readings, stored_as};
use super::reading::DecimalSeparator;
use crate::target::Table;

/// Longest value that is shown.
const SHOWN_BYTES: usize = 40;

/// What the values of the columns that feed numbers say of their decimal sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecimalFinding {
    /// The sign that the values say, where they agree.
    pub sign: Option<char>,
    /// The source column that was looked at.
    field: String,
    /// A value that says which sign it is, and one that says another, or as little.
    says: Option<String>,
    contradicts: Option<String>,
    /// A value that could be read two ways.
    ambiguous: Option<String>,
    /// Whether currencies stand beside numbers, which are understood only where the sign is said.
    has_currency: bool,
}

/// What a page says of the decimal sign; `None` where its values read the same whatever it is.
pub(crate) fn find_decimal(table: &Table, mapping: &ColumnMapping, page: &Page) -> Option<DecimalFinding> {
    let numbers = mapping.iter().filter_map(|(column, field)| {
        let is_number = table.column(column).is_some_and(|(_, column)| column.kind.is_number());
        field.field().filter(|_| is_number)
    });
    let mut finding: Option<DecimalFinding> = None;
    for field in numbers {
        let Some(place) = page.columns.iter().position(|column| **column == *field) else { continue };
        let texts = page.records.iter().filter_map(|record| match record.value(place) {
            Value::Text(text) => Some(text.trim()),
            _ => None,
        });
        for text in texts {
            let amount = Amount::of(text);
            let sign = sign_of(amount.digits);
            if sign.is_none() && readings(amount.digits).is_none() && !amount.has_currency {
                continue;
            }
            let finding = finding.get_or_insert_default();
            finding.has_currency |= amount.has_currency;
            match sign {
                None => finding.note(|it| &mut it.ambiguous, field, text),
                Some(sign) if finding.says.is_none() => {
                    finding.sign = Some(sign);
                    finding.note(|it| &mut it.says, field, text);
                }
                Some(sign) if finding.sign.is_some_and(|known| known != sign) => {
                    finding.sign = None;
                    finding.note(|it| &mut it.contradicts, field, text);
                }
                Some(_) => {}
            }
        }
    }
    // Plain decimals need no option.
    finding.filter(|finding| finding.ambiguous.is_some() || finding.has_currency || finding.sign != Some('.'))
}

impl DecimalFinding {
    /// As the summary of a run tells it: a text that could be read two ways was not stored.
    pub fn to_finding(&self) -> Finding {
        Finding::unsure("decimal", self.to_string())
    }

    fn note(&mut self, slot: fn(&mut Self) -> &mut Option<String>, field: &str, text: &str) {
        if slot(self).is_none() {
            *slot(self) = Some(truncate_text(text, SHOWN_BYTES));
            field.clone_into(&mut self.field);
        }
    }
}

impl fmt::Display for DecimalFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.field;
        match (&self.says, self.sign, &self.contradicts) {
            (Some(says), Some(sign), _) => {
                write!(
                    f,
                    "`{field}` has the decimal sign `{sign}`, as `{says}` shows (option `decimal`, --decimal {sign})"
                )?;
                let example = self.ambiguous.as_ref().unwrap_or(says);
                match stored_as(Amount::of(example).digits, DecimalSeparator::Named(sign)) {
                    Some(stored) => write!(f, "; with it, `{example}` is stored as {stored}"),
                    None => Ok(()),
                }
            }
            (Some(says), None, Some(other)) => write!(
                f,
                "`{field}` has numbers of two kinds, such as `{says}` and `{other}`; no decimal sign (option `decimal`) \
                 fits both"
            ),
            _ => {
                let text = self.ambiguous.as_deref().unwrap_or_default();
                let Some([point, comma]) = readings(Amount::of(text).digits) else {
                    return write!(
                        f,
                        "`{field}`: `{text}` has the sign of a currency, which is understood where the option `decimal` \
                         (--decimal) says how numbers are written"
                    );
                };
                write!(
                    f,
                    "`{field}`: `{text}` is {point} with the decimal sign `.` and {comma} with `,`, and no other value says \
                     which; give the option `decimal` (--decimal)"
                )
            }
        }
    }
}

/// The decimal sign that a text can only have; `None` where it is no number, or can be read two ways, or has no sign.
fn sign_of(text: &str) -> Option<char> {
    let text = text.trim_start_matches(['+', '-']);
    let is_number = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.chars().all(|char| {
            char.is_ascii_digit() || matches!(char, '.' | ',' | ' ' | '\u{a0}' | '\u{202f}' | '\'')
        });
    if !is_number || readings(text).is_some() {
        return None;
    }
    let other = |sign: char| if sign == '.' { ',' } else { '.' };
    let last = text.chars().rev().find(|char| matches!(char, '.' | ','))?;
    let count = |sign: char| text.matches(sign).count();
    match (count(last), count(other(last))) {
        // It groups thousands.
        (2.., 0) => Some(other(last)),
        (1, _) => Some(last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_reads_one_way_tells_its_sign() {
        for (text, sign) in [
            ("12,50", Some(',')),
            ("1.234,5", Some(',')),
            ("1.234.567", Some(',')),
            ("1,234.50", Some('.')),
            ("0.125", Some('.')),
            ("1234.567", Some('.')),
            ("1,234,567", Some('.')),
            ("54.900", None),
            ("1,234", None),
            ("100", None),
            ("1.2.3,4,5", None),
            ("a.b", None),
        ] {
            assert_eq!(sign_of(text), sign, "{text}");
        }
    }
}
