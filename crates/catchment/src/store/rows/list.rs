//! Rows of a target as people look at them.

use std::sync::Arc;

use catchment_core::Result;
use serde::de::IgnoredAny;

use super::columns::{key_parameter, readable};
use crate::compare::decimal_text;
use crate::store::Store;
use crate::store::db::dialect::{Dialect, Sql};
use crate::store::db::{Arg, Row, StoreError};
use crate::target::{ColumnKind, Ledger, Operator, RowFilter, Table};

/// Rows of a target: the names of their columns, the id first, and their values as text.
#[derive(Debug, Clone, Default)]
pub struct TargetRows {
    /// The columns.
    pub columns: Vec<String>,
    /// For each row one value a column; `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// What the columns hold.
    forms: Vec<Form>,
    end: Vec<String>,
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
    /// What the next rows come after: the key of the last one, or how many there were where the table has no key.
    pub fn end(&self) -> &[String] {
        &self.end
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
            Some(kind) if kind.is_number() || matches!(kind, ColumnKind::Json { .. } | ColumnKind::Year) => {
                Self::Raw
            }
            None if Some(column) == table.metadata.as_deref() => Self::Raw,
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
    /// Rows of a table that pass all filters, after those that ended with `after` (see [`TargetRows::end`]), at most `limit`,
    /// in the order of their keys.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn target_rows(
        &self,
        table: &Arc<Table>,
        filters: &[RowFilter],
        after: &[String],
        limit: u32,
        with_runs: bool,
    ) -> Result<TargetRows> {
        let (columns, dialect) = (table.all_columns(), self.db.dialect());
        let mut conditions: Vec<_> = filters.iter().map(|filter| condition(dialect, filter)).collect();
        let values: Vec<_> = filters.iter().filter_map(value).collect();
        let mut args: Vec<_> = values.iter().map(Arg::from).collect();
        let key = order_key(table);
        let (order, mut offset) = (dialect.quoted(key.iter().map(String::as_str)), 0);
        if after.len() == key.len() && !after.is_empty() {
            let (parameters, values): (Vec<_>, Vec<_>) =
                key.iter().zip(after).map(|(name, text)| key_value(dialect, table, name, text)).unzip();
            conditions.push(format!("({order}) > ({})", parameters.join(", ")));
            args.extend(values);
        } else if let [skipped, ..] = after {
            offset = skipped.parse().unwrap_or_default();
        }
        args.extend([i64::from(limit).into(), Arg::Int(offset)]);
        let conditions = match conditions.join(" AND ") {
            none if none.is_empty() => none,
            all => format!(" WHERE {all}"),
        };
        let order = if order.is_empty() { order } else { format!(" ORDER BY {order}") };
        let texts: Vec<_> = columns.iter().map(|name| text_of(dialect, table, name)).collect();
        let (texts, name) = (texts.join(", "), dialect.quote(&table.name));
        let tail = format!("{conditions}{order} LIMIT ? OFFSET ?");
        let sql = format!("SELECT {texts} FROM {name}{tail}");
        let rows = self.db.fetch(Sql::Built(sql), &args).await?;
        let mut rows = rows.iter().map(|row| read(row, table, &columns)).collect::<Result<Vec<_>, _>>()?;
        let place = |name: &String| columns.iter().position(|column| column == name);
        let key_of = |row: &Vec<Option<String>>| -> Option<Vec<String>> {
            key.iter().map(|name| row.get(place(name)?)?.clone()).collect()
        };
        let end = rows.last().and_then(key_of).filter(|values| !values.is_empty());
        let end =
            end.unwrap_or_else(|| vec![(offset + i64::try_from(rows.len()).unwrap_or_default()).to_string()]);
        let mut forms: Vec<_> = columns.iter().map(|column| Form::of(table, column)).collect();
        let mut columns: Vec<_> = columns.into_iter().map(str::to_owned).collect();
        if with_runs && table.ledger == Ledger::Beside {
            add_runs(&mut rows, &self.last_runs(table, &tail, &args).await?);
            columns.push("last_sync_run_id".to_owned());
            forms.push(Form::Raw);
        }
        Ok(TargetRows { columns, rows, forms, end })
    }
}

/// Adds to rows the runs that saw them last.
fn add_runs(rows: &mut [Vec<Option<String>>], runs: &[Option<i64>]) {
    for (place, row) in rows.iter_mut().enumerate() {
        row.push(runs.get(place).copied().flatten().map(|run| run.to_string()));
    }
}

/// A column as text.
fn text_of(dialect: Dialect, table: &Table, name: &str) -> String {
    let quoted = dialect.quote(name);
    let readable = table.kind_of(name).map(|kind| readable(dialect, &quoted, kind));
    dialect.as_text(&readable.unwrap_or(quoted))
}

/// The values of a row as texts.
fn read(row: &Row, table: &Table, columns: &[&str]) -> Result<Vec<Option<String>>, StoreError> {
    let value = |(place, column): (usize, &&str)| {
        let is_decimal = matches!(table.kind_of(column), Some(ColumnKind::Decimal(_)));
        let text = row.optional_text(place)?;
        Ok(text.map(|text| if is_decimal { decimal_text(text) } else { text.into() }.into_owned()))
    };
    columns.iter().enumerate().map(value).collect()
}

/// The parameter of a key column that comes as text, and its value.
pub(super) fn key_value<'a>(dialect: Dialect, table: &Table, name: &str, text: &'a str) -> (String, Arg<'a>) {
    let Some(kind) = table.kind_of(name) else { return ("?".to_owned(), text.into()) };
    match text.parse() {
        Ok(number) if kind.is_int64() => ("?".to_owned(), Arg::Int(number)),
        _ => (key_parameter(dialect, kind), text.into()),
    }
}

/// The columns by which the rows of a table are in order: a unique key of it whose values can be compared.
fn order_key(table: &Table) -> &[String] {
    let is_plain = |key: &[String]| {
        key.iter().all(|name| {
            table.column(name).is_none_or(|(_, column)| !column.takes_null() && column.kind.has_one_text())
        })
    };
    let keys = std::iter::once(&table.primary).chain(&table.keys);
    keys.map(Vec::as_slice).find(|key| !key.is_empty() && is_plain(key)).unwrap_or_default()
}

/// A filter as SQL; the value is a parameter, but for NULL. Texts are equal byte by byte on every database. They contain
/// another whatever its case: SQLite knows that of ASCII letters alone, MySQL of all, and of their accents.
fn condition(dialect: Dialect, filter: &RowFilter) -> String {
    let RowFilter { column, is_number, operator, value } = filter;
    let [exact, any_case] = dialect.pick(["utf8mb4_bin", "utf8mb4_general_ci"], ["BINARY", "NOCASE"]);
    let column = dialect.quote(column);
    let text = dialect.as_text(&column);
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
    use crate::target::built_in;

    #[test]
    fn rows_are_json_with_all_their_digits() {
        let columns = ["id", "title", "genre", "is_available", "metadata"].map(str::to_owned).to_vec();
        let forms = columns.iter().map(|column| Form::of(&built_in()[0], column)).collect();
        let rows = TargetRows { columns, forms, ..TargetRows::default() };
        let row = ["7", "\"a\"", "", "1", "{\"n\": 12345678901234567890123,\n\"m\": 1.10}"];
        let mut row: Vec<_> = row.iter().map(|text| Some((*text).to_owned())).collect();
        row[2] = None;
        assert_eq!(
            rows.json(&row),
            r#"{"id":7,"title":"\"a\"","genre":null,"is_available":true,"metadata":{"n": 12345678901234567890123, "m": 1.10}}"#
        );
    }
}
