//! How things look on a terminal. Colours vanish where there is none, and where `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};
use catchment::{RunStatus, SyncRun};
use catchment_core::{Finding, mask_url_query, truncate_text};
use serde::Serialize;

pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// Prints a line to standard output. Whoever reads it may have seen enough, as `head` does: that is no error.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write as _;
        writeln!(anstream::stdout(), $($part)*).ok();
    }};
}
pub(super) use say;

/// Prints an answer as one line of JSON.
pub(super) fn say_json(answer: &impl Serialize) {
    match serde_json::to_string(answer) {
        Ok(json) => say!("{json}"),
        Err(error) => eprintln!("the answer cannot be written as JSON: {error}; please report this"),
    }
}

/// Prints what was found out rather than given, and first what should be looked at.
pub(super) fn say_findings(findings: &[Finding]) {
    for finding in findings.iter().filter(|finding| finding.is_unsure) {
        say!("{WARN}unsure{WARN:#}     {finding}");
    }
    for finding in findings.iter().filter(|finding| !finding.is_unsure) {
        say!("{DIM}{:10} {}{DIM:#}", finding.topic.replace('_', " "), finding.message);
    }
}

/// The source of a run: its name where it has one of its own, and where it is.
pub(super) fn source_of(run: &SyncRun) -> String {
    let (name, place) = (mask_url_query(&run.source_name), mask_url_query(&run.request.source_identifier));
    if name == place { place } else { format!("{name} ({place})") }
}

/// The style of a state.
pub(super) fn style(status: RunStatus) -> Style {
    match status {
        RunStatus::Completed => GOOD,
        RunStatus::Failed => BAD,
        RunStatus::Cancelled => WARN,
        RunStatus::Pending | RunStatus::InProgress => Style::new(),
    }
}

/// Prints rows with their columns in line. What would break a line is shown as a space.
pub(super) fn print(header: &[&str], rows: &[Vec<String>]) {
    let clean = |cell: &str| truncate_text(&cell.replace(|char: char| char.is_control(), " "), 60);
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(header[column].chars().count())
    };
    let widths: Vec<_> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    say!("{DIM}{}{DIM:#}", line(&mut header.iter().copied()));
    for row in &rows {
        say!("{}", line(&mut row.iter().map(String::as_str)));
    }
}

/// A number with its thousands set apart.
pub(super) fn number(number: u64) -> String {
    grouped(&number.to_string())
}

/// A number as the database writes it, with its thousands set apart.
pub(super) fn amount(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    if whole.is_empty() || !whole.bytes().all(|digit| digit.is_ascii_digit()) {
        return text.to_owned();
    }
    let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
    format!("{sign}{}{fraction}", grouped(whole))
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            ["54900", "-54900.25", "0.5", "1e300", ""].map(amount),
            ["54,900", "-54,900.25", "0.5", "1e300", ""]
        );
    }
}
