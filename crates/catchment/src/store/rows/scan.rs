//! The rows of a target table, and how a page's records compare with them. SQL that is built from names is built here
//! and in `writer`, from the names of [`Table`]s alone.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use catchment_core::{Error, Result};

use super::chunks::chunks;
use super::db::dialect::Dialect;
use super::db::{Arg, Conn, Db, Failure, Row};
use super::json::canonical;
use crate::mapping::table::{Kind, Table};
use crate::mapping::{Batch, Cell};
use crate::run::SyncRun;

/// Rows of SQLite that come as one text.
const ROWS_A_TEXT: i64 = 1000;
/// Columns in an identity at most.
const MAX_IDENTITY: usize = 2;
/// Where the columns of a batch begin in a row of the table; before them are its id, the run that saw it last, and when a
/// value of it changed last.
const FIRST_COLUMN: usize = 3;

type Identity<'a> = [Cell<'a>; MAX_IDENTITY];

impl<'a> From<Cell<'a>> for Arg<'a> {
    fn from(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(number) => Self::Int(number),
            Cell::Text(text) => Self::Text(text),
        }
    }
}

/// Where rows come from: what is written beside a record's own values.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) run_id: i64,
    pub(crate) source_type: String,
    pub(crate) source_name: String,
}

impl Origin {
    pub(crate) fn of(run: &SyncRun) -> Self {
        Self {
            run_id: run.id,
            source_type: run.request.source_type.clone(),
            source_name: run.source_name.clone(),
        }
    }

    /// What its rows are found by, where the table tells sources apart.
    pub(super) fn args(&self, table: &Table) -> Vec<Arg<'_>> {
        match table.is_by_source {
            true => vec![Arg::from(&self.source_type), Arg::from(&self.source_name)],
            false => Vec::new(),
        }
    }
}

/// What is to be done with the records of a page; each is a list of their places in it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(super) insert: Vec<usize>,
    /// With the id of the row that differs.
    pub(super) update: Vec<(usize, i64)>,
    /// The ids of rows that were as they should be when they were read.
    pub(super) unchanged: Vec<i64>,
    /// The `updated_at` that these had then: whoever changes a value changes that.
    pub(super) versions: BTreeSet<Arc<str>>,
    /// Records whose identity this run has seen before.
    pub(super) duplicate: Vec<usize>,
}

