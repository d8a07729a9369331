//! A row that the database answers with.

use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, TypeInfo, ValueRef};

use super::error::StoreError;

/// A row of an answer; columns are counted from 0.
pub(crate) enum Row {
    MySql(MySqlRow),
    Sqlite(SqliteRow),
    /// One of many that came as one text.
    Values(Vec<serde_json::Value>),
}

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        Ok(self.optional_int(column)?.unwrap_or_default())
    }

    pub(crate) fn optional_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Self::MySql(row) => row.try_get_unchecked(column)?,
            Self::Sqlite(row) => row.try_get_unchecked(column)?,
            Self::Values(values) => values.get(column).and_then(serde_json::Value::as_i64),
        })
    }

    /// A floating point number.
    pub(crate) fn optional_double(&self, column: usize) -> Result<Option<f64>, StoreError> {
        Ok(match self {
            Self::MySql(row) => row.try_get_unchecked(column)?,
            Self::Sqlite(row) => row.try_get_unchecked(column)?,
            Self::Values(values) => values.get(column).and_then(serde_json::Value::as_f64),
        })
    }

    /// Bytes; none of a row that came as text.
    pub(crate) fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        Ok(match self {
            Self::MySql(row) => row.try_get_unchecked(column)?,
            Self::Sqlite(row) => row.try_get_unchecked(column)?,
            Self::Values(_) => &[],
        })
    }

    /// Whether a column has bytes where something else is expected. SQLite keeps whatever it is given.
    pub(crate) fn is_blob(&self, column: usize) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get_raw(column)?.type_info().name() == "BLOB",
            Self::MySql(_) | Self::Values(_) => false,
        })
    }

    /// A number as it is stored: SQLite would make one of whatever stands there, such as `4abc`.
    pub(crate) fn int_as_stored(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Sqlite(_) => self.optional_string(column)?,
            Self::MySql(_) | Self::Values(_) => self.optional_int(column)?.map(|number| number.to_string()),
        })
    }

    /// Whether a column has this number.
    pub(crate) fn is_int(&self, column: usize, number: i64) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Sqlite(_) => self.optional_text(column)?.is_some_and(|text| text.parse() == Ok(number)),
            Self::MySql(_) | Self::Values(_) => self.optional_int(column)? == Some(number),
        })
    }

    /// Whether a column has a number, of whatever kind.
    pub(crate) fn is_number(&self, column: usize) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => matches!(row.try_get_raw(column)?.type_info().name(), "REAL" | "INTEGER"),
            _ => true,
        })
    }

    pub(crate) fn is_null(&self, column: usize) -> Result<bool, StoreError> {
        Ok(match self {
            Self::MySql(row) => row.try_get_raw(column)?.is_null(),
            Self::Sqlite(row) => row.try_get_raw(column)?.is_null(),
            Self::Values(values) => values.get(column).is_none_or(serde_json::Value::is_null),
        })
    }

    pub(crate) fn text(&self, column: usize) -> Result<&str, StoreError> {
        Ok(self.optional_text(column)?.unwrap_or_default())
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        Ok(match self {
            Self::MySql(row) => row.try_get_unchecked(column)?,
            Self::Sqlite(row) => row.try_get_unchecked(column)?,
            Self::Values(values) => values.get(column).and_then(serde_json::Value::as_str),
        })
    }

    pub(crate) fn optional_string(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.optional_text(column)?.map(str::to_owned))
    }
}
