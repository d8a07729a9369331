//! Reading the rows of a source, however many there are.

use super::table_view::TableView;
use crate::store::db::dialect::Dialect;
use crate::store::db::{Row, StoreError};
use crate::target::Table;

/// Rows of SQLite that come as one text.
const ROWS_A_TEXT: i64 = 1000;

impl TableView<'_> {
    /// Goes through the rows of this source, or of a table that its sources share; so many at most.
    pub(crate) async fn each_row(
        &self,
        limit: usize,
        row: impl FnMut(&Row) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        if self.dialect() == Dialect::Sqlite && self.should_be_scanned().await? {
            return self.scan(limit, row).await;
        }
        let args = self.origin.args(self.batch.table);
        let sql = format!("{}{} LIMIT {limit}", self.select(), self.of_source());
        self.reader().await?.each(sql, &args, row).await
    }

    /// The same on SQLite, in the order of the table. Its driver makes each value on one thread and drops it on another,
    /// which takes four times as long as to make one text of many rows and to read that.
    async fn scan(
        &self,
        limit: usize,
        mut row: impl FnMut(&Row) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        let table = self.batch.table;
        let by_source =
            if table.is_by_source { " AND source_type = ? AND source_identifier = ?" } else { "" };
        let columns: Vec<_> = self.batch.columns.iter().map(|column| self.readable_text(column)).collect();
        let sql = format!(
            "SELECT json_group_array(json_array(id, last_sync_run_id, updated_at, {})), COUNT(*), MAX(id) FROM (SELECT * FROM {} \
             NOT INDEXED WHERE id > ?{by_source} ORDER BY id LIMIT ?)",
            columns.join(", "),
            table.name
        );
        let (mut conn, mut last, mut left) = (self.reader().await?, 0, limit);
        while left > 0 {
            let size = ROWS_A_TEXT.min(i64::try_from(left).unwrap_or(i64::MAX));
            let args = [vec![last.into()], self.origin.args(table), vec![size.into()]].concat();
            let Some(found) = conn.fetch(sql.clone(), &args).await?.pop() else { break };
            let rows: Vec<Vec<serde_json::Value>> =
                serde_json::from_str(found.text(0)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
            left -= rows.len();
            for values in rows {
                row(&Row::Values(values))?;
            }
            if found.int(1)? < size {
                break;
            }
            last = found.int(2)?;
        }
        Ok(())
    }

    /// Whether the rows of this source are so large a part of the table that it is read faster from its beginning to
    /// its end than by an index.
    async fn should_be_scanned(&self) -> Result<bool, StoreError> {
        let Table { name, is_by_source: true, .. } = self.batch.table else { return Ok(true) };
        let of_source = self.of_source();
        let sql =
            format!("SELECT (SELECT COUNT(*) FROM {name}{of_source}) * 4 > (SELECT MAX(id) FROM {name})");
        let rows = self.db.fetch(sql, &self.origin.args(self.batch.table)).await?;
        rows.first().map_or(Ok(false), |row| Ok(row.int(0)? == 1))
    }
}
