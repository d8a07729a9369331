//! Whether a row is as its record has it, column by column.

use super::change::Difference;
use super::encode::shortest_decimal;
use super::json::canonical;
use crate::mapping::Cell;
use crate::store::{Row, StoreError, TableView};
use crate::target::{ColumnKind, Table};

/// The columns in which a row differs from its record.
pub(crate) fn differences(
    view: &TableView<'_>,
    record: usize,
    found: &Row,
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    for (column, cell) in view.batch.row(record).enumerate() {
        let place = view.column_index(column);
        let is_same = match cell {
            Cell::Int(number) => found.optional_int(place)? == Some(number),
            Cell::Null => found.is_null(place)?,
            Cell::Text(text) => found.optional_text(place)?.is_some_and(|there| {
                let name = view.batch.columns[column];
                there == text || is_same_value(view.batch.table, name, there, text, view.rewrites_json())
            }),
        };
        if !is_same {
            differences.push(Difference { column, before: value_of(view, column, found)? });
        }
    }
    Ok(differences)
}

/// What a row has in a column, as text.
fn value_of(view: &TableView<'_>, column: usize, found: &Row) -> Result<Option<Box<str>>, StoreError> {
    let place = view.column_index(column);
    let is_number = matches!(view.kind_of(column), Some(ColumnKind::Count | ColumnKind::Flag));
    if is_number {
        return Ok(found.optional_int(place)?.map(|number| number.to_string().into()));
    }
    Ok(found.optional_text(place)?.map(Into::into))
}

/// Whether two texts that differ are the same value of their column: `5.40` and `5.4`, or JSON that the database
/// wrote in its own way.
fn is_same_value(table: &Table, column: &str, there: &str, here: &str, is_rewritten: bool) -> bool {
    match table.column(column) {
        Some((_, column)) if matches!(column.kind, ColumnKind::Money) => shortest_decimal(there) == here,
        Some(_) => false,
        None => {
            let canonical = |text: &str| canonical(text, is_rewritten);
            matches!((canonical(there), canonical(here)), (Some(there), Some(here)) if there == here)
        }
    }
}
