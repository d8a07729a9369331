//! A value that somebody types for one field of a row.

use catchment_core::{Error, Result};

use super::convert::{convert, or_when_empty};
use super::converted::Converted;
use super::options::TargetOptions;
use super::rule::OwnedValue;
use crate::target::{ColumnKind, Table, WhenEmpty};

/// A value of JSON in the form of a column, as text; `None` for NULL.
///
/// # Errors
/// `config`, `unfit_value`: the column does not take it.
pub(crate) fn typed_value(table: &Table, column: &str, value: &serde_json::Value) -> Result<Option<String>> {
    let reading = TargetOptions::default().reading()?;
    let unfit = |problem: &str| Error::config("unfit_value", format!("{column}: {problem}"));
    let known = table.column(column).map(|(_, column)| column);
    let kind = match known {
        Some(column) => &column.kind,
        None if table.metadata.as_deref() == Some(column) => &ColumnKind::Json { max_digits: None },
        None => return Err(unfit(&format!("`{}` has no such column any more", table.name))),
    };
    let value = OwnedValue::of(value);
    let when_empty = known.map_or(WhenEmpty::Null, |column| column.when_empty);
    let converted = convert(value.as_value(), kind, &reading)
        .and_then(|converted| or_when_empty(converted, when_empty))
        .map_err(|error| unfit(&error.message))?;
    Ok(converted.map(Converted::into_text))
}
