//! A target table as a page sees it: the rows of its source. SQL that is built from names is built in this folder, from
//! the names of [`Table`](crate::target::Table)s alone.

use super::origin::RowOrigin;
use crate::mapping::{Batch, Cell};
use crate::store::chunks::chunks;
use crate::store::db::dialect::Dialect;
use crate::store::db::{Arg, Conn, Db, Row, StatementLimits, StoreError};
use crate::target::ColumnKind;

/// Columns in an identity at most.
const MAX_IDENTITY: usize = 2;
/// Where the columns of a batch begin in a row of the table; before them are its id, the run that saw it last, and its
/// version: when a value of it changed last.
const FIRST_COLUMN: usize = 3;

/// The values that tell rows apart.
pub(crate) type Identity<'a> = [Cell<'a>; MAX_IDENTITY];

/// A page, and the table that it is meant for.
pub(crate) struct TableView<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) origin: &'a RowOrigin,
    pub(super) db: &'a Db,
    /// The indexes of the identity's columns in the batch.
    pub(crate) identity: Vec<usize>,
}

impl<'a> TableView<'a> {
    pub(crate) fn new(batch: &'a Batch, origin: &'a RowOrigin, db: &'a Db) -> Self {
        Self { batch, origin, db, identity: batch.identity() }
    }

    /// A connection that only reads: it sees what is committed.
    pub(crate) async fn reader(&self) -> Result<Conn, StoreError> {
        self.db.reader().await
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    pub(super) fn limits(&self) -> StatementLimits {
        self.db.limits()
    }

    /// Records in pieces that one query looks up.
    pub(crate) fn chunks<'r>(&'r self, records: &'r [usize]) -> impl Iterator<Item = &'r [usize]> {
        let bytes = |record: &usize| self.identity_of(*record).iter().map(|cell| cell.size()).sum();
        chunks(records, self.limits(), self.identity.len(), bytes)
    }

    /// The rows of the table with the identities of these records.
    pub(crate) async fn find(&self, records: &[usize], conn: &mut Conn) -> Result<Vec<Row>, StoreError> {
        let table = self.batch.table;
        let by_source =
            if table.is_by_source { "source_type = ? AND source_identifier = ? AND " } else { "" };
        let identities = self.dialect().row_in(table.identity, records.len());
        let sql = format!("{} WHERE {by_source}{identities}", self.select());
        let mut args = self.origin.args(table);
        for record in records {
            args.extend(self.identity.iter().map(|column| Arg::from(self.batch.cell(*record, *column))));
        }
        conn.fetch(sql, &args).await
    }

    /// Whether there are no such rows.
    pub(crate) async fn is_table_empty(&self) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM {}{} LIMIT 1", self.batch.table.name, self.of_source());
        Ok(self.db.fetch(sql, &self.origin.args(self.batch.table)).await?.is_empty())
    }

    pub(super) fn select(&self) -> String {
        let columns: Vec<_> = self.batch.columns.iter().map(|column| self.readable(column)).collect();
        let updated_at = self.dialect().as_text("updated_at");
        let table = self.batch.table.name;
        format!("SELECT id, last_sync_run_id, {updated_at}, {} FROM {table}", columns.join(", "))
    }

    pub(super) fn of_source(&self) -> &'static str {
        if self.batch.table.is_by_source { " WHERE source_type = ? AND source_identifier = ?" } else { "" }
    }

    /// A column as it is compared: exact decimals and JSON as text.
    fn readable(&self, column: &str) -> String {
        match self.batch.table.column(column) {
            Some((_, column)) if !matches!(column.kind, ColumnKind::Money) => column.name.to_owned(),
            _ => self.dialect().as_text(column),
        }
    }

    /// The same where it is text whatever somebody has stored there, as JSON holds no bytes.
    pub(super) fn readable_text(&self, column: &str) -> String {
        match self.batch.table.column(column).map(|(_, column)| column.kind) {
            Some(ColumnKind::Count | ColumnKind::Flag) => column.to_owned(),
            _ => self.dialect().as_text(column),
        }
    }

    /// Where a column of the batch stands in a row of the table.
    pub(crate) fn column_index(&self, column: usize) -> usize {
        FIRST_COLUMN + column
    }

    /// The identity of a record.
    pub(crate) fn identity_of(&self, record: usize) -> Identity<'a> {
        let mut identity = [Cell::Null; MAX_IDENTITY];
        for (part, column) in identity.iter_mut().zip(&self.identity) {
            *part = self.batch.cell(record, *column);
        }
        identity
    }

    /// The identity of a row.
    pub(crate) fn identity_in<'r>(&self, found: &'r Row) -> Result<Identity<'r>, StoreError> {
        let mut identity = [Cell::Null; MAX_IDENTITY];
        for (part, column) in identity.iter_mut().zip(&self.identity) {
            *part = Cell::Text(found.text(self.column_index(*column))?);
        }
        Ok(identity)
    }

    /// The id of a row.
    pub(crate) fn id_of(&self, found: &Row) -> Result<i64, StoreError> {
        found.int(0)
    }

    /// Whether this run has seen a row.
    pub(crate) fn was_seen(&self, found: &Row) -> Result<bool, StoreError> {
        Ok(found.optional_int(1)? == Some(self.origin.run_id))
    }

    /// The version of a row, where it has one.
    pub(crate) fn version_of<'r>(&self, found: &'r Row) -> Result<Option<&'r str>, StoreError> {
        found.optional_text(2)
    }

    /// What fits into a column of the batch; `None` for the JSON of what nothing maps.
    pub(crate) fn kind_of(&self, column: usize) -> Option<ColumnKind> {
        self.batch.table.column(self.batch.columns[column]).map(|(_, column)| column.kind)
    }

    /// Whether the database stores JSON as it likes, and not as the text that it was given.
    pub(crate) fn rewrites_json(&self) -> bool {
        self.db.rewrites_json()
    }
}
