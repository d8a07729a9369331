//! Writing a page's rows: many in a statement, and only what the plan says.

use catchment_core::{ErrorKind, Position, Reject};

use super::db::{Arg, Conn, Limits, Statement};
use super::dialect::{Dialect, list};
use super::error::{Class, Failure};
use super::errors::Skip;
use super::rows::{Plan, Rows};
use crate::mapping::Cell;
use crate::run::Counters;

/// Rows in one statement at most. The rest of a page goes by halves of it, so that there are only a few
/// statements to prepare.
const MAX_CHUNK: usize = 1024;
/// A range of ids that are stamped together has at least so many, and between two of them at most so many others.
const MIN_RANGE: usize = 32;
const MAX_GAP: i64 = 16;
/// Ids of others within such a range at most.
const MAX_EXCEPTIONS: usize = 256;

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

    fn put_statement(&self, rows: usize, has_ids: bool) -> Statement {
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

/// Items, and the last one again up to a power of two, so that there are only a few statements to prepare.
fn padded<T>(items: &[T]) -> impl Iterator<Item = &T> {
    let padding = items.len().next_power_of_two() - items.len();
    items.iter().chain(items.last().into_iter().cycle().take(padding))
}

/// Ids from one to another, but for a few.
#[derive(Debug, PartialEq)]
struct IdRange {
    ids: std::ops::RangeInclusive<i64>,
    exceptions: Vec<i64>,
}

/// Sorted ids as ranges, and those that are too far from all others.
fn ranges(ids: &[i64]) -> (Vec<IdRange>, Vec<i64>) {
    let (mut ranges, mut others) = (Vec::new(), Vec::new());
    let mut rest = ids;
    while let [first, ..] = rest {
        let (mut exceptions, mut last, mut count) = (Vec::new(), *first, 1);
        for id in &rest[1..] {
            let gap = last + 1..*id;
            let missing = gap.end - gap.start;
            if missing > MAX_GAP || exceptions.len() + gap.clone().count() > MAX_EXCEPTIONS {
                break;
            }
            exceptions.extend(gap);
            (last, count) = (*id, count + 1);
        }
        let (range, further) = rest.split_at(count);
        match count >= MIN_RANGE {
            true => ranges.push(IdRange { ids: *first..=last, exceptions }),
            false => others.extend_from_slice(range),
        }
        rest = further;
    }
    (ranges, others)
}

/// Items in pieces that fit a statement of `width` parameters an item: as many as [`MAX_CHUNK`] or a power of two below
/// it. A piece of one may be too long all the same.
pub(super) fn chunks<T>(
    items: &[T],
    limits: Limits,
    width: usize,
    bytes: impl Fn(&T) -> usize,
) -> impl Iterator<Item = &[T]> {
    // What a parameter takes in the text of the statement.
    const TEXT: usize = 4;
    let most =
        (limits.parameters / width.max(1)).min(limits.bytes / (TEXT * width.max(1))).clamp(1, MAX_CHUNK);
    let mut rest = items;
    std::iter::from_fn(move || {
        let mut size = 1 << most.min(rest.len()).checked_ilog2()?;
        while size > 1 && rest[..size].iter().map(&bytes).sum::<usize>() > limits.bytes {
            size /= 2;
        }
        let (chunk, further) = rest.split_at(size);
        rest = further;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { parameters: 65_535, bytes: 1 << 20, packet: 16 << 20 };

    fn sizes(len: usize, width: usize, bytes: usize) -> Vec<usize> {
        chunks(&vec![(); len], LIMITS, width, |()| bytes).map(<[()]>::len).collect()
    }

    #[test]
    fn chunks_cover_everything_in_few_sizes() {
        assert_eq!(sizes(5000 - 263, 10, 100), [1024, 1024, 1024, 1024, 512, 128, 1]);
        assert_eq!(sizes(0, 10, 100), [0_usize; 0]);
        assert_eq!(sizes(3, 10, 2 << 20), [1, 1, 1]);
        assert_eq!(sizes(1000, 1000, 100), [64; 15].into_iter().chain([32, 8]).collect::<Vec<_>>());
    }

    #[test]
    fn ids_that_are_close_are_a_range() {
        let ids: Vec<i64> = (1..=100).filter(|id| *id != 50).chain([200, 300]).chain(1000..1040).collect();
        let (ranges, others) = ranges(&ids);
        let range = |ids, exceptions| IdRange { ids, exceptions };
        assert_eq!(ranges, [range(1..=100, vec![50]), range(1000..=1039, vec![])]);
        assert_eq!(others, [200, 300]);
    }
}
