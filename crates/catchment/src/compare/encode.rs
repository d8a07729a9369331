//! The bytes that rows are told apart by: no two lists of values have the same.

use super::json::canonical;
use crate::mapping::Cell;

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

/// A decimal without the zeros that end it: `5.40` is `5.4`.
pub(super) fn shortest_decimal(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
