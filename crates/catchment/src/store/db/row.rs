//! A row that the database answers with.

use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, ValueRef};

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
