//! How columns are spelt in SQL: as they are read for comparing, as parameters are written, and as keys are looked for. The
//! one place where what a type needs meets a dialect.

use crate::mapping::Cell;
use crate::store::db::Arg;
use crate::store::db::dialect::Dialect;
use crate::target::{ColumnKind, Comparison, DecimalLimits};

/// A column as it is compared: numbers as numbers, exact decimals, times and JSON as text, bytes as digits. `name` is quoted.
pub(super) fn readable(dialect: Dialect, name: &str, kind: &ColumnKind) -> String {
    match kind {
        // HEX of NULL is no NULL in SQLite.
        ColumnKind::Bytes { .. } => format!("CASE WHEN {name} IS NOT NULL THEN HEX({name}) END"),
        // BIT reads as bytes otherwise.
        ColumnKind::Integer { min: 0, .. } if kind.is_int64() && dialect == Dialect::MySql => {
            format!("CAST({name} AS SIGNED)")
        }
        ColumnKind::Integer { min: 0, .. } if dialect == Dialect::MySql => {
            dialect.as_text(&format!("({name} + 0)"))
        }
        ColumnKind::Integer { .. } if !kind.is_int64() => dialect.as_text(name),
        ColumnKind::Decimal(_)
        | ColumnKind::Date
        | ColumnKind::Time(_)
        | ColumnKind::DateTime { .. }
        | ColumnKind::Json { .. } => dialect.as_text(name),
        _ => name.to_owned(),
    }
}

/// The same where it is text whatever somebody has stored there, as JSON holds no bytes.
pub(super) fn readable_text(dialect: Dialect, name: &str, kind: &ColumnKind) -> String {
    if kind.is_int64() { name.to_owned() } else { dialect.as_text(name) }
}

/// A value as it is bound. Not every database reads the text of a floating point number to the last bit.
pub(super) fn value<'c>(cell: Cell<'c>, kind: &ColumnKind) -> Arg<'c> {
    let number = |text: &str, is_single: bool| {
        if is_single { text.parse::<f32>().ok().map(f64::from) } else { text.parse::<f64>().ok() }
    };
    match (cell, kind) {
        (Cell::Text(text), ColumnKind::Float { is_single, .. }) => {
            number(text, *is_single).map_or(Arg::Text(text), Arg::Double)
        }
        (cell, _) => cell.into(),
    }
}

/// The parameter of a value that is written to a column.
pub(super) fn parameter(dialect: Dialect, kind: &ColumnKind) -> &'static str {
    match (kind, dialect) {
        (ColumnKind::Bytes { .. }, _) => "UNHEX(?)",
        // BIT takes a text for its bytes.
        (ColumnKind::Integer { .. }, Dialect::MySql) if !kind.is_int64() => "CAST(? AS UNSIGNED)",
        _ => "?",
    }
}

/// The parameter of a value that a column is compared with. Texts would make numbers be compared as floating point numbers.
pub(super) fn key_parameter(dialect: Dialect, kind: &ColumnKind) -> String {
    match (kind, dialect) {
        (ColumnKind::Decimal(DecimalLimits { all, scale, .. }), Dialect::MySql) => {
            format!("CAST(? AS DECIMAL({all},{scale}))")
        }
        _ => parameter(dialect, kind).to_owned(),
    }
}

/// A key column as the database compares it, where only the server knows how that is: the digits of its weight. `text` is
/// a column, or a parameter.
pub(super) fn weight(comparison: &Comparison, text: &str) -> Option<String> {
    let Comparison::Collation { charset, name } = comparison else { return None };
    let is_padded = !name.contains("nopad") && !name.contains("_0900_");
    let text = format!("CONVERT({text} USING {charset}) COLLATE {name}");
    // Spaces at the end do not count where texts are padded with them.
    let text = if is_padded { format!("TRIM(TRAILING ' ' FROM {text})") } else { text };
    Some(format!("HEX(WEIGHT_STRING({text}))"))
}

/// A column as bytes for a checksum, as [`super::checksum`] writes the values of records. `name` is quoted. `None` where its
/// text is not certain. What the server writes in another way all the same, such as numbers with ZEROFILL, is compared row by
/// row.
pub(super) fn checked(name: &str, kind: &ColumnKind) -> Option<String> {
    Some(match kind {
        ColumnKind::Text(limits) if !limits.is_utf8 => format!("CONVERT({name} USING utf8mb4)"),
        ColumnKind::Choice(_) | ColumnKind::Set(_) => format!("CONVERT({name} USING utf8mb4)"),
        ColumnKind::Bytes { .. } => format!("HEX({name})"),
        kind if kind.has_one_text() => name.to_owned(),
        _ => return None,
    })
}
