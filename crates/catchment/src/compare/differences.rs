//! Whether a row is as its record has it, column by column.

use super::change::Difference;
use super::decimals::decimal_text;
use super::json::canonical;
use crate::mapping::Cell;
use crate::store::{Row, StoreError, TableView};
use crate::target::ColumnKind;

/// The columns in which a row differs from its record. Those of its identity are the same in the key's own comparison.
pub(crate) fn differences(
    view: &TableView<'_>,
    record: usize,
    found: &Row,
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    for (column, cell) in view.batch.row(record).enumerate() {
        if !view.identity.contains(&column) && !is_same(view, column, cell, found)? {
            differences.push(Difference { column, before: value_of(view, column, found)? });
        }
    }
    Ok(differences)
}

/// Whether a row has a value in a column.
pub(super) fn is_same(
    view: &TableView<'_>,
    column: usize,
    cell: Cell<'_>,
    found: &Row,
) -> Result<bool, StoreError> {
    let (place, kind) = (view.column_index(column), view.batch.kind(column));
    if found.is_blob(place)? {
        return Ok(false);
    }
    Ok(match (cell, kind) {
        (Cell::Int(number), _) => found.is_int(place, number)?,
        (Cell::Null, _) => found.is_null(place)?,
        (Cell::Text(text), ColumnKind::Float { is_single, .. }) => {
            found.is_number(place)?
                && found.optional_double(place)?.is_some_and(|there| is_same_float(there, text, *is_single))
        }
        (Cell::Text(text), kind) => found
            .optional_text(place)?
            .is_some_and(|there| there == text || is_same_value(kind, there, text, view.rewrites_json())),
    })
}

/// What a row has in a column, as text.
fn value_of(view: &TableView<'_>, column: usize, found: &Row) -> Result<Option<Box<str>>, StoreError> {
    let (place, kind) = (view.column_index(column), view.batch.kind(column));
    if found.is_blob(place)? {
        return Ok(Some("(bytes)".into()));
    }
    Ok(match kind {
        kind if kind.is_int64() => found.int_as_stored(place)?.map(Into::into),
        ColumnKind::Float { .. } => found.optional_double(place)?.map(|number| number.to_string().into()),
        _ => found.optional_text(place)?.map(Into::into),
    })
}

/// Whether two values of a column, as text, are the same.
pub(crate) fn is_same_text(
    view: &TableView<'_>,
    column: usize,
    one: Option<&str>,
    other: Option<&str>,
) -> bool {
    one == other
        || matches!((one, other), (Some(one), Some(other))
            if is_same_value(view.batch.kind(column), one, other, view.rewrites_json()))
}

/// Whether two texts that differ are the same value of their column: `5.40` and `5.4`, or JSON that the database
/// wrote in its own way.
fn is_same_value(kind: &ColumnKind, there: &str, here: &str, is_rewritten: bool) -> bool {
    match kind {
        ColumnKind::Decimal(_) => decimal_text(there) == here,
        ColumnKind::Json { .. } => {
            let canonical = |text: &str| canonical(text, is_rewritten);
            matches!((canonical(there), canonical(here)), (Some(there), Some(here)) if there == here)
        }
        _ => false,
    }
}

/// Whether a column of 64 or of 32 bits has what a text says.
fn is_same_float(there: f64, here: &str, is_single: bool) -> bool {
    let here = if is_single { here.parse::<f32>().map(f64::from) } else { here.parse::<f64>() };
    here.is_ok_and(|here| here == there)
}
