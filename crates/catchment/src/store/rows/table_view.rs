//! A target table as a page sees it: the rows of its source. SQL that is built from names is built in this folder, from
//! the names of [`Table`](crate::target::Table)s alone, each of them quoted.

use super::columns::{readable, weight};
use super::origin::RowOrigin;
use crate::compare::{IdentityPart, RowId, decimal_text, identity_digest};
use crate::mapping::{Batch, Cell};
use crate::store::chunks::chunks;
use crate::store::db::dialect::{Dialect, Sql};
use crate::store::db::{Arg, Conn, Db, Row, StatementLimits, StoreError};
use crate::store::scope::scope_of;
use crate::target::{ColumnKind, Comparison};

/// Values whose weights are asked for at once.
const WEIGHTS: usize = 256;

/// A page, and the table that it is meant for.
///
/// A row that is read has first its primary key, then the run that saw it last and its version (when a value of it changed
/// last), then the columns of the batch, then the weights of the key columns that only the server can compare, and then the
/// times that policies ask for.
pub(crate) struct TableView<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) origin: &'a RowOrigin,
    pub(in crate::store) db: &'a Db,
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

    /// The name of the table, quoted.
    pub(super) fn table_name(&self) -> String {
        self.dialect().quote(&self.batch.table.name)
    }

    /// The name of a column of the batch, quoted.
    pub(super) fn quoted(&self, column: usize) -> String {
        self.dialect().quote(&self.batch.columns[column].name)
    }

    /// Records in pieces that one query looks up.
    pub(crate) fn chunks<'r>(&'r self, records: &'r [usize]) -> impl Iterator<Item = &'r [usize]> {
        let bytes = |record: &usize| self.identity_of(*record).map(Cell::size).sum();
        chunks(records, self.limits(), self.identity.len(), bytes)
    }

    /// The rows of the table with the identities of these records; locked where they are about to be written.
    pub(crate) async fn find(
        &self,
        records: &[usize],
        is_locking: bool,
        conn: &mut Conn,
    ) -> Result<Vec<Row>, StoreError> {
        let (condition, args) = self.row_condition(records);
        // SQLite has one writer.
        let lock = if is_locking { self.dialect().pick(" FOR UPDATE", "") } else { "" };
        let sql = format!("{} WHERE {condition}{lock}", self.select());
        conn.fetch(Sql::Built(sql), &args).await
    }

    /// Whether there are no rows of the source.
    pub(crate) async fn is_table_empty(&self) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM {}{} LIMIT 1", self.table_name(), self.of_source());
        Ok(self.db.fetch(Sql::Built(sql), &self.origin.args(&self.batch.table)).await?.is_empty())
    }

    pub(super) fn select(&self) -> String {
        let (dialect, table) = (self.dialect(), &self.batch.table);
        let name = |name: &String| dialect.quote(name);
        let mut selected: Vec<_> = table
            .primary
            .iter()
            .map(|key| match table.column(key) {
                Some((_, column)) => dialect.as_text(&readable(dialect, &name(key), &column.kind)),
                None => name(key),
            })
            .collect();
        let or_null = |column: Option<String>| column.unwrap_or_else(|| "NULL".to_owned());
        selected.push(or_null(table.ledger.seen_by().map(|name| dialect.quote(name))));
        selected.push(or_null(table.ledger.changed_at().map(|name| dialect.as_text(&dialect.quote(name)))));
        let columns = 0..self.batch.columns.len();
        selected
            .extend(columns.map(|column| readable(dialect, &self.quoted(column), self.batch.kind(column))));
        let weights =
            self.identity.iter().filter_map(|column| weight(self.comparison(*column), &self.quoted(*column)));
        selected.extend(weights);
        let clocks = self.batch.policies.iter().flat_map(|policies| &policies.clocks);
        selected
            .extend(clocks.map(|clock| {
                dialect.as_text(&readable(dialect, &dialect.quote(&clock.target), &clock.kind))
            }));
        format!("SELECT {} FROM {}", selected.join(", "), self.table_name())
    }

    /// The condition that finds the rows of the source, where the table tells sources apart.
    pub(super) fn source_condition(&self) -> Option<String> {
        let [source_type, source_name] = self.batch.table.origin.as_ref()?;
        let quote = |name: &String| self.dialect().quote(name);
        Some(format!("{} = ? AND {} = ?", quote(source_type), quote(source_name)))
    }

    /// The condition that finds the rows of these records, among those of the source where the table tells sources apart.
    pub(super) fn row_condition(&self, records: &[usize]) -> (String, Vec<Arg<'_>>) {
        let (keys, args) = self.key_condition(records);
        let by_source = self.source_condition().map(|source| format!("{source} AND ")).unwrap_or_default();
        (format!("{by_source}{keys}"), [self.origin.args(&self.batch.table), args].concat())
    }

    pub(super) fn of_source(&self) -> String {
        self.source_condition().map(|condition| format!(" WHERE {condition}")).unwrap_or_default()
    }

    /// Where a column of the batch stands in a row of the table.
    pub(crate) fn column_index(&self, column: usize) -> usize {
        self.batch.table.primary.len() + 2 + column
    }

    /// Where the time that a row changed at stands in it, by a clock of the policies.
    pub(crate) fn clock_index(&self, clock: usize) -> usize {
        let weighed = |column: &&usize| matches!(self.comparison(**column), Comparison::Collation { .. });
        self.column_index(self.batch.columns.len()) + self.identity.iter().filter(weighed).count() + clock
    }

    /// The rows among which an identity is one row.
    pub(crate) fn scope(&self) -> u128 {
        let RowOrigin { source_type, source_name, .. } = self.origin;
        let table = &self.batch.table;
        scope_of(&table.name, table.is_by_source().then_some([source_type, source_name]))
    }

    /// The identity of a record.
    pub(crate) fn identity_of(&self, record: usize) -> impl Iterator<Item = Cell<'a>> {
        let batch = self.batch;
        self.identity.iter().map(move |column| batch.cell(record, *column))
    }

    fn comparison(&self, column: usize) -> &Comparison {
        self.batch.column(column).map_or(&Comparison::Bytes, |column| &column.comparison)
    }

    /// The digests of the identities of all records, in the key's own comparison.
    pub(crate) async fn identities(&self) -> Result<Vec<u128>, StoreError> {
        let mut weights: Vec<Option<Vec<String>>> = Vec::new();
        for column in &self.identity {
            weights.push(self.weights(*column).await?);
        }
        let digest = |record: usize| {
            let cells = self.identity.iter().zip(&weights).map(|(column, weights)| match weights {
                Some(weights) => IdentityPart::Text(weights[record].as_str().into()),
                None => IdentityPart::folded(self.batch.cell(record, *column), self.comparison(*column)),
            });
            identity_digest(cells)
        };
        Ok((0..self.batch.len()).map(digest).collect())
    }

    /// The digest of the identity of a record where no server need be asked how its key is compared.
    pub(crate) fn identity_digest(&self, record: usize) -> u128 {
        identity_digest(self.identity_of(record).map(IdentityPart::from))
    }

    /// The weights of a key column of all records, where only the server knows them.
    async fn weights(&self, column: usize) -> Result<Option<Vec<String>>, StoreError> {
        let Some(weight) = weight(self.comparison(column), "?") else { return Ok(None) };
        let mut weights = Vec::with_capacity(self.batch.len());
        let records: Vec<_> = (0..self.batch.len()).collect();
        let mut conn = self.reader().await?;
        for chunk in records.chunks(WEIGHTS) {
            let sql = format!("SELECT {}", vec![weight.as_str(); chunk.len()].join(", "));
            let args: Vec<_> = chunk.iter().map(|record| self.batch.cell(*record, column).into()).collect();
            let rows = conn.fetch(Sql::Built(sql), &args).await?;
            for index in 0..chunk.len() {
                weights.push(rows.first().map_or(Ok(""), |row| row.text(index))?.to_owned());
            }
        }
        Ok(Some(weights))
    }

    /// The digest of the identity of a row.
    pub(crate) fn identity_in(&self, found: &Row) -> Result<u128, StoreError> {
        let mut next_weight = self.column_index(self.batch.columns.len());
        let mut parts = Vec::with_capacity(self.identity.len());
        for column in &self.identity {
            let (place, comparison) = (self.column_index(*column), self.comparison(*column));
            if matches!(comparison, Comparison::Collation { .. }) {
                parts.push(IdentityPart::Text(found.text(next_weight)?.into()));
                next_weight += 1;
            } else {
                parts.push(part_in(found, place, self.batch.kind(*column), comparison)?);
            }
        }
        Ok(identity_digest(parts.into_iter()))
    }

    /// What a row is found again by.
    pub(crate) fn id_of(&self, found: &Row) -> Result<RowId, StoreError> {
        let table = &self.batch.table;
        if table.has_versions() {
            return Ok(RowId::Number(found.int(0)?));
        }
        let text = |place: usize| found.text(place).map(Into::into);
        Ok(RowId::Key((0..table.primary.len()).map(text).collect::<Result<_, _>>()?))
    }

    /// Whether this run has seen a row, where the row itself tells.
    pub(crate) fn was_seen(&self, found: &Row) -> Result<bool, StoreError> {
        Ok(found.optional_int(self.batch.table.primary.len())? == Some(self.origin.run_id))
    }

    /// The version of a row, where it has one.
    pub(crate) fn version_of<'r>(&self, found: &'r Row) -> Result<Option<&'r str>, StoreError> {
        found.optional_text(self.batch.table.primary.len() + 1)
    }

    /// Whether the database stores JSON as it likes, and not as the text that it was given.
    pub(crate) fn rewrites_json(&self) -> bool {
        self.db.rewrites_json()
    }
}

/// A value of a row as a part of an identity, in the form that records have it in.
fn part_in<'r>(
    found: &'r Row,
    place: usize,
    kind: &ColumnKind,
    comparison: &Comparison,
) -> Result<IdentityPart<'r>, StoreError> {
    if kind.is_int64() {
        return Ok(found.optional_int(place)?.map_or(IdentityPart::Null, IdentityPart::Number));
    }
    let text = found.optional_text(place)?;
    Ok(match kind {
        ColumnKind::Decimal(_) => {
            text.map_or(IdentityPart::Null, |text| IdentityPart::Text(decimal_text(text)))
        }
        _ => IdentityPart::folded(text.map_or(Cell::Null, Cell::Text), comparison),
    })
}
