//! What a row below the header is, if no record.

use catchment_core::{Columns, Finding};

use super::options::Totals;

/// Words that begin a row of totals, in small letters.
const TOTALS: [&str; 26] = [
    "total",
    "totals",
    "totales",
    "totaux",
    "totale",
    "totali",
    "totais",
    "totaal",
    "grand total",
    "total general",
    "total geral",
    "subtotal",
    "subtotales",
    "sub-total",
    "sub total",
    "sum",
    "suma",
    "sumas",
    "soma",
    "somme",
    "somma",
    "summe",
    "gesamt",
    "gesamtsumme",
    "razem",
    "итого",
];

/// What spreadsheets write for a value that could not be calculated.
const ERRORS: [&str; 12] = [
    "#N/A",
    "#DIV/0!",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#CALC!",
    "#GETTING_DATA",
    "#FIELD!",
    "#N/D",
];

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// A record.
    Record,
    /// Nothing stands in it.
    Blank,
    /// It is passed over, with this reason.
    Skipped(&'static str),
}

/// Tells records from what else stands below a header.
#[derive(Debug)]
pub(crate) struct RowRules {
    columns: Columns,
    has_header: bool,
    totals: Option<Totals>,
    /// Whether totals that are kept have been told.
    is_told: bool,
}

impl RowRules {
    /// Rules for a table of these columns, which a header names or not.
    pub(crate) fn new(columns: &Columns, has_header: bool, totals: Option<Totals>) -> Self {
        Self { columns: columns.clone(), has_header, totals, is_told: false }
    }

    /// What a row is; with a finding the first time that one looks like totals and nothing says what becomes of them.
    pub(crate) fn judge<'r>(
        &mut self,
        values: impl Iterator<Item = &'r str> + Clone,
        place: impl FnOnce() -> String,
    ) -> (RowKind, Option<Finding>) {
        let mut filled = values.clone().map(str::trim).filter(|value| !value.is_empty());
        let Some(first) = filled.next() else { return (RowKind::Blank, None) };
        if self.is_header(values.clone()) {
            return (RowKind::Skipped("repeated_header"), None);
        }
        let has_gap = values.take(self.columns.len()).any(|value| value.trim().is_empty());
        if !has_gap || !is_totals(first) {
            return (RowKind::Record, None);
        }
        match self.totals {
            Some(Totals::Skip) => (RowKind::Skipped("totals_row"), None),
            None if !self.is_told => {
                self.is_told = true;
                let message = format!(
                    "{} looks like totals (`{first}`), and is read as a record; set the option `totals` to `skip`, or to \
                     `keep`",
                    place()
                );
                (RowKind::Record, Some(Finding::unsure("totals", message)))
            }
            _ => (RowKind::Record, None),
        }
    }

    /// Whether a row repeats the names of the columns. A single name may be a value as well.
    fn is_header<'r>(&self, values: impl Iterator<Item = &'r str>) -> bool {
        let mut named = 0;
        self.has_header
            && self.columns.iter().zip(values).all(|(name, value)| {
                let value = value.trim();
                named += usize::from(!value.is_empty());
                value.is_empty() || is_name(name, value)
            })
            && named > 1
            && named * 2 >= self.columns.len()
    }
}

/// Whether a text is what spreadsheets write for a value that could not be calculated.
pub(crate) fn is_error(text: &str) -> bool {
    text.starts_with('#') && ERRORS.contains(&text)
}

/// Proposes to pass rows of totals over, where some were found.
pub(crate) fn propose_totals(findings: &[Finding], options: &mut serde_json::Map<String, serde_json::Value>) {
    if findings.iter().any(|finding| finding.topic == "totals") {
        options.insert("totals".into(), "skip".into());
    }
}

/// Whether a column has this name, which may stand several times.
fn is_name(column: &str, name: &str) -> bool {
    let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    column
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('_').is_some_and(is_number))
}

fn is_totals(text: &str) -> bool {
    let text = text.trim_end_matches([':', '.', ' ']).to_lowercase();
    TOTALS.contains(&&*text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(totals: Option<Totals>, row: &str) -> (RowKind, bool) {
        let columns: Columns = ["title", "artist", "price"].map(Into::into).into();
        let mut rules = RowRules::new(&columns, true, totals);
        let (kind, finding) = rules.judge(row.split('|'), || "row 9".to_owned());
        (kind, finding.is_some())
    }

    #[test]
    fn rows_are_told_from_records_by_rule() {
        let skip = Some(Totals::Skip);
        assert_eq!(judge(skip, "a|b|1"), (RowKind::Record, false));
        assert_eq!(judge(skip, "TOTAL:||99"), (RowKind::Skipped("totals_row"), false));
        assert_eq!(judge(skip, "|Suma|99"), (RowKind::Skipped("totals_row"), false));
        // A work of that name has all its columns, or words beside it.
        assert_eq!(judge(skip, "Total|Someone|99"), (RowKind::Record, false));
        assert_eq!(judge(skip, "Total War||99"), (RowKind::Record, false));
        assert_eq!(judge(None, "Total||99"), (RowKind::Record, true));
        assert_eq!(judge(Some(Totals::Keep), "Total||99"), (RowKind::Record, false));
        assert_eq!(judge(None, " title|artist|price "), (RowKind::Skipped("repeated_header"), false));
        assert_eq!(judge(None, "|\u{a0}| "), (RowKind::Blank, false));
    }
}
