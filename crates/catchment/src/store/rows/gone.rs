//! Rows that left their source: found by what runs know of rows, and marked or deleted.

use catchment_core::Result;

use super::list::key_value;
use super::origin::{RowOrigin, not_gone};
use super::table_view::TableView;
use crate::compare::{DigestSet, RowId};
use crate::mapping::Batch;
use crate::run::SyncRun;
use crate::store::Store;
use crate::store::db::dialect::Sql;
use crate::store::db::{Arg, Conn, FailureClass, Row, StoreError};
use crate::target::{GoneMark, Ledger, Table};

/// Rows that are looked at in one step.
pub(crate) const STEP: i64 = 2000;

/// How it is known of a row that its source's last pass has not seen it.
#[derive(Debug)]
pub(crate) enum Unseen {
    /// The row says which run saw it last.
    ByRow,
    /// These identities are gone.
    Among(DigestSet),
    /// These have been seen, of a slice of all digests: which one, of how many.
    NotAmong { seen: DigestSet, slice: u64, slices: u64 },
}

/// The rows of a run's source that are gone.
pub(crate) struct GoneRows<'a> {
    pub(crate) batch: Batch,
    pub(crate) origin: RowOrigin,
    /// The run whose source it is.
    pub(crate) pass: &'a SyncRun,
    pub(crate) unseen: Unseen,
    /// The identities of records that were rejected: their rows are not gone.
    pub(crate) rejected: &'a DigestSet,
    /// How rows are marked; without it they are deleted.
    pub(crate) mark: Option<GoneMark>,
}

/// A row that is gone.
#[derive(Debug, Clone)]
pub(crate) struct GoneRow {
    /// The values of its primary key.
    pub(crate) key: Vec<String>,
    pub(crate) identity: u128,
    /// What identifies it, for people.
    pub(crate) item: String,
}

/// What a step found.
#[derive(Debug)]
pub(crate) struct GonePage {
    pub(crate) rows: Vec<GoneRow>,
    /// How many rows were looked at.
    pub(crate) looked_at: u64,
    /// The primary key of the last row that was looked at; `None` after the last one.
    pub(crate) end: Option<Vec<String>>,
}

impl GoneRows<'_> {
    fn table(&self) -> &Table {
        &self.batch.table
    }

    fn is_gone(&self, identity: u128) -> bool {
        !self.rejected.contains(&identity)
            && match &self.unseen {
                Unseen::ByRow => true,
                Unseen::Among(gone) => gone.contains(&identity),
                Unseen::NotAmong { seen, slice, slices } => {
                    slice_of(identity, *slices) == *slice && !seen.contains(&identity)
                }
            }
    }

    /// The conditions of rows that may be gone, with their parameters.
    fn conditions(&self, view: &TableView<'_>) -> (Vec<String>, Vec<Arg<'_>>) {
        let (table, pass) = (self.table(), self.pass);
        let (mut conditions, mut args) = (Vec::new(), Vec::new());
        if let Some(source) = view.source_condition() {
            // In the order of the primary key: SQLite would take the index of the source, and sort all its rows for each step.
            conditions.push(format!("{}{source}", view.dialect().pick("", "+")));
            args.extend(self.origin.args(table));
        }
        let is_by_row = matches!(self.unseen, Unseen::ByRow);
        if let Ledger::Columns { seen_by, .. } = &table.ledger {
            let seen_by = view.dialect().quote(seen_by);
            // A row that no run has seen was never in the source, and one that a later run has seen is.
            let seen = if is_by_row { format!("{seen_by} < ?") } else { format!("{seen_by} IS NOT NULL") };
            conditions.push(seen);
            args.extend(is_by_row.then(|| Arg::from(pass.id)));
        }
        if let Some(mark) = &self.mark {
            conditions.push(not_gone(view.dialect(), mark));
            args.push(Arg::from(&mark.value));
        }
        (conditions, args)
    }

    fn row(&self, view: &TableView<'_>, found: &Row) -> Result<(Vec<String>, Option<GoneRow>), StoreError> {
        let key = match view.id_of(found)? {
            RowId::Number(id) => vec![id.to_string()],
            RowId::Key(values) => values.iter().map(|value| (**value).to_owned()).collect(),
        };
        let identity = view.identity_in(found)?;
        if !self.is_gone(identity) {
            return Ok((key, None));
        }
        let value = |column: usize| {
            let (place, kind) = (view.column_index(column), view.batch.kind(column));
            let number = if kind.is_int64() { found.optional_int(place)? } else { None };
            match number {
                Some(number) => Ok(Some(number.to_string())),
                None => found.optional_string(place),
            }
        };
        let values = (0..view.batch.columns.len()).map(value).collect::<Result<Vec<_>, StoreError>>()?;
        let item = values.into_iter().flatten().collect::<Vec<_>>().join(" / ");
        Ok((key.clone(), Some(GoneRow { key, identity, item })))
    }
}

