//! The sink that writes: applies the changes of a page to its table, many rows in a statement, and nothing else.

use std::collections::BTreeMap;

use super::columns::{parameter, value};
use super::mark::{mark_records, mark_seen};
use super::purpose::Purpose;
use super::table_view::TableView;
use super::vouched::mark_vouched;
use super::write_outcome::{WriteOutcome, kept_edit, refused, skip};
use crate::compare::{Change, Changes, Duplicate, Kept, RowId};
use crate::mapping::Cell;
use crate::store::KnownFields;
use crate::store::chunks::chunks;
use crate::store::db::dialect::{Sql, list};
use crate::store::db::{Arg, Conn, FailureClass, StoreError};
use crate::target::UpdateBy;

/// Updates that keep the same columns can be written together.
fn by_kept_columns(updates: &[Change]) -> BTreeMap<Vec<usize>, Vec<Upsert<'_>>> {
    let mut groups: BTreeMap<Vec<usize>, Vec<Upsert<'_>>> = BTreeMap::new();
    for Change { record, id, kept, .. } in updates {
        let columns = kept.iter().map(|kept| kept.column).collect();
        groups.entry(columns).or_default().push((*record, Some((id, kept))));
    }
    groups
}

/// Writes a page's rows of one source into its table.
pub(super) struct TableSink<'a> {
    pub(super) view: &'a TableView<'a>,
    /// Find the rows that the database refuses, one by one, instead of giving up at the first.
    pub(super) is_careful: bool,
    pub(super) purpose: &'a Purpose,
    /// What runs last wrote, as far as that is known without looking it up.
    pub(super) known: &'a KnownFields,
}

/// A row to be written, with what it is found again by and the columns that it keeps where it is there.
type Upsert<'c> = (usize, Option<(&'c RowId, &'c [Kept])>);

