//! Amounts as spreadsheets show them: with the sign of a currency, and negative ones in parentheses or with the sign behind.

/// Codes of currencies (ISO 4217) that stand beside amounts.
const CODES: [&str; 38] = [
    "ARS", "AUD", "BGN", "BOB", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "CZK", "DKK", "EUR", "GBP",
    "GTQ", "HKD", "HUF", "IDR", "INR", "JPY", "KRW", "MXN", "NOK", "NZD", "PEN", "PLN", "PYG", "RON", "RUB",
    "SEK", "SGD", "TRY", "UAH", "USD", "UYU", "VES", "ZAR",
];
/// How currencies are abbreviated where they have no sign of their own.
const WORDS: [&str; 13] =
    ["kr", "kr.", "zł", "Kč", "Ft", "lei", "лв", "лв.", "руб", "руб.", "Bs", "Bs.", "S/"];

/// A number as it stands in an amount.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Amount<'a> {
    /// Its digits and signs, without what says that it is negative.
    pub(super) digits: &'a str,
    pub(super) is_negative: bool,
    pub(super) has_currency: bool,
}

impl<'a> Amount<'a> {
    /// What of a text is the number. A text that is no amount is all of it.
    pub(super) fn of(text: &'a str) -> Self {
        let (mut digits, mut negations) = (text.trim(), 0);
        if let Some(inner) = digits.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            (digits, negations) = (inner.trim(), 1);
        }
        let mut has_currency = false;
        // The sign stands before the currency or behind it: -$5, $-5, 5- €.
        for _ in 0..2 {
            if let Some(rest) = digits.strip_prefix(['-', '−']).or_else(|| digits.strip_suffix('-')) {
                (digits, negations) = (rest.trim(), negations + 1);
            }
            if let Some(rest) = without_currency(digits) {
                (digits, has_currency) = (rest, true);
            }
        }
        match negations {
            0 | 1 => Self { digits, is_negative: negations == 1, has_currency },
            // What is negative twice is no number.
            _ => Self { digits: text, is_negative: false, has_currency },
        }
    }
}

/// An amount without the currency at one of its ends; `None` where there is none.
fn without_currency(text: &str) -> Option<&str> {
    let is_number = |char: char| char.is_ascii_digit() || matches!(char, '.' | ',' | '-' | '−' | '\'');
    let first = text.find(is_number)?;
    // `Bs.` and `kr.` end with a point that is no decimal sign.
    let first = first + text[first..].find(|char: char| char != '.' || first == 0)?;
    let last = text.rfind(|char: char| char.is_ascii_digit() || char == '-')?;
    let (before, after) = (text[..first].trim(), text.get(last + 1..)?.trim());
    match (before, after) {
        ("", after) if is_currency(after) => Some(text[..=last].trim()),
        (before, "") if is_currency(before) => Some(text[first..].trim()),
        _ => None,
    }
}

/// `$`, `US$`, `EUR`, `zł`.
fn is_currency(text: &str) -> bool {
    let sign = text.trim_matches(|char: char| char.is_ascii_alphabetic());
    let is_sign = |char: char| matches!(char, '$' | '¢'..='¥' | '\u{e3f}' | '\u{20a0}'..='\u{20cf}' | '\u{fdfc}' | '\u{ff04}' | '\u{ffe1}' | '\u{ffe5}');
    CODES.contains(&text)
        || WORDS.contains(&text)
        || sign.chars().count() == 1 && sign.chars().all(is_sign) && text.chars().count() <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_from_their_currency() {
        for (text, digits, is_negative, has_currency) in [
            ("$ 54.900", "54.900", false, true),
            ("US$1,234.50", "1,234.50", false, true),
            ("54,90 €", "54,90", false, true),
            ("EUR 54,90", "54,90", false, true),
            ("R$\u{a0}1.234,50", "1.234,50", false, true),
            ("-$5", "5", true, true),
            ("$-5", "5", true, true),
            ("($ 1.234,50)", "1.234,50", true, true),
            ("1.234,50-", "1.234,50", true, false),
            ("1.234,50- €", "1.234,50", true, true),
            ("Bs. 12,50", "12,50", false, true),
            ("199 kr.", "199", false, true),
            ("12,5", "12,5", false, false),
            (".5", ".5", false, false),
            ("-3", "3", true, false),
            ("(-5)", "(-5)", false, false),
            ("--5", "--5", false, false),
            ("-5-", "-5-", false, false),
            ("abc 12", "abc 12", false, false),
            ("12 kg", "12 kg", false, false),
            ("5 $ 6", "5 $ 6", false, false),
            ("$", "$", false, false),
            ("", "", false, false),
        ] {
            assert_eq!(Amount::of(text), Amount { digits, is_negative, has_currency }, "{text}");
        }
    }
}
