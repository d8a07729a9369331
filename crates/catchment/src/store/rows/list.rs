//! Rows of a target as people look at them.

use catchment_core::Result;
use serde::de::IgnoredAny;

use crate::compare::shortest_decimal;
use crate::store::Store;
use crate::store::db::dialect::Dialect;
use crate::store::db::{Arg, Row, StoreError};
use crate::target::{ColumnKind, Operator, RowFilter, Table};

/// Rows of a target: the names of their columns, the id first, and their values as text.
#[derive(Debug, Clone, Default)]
pub struct TargetRows {
    /// The columns.
    pub columns: Vec<&'static str>,
    /// For each row one value a column; `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// What the columns hold.
    forms: Vec<Form>,
}

/// How a value of a column is written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    /// As it stands: a number, or JSON.
    Raw,
    Flag,
}

impl TargetRows {
    /// The id of the last row, after which the next part begins.
    pub fn last_id(&self) -> Option<i64> {
        self.rows.last()?.first()?.as_deref()?.parse().ok()
    }

    /// A row as a JSON object, in one line: numbers with all their digits, flags, texts, and JSON as it is stored.
    pub fn json(&self, row: &[Option<String>]) -> String {
        let cells = self.columns.iter().zip(&self.forms).zip(row);
        let members = cells
            .map(|((column, form), value)| format!("{}:{}", json_text(column), form.json(value.as_deref())));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

impl Form {
    fn of(table: &Table, column: &str) -> Self {
        match table.kind_of(column) {
            Some(ColumnKind::Flag) => Self::Flag,
            Some(ColumnKind::Count | ColumnKind::Money) => Self::Raw,
            None if Some(column) == table.metadata => Self::Raw,
            _ => Self::Text,
        }
    }

    /// A text that is no such value, as somebody else may have stored it, stays a text.
    fn json(self, value: Option<&str>) -> String {
        match (self, value) {
            (_, None) => "null".to_owned(),
            (Self::Flag, Some(text @ ("0" | "1"))) => (text == "1").to_string(),
            // Outside of its texts, JSON has line ends as white space alone.
            (Self::Raw, Some(text)) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                text.replace(['\n', '\r'], " ")
            }
            (_, Some(text)) => json_text(text),
        }
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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
        let read = |row: &Row| -> Result<Vec<Option<String>>, StoreError> {
            let value = |(place, column): (usize, &&str)| {
                let is_decimal = matches!(table.kind_of(column), Some(ColumnKind::Money));
                let text = row.optional_text(place)?;
                Ok(text.map(|text| if is_decimal { shortest_decimal(text) } else { text }.to_owned()))
            };
            columns.iter().enumerate().map(value).collect()
        };
        let rows = self.db.fetch(sql, &args).await?.iter().map(read).collect::<Result<_, _>>()?;
        let forms = columns.iter().map(|column| Form::of(table, column)).collect();
        Ok(TargetRows { columns, rows, forms })
    }
}

/// A filter as SQL; the value is a parameter, but for NULL. Texts are equal byte by byte on every database. They contain
/// another whatever its case: SQLite knows that of ASCII letters alone, MySQL of all, and of their accents.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::CONTENT_INDEX;

    #[test]
    fn rows_are_json_with_all_their_digits() {
        let columns = vec!["id", "title", "genre", "is_available", "metadata"];
        let forms = columns.iter().map(|column| Form::of(&CONTENT_INDEX, column)).collect();
        let rows = TargetRows { columns, rows: Vec::new(), forms };
        let row = ["7", "\"a\"", "", "1", "{\"n\": 12345678901234567890123,\n\"m\": 1.10}"];
        let mut row: Vec<_> = row.iter().map(|text| Some((*text).to_owned())).collect();
        row[2] = None;
        assert_eq!(
            rows.json(&row),
            r#"{"id":7,"title":"\"a\"","genre":null,"is_available":true,"metadata":{"n": 12345678901234567890123, "m": 1.10}}"#
        );
    }
}
