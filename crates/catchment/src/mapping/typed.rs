//! A value that somebody types for one field of a row.

use catchment_core::{Error, Result};
use jiff::tz::TimeZone;

use super::convert::{Converted, convert};
use super::reading::{DecimalSeparator, Reading};
use super::rule::OwnedValue;
use crate::target::{ColumnKind, Table, WhenEmpty};

/// A value of JSON in the form of a column, as text; `None` for NULL.
///
/// # Errors
/// `config`, `unfit_value`: the column does not take it.
pub(crate) fn typed_value(table: &Table, column: &str, value: &serde_json::Value) -> Result<Option<String>> {
    let reading =
        Reading { decimal: DecimalSeparator::Assumed, format: None, zone: TimeZone::UTC, trims: true };
    let unfit = |problem: &str| Error::config("unfit_value", format!("{column}: {problem}"));
    let known = table.column(column).map(|(_, column)| column);
    let kind = match known {
        Some(column) => &column.kind,
        None if table.metadata.as_deref() == Some(column) => &ColumnKind::Json { max_digits: None },
        None => return Err(unfit(&format!("`{}` has no such column any more", table.name))),
    };
    let value = OwnedValue::of(value);
    let converted = convert(value.as_value(), kind, &reading).map_err(|error| unfit(&error.message))?;
    Ok(match (converted, known.map_or(WhenEmpty::Null, |column| column.when_empty)) {
        (Some(Converted::Text(text)), _) => Some(text.into_owned()),
        (Some(Converted::Int(number)), _) => Some(number.to_string()),
        (None, WhenEmpty::Null) => None,
        (None, WhenEmpty::EmptyText) => Some(String::new()),
        (None, WhenEmpty::Flag(flag)) => Some(i64::from(flag).to_string()),
        (None, WhenEmpty::Reject) => return Err(unfit("is empty; a value is required")),
    })
}
