//! Rows of a target as people look at them.

use catchment_core::Result;

use crate::store::Store;
use crate::store::db::{Arg, Row, StoreError};
use crate::target::{Operator, RowFilter, Table};

/// Rows of a target: the names of their columns, the id first, and their values as text.
#[derive(Debug, Clone, Default)]
pub struct TargetRows {
    /// The columns.
    pub columns: Vec<&'static str>,
    /// For each row one value a column; `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

impl TargetRows {
    /// The id of the last row, after which the next part begins.
    pub fn last_id(&self) -> Option<i64> {
        self.rows.last()?.first()?.as_deref()?.parse().ok()
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
        let conditions: String = filters.iter().map(|filter| format!(" AND {}", condition(filter))).collect();
        let (texts, name) = (texts.join(", "), table.name);
        let sql = format!("SELECT {texts} FROM {name} WHERE id > ?{conditions} ORDER BY id LIMIT ?");
        let values: Vec<_> = filters.iter().filter_map(value).collect();
        let mut args = vec![Arg::from(after)];
        args.extend(values.iter().map(Arg::from));
        args.push(i64::from(limit).into());
        let read = |row: &Row| -> Result<Vec<_>, StoreError> {
            (0..columns.len()).map(|place| row.optional_string(place)).collect()
        };
        let rows = self.db.fetch(sql, &args).await?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(TargetRows { columns, rows })
    }
}

/// A filter as SQL; the value is a parameter, but for NULL.
fn condition(RowFilter { column, operator, value }: &RowFilter) -> String {
    match operator {
        Operator::Contains => format!("{column} LIKE ? ESCAPE '!'"),
        Operator::Compare("=") if value.is_empty() => format!("{column} IS NULL"),
        Operator::Compare("<>") if value.is_empty() => format!("{column} IS NOT NULL"),
        Operator::Compare(sign) => format!("{column} {sign} ?"),
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
