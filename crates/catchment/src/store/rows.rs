//! The rows of a target table: what it holds for the records of a page, and what is written of them. SQL that
//! is built from names is built here, from the names of [`Table`]s alone.

use std::collections::HashMap;
use std::ops::Range;

use catchment_core::{Error, ErrorKind, Reject, Result};

use super::db::{Arg, Row, Statement, Tx};
use super::dialect::{Dialect, list};
use super::error::{Class, Failure};
use super::errors::Skip;
use super::runs::Lease;
use crate::mapping::table::{Kind, Table};
use crate::mapping::{Batch, Cell};
use crate::run::{Counters, SyncRun};

/// Rows in one statement at most. The rest of a page goes by halves of it, so that there are only a few
/// statements to prepare.
const MAX_CHUNK: usize = 1024;
/// Bytes of values in one statement at most, unless it is one row: far below any server's `max_allowed_packet`.
const MAX_CHUNK_BYTES: usize = 1 << 20;
/// Columns in an identity at most.
const MAX_IDENTITY: usize = 2;

/// Where the columns of a batch stand in an answer of `look_up`.
const FIRST_COLUMN: usize = 2;

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

/// What became of the rows of a page.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) counts: Counters,
    pub(super) rejects: Vec<Reject>,
    pub(super) skips: Vec<Skip>,
}

/// Writes a page's rows of one source into its table.
pub(super) struct RowWriter<'a> {
    batch: &'a Batch,
    run: &'a SyncRun,
    lease: Lease,
    dialect: Dialect,
    identity: Vec<usize>,
    /// Find the rows that the database refuses, one by one, instead of giving up at the first.
    is_careful: bool,
}

/// What is to be done with the rows of a page; each is a list of their places in it.
#[derive(Debug, Default)]
struct Plan {
    insert: Vec<usize>,
    /// With the id of the row that differs.
    update: Vec<(usize, i64)>,
    /// The ids of rows that are as they should be.
    unchanged: Vec<i64>,
    /// Rows whose identity this run has seen before.
    duplicate: Vec<usize>,
}

impl<'a> RowWriter<'a> {
    pub(super) fn new(
        batch: &'a Batch,
        run: &'a SyncRun,
        lease: Lease,
        dialect: Dialect,
        is_careful: bool,
    ) -> Self {
        Self { batch, run, lease, dialect, identity: batch.identity(), is_careful }
    }

    pub(super) async fn write(&self, tx: &mut Tx) -> Result<Written, Failure> {
        let plan = self.plan(tx).await?;
        let mut written = Written::default();
        let inserts: Vec<_> = plan.insert.iter().map(|row| (*row, None)).collect();
        let updates: Vec<_> = plan.update.iter().map(|(row, id)| (*row, Some(*id))).collect();
        written.counts.inserted = self.put(tx, &inserts, &mut written.rejects).await?;
        written.counts.updated = self.put(tx, &updates, &mut written.rejects).await?;
        written.counts.unchanged = self.stamp(tx, &plan.unchanged).await?;
        written.counts.skipped = plan.duplicate.len() as u64;
        written.skips.extend(
            plan.duplicate.iter().map(|row| Skip {
                item: self.batch.item(*row),
                position: self.batch.position(*row).cloned(),
            }),
        );
        Ok(written)
    }