/// A page beside the table that it is meant for.
pub(crate) struct Rows<'a> {
    pub(super) batch: &'a Batch,
    pub(super) origin: &'a Origin,
    db: &'a Db,
    identity: Vec<usize>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(batch: &'a Batch, origin: &'a Origin, db: &'a Db) -> Self {
        Self { batch, origin, db, identity: batch.identity() }
    }

    /// Compares all of the page with what a transaction finds in the table.
    pub(super) async fn plan(&self, conn: &mut Conn) -> Result<Plan, Failure> {
        let mut plan = Plan::default();
        let mut seen = HashMap::with_capacity(self.batch.len());
        let mut first = Vec::with_capacity(self.batch.len());
        for row in 0..self.batch.len() {
            match seen.insert(self.identity_of(row), ()) {
                Some(()) => plan.duplicate.push(row),
                None => first.push(row),
            }
        }
        self.look_up(&mut plan, &first, conn).await?;
        Ok(plan)
    }

    /// Adds records of the page to a plan, by what is committed in the table.
    pub(super) async fn look_up_into(&self, plan: &mut Plan, rows: &[usize]) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        self.look_up(plan, rows, &mut self.db.reader().await?).await
    }

    /// The same on a connection. The records differ in their identities.
    async fn look_up(&self, plan: &mut Plan, rows: &[usize], conn: &mut Conn) -> Result<(), Failure> {
        let by_identity: HashMap<_, _> = rows.iter().map(|row| (self.identity_of(*row), *row)).collect();
        let mut is_there = vec![false; self.batch.len()];
        let bytes = |row: &usize| self.identity_of(*row).iter().map(|cell| cell.size()).sum();
        for chunk in chunks(rows, self.db.limits(), self.identity.len(), bytes) {
            for found in self.find(chunk, conn).await? {
                let Some(&row) = by_identity.get(&self.identity_in(&found)?) else { continue };
                is_there[row] = true;
                let id = found.int(0)?;
                if found.optional_int(1)? == Some(self.origin.run_id) {
                    plan.duplicate.push(row);
                } else if self.is_same(row, &found)? {
                    plan.unchanged.push(id);
                    plan.versions.insert(found.text(2)?.into());
                } else {
                    plan.update.push((row, id));
                }
            }
        }
        plan.insert.extend(rows.iter().filter(|row| !is_there[**row]));
        plan.insert.sort_unstable();
        plan.duplicate.sort_unstable();
        Ok(())
    }

    /// The rows of the table with the identities of these records.
    pub(super) async fn find(&self, rows: &[usize], conn: &mut Conn) -> Result<Vec<Row>, Failure> {
        let table = self.batch.table;
        let by_source =
            if table.is_by_source { "source_type = ? AND source_identifier = ? AND " } else { "" };
        let identities = self.db.dialect().row_in(table.identity, rows.len());
        let sql = format!("{} WHERE {by_source}{identities}", self.select());
        let mut args = self.origin.args(table);
        for row in rows {
            args.extend(self.identity.iter().map(|column| Arg::from(self.batch.cell(*row, *column))));
        }
        conn.fetch(sql, &args).await
    }

    /// Goes through the rows of this source, or of a table that its sources share; so many at most.
    pub(super) async fn each_row(
        &self,
        limit: usize,
        row: impl FnMut(&Row) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
        if self.db.dialect() == Dialect::Sqlite && self.should_be_scanned().await? {
            return self.scan(limit, row).await;
        }
        let args = self.origin.args(self.batch.table);
        let sql = format!("{}{} LIMIT {limit}", self.select(), self.of_source());
        self.db.reader().await?.each(sql, &args, row).await
    }

    /// The same on SQLite, in the order of the table. Its driver makes each value on one thread and drops it on another,
    /// which takes four times as long as to make one text of many rows and to read that.
    async fn scan(
        &self,
        limit: usize,
        mut row: impl FnMut(&Row) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
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
        let (mut conn, mut last, mut left) = (self.db.reader().await?, 0, limit);
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
    async fn should_be_scanned(&self) -> Result<bool, Failure> {
        let Table { name, is_by_source: true, .. } = self.batch.table else { return Ok(true) };
        let of_source = self.of_source();
        let sql =
            format!("SELECT (SELECT COUNT(*) FROM {name}{of_source}) * 4 > (SELECT MAX(id) FROM {name})");
        let rows = self.db.fetch(sql, &self.origin.args(self.batch.table)).await?;
        rows.first().map_or(Ok(false), |row| Ok(row.int(0)? == 1))
    }

    /// Whether there are no such rows.
    pub(super) async fn is_table_empty(&self) -> Result<bool, Failure> {
        let sql = format!("SELECT 1 FROM {}{} LIMIT 1", self.batch.table.name, self.of_source());
        Ok(self.db.fetch(sql, &self.origin.args(self.batch.table)).await?.is_empty())
    }

    fn select(&self) -> String {
        let columns: Vec<_> = self.batch.columns.iter().map(|column| self.readable(column)).collect();
        let updated_at = self.db.dialect().as_text("updated_at");
        let table = self.batch.table.name;
        format!("SELECT id, last_sync_run_id, {updated_at}, {} FROM {table}", columns.join(", "))
    }

    fn of_source(&self) -> &'static str {
        match self.batch.table.is_by_source {
            true => " WHERE source_type = ? AND source_identifier = ?",
            false => "",
        }
    }

    /// A column as it is compared: exact decimals and JSON as text.
    fn readable(&self, column: &str) -> String {
        match self.batch.table.column(column) {
            Some((_, column)) if !matches!(column.kind, Kind::Money) => column.name.to_owned(),
            _ => self.db.dialect().as_text(column),
        }
    }

    /// The same where it is text whatever somebody has stored there, as JSON holds no bytes.
    fn readable_text(&self, column: &str) -> String {
        match self.batch.table.column(column).map(|(_, column)| column.kind) {
            Some(Kind::Count | Kind::Flag) => column.to_owned(),
            _ => self.db.dialect().as_text(column),
        }
    }

    /// The places of the identity's columns in a batch.
    pub(super) fn identity(&self) -> &[usize] {
        &self.identity
    }

    /// Where a column of the batch stands in a row of the table.
    pub(super) fn place_of(&self, column: usize) -> usize {
        FIRST_COLUMN + column
    }

    fn identity_of(&self, row: usize) -> Identity<'a> {
        let mut identity = [Cell::Null; MAX_IDENTITY];
        for (part, column) in identity.iter_mut().zip(&self.identity) {
            *part = self.batch.cell(row, *column);
        }
        identity
    }

    fn identity_in<'r>(&self, found: &'r Row) -> Result<Identity<'r>, Failure> {
        let mut identity = [Cell::Null; MAX_IDENTITY];
        for (part, column) in identity.iter_mut().zip(&self.identity) {
            *part = Cell::Text(found.text(self.place_of(*column))?);
        }
        Ok(identity)
    }

    /// Whether the database stores JSON as it likes.
    pub(super) fn rewrites_json(&self) -> bool {
        self.db.rewrites_json()
    }

    /// Whether a row is as a record has it, and can be told from one that somebody changes meanwhile.
    fn is_same(&self, row: usize, found: &Row) -> Result<bool, Failure> {
        if found.is_null(2)? {
            return Ok(false);
        }
        for (column, cell) in self.batch.row(row).enumerate() {
            let place = self.place_of(column);
            let is_same = match cell {
                Cell::Int(number) => found.optional_int(place)? == Some(number),
                Cell::Null => found.is_null(place)?,
                Cell::Text(text) => found.optional_text(place)?.is_some_and(|there| {
                    let column = self.batch.columns[column];
                    there == text
                        || is_same_value(self.batch.table, column, there, text, self.rewrites_json())
                }),
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether two texts that differ are the same value of their column: `5.40` and `5.4`, or JSON that the database
/// wrote in its own way.
fn is_same_value(table: &Table, column: &str, there: &str, here: &str, is_rewritten: bool) -> bool {
    match table.column(column) {
        Some((_, column)) if matches!(column.kind, Kind::Money) => {
            there.contains('.') && there.trim_end_matches('0').trim_end_matches('.') == here
        }
        Some(_) => false,
        None => {
            let canonical = |text: &str| canonical(text, is_rewritten);
            matches!((canonical(there), canonical(here)), (Some(there), Some(here)) if there == here)
        }
    }
}

impl super::Store {
    /// Whether the table has rows of the run's source; `available` ones are there to be used.
    pub(crate) async fn has_rows(&self, run: &SyncRun, table: &Table, available: bool) -> Result<bool> {
        let and_available = if available { " AND is_available = 1" } else { "" };
        let sql = match table.is_by_source {
            true => format!(
                "SELECT 1 FROM {} WHERE source_type = ? AND source_identifier = ?{and_available} LIMIT 1",
                table.name
            ),
            // Rows that several sources share: those that an earlier run of this one saw last.
            false => format!(
                "SELECT 1 FROM {} t JOIN sync_runs r ON r.id = t.last_sync_run_id \
                 WHERE r.source_type = ? AND r.source_name = ? LIMIT 1",
                table.name
            ),
        };
        let args = [Arg::from(&run.request.source_type), Arg::from(&run.source_name)];
        let rows = self.db.fetch(sql, &args).await.map_err(Error::from)?;
        Ok(!rows.is_empty())
    }
}