/// Which slice of all digests one is in.
pub(crate) fn slice_of(digest: u128, slices: u64) -> u64 {
    u64::try_from((digest >> 64) % u128::from(slices.max(1))).unwrap_or_default()
}

impl Store {
    /// The rows that are gone, after the one with this primary key: those among the next so many.
    pub(crate) async fn gone_page(
        &self,
        gone: &GoneRows<'_>,
        after: Option<&[String]>,
    ) -> Result<GonePage, StoreError> {
        let view = self.view(&gone.batch, &gone.origin);
        let (table, dialect) = (gone.table(), view.dialect());
        let (mut conditions, mut args) = gone.conditions(&view);
        let order = dialect.quoted(table.primary.iter().map(String::as_str));
        if let Some(after) = after {
            let values = table.primary.iter().zip(after);
            let (parameters, values): (Vec<_>, Vec<_>) =
                values.map(|(name, text)| key_value(dialect, table, name, text)).unzip();
            conditions.push(format!("({order}) > ({})", parameters.join(", ")));
            args.extend(values);
        }
        let conditions = conditions.join(" AND ");
        let conditions = if conditions.is_empty() { conditions } else { format!(" WHERE {conditions}") };
        args.push(STEP.into());
        let sql = format!("{}{conditions} ORDER BY {order} LIMIT ?", view.select());
        let found = self.db.fetch(Sql::Built(sql), &args).await?;
        let (mut rows, mut end) = (Vec::new(), None);
        for row in &found {
            let (key, gone) = gone.row(&view, row)?;
            rows.extend(gone);
            end = Some(key);
        }
        let is_last = i64::try_from(found.len()).unwrap_or(STEP) < STEP;
        Ok(GonePage { rows, looked_at: found.len() as u64, end: end.filter(|_| !is_last) })
    }

    /// Marks or deletes rows that are gone, if they still are. How many.
    pub(super) async fn write_gone(
        &self,
        gone: &GoneRows<'_>,
        rows: &[GoneRow],
        conn: &mut Conn,
    ) -> Result<u64, StoreError> {
        let view = self.view(&gone.batch, &gone.origin);
        let (table, dialect) = (gone.table(), view.dialect());
        if rows.is_empty() {
            return Ok(0);
        }
        let names: Vec<_> = table.primary.iter().map(|name| dialect.quote(name)).collect();
        let parameters = |row: &'_ GoneRow| -> Vec<String> {
            let values = table.primary.iter().zip(&row.key);
            values.map(|(name, text)| key_value(dialect, table, name, text).0).collect()
        };
        let keys = dialect.row_in(&names, &rows.first().map(parameters).unwrap_or_default(), rows.len());
        let (mut conditions, condition_args) = gone.conditions(&view);
        conditions.push(keys);
        let (conditions, name) = (conditions.join(" AND "), view.table_name());
        let (sql, mut args) = match &gone.mark {
            Some(mark) => {
                let changed = table.ledger.changed_at();
                let changed = changed.map(|name| format!(", {} = {}", dialect.quote(name), dialect.now()));
                let (column, changed) = (dialect.quote(&mark.column), changed.unwrap_or_default());
                (
                    format!("UPDATE {name} SET {column} = ?{changed} WHERE {conditions}"),
                    vec![Arg::from(&mark.value)],
                )
            }
            None => (format!("DELETE FROM {name} WHERE {conditions}"), Vec::new()),
        };
        args.extend(condition_args);
        let values = rows.iter().flat_map(|row| table.primary.iter().zip(&row.key));
        args.extend(values.map(|(name, text)| key_value(dialect, table, name, text).1));
        conn.execute(Sql::Built(sql), &args).await
    }

    /// The same row by row, where the database refuses some: those that were written, and why the first other one was not.
    pub(super) async fn write_gone_carefully(
        &self,
        gone: &GoneRows<'_>,
        rows: Vec<GoneRow>,
        conn: &mut Conn,
    ) -> Result<(Vec<GoneRow>, Option<StoreError>), StoreError> {
        let (mut written, mut refusal) = (Vec::new(), None);
        for row in rows {
            conn.raw("SAVEPOINT gone").await?;
            match self.write_gone(gone, std::slice::from_ref(&row), conn).await {
                Ok(_) => {
                    conn.raw("RELEASE SAVEPOINT gone").await?;
                    written.push(row);
                }
                Err(failure) if failure.class == FailureClass::Row => {
                    conn.raw("ROLLBACK TO SAVEPOINT gone").await?;
                    refusal.get_or_insert(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok((written, refusal))
    }
}
