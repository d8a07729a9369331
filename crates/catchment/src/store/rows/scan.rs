//! Reading the rows of a source, however many there are.

use super::columns::readable_text;
use super::table_view::TableView;
use crate::store::db::dialect::{Dialect, Sql};
use crate::store::db::{Row, StoreError};
use crate::target::Table;

/// Rows of SQLite that come as one text.
const ROWS_A_TEXT: i64 = 1000;

impl TableView<'_> {
    /// Goes through the rows of this source, or of a table that its sources share, until one of them is enough.
    pub(crate) async fn each_row(
        &self,
        row: impl FnMut(&Row) -> Result<bool, StoreError> + Send,
    ) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Sqlite && self.should_be_scanned().await? {
            return self.scan(row).await;
        }
        let args = self.origin.args(&self.batch.table);
        let sql = format!("{}{}", self.select(), self.of_source());
        self.reader().await?.each_while(Sql::Built(sql), &args, row).await
    }

    /// The same on SQLite, in the order of the table. Its driver makes each value on one thread and drops it on another,
    /// which takes four times as long as to make one text of many rows and to read that.
    async fn scan(
        &self,
        mut row: impl FnMut(&Row) -> Result<bool, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let (dialect, table) = (self.dialect(), &self.batch.table);
        let Some(VersionColumns { id, seen_by, changed_at, .. }) = VersionColumns::of(table, dialect) else {
            return Ok(());
        };
        let by_source = self.source_condition().map(|source| format!(" AND {source}")).unwrap_or_default();
        let text = |column| readable_text(dialect, &self.quoted(column), self.batch.kind(column));
        let columns: Vec<_> = (0..self.batch.columns.len()).map(text).collect();
        let sql = format!(
            "SELECT json_group_array(json_array({id}, {seen_by}, {changed_at}, {})), COUNT(*), MAX({id}) FROM (SELECT * FROM {} \
             NOT INDEXED WHERE {id} > ?{by_source} ORDER BY {id} LIMIT ?)",
            columns.join(", "),
            self.table_name()
        );
        let (mut conn, mut last) = (self.reader().await?, 0);
        loop {
            let args = [vec![last.into()], self.origin.args(table), vec![ROWS_A_TEXT.into()]].concat();
            let Some(found) = conn.fetch(Sql::Built(sql.clone()), &args).await?.pop() else { break };
            let rows: Vec<Vec<serde_json::Value>> =
                serde_json::from_str(found.text(0)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
            for values in rows {
                if !row(&Row::Values(values))? {
                    return Ok(());
                }
            }
            if found.int(1)? < ROWS_A_TEXT {
                break;
            }
            last = found.int(2)?;
        }
        Ok(())
    }

    /// Whether the rows of this source are so large a part of the table that it is read faster from its beginning to
    /// its end than by an index.
    async fn should_be_scanned(&self) -> Result<bool, StoreError> {
        let table = &self.batch.table;
        let (Some(columns), true) = (VersionColumns::of(table, self.dialect()), table.is_by_source()) else {
            return Ok(true);
        };
        let (name, of_source, id) = (self.table_name(), self.of_source(), columns.id);
        let sql =
            format!("SELECT (SELECT COUNT(*) FROM {name}{of_source}) * 4 > (SELECT MAX({id}) FROM {name})");
        let rows = self.db.fetch(Sql::Built(sql), &self.origin.args(table)).await?;
        rows.first().map_or(Ok(false), |row| Ok(row.int(0)? == 1))
    }
}

/// The columns that say which version of a row it is, quoted; of a table that has them.
pub(super) struct VersionColumns {
    pub(super) id: String,
    pub(super) seen_by: String,
    pub(super) seen_at: String,
    pub(super) changed_at: String,
}

impl VersionColumns {
    pub(super) fn of(table: &Table, dialect: Dialect) -> Option<Self> {
        let (ledger, quote) = (&table.ledger, |name: &str| dialect.quote(name));
        Some(Self {
            id: quote(table.primary.first()?),
            seen_by: quote(ledger.seen_by()?),
            seen_at: quote(ledger.seen_at()?),
            changed_at: quote(ledger.changed_at()?),
        })
    }
}
