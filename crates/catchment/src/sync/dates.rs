//! How dates in text are written, by their values: `24/11/2026` says that the day stands first, `03/04/2026` says nothing.

use catchment_core::{Finding, Page, Value, truncate_text};

/// A form that dates are written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DateForm {
    /// As the option `dateFormat` takes it; none where the values do not say whether the day or the month stands first.
    pub(super) format: Option<String>,
    /// The column that was looked at, and a value that says it.
    field: String,
    example: String,
}

impl DateForm {
    /// As people are told it.
    pub(super) fn to_finding(&self) -> Finding {
        let Self { field, example, .. } = self;
        match &self.format {
            Some(format) => {
                Finding::sure("dates", format!("`{field}` has dates as `{format}`, such as `{example}`"))
            }
            None => {
                let message = format!(
                    "`{field}` has dates such as `{example}`, of which none says whether the day or the month stands first; set \
                     the option `dateFormat` to `dd/MM/yyyy` or `MM/dd/yyyy`, with the sign that stands between them"
                );
                Finding::unsure("dates", message)
            }
        }
    }
}

/// The form of the dates of a page; `None` where it has none that need one, or where columns have several.
pub(super) fn find_date_form(page: &Page) -> Option<DateForm> {
    let forms: Vec<_> = (0..page.columns.len()).filter_map(|column| of_column(page, column)).collect();
    let told = forms.iter().find(|form| form.format.is_some()).or_else(|| forms.first())?.clone();
    let agrees = |form: &DateForm| form.format.is_none() || form.format == told.format;
    forms.iter().all(agrees).then_some(told)
}

fn of_column(page: &Page, column: usize) -> Option<DateForm> {
    let texts = page.records.iter().filter_map(|record| match record.value(column) {
        Value::Text(text) if !text.trim().is_empty() => Some(text.trim()),
        _ => None,
    });
    let (mut sign, mut is_day_first, mut is_month_first, mut example) = (None, None, None, "");
    for text in texts {
        let (found, first, second) = parts(text)?;
        if *sign.get_or_insert(found) != found {
            return None;
        }
        if example.is_empty() {
            example = text;
        }
        match (first > 12, second > 12) {
            (true, true) => return None,
            (true, false) => is_day_first = Some(text),
            (false, true) => is_month_first = Some(text),
            (false, false) => {}
        }
    }
    let sign = sign?;
    let format = match (is_day_first, is_month_first) {
        (Some(_), Some(_)) => return None,
        (Some(_), None) => Some(format!("dd{sign}MM{sign}yyyy")),
        (None, Some(_)) => Some(format!("MM{sign}dd{sign}yyyy")),
        (None, None) => None,
    };
    let example = truncate_text(is_day_first.or(is_month_first).unwrap_or(example), 40);
    Some(DateForm { format, field: page.columns[column].to_string(), example })
}

/// The sign between the parts of a date that ends with its year, and its first two parts.
fn parts(text: &str) -> Option<(char, u32, u32)> {
    let sign =
        text.chars().find(|char| !char.is_ascii_digit()).filter(|char| matches!(char, '/' | '.' | '-'))?;
    let mut parts = text.split(sign);
    let number = |part: Option<&str>, digits: std::ops::RangeInclusive<usize>| -> Option<u32> {
        let part = part.filter(|part| digits.contains(&part.len()))?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let (first, second) = (number(parts.next(), 1..=2)?, number(parts.next(), 1..=2)?);
    number(parts.next(), 4..=4)?;
    let is_date = parts.next().is_none() && (1..=31).contains(&first) && (1..=31).contains(&second);
    is_date.then_some((sign, first, second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use catchment_core::{Position, Records};

    fn form(values: &[&str]) -> Option<Option<String>> {
        let mut records = Records::default();
        for (line, value) in (1..).zip(values) {
            records.push(Position::Line { line, byte: 0 }, "", [Value::Text(value)]);
        }
        let page = Page { columns: ["day".into()].into(), records, ..Page::default() };
        find_date_form(&page).map(|form| form.format)
    }

    #[test]
    fn values_say_which_part_stands_first() {
        let of = |format: &str| Some(Some(format.to_owned()));
        assert_eq!(form(&["03/04/2026", "", "24/11/2026"]), of("dd/MM/yyyy"));
        assert_eq!(form(&["3.4.2026", "24.11.2026"]), of("dd.MM.yyyy"));
        assert_eq!(form(&["11-24-2026"]), of("MM-dd-yyyy"));
        assert_eq!(form(&["03/04/2026"]), Some(None));
        for none in [
            &["24/11/2026", "11/24/2026"][..],
            &["2026-11-24"],
            &["1.5"],
            &["24/11/2026", "x"],
            &["", " "],
            &["32/01/2026"],
        ] {
            assert_eq!(form(none), None, "{none:?}");
        }
    }
}
