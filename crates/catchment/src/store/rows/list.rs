//! Rows of a target as people look at them.

use catchment_core::Result;
use serde_json::Value;

use crate::store::Store;
use crate::store::db::dialect::Dialect;
use crate::store::db::{Arg, Row, StoreError};
use crate::target::{ColumnKind, Operator, RowFilter, Table};

/// Rows of a target: the names of their columns, the id first, and their values: numbers, flags, texts, and JSON.
#[derive(Debug, Clone, Default)]
pub struct TargetRows {
    /// The columns.
    pub columns: Vec<&'static str>,
    /// For each row one value a column.
    pub rows: Vec<Vec<Value>>,
}

impl TargetRows {
    /// The id of the last row, after which the next part begins.
    pub fn last_id(&self) -> Option<i64> {
        self.rows.last()?.first()?.as_i64()
    }
}

/// A value by what its column holds. A text that is no such value, as somebody else may have stored it, stays one.
fn typed(table: &Table, column: &str, text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let is_json = Some(column) == table.metadata;
    match table.kind_of(column) {
        Some(ColumnKind::Flag) if matches!(text, "0" | "1") => Value::Bool(text == "1"),
        Some(ColumnKind::Count | ColumnKind::Money) => {
            serde_json::from_str(text).ok().filter(Value::is_number).unwrap_or_else(|| text.into())
        }
        None if is_json => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        _ => text.into(),
    }
}

impl Store {
    /// Rows of a table after the one with the id `after` that pass all filters, at most `limit`, in the order of their ids.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn target_rows(
        &self,
        table: &Table,
        filters: &[RowFilter],
        after: i64,
        limit: u32,
    ) -> Result<TargetRows> {
        let columns = table.all_columns();
        let dialect = self.db.dialect();
        let texts: Vec<_> = columns.iter().map(|column| dialect.as_text(column)).collect();
        let conditions: String =
            filters.iter().map(|filter| format!(" AND {}", condition(dialect, filter))).collect();
        let (texts, name) = (texts.join(", "), table.name);
        let sql = format!("SELECT {texts} FROM {name} WHERE id > ?{conditions} ORDER BY id LIMIT ?");
        let values: Vec<_> = filters.iter().filter_map(value).collect();
        let mut args = vec![Arg::from(after)];
        args.extend(values.iter().map(Arg::from));
        args.push(i64::from(limit).into());
        let read = |row: &Row| -> Result<Vec<_>, StoreError> {
            let value = |(place, column)| Ok(typed(table, column, row.optional_text(place)?));
            columns.iter().copied().enumerate().map(value).collect()
        };
        let rows = self.db.fetch(sql, &args).await?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(TargetRows { columns, rows })
    }
}

/// A filter as SQL; the value is a parameter, but for NULL. Texts are equal byte by byte on every database, and contain
/// another whatever its case.
fn condition(dialect: Dialect, filter: &RowFilter) -> String {
    let RowFilter { column, is_number, operator, value } = filter;
    let [exact, any_case] = dialect.pick(["utf8mb4_bin", "utf8mb4_general_ci"], ["BINARY", "NOCASE"]);
    let text = dialect.as_text(column);
    match operator {
        Operator::Contains => format!("{text} COLLATE {any_case} LIKE ? ESCAPE '!'"),
        Operator::Compare("=") if value.is_empty() => format!("{column} IS NULL"),
        Operator::Compare("<>") if value.is_empty() => format!("{column} IS NOT NULL"),
        Operator::Compare(sign) if *is_number => format!("{column} {sign} CAST(? AS DECIMAL(36,18))"),
        Operator::Compare(sign) => format!("{text} COLLATE {exact} {sign} ?"),
    }
}

fn value(RowFilter { operator, value, .. }: &RowFilter) -> Option<String> {
    match operator {
        Operator::Contains => {
            let text = value.replace('!', "!!").replace('%', "!%").replace('_', "!_");
            Some(format!("%{text}%"))
        }
        Operator::Compare("=" | "<>") if value.is_empty() => None,
        Operator::Compare(_) => Some(value.clone()),
    }
}