impl TableSink<'_> {
    /// Applies changes in the transaction of a connection.
    pub(super) async fn apply(&self, conn: &mut Conn, changes: &Changes) -> Result<WriteOutcome, StoreError> {
        let mut written = WriteOutcome::default();
        let inserts: Vec<Upsert<'_>> = changes.insert.iter().map(|record| (*record, None)).collect();
        let updates = by_kept_columns(&changes.update);
        let is_tried = self.purpose.is_to_find() && !(inserts.is_empty() && updates.is_empty());
        if is_tried {
            conn.raw("SAVEPOINT tried").await?;
        }
        written.counts.inserted = self.upsert(conn, &inserts, &mut written).await?;
        for updates in updates.values() {
            written.counts.updated += self.upsert(conn, updates, &mut written).await?;
        }
        if is_tried {
            conn.raw("ROLLBACK TO SAVEPOINT tried").await?;
        }
        written.counts.unchanged = if self.purpose.is_to_find() {
            changes.unchanged.len() as u64
        } else {
            let kept: Vec<_> = changes.kept.iter().map(|change| change.record).collect();
            mark_records(self.view, conn, &kept).await?;
            mark_seen(self.view, conn, &changes.unchanged).await? + mark_vouched(self.view, conn).await?
        };
        written.counts.skipped = (changes.duplicate.len() + changes.kept.len()) as u64;
        let kept = changes.update.iter().chain(&changes.kept);
        written.fields_kept = kept.map(|change| change.kept.len() as u64).sum();
        let batch = self.view.batch;
        let skip = |Duplicate { record, first }: &Duplicate| skip("duplicate", batch, *record, first.clone());
        written.skips = changes.duplicate.iter().map(skip).collect();
        written.skips.extend(changes.kept.iter().map(|change| kept_edit(self.view, change)));
        Ok(written)
    }

    /// Inserts rows, or updates those that come with what they are found by. How many; those that the database refuses are
    /// added to the rejects.
    async fn upsert(
        &self,
        conn: &mut Conn,
        rows: &[Upsert<'_>],
        written: &mut WriteOutcome,
    ) -> Result<u64, StoreError> {
        let table = &self.view.batch.table;
        let is_update = rows.first().is_some_and(|(_, id)| id.is_some());
        let width = self.view.batch.columns.len() + table.primary.len() + 3;
        let bytes = |(row, _): &Upsert<'_>| self.bytes(*row);
        let mut count = 0;
        let singles = if is_update && table.update == UpdateBy::Statement { 1 } else { rows.len() };
        for rows in rows.chunks(singles.max(1)) {
            for chunk in chunks(rows, self.view.limits(), width, bytes) {
                count += if self.is_careful {
                    self.upsert_carefully(conn, chunk, written).await?
                } else {
                    self.upsert_chunk(conn, chunk).await?
                };
            }
        }
        Ok(count)
    }

    /// The same for rows that fit one statement: those that are refused are found by halves.
    async fn upsert_carefully(
        &self,
        conn: &mut Conn,
        rows: &[Upsert<'_>],
        written: &mut WriteOutcome,
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
                            if failure.is_duplicate()
                                && !self.view.find(&[*row], true, conn).await?.is_empty() =>
                        {
                            return Err(failure.contended());
                        }
                        [(row, _)] => {
                            written.rejects.push(refused(self.view.batch, *row, &failure));
                            written.refused.push(*row);
                        }
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

    async fn upsert_chunk(&self, conn: &mut Conn, rows: &[Upsert<'_>]) -> Result<u64, StoreError> {
        if let [(row, id)] = rows {
            self.view.limits().check(self.bytes(*row))?;
            if let (Some((_, kept)), UpdateBy::Statement) = (id, self.view.batch.table.update) {
                return self.update_one(conn, *row, kept).await;
            }
        }
        let batch = self.view.batch;
        let has_ids = rows.first().is_some_and(|(_, id)| id.is_some());
        let origin = self.view.origin.args(&batch.table);
        let run_id = batch.table.ledger.seen_by().map(|_| Arg::Int(self.view.origin.run_id));
        let id_columns = self.id_columns(has_ids);
        let mut args = Vec::with_capacity(rows.len() * (batch.columns.len() + id_columns.len() + 3));
        for (row, id) in rows {
            match id {
                Some((RowId::Number(id), _)) => args.push((*id).into()),
                Some((RowId::Key(values), _)) => {
                    args.extend(id_columns.iter().map(|(place, _)| Arg::Text(&values[*place])));
                }
                None => {}
            }
            args.extend(&origin);
            args.extend(batch.row(*row).enumerate().map(|(column, cell)| value(cell, batch.kind(column))));
            args.extend(run_id);
        }
        let kept = rows.first().and_then(|(_, id)| *id).map(|(_, kept)| kept);
        let sql = self.upsert_statement(rows.len(), kept);
        let (written, wanted) = (conn.execute(Sql::Built(sql), &args).await?, rows.len() as u64);
        // A trigger may leave rows out without a word (RAISE(IGNORE)).
        if written < wanted { Err(StoreError::left_out(wanted - written)) } else { Ok(wanted) }
    }

    /// The columns of the primary key that an INSERT must name to find its row, and that the batch does not feed: their
    /// places in the key.
    fn id_columns(&self, has_ids: bool) -> Vec<(usize, &str)> {
        let batch = self.view.batch;
        let is_fed = |name: &str| batch.columns.iter().any(|column| *column.name == *name);
        let key = batch.table.primary.iter().map(String::as_str).enumerate();
        key.filter(|(_, name)| has_ids && !is_fed(name)).collect()
    }

    /// The statement that inserts rows, or updates those that are there but for the columns that they keep.
    fn upsert_statement(&self, rows: usize, kept: Option<&[Kept]>) -> String {
        let has_ids = kept.is_some();
        let (batch, dialect) = (self.view.batch, self.view.dialect());
        let table = &batch.table;
        let key_kind =
            |name: &str| table.column(name).map_or("?", |(_, column)| parameter(dialect, &column.kind));
        let id_columns = self.id_columns(has_ids);
        let mut values: Vec<(&str, &str)> =
            id_columns.iter().map(|(_, name)| (*name, key_kind(name))).collect();
        values.extend(table.origin.iter().flatten().map(|name| (name.as_str(), "?")));
        let fed = batch.columns.iter().enumerate();
        values.extend(fed.map(|(column, fed)| (&*fed.name, parameter(dialect, batch.kind(column)))));
        let now = dialect.now();
        let ledger = &table.ledger;
        values.extend(ledger.seen_by().map(|name| (name, "?")));
        values.extend(ledger.seen_at().map(|name| (name, now)));
        values.extend(ledger.changed_at().filter(|_| has_ids).map(|name| (name, now)));
        let group: Vec<_> = values.iter().map(|(_, value)| *value).collect();
        let mut or_update = String::new();
        if let Some(kept) = kept {
            let is_kept = |name: &str| {
                kept.iter().any(|kept| *batch.columns[kept.column].name == *name)
                    || table.primary.iter().any(|key| key == name)
                    || table.origin.iter().flatten().any(|origin| origin == name)
            };
            let changed = values.iter().filter(|(name, _)| !is_kept(name));
            let changed: Vec<_> = changed.map(|(name, _)| dialect.quote(name)).collect();
            let primary = dialect.quoted(table.primary.iter().map(String::as_str));
            or_update = dialect.or_update(&primary, &changed);
        }
        let names = dialect.quoted(values.iter().map(|(name, _)| *name));
        let groups = list(&format!("({})", group.join(", ")), rows);
        // Whatever a constraint of SQLite says of conflicts: a row is written, or refused.
        let insert = dialect.pick("INSERT", "INSERT OR ABORT");
        format!("{insert} INTO {} ({names}) VALUES {groups} {or_update}", self.view.table_name())
    }

    /// Updates the row with the key of a record, but for the columns that it keeps.
    async fn update_one(&self, conn: &mut Conn, row: usize, kept: &[Kept]) -> Result<u64, StoreError> {
        let (batch, dialect) = (self.view.batch, self.view.dialect());
        let (condition, key) = self.view.row_condition(&[row]);
        let is_kept = |column: &usize| {
            self.view.identity.contains(column) || kept.iter().any(|kept| kept.column == *column)
        };
        let fed = (0..batch.columns.len()).filter(|column| !is_kept(column));
        let fed: Vec<_> = fed.collect();
        let mut set: Vec<_> = fed
            .iter()
            .map(|column| {
                format!("{} = {}", self.view.quoted(*column), parameter(dialect, batch.kind(*column)))
            })
            .collect();
        let mut args: Vec<_> =
            fed.iter().map(|column| value(batch.cell(row, *column), batch.kind(*column))).collect();
        let ledger = &batch.table.ledger;
        set.extend(ledger.seen_by().map(|name| format!("{} = ?", dialect.quote(name))));
        args.extend(ledger.seen_by().map(|_| Arg::Int(self.view.origin.run_id)));
        set.extend(ledger.seen_at().map(|name| format!("{} = {}", dialect.quote(name), dialect.now())));
        args.extend(key);
        let sql = format!("UPDATE {} SET {} WHERE {condition}", self.view.table_name(), set.join(", "));
        match conn.execute(Sql::Built(sql), &args).await? {
            // It was found, and is locked.
            0 => Err(StoreError::changed_meanwhile(1)),
            count => Ok(count.min(1)),
        }
    }
}
