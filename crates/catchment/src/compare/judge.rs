//! Who wins where a row differs from its record, as the policies of its columns say.

use std::cmp::Ordering;

use super::change::{Difference, Kept};
use super::decimals::{order_of_decimals, shortest_decimal};
use super::differences::{is_same, is_same_text};
use crate::conflicts::ConflictPolicy;
use crate::mapping::{Cell, Winner};
use crate::store::{Row, StoreError, TableView, WrittenFields};
use crate::target::ColumnKind;

/// The differences of a row that are to be written, and those in which the table keeps its value.
pub(super) fn judge(
    view: &TableView<'_>,
    record: usize,
    found: &Row,
    differences: Vec<Difference>,
    written: &WrittenFields,
) -> Result<(Vec<Difference>, Vec<Kept>), StoreError> {
    let (mut applied, mut kept) = (Vec::new(), Vec::new());
    for difference in differences {
        let verdict = verdict(view, record, found, &difference, written)?;
        let Difference { column, before } = difference;
        match verdict {
            Verdict::Apply => applied.push(Difference { column, before }),
            Verdict::Keep { is_asked, is_unknown } => {
                kept.push(Kept { column, there: before, is_asked, is_unknown });
            }
        }
    }
    Ok((applied, kept))
}

/// Who wins in a field.
enum Verdict {
    /// The source.
    Apply,
    /// The table: see [`Kept`].
    Keep { is_asked: bool, is_unknown: bool },
}

fn verdict(
    view: &TableView<'_>,
    record: usize,
    found: &Row,
    Difference { column, before }: &Difference,
    written: &WrittenFields,
) -> Result<Verdict, StoreError> {
    let Some(policies) = view.batch.policies.as_deref() else { return Ok(Verdict::Apply) };
    let (here, kind) = (view.batch.cell(record, *column), view.batch.kind(*column));
    let there = before.as_deref();
    let is_kept = match policies.winner(*column) {
        Winner::By(policy @ (ConflictPolicy::KeepEdits | ConflictPolicy::Ask)) => {
            let last = written.of(view, record, *column);
            return three_way(view, (record, *column), found, last, policy == ConflictPolicy::Ask);
        }
        Winner::By(ConflictPolicy::Source) => false,
        Winner::By(ConflictPolicy::Target) => there.is_some(),
        Winner::By(ConflictPolicy::FillEmpty) => !is_empty(there, kind),
        Winner::By(ConflictPolicy::Max) => is_ahead(kind, there, here, Ordering::Greater),
        Winner::By(ConflictPolicy::Min) => is_ahead(kind, there, here, Ordering::Less),
        Winner::Newest(clock) => {
            let changed_at = found.optional_text(view.clock_index(clock))?;
            !is_newer(&policies.clocks[clock].kind, view.batch.changed_at(record, clock), changed_at)
        }
    };
    Ok(if is_kept { Verdict::Keep { is_asked: false, is_unknown: false } } else { Verdict::Apply })
}

/// Who wins by what a run last wrote: whoever moved, and the table where both did.
fn three_way(
    view: &TableView<'_>,
    (record, column): (usize, usize),
    found: &Row,
    last: Option<Option<String>>,
    asks: bool,
) -> Result<Verdict, StoreError> {
    // Nobody knows whether it is an edit.
    let Some(last) = last else { return Ok(Verdict::Keep { is_asked: asks, is_unknown: true }) };
    if is_same(view, column, Cell::of(last.as_deref(), view.batch.kind(column)), found)? {
        return Ok(Verdict::Apply);
    }
    let here = view.batch.cell(record, column).to_text();
    let has_moved = !is_same_text(view, column, last.as_deref(), here.as_deref());
    Ok(Verdict::Keep { is_asked: asks && has_moved, is_unknown: false })
}

/// Whether a column has nothing that could be lost.
fn is_empty(there: Option<&str>, kind: &ColumnKind) -> bool {
    let Some(there) = there else { return true };
    match kind {
        ColumnKind::Json { .. } => {
            let json = serde_json::from_str::<serde_json::Value>(there);
            json.is_ok_and(|json| match json {
                serde_json::Value::Null => true,
                serde_json::Value::Array(items) => items.is_empty(),
                serde_json::Value::Object(members) => members.is_empty(),
                serde_json::Value::String(text) => text.trim().is_empty(),
                _ => false,
            })
        }
        _ => there.trim().is_empty(),
    }
}

/// Whether the table has a value, and it is the one that is wanted.
fn is_ahead(kind: &ColumnKind, there: Option<&str>, here: Cell<'_>, wanted: Ordering) -> bool {
    match (there, here.to_text()) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(there), Some(here)) => order(kind, there, &here) == wanted,
    }
}

/// Whether the record changed after the row; a row that does not say when it changed is the older one.
fn is_newer(kind: &ColumnKind, record: Option<&str>, row: Option<&str>) -> bool {
    match (record, row) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(record), Some(row)) => order(kind, record, row) == Ordering::Greater,
    }
}

/// The order of two values of a column, as text.
fn order(kind: &ColumnKind, one: &str, other: &str) -> Ordering {
    match kind {
        ColumnKind::Float { .. } => {
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            number(one).total_cmp(&number(other))
        }
        ColumnKind::Date | ColumnKind::DateTime { .. } => {
            // Decimals of the second, with or without the zeros that end them.
            shortest_decimal(one).cmp(shortest_decimal(other))
        }
        _ => order_of_decimals(one, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Decimals;

    #[test]
    fn values_are_ordered_as_their_column_does() {
        let number = ColumnKind::Integer { min: i128::MIN, max: i128::MAX, is_flag: false };
        let time = ColumnKind::DateTime { decimals: Decimals { max: 3, is_padded: true }, is_instant: false };
        for (kind, less, more) in [
            (&number, "9", "10"),
            (&number, "-10", "-9"),
            (&number, "-1", "0"),
            (&number, "1.05", "1.5"),
            (&number, "99999999999999999998", "99999999999999999999"),
            (&time, "2026-11-24 10:00:00", "2026-11-24 10:00:00.001"),
            (&ColumnKind::Date, "2025-12-31", "2026-01-01"),
        ] {
            assert_eq!(order(kind, less, more), Ordering::Less, "{less} {more}");
            assert_eq!(order(kind, more, less), Ordering::Greater, "{less} {more}");
        }
        assert_eq!(order(&number, "5.40", "5.4"), Ordering::Equal);
        assert_eq!(order(&number, "-0", "0.00"), Ordering::Equal);
        assert_eq!(order(&time, "2026-11-24 10:00:00.000", "2026-11-24 10:00:00"), Ordering::Equal);
    }
}
