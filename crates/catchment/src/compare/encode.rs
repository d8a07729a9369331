//! The bytes that rows are told apart by: no two lists of values have the same.

use super::decimals::shortest_decimal;
use super::json::canonical;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use crate::mapping::Cell;
use crate::store::{Row, StoreError, TableView};
use crate::target::ColumnKind;

/// Adds a value, so that no two lists of values give the same bytes. A price that the database shows with all its
/// decimals is shortened to how we write it.
pub(super) fn digest(bytes: &mut Vec<u8>, cell: Cell<'_>, is_decimal: bool) {
    match cell {
        Cell::Null => bytes.push(0),
        Cell::Int(number) => {
            bytes.push(1);
            bytes.extend(number.to_le_bytes());
        }
        Cell::Text(text) => {
            let text = if is_decimal { shortest_decimal(text) } else { text };
            bytes.push(2);
            bytes.extend(text.len().to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }
}

/// Adds JSON by its value, as some databases write it in their own way.
pub(super) fn digest_json(bytes: &mut Vec<u8>, json: &str) {
    match canonical(json, true) {
        Some(json) => digest(bytes, Cell::Text(&json), false),
        None => digest(bytes, Cell::Text(json), false),
    }
}

/// The digests of the identity and of the content of a row of the table: equal to those of a record that it is as.
pub(super) fn row_digests(
    scratch: &mut Vec<u8>,
    seed: u64,
    view: &TableView<'_>,
    found: &Row,
) -> Result<(u128, u64), StoreError> {
    scratch.clear();
    for column in &view.identity {
        digest(scratch, Cell::Text(found.text(view.column_index(*column))?), false);
    }
    let identity = xxh3_128_with_seed(scratch, seed);
    scratch.clear();
    for column in 0..view.batch.columns.len() {
        let (place, kind) = (view.column_index(column), view.batch.kind(column));
        let cell = if kind.is_int64() {
            found.optional_int(place)?.map(Cell::Int)
        } else {
            found.optional_text(place)?.map(Cell::Text)
        };
        match cell {
            Some(Cell::Text(json)) if matches!(kind, ColumnKind::Json { .. }) && view.rewrites_json() => {
                digest_json(scratch, json);
            }
            cell => digest(scratch, cell.unwrap_or(Cell::Null), matches!(kind, ColumnKind::Decimal(_))),
        }
    }
    Ok((identity, xxh3_64_with_seed(scratch, seed)))
}
