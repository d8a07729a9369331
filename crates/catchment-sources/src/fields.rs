//! Records whose fields are made here, by fixed columns, and not read from a text.

use catchment_core::{Columns, Location, Records, Value, WHOLE_RECORD};

/// Adds a record with a value for each of these columns but the last, which holds all of them that are not null.
pub(crate) fn push_fields(
    records: &mut Records,
    columns: &[&str],
    location: Location,
    raw: &str,
    mut fields: Vec<serde_json::Value>,
) {
    let known = columns.iter().zip(&fields).filter(|(_, value)| !value.is_null());
    let whole: serde_json::Map<_, _> =
        known.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    fields.push(serde_json::Value::Object(whole));
    let shown: Vec<_> = fields.iter().map(Field::of).collect();
    records.push(location, raw, shown.iter().map(Field::value));
}

/// These names as the columns of pages; the last one is that of the whole record.
pub(crate) fn columns_of(names: &[&str]) -> Columns {
    debug_assert_eq!(names.last(), Some(&WHOLE_RECORD));
    names.iter().map(|name| Box::from(*name)).collect()
}

/// A field as records hold it.
enum Field {
    Null,
    Flag(bool),
    Number(String),
    Text(String),
    Json(String),
}

impl Field {
    fn of(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::Flag(*flag),
            serde_json::Value::Number(number) => Self::Number(number.to_string()),
            serde_json::Value::String(text) => Self::Text(text.clone()),
            other => Self::Json(other.to_string()),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Number(text) => Value::Number(text),
            Self::Text(text) => Value::Text(text),
            Self::Json(text) => Value::Json(text),
        }
    }
}