    /// Compares the page with what the table holds. The first record of an identity wins, in the page and,
    /// as `last_sync_run_id` tells, in the pages before it.
    async fn plan(&self, tx: &mut Tx) -> Result<Plan, Failure> {
        let mut plan = Plan::default();
        let mut by_identity = HashMap::with_capacity(self.batch.len());
        let mut rows = Vec::with_capacity(self.batch.len());
        for row in 0..self.batch.len() {
            match by_identity.entry(self.identity_of(row)) {
                std::collections::hash_map::Entry::Occupied(_) => plan.duplicate.push(row),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(row);
                    rows.push(row);
                }
            }
        }
        let mut is_known = vec![false; self.batch.len()];
        for range in chunks(rows.len()) {
            for found in self.look_up(tx, &rows[range]).await? {
                let Some(&row) = by_identity.get(&self.identity_in(&found)?) else { continue };
                is_known[row] = true;
                let id = found.int(0)?;
                if found.optional_int(1)? == Some(self.lease.run_id) {
                    plan.duplicate.push(row);
                } else if self.is_same(row, &found)? {
                    plan.unchanged.push(id);
                } else {
                    plan.update.push((row, id));
                }
            }
        }
        plan.insert.extend(rows.into_iter().filter(|row| !is_known[*row]));
        plan.duplicate.sort_unstable();
        Ok(plan)
    }

    fn identity_of(&self, row: usize) -> Identity<'_> {
        let mut identity = [Cell::Null; MAX_IDENTITY];
        for (part, column) in identity.iter_mut().zip(&self.identity) {
            *part = self.batch.cell(row, *column);
        }
        identity
    }

    fn identity_in<'r>(&self, found: &'r Row) -> Result<Identity<'r>, Failure> {
        let mut identity = [Cell::Null; MAX_IDENTITY];
        for (part, column) in identity.iter_mut().zip(&self.identity) {
            *part = Cell::Text(found.text(FIRST_COLUMN + column)?);
        }
        Ok(identity)
    }

    fn is_same(&self, row: usize, found: &Row) -> Result<bool, Failure> {
        for (column, cell) in self.batch.row(row).enumerate() {
            let place = FIRST_COLUMN + column;
            let is_same = match cell {
                Cell::Int(number) => found.optional_int(place)? == Some(number),
                Cell::Null => found.is_null(place)?,
                Cell::Text(text) => found.optional_text(place)?.is_some_and(|there| {
                    there == text || is_same_value(self.batch.table, self.batch.columns[column], there, text)
                }),
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn look_up(&self, tx: &mut Tx, rows: &[usize]) -> Result<Vec<Row>, Failure> {
        let table = self.batch.table;
        let columns: Vec<_> = self.batch.columns.iter().map(|column| self.readable(column)).collect();
        let by_source =
            if table.is_by_source { "source_type = ? AND source_identifier = ? AND " } else { "" };
        let sql = format!(
            "SELECT id, last_sync_run_id, {} FROM {} WHERE {by_source}{}",
            columns.join(", "),
            table.name,
            self.dialect.row_in(table.identity, rows.len()),
        );
        let mut args = self.source_args();
        for row in rows {
            args.extend(self.identity.iter().map(|column| Arg::from(self.batch.cell(*row, *column))));
        }
        tx.fetch(sql, &args).await
    }

    /// A column as it is compared: exact decimals and JSON as text.
    fn readable(&self, column: &str) -> String {
        let table = self.batch.table;
        match table.column(column) {
            Some((_, column)) if !matches!(column.kind, Kind::Money) => column.name.to_owned(),
            _ => self.dialect.as_text(column),
        }
    }

    fn source_args(&self) -> Vec<Arg<'_>> {
        match self.batch.table.is_by_source {
            true => vec![Arg::from(&self.run.request.source_type), Arg::from(&self.run.source_name)],
            false => Vec::new(),
        }
    }

    /// Inserts rows, or updates those that come with their id. How many; those that the database refuses are
    /// added to `rejects`.
    async fn put(
        &self,
        tx: &mut Tx,
        rows: &[(usize, Option<i64>)],
        rejects: &mut Vec<Reject>,
    ) -> Result<u64, Failure> {
        let mut count = 0;
        let mut todo: Vec<Range<usize>> = chunks(rows.len()).collect();
        todo.reverse();
        while let Some(range) = todo.pop() {
            let chunk = &rows[range.clone()];
            if chunk.len() > 1 && self.bytes(chunk) > MAX_CHUNK_BYTES {
                todo.extend(halves(&range));
                continue;
            }
            if !self.is_careful {
                self.put_chunk(tx, chunk).await?;
                count += chunk.len() as u64;
                continue;
            }
            tx.raw("SAVEPOINT chunk").await?;
            match self.put_chunk(tx, chunk).await {
                Ok(()) => {
                    tx.raw("RELEASE SAVEPOINT chunk").await?;
                    count += chunk.len() as u64;
                }
                Err(failure) if failure.class == Class::Row => {
                    tx.raw("ROLLBACK TO SAVEPOINT chunk").await?;
                    match chunk {
                        // Somebody else inserted it since we looked: the whole page is to be looked at again.
                        [(row, None)]
                            if failure.is_duplicate() && !self.look_up(tx, &[*row]).await?.is_empty() =>
                        {
                            return Err(failure.contended());
                        }
                        [(row, _)] => rejects.push(self.refused(*row, &failure)),
                        _ => todo.extend(halves(&range)),
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(count)
    }

    /// About how long a statement with these rows is.
    fn bytes(&self, rows: &[(usize, Option<i64>)]) -> usize {
        let cell = |cell: Cell<'_>| cell.as_text().map_or(8, str::len);
        rows.iter().map(|(row, _)| self.batch.row(*row).map(cell).sum::<usize>()).sum()
    }

    async fn put_chunk(&self, tx: &mut Tx, rows: &[(usize, Option<i64>)]) -> Result<(), Failure> {
        let has_ids = rows.first().is_some_and(|(_, id)| id.is_some());
        let mut args = Vec::with_capacity(rows.len() * (self.batch.columns.len() + 4));
        for (row, id) in rows {
            args.extend(id.map(Arg::from));
            args.extend(self.source_args());
            args.extend(self.batch.row(*row).map(Arg::from));
            args.push(self.lease.run_id.into());
        }
        tx.execute(self.put_statement(rows.len(), has_ids), &args).await?;
        Ok(())
    }

    fn put_statement(&self, rows: usize, has_ids: bool) -> Statement {
        let table = self.batch.table;
        let mut columns = if has_ids { vec!["id"] } else { vec![] };
        if table.is_by_source {
            columns.extend(["source_type", "source_identifier"]);
        }
        columns.extend(self.batch.columns.iter());
        columns.push("last_sync_run_id");
        let parameters = list("?", columns.len());
        let now = self.dialect.now();
        columns.push("last_synced_at");
        let mut group = format!("({parameters}, {now}");
        let mut or_update = String::new();
        if has_ids {
            columns.push("updated_at");
            group.push_str(", ");
            group.push_str(now);
            let kept = |column: &&&str| !matches!(**column, "id" | "source_type" | "source_identifier");
            let changed: Vec<_> = columns.iter().filter(kept).copied().collect();
            or_update = self.dialect.or_update(&changed);
        }
        group.push(')');
        let (names, groups) = (columns.join(", "), list(&group, rows));
        format!("INSERT INTO {} ({names}) VALUES {groups} {or_update}", table.name).into()
    }

    /// Notes that the run saw rows that are as they should be; nothing else of them is written.
    async fn stamp(&self, tx: &mut Tx, ids: &[i64]) -> Result<u64, Failure> {
        let mut count = 0;
        for range in chunks(ids.len()) {
            let ids = &ids[range];
            let sql = format!(
                "UPDATE {} SET last_synced_at = {}, last_sync_run_id = ? WHERE id IN ({})",
                self.batch.table.name,
                self.dialect.now(),
                list("?", ids.len())
            );
            let args: Vec<_> = [self.lease.run_id].iter().chain(ids).map(|id| Arg::Int(*id)).collect();
            let stamped = tx.execute(sql, &args).await?;
            if stamped != ids.len() as u64 {
                return Err(Failure::vanished(ids.len() as u64 - stamped));
            }
            count += stamped;
        }
        Ok(count)
    }

    fn refused(&self, row: usize, failure: &Failure) -> Reject {
        let batch = self.batch;
        let message = format!("the database refuses the row: {}", failure.message());
        let position =
            batch.position(row).cloned().unwrap_or(catchment_core::Position::Line { line: 0, byte: 0 });
        let raw = batch.raw(row);
        let mut reject = Reject::new(ErrorKind::Validation, "refused_by_database", message, position, raw);
        reject.item = Some(batch.item(row).into());
        reject
    }
}

/// Whether two texts that differ are the same value of their column: `5.40` and `5.4`, or JSON that the database
/// wrote in its own way.
fn is_same_value(table: &Table, column: &str, there: &str, here: &str) -> bool {
    match table.column(column) {
        Some((_, column)) if matches!(column.kind, Kind::Money) => {
            there.contains('.') && there.trim_end_matches('0').trim_end_matches('.') == here
        }
        Some(_) => false,
        None => {
            let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            matches!((parsed(there), parsed(here)), (Some(there), Some(here)) if there == here)
        }
    }
}

/// The second half of a range, then the first: the last one is taken first.
fn halves(range: &Range<usize>) -> [Range<usize>; 2] {
    let middle = range.start + range.len() / 2;
    [middle..range.end, range.start..middle]
}

/// `0..len` in ranges whose lengths are [`MAX_CHUNK`] and powers of two below it.
pub(super) fn chunks(len: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = len - start;
        let size = MAX_CHUNK.min(1 << rest.checked_ilog2()?);
        start += size;
        Some(start - size..start)
    })
}

impl super::Store {
    /// Whether the table has rows of the run's source that are there to be used.
    pub(crate) async fn has_rows(&self, run: &SyncRun, table: &Table) -> Result<bool> {
        let sql = match table.is_by_source {
            true => format!(
                "SELECT 1 FROM {} WHERE source_type = ? AND source_identifier = ? AND is_available = 1 LIMIT 1",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_everything_in_few_sizes() {
        let sizes: Vec<_> = chunks(5000 - 263).map(|range| range.len()).collect();
        assert_eq!(sizes, [1024, 1024, 1024, 1024, 512, 128, 1]);
        assert_eq!(chunks(0).count(), 0);
        for len in 0..3000 {
            let mut end = 0;
            for range in chunks(len) {
                assert_eq!(range.start, end);
                end = range.end;
            }
            assert_eq!(end, len);
        }
    }
}
