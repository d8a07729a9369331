//! Writing a page's rows: many in a statement, and only what the plan says.

use catchment_core::{ErrorKind, Position, Reject};

use super::chunks::{chunks, padded};
use super::db::dialect::{Dialect, Sql, list};
use super::db::{Arg, Class, Conn, Failure, Limits};
use super::errors::Skip;
use super::ranges::{IdRange, ranges};
use super::rows::{Plan, Rows};
use crate::mapping::Cell;
use crate::run::Counters;

/// What became of the rows of a page.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) counts: Counters,
    pub(super) rejects: Vec<Reject>,
    pub(super) skips: Vec<Skip>,
}

/// Writes a page's rows of one source into its table.
pub(super) struct RowWriter<'a> {
    pub(super) rows: &'a Rows<'a>,
    pub(super) dialect: Dialect,
    pub(super) limits: Limits,
    /// Find the rows that the database refuses, one by one, instead of giving up at the first.
    pub(super) is_careful: bool,
}

impl RowWriter<'_> {
    /// Carries out a plan in the transaction of a connection.
    pub(super) async fn write(&self, conn: &mut Conn, plan: &Plan) -> Result<Written, Failure> {
        let mut written = Written::default();
        let inserts: Vec<_> = plan.insert.iter().map(|row| (*row, None)).collect();
        let updates: Vec<_> = plan.update.iter().map(|(row, id)| (*row, Some(*id))).collect();
        written.counts.inserted = self.put(conn, &inserts, &mut written.rejects).await?;
        written.counts.updated = self.put(conn, &updates, &mut written.rejects).await?;
        written.counts.unchanged = self.stamp(conn, plan).await?;
        written.counts.skipped = plan.duplicate.len() as u64;
        let batch = self.rows.batch;
        let skip = |row: &usize| Skip { item: batch.item(*row), position: batch.position(*row).cloned() };
        written.skips = plan.duplicate.iter().map(skip).collect();
        Ok(written)
    }

    /// Inserts rows, or updates those that come with their id. How many; those that the database refuses are
    /// added to `rejects`.
    async fn put(
        &self,
        conn: &mut Conn,
        rows: &[(usize, Option<i64>)],
        rejects: &mut Vec<Reject>,
    ) -> Result<u64, Failure> {
        let width = self.rows.batch.columns.len() + 4;
        let bytes = |(row, _): &(usize, Option<i64>)| self.bytes(*row);
        let mut count = 0;
        for chunk in chunks(rows, self.limits, width, bytes) {
            count += match self.is_careful {
                false => self.put_chunk(conn, chunk).await?,
                true => self.put_carefully(conn, chunk, rejects).await?,
            };
        }
        Ok(count)
    }

    /// The same for rows that fit one statement: those that are refused are found by halves.
    async fn put_carefully(
        &self,
        conn: &mut Conn,
        rows: &[(usize, Option<i64>)],
        rejects: &mut Vec<Reject>,
    ) -> Result<u64, Failure> {
        let (mut count, mut todo) = (0, vec![rows]);
        while let Some(chunk) = todo.pop() {
            conn.raw("SAVEPOINT chunk").await?;
            match self.put_chunk(conn, chunk).await {
                Ok(put) => {
                    conn.raw("RELEASE SAVEPOINT chunk").await?;
                    count += put;
                }
                Err(failure) if failure.class == Class::Row => {
                    conn.raw("ROLLBACK TO SAVEPOINT chunk").await?;
                    match chunk {
                        // Somebody else inserted it since we looked: the whole page is to be looked at again.
                        [(row, None)]
                            if failure.is_duplicate() && !self.rows.find(&[*row], conn).await?.is_empty() =>
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
        let origin = self.rows.origin;
        origin.source_type.len()
            + origin.source_name.len()
            + self.rows.batch.row(row).map(Cell::size).sum::<usize>()
    }

    async fn put_chunk(&self, conn: &mut Conn, rows: &[(usize, Option<i64>)]) -> Result<u64, Failure> {
        let batch = self.rows.batch;
        if let [(row, _)] = rows {
            self.limits.check(self.bytes(*row))?;
        }
        let has_ids = rows.first().is_some_and(|(_, id)| id.is_some());
        let origin = self.rows.origin.args(batch.table);
        let mut args = Vec::with_capacity(rows.len() * (batch.columns.len() + 4));
        for (row, id) in rows {
            args.extend(id.map(Arg::from));
            args.extend(&origin);
            args.extend(batch.row(*row).map(Arg::from));
            args.push(self.rows.origin.run_id.into());
        }
        conn.execute(self.put_statement(rows.len(), has_ids), &args).await?;
        Ok(rows.len() as u64)
    }

    fn put_statement(&self, rows: usize, has_ids: bool) -> Sql {
        let batch = self.rows.batch;
        let mut columns = if has_ids { vec!["id"] } else { vec![] };
        if batch.table.is_by_source {
            columns.extend(["source_type", "source_identifier"]);
        }
        columns.extend(batch.columns.iter());
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
        format!("INSERT INTO {} ({names}) VALUES {groups} {or_update}", batch.table.name).into()
    }

    /// Notes that the run saw rows that are as they should be; nothing else of them is written. Those that somebody changed
    /// since they were read are not found, and the page is to be looked at again.
    async fn stamp(&self, conn: &mut Conn, plan: &Plan) -> Result<u64, Failure> {
        let mut ids = plan.unchanged.clone();
        ids.sort_unstable();
        let (ranges, others) = ranges(&ids);
        let mut stamped = 0;
        for IdRange { ids, exceptions } in ranges {
            let mut args = vec![Arg::Int(*ids.start()), Arg::Int(*ids.end())];
            args.extend(padded(&exceptions).copied().map(Arg::Int));
            let except = match exceptions.is_empty() {
                true => String::new(),
                false => format!(" AND id NOT IN ({})", list("?", args.len() - 2)),
            };
            stamped += self.stamp_where(conn, &format!("id BETWEEN ? AND ?{except}"), &args, plan).await?;
        }
        for chunk in chunks(&others, self.limits, 1, |_| 12) {
            let args: Vec<_> = chunk.iter().map(|id| Arg::Int(*id)).collect();
            let condition = format!("id IN ({})", list("?", chunk.len()));
            stamped += self.stamp_where(conn, &condition, &args, plan).await?;
        }
        match ids.len() as u64 {
            count if count == stamped => Ok(count),
            count => Err(Failure::changed_meanwhile(count.abs_diff(stamped))),
        }
    }

    async fn stamp_where(
        &self,
        conn: &mut Conn,
        condition: &str,
        args: &[Arg<'_>],
        plan: &Plan,
    ) -> Result<u64, Failure> {
        let (table, now) = (self.rows.batch.table.name, self.dialect.now());
        let versions: Vec<_> = plan.versions.iter().map(|version| &**version).collect();
        let versions: Vec<_> = padded(&versions).map(|version| Arg::Text(version)).collect();
        // What MySQL would set by itself, as it does when somebody changes a value.
        let kept = if self.dialect == Dialect::MySql { ", updated_at = updated_at" } else { "" };
        let sql = format!(
            "UPDATE {table} SET last_synced_at = {now}, last_sync_run_id = ?{kept} WHERE {condition} AND updated_at IN ({})",
            list("?", versions.len())
        );
        let args = [&[Arg::Int(self.rows.origin.run_id)], args, &versions].concat();
        conn.execute(sql, &args).await
    }

    fn refused(&self, row: usize, failure: &Failure) -> Reject {
        let batch = self.rows.batch;
        let message = format!("the database refuses the row: {}", failure.message());
        let position = batch.position(row).cloned().unwrap_or(Position::Line { line: 0, byte: 0 });
        let raw = batch.raw(row);
        let mut reject = Reject::new(ErrorKind::Validation, "refused_by_database", message, position, raw);
        reject.item = Some(batch.item(row).into());
        reject
    }
}
