//! The sink that writes: applies the changes of a page to its table, many rows in a statement, and nothing else.

use catchment_core::{ErrorKind, Position, Reject};

use super::ranges::{IdRange, ranges};
use super::table_view::TableView;
use crate::compare::{Changes, Duplicate, Unchanged};
use crate::counts::Counters;
use crate::mapping::Cell;
use crate::store::chunks::{chunks, padded};
use crate::store::db::dialect::{Dialect, Sql, list};
use crate::store::db::{Arg, Conn, FailureClass, StoreError};
use crate::store::errors::Skip;

/// What became of the rows of a page.
#[derive(Debug, Default)]
pub(super) struct WriteOutcome {
    pub(super) counts: Counters,
    pub(super) rejects: Vec<Reject>,
    pub(super) skips: Vec<Skip>,
}

/// Writes a page's rows of one source into its table.
pub(super) struct TableSink<'a> {
    pub(super) view: &'a TableView<'a>,
    /// Find the rows that the database refuses, one by one, instead of giving up at the first.
    pub(super) is_careful: bool,
}

impl TableSink<'_> {
    /// Applies changes in the transaction of a connection.
    pub(super) async fn apply(&self, conn: &mut Conn, changes: &Changes) -> Result<WriteOutcome, StoreError> {
        let mut written = WriteOutcome::default();
        let inserts: Vec<_> = changes.insert.iter().map(|record| (*record, None)).collect();
        let updates: Vec<_> = changes.update.iter().map(|change| (change.record, Some(change.id))).collect();
        written.counts.inserted = self.upsert(conn, &inserts, &mut written.rejects).await?;
        written.counts.updated = self.upsert(conn, &updates, &mut written.rejects).await?;
        written.counts.unchanged = self.mark_seen(conn, &changes.unchanged).await?;
        written.counts.skipped = changes.duplicate.len() as u64;
        let batch = self.view.batch;
        let skip = |duplicate: &Duplicate| Skip {
            record: duplicate.record,
            item: batch.item(duplicate.record),
            location: batch.location(duplicate.record).cloned(),
            first: duplicate.first.clone(),
            differences: Vec::new(),
        };
        written.skips = changes.duplicate.iter().map(skip).collect();
        Ok(written)
    }

    /// Inserts rows, or updates those that come with their id. How many; those that the database refuses are
    /// added to `rejects`.
    async fn upsert(
        &self,
        conn: &mut Conn,
        rows: &[(usize, Option<i64>)],
        rejects: &mut Vec<Reject>,
    ) -> Result<u64, StoreError> {
        let width = self.view.batch.columns.len() + 4;
        let bytes = |(row, _): &(usize, Option<i64>)| self.bytes(*row);
        let mut count = 0;
        for chunk in chunks(rows, self.view.limits(), width, bytes) {
            count += if self.is_careful {
                self.upsert_carefully(conn, chunk, rejects).await?
            } else {
                self.upsert_chunk(conn, chunk).await?
            };
        }
        Ok(count)
    }

    /// The same for rows that fit one statement: those that are refused are found by halves.
    async fn upsert_carefully(
        &self,
        conn: &mut Conn,
        rows: &[(usize, Option<i64>)],
        rejects: &mut Vec<Reject>,
    ) -> Result<u64, StoreError> {
        let (mut count, mut todo) = (0, vec![rows]);
        while let Some(chunk) = todo.pop() {
            conn.raw("SAVEPOINT chunk").await?;
            match self.upsert_chunk(conn, chunk).await {
                Ok(upserted) => {
                    conn.raw("RELEASE SAVEPOINT chunk").await?;
                    count += upserted;
                }
                Err(failure) if failure.class == FailureClass::Row => {
                    conn.raw("ROLLBACK TO SAVEPOINT chunk").await?;
                    match chunk {
                        // Somebody else inserted it since we looked: the whole page is to be looked at again.
                        [(row, None)]
                            if failure.is_duplicate() && !self.view.find(&[*row], conn).await?.is_empty() =>
                        {
                            return Err(failure.contended());
                        }
                        [(row, _)] => rejects.push(self.refused(*row, &failure)),
                        _ => {
                            let (first, second) = chunk.split_at(chunk.len() / 2);
                            todo.extend([second, first]);
                        }
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(count)
    }

    /// About how long a row is in a statement.
    fn bytes(&self, row: usize) -> usize {
        let origin = self.view.origin;
        origin.source_type.len()
            + origin.source_name.len()
            + self.view.batch.row(row).map(Cell::size).sum::<usize>()
    }

    async fn upsert_chunk(&self, conn: &mut Conn, rows: &[(usize, Option<i64>)]) -> Result<u64, StoreError> {
        let batch = self.view.batch;
        if let [(row, _)] = rows {
            self.view.limits().check(self.bytes(*row))?;
        }
        let has_ids = rows.first().is_some_and(|(_, id)| id.is_some());
        let origin = self.view.origin.args(batch.table);
        let mut args = Vec::with_capacity(rows.len() * (batch.columns.len() + 4));
        for (row, id) in rows {
            args.extend(id.map(Arg::from));
            args.extend(&origin);
            args.extend(batch.row(*row).map(Arg::from));
            args.push(self.view.origin.run_id.into());
        }
        conn.execute(self.upsert_statement(rows.len(), has_ids), &args).await?;
        Ok(rows.len() as u64)
    }

    fn upsert_statement(&self, rows: usize, has_ids: bool) -> Sql {
        let batch = self.view.batch;
        let mut columns = if has_ids { vec!["id"] } else { vec![] };
        if batch.table.is_by_source {
            columns.extend(["source_type", "source_identifier"]);
        }
        columns.extend(batch.columns.iter());
        columns.push("last_sync_run_id");
        let parameters = list("?", columns.len());
        let now = self.view.dialect().now();
        columns.push("last_synced_at");
        let mut group = format!("({parameters}, {now}");
        let mut or_update = String::new();
        if has_ids {
            columns.push("updated_at");
            group.push_str(", ");
            group.push_str(now);
            let kept = |column: &&&str| !matches!(**column, "id" | "source_type" | "source_identifier");
            let changed: Vec<_> = columns.iter().filter(kept).copied().collect();
            or_update = self.view.dialect().or_update(&changed);
        }
        group.push(')');
        let (names, groups) = (columns.join(", "), list(&group, rows));
        format!("INSERT INTO {} ({names}) VALUES {groups} {or_update}", batch.table.name).into()
    }

    /// Notes that the run saw rows that are as they should be; nothing else of them is written. Those that somebody changed
    /// since they were read are not found, and the page is to be looked at again.
    async fn mark_seen(&self, conn: &mut Conn, unchanged: &Unchanged) -> Result<u64, StoreError> {
        let mut ids = unchanged.ids.clone();
        ids.sort_unstable();
        let (ranges, others) = ranges(&ids);
        let mut seen = 0;
        for IdRange { ids, exceptions } in ranges {
            let mut args = vec![Arg::Int(*ids.start()), Arg::Int(*ids.end())];
            args.extend(padded(&exceptions).copied().map(Arg::Int));
            let except = if exceptions.is_empty() {
                String::new()
            } else {
                format!(" AND id NOT IN ({})", list("?", args.len() - 2))
            };
            seen +=
                self.mark_seen_where(conn, &format!("id BETWEEN ? AND ?{except}"), &args, unchanged).await?;
        }
        for chunk in chunks(&others, self.view.limits(), 1, |_| 12) {
            let args: Vec<_> = chunk.iter().map(|id| Arg::Int(*id)).collect();
            let condition = format!("id IN ({})", list("?", chunk.len()));
            seen += self.mark_seen_where(conn, &condition, &args, unchanged).await?;
        }
        match ids.len() as u64 {
            count if count == seen => Ok(count),
            count => Err(StoreError::changed_meanwhile(count.abs_diff(seen))),
        }
    }

    async fn mark_seen_where(
        &self,
        conn: &mut Conn,
        condition: &str,
        args: &[Arg<'_>],
        unchanged: &Unchanged,
    ) -> Result<u64, StoreError> {
        let (table, now) = (self.view.batch.table.name, self.view.dialect().now());
        let versions: Vec<_> = unchanged.versions.iter().map(|version| &**version).collect();
        let versions: Vec<_> = padded(&versions).map(|version| Arg::Text(version)).collect();
        // What MySQL would set by itself, as it does when somebody changes a value.
        let kept = if self.view.dialect() == Dialect::MySql { ", updated_at = updated_at" } else { "" };
        let sql = format!(
            "UPDATE {table} SET last_synced_at = {now}, last_sync_run_id = ?{kept} WHERE {condition} AND updated_at IN ({})",
            list("?", versions.len())
        );
        let args = [&[Arg::Int(self.view.origin.run_id)], args, &versions].concat();
        conn.execute(sql, &args).await
    }

    fn refused(&self, row: usize, failure: &StoreError) -> Reject {
        let batch = self.view.batch;
        let message = format!("the database refused the row: {}", failure.message());
        let location = batch.location(row).cloned();
        let location = location.unwrap_or(Position::Line { line: 0, byte: 0 }.into());
        let raw = batch.raw(row);
        let mut reject = Reject::new(ErrorKind::Validation, "refused_by_database", message, location, raw);
        reject.item = Some(batch.item(row).into());
        reject
    }
}
