//! Rows that a source vouches for: they are as the run before left them, without having been read again.
//!
//! Who changes a row changes its version. The run before has added up the versions of all rows that it saw, page by page, as each was
//! committed; so whatever anybody did to one of them since, this run finds another sum.

use std::collections::HashMap;

use catchment_core::Result;
use xxhash_rust::xxh3::xxh3_64;

use super::mark::mark_records;
use super::origin::{RowOrigin, not_gone};
use super::scan::VersionColumns;
use super::table_view::TableView;
use super::vouching::Vouching;
use crate::counts::RowVersions;
use crate::run::SyncRun;
use crate::store::Store;
use crate::store::db::dialect::Sql;
use crate::store::db::{Arg, Conn, Row, StoreError};
use crate::target::Table;

impl Store {
    /// The rows that a run `left`, where they are all there, and nobody has written one of them since.
    pub(crate) async fn vouching(
        &self,
        run: &SyncRun,
        table: &Table,
        (left, expected): (i64, RowVersions),
    ) -> Result<Option<Vouching>> {
        let dialect = self.db.dialect();
        let columns = VersionColumns::of(table, dialect).filter(|_| table.has_versions());
        let (Some(columns), Some([source_type, source_name])) = (columns, &table.origin) else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {}, {} FROM {} WHERE {} = ? AND {} = ? AND {} = ?",
            columns.id,
            dialect.as_text(&columns.changed_at),
            dialect.quote(&table.name),
            dialect.quote(source_type),
            dialect.quote(source_name),
            columns.seen_by
        );
        let origin = RowOrigin::of(run);
        let args = [origin.args(table), vec![left.into()]].concat();
        let (mut versions, mut found) = (HashMap::new(), RowVersions::default());
        let note = |row: &Row| {
            let (id, digest) = version(row)?;
            versions.insert(id, digest);
            found.add(digest);
            Ok(found.rows <= expected.rows)
        };
        self.db.reader().await?.each_while(Sql::Built(sql), &args, note).await?;
        Ok((found == expected).then_some(Vouching { run_id: left, versions }))
    }
}

/// The number of a row, and a digest of it and its version.
fn version(row: &Row) -> Result<(i64, u64), StoreError> {
    let (id, version) = (row.int(0)?, row.optional_text(1)?.unwrap_or_default());
    Ok((id, xxh3_64(format!("{id} {version}").as_bytes())))
}

/// Adds up the versions of the rows of a page, as they are to be committed, where the run does so.
pub(super) async fn add_versions(
    view: &TableView<'_>,
    sum: Option<&mut RowVersions>,
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let Some(sum) = sum else { return Ok(()) };
    let run_id = view.origin.run_id;
    add_found(view, run_id, conn, |_, digest| sum.add(digest)).await?;
    if let Some(vouched) = &view.batch.unchanged {
        let vouched = TableView::new(vouched, view.origin, view.db);
        add_found(&vouched, run_id, conn, |_, digest| sum.add(digest)).await?;
    }
    Ok(())
}

/// The rows of a page's identities that a run saw last.
async fn add_found(
    view: &TableView<'_>,
    seen_by_run: i64,
    conn: &mut Conn,
    mut take: impl FnMut(i64, u64),
) -> Result<(), StoreError> {
    let (dialect, table) = (view.dialect(), &view.batch.table);
    let Some(VersionColumns { id, seen_by, changed_at, .. }) = VersionColumns::of(table, dialect) else {
        return Ok(());
    };
    let available = table.gone.as_ref();
    let is_available = available.map(|mark| format!(" AND {}", not_gone(dialect, mark))).unwrap_or_default();
    let records: Vec<_> = (0..view.batch.len()).collect();
    for chunk in view.chunks(&records) {
        let (condition, key) = view.row_condition(chunk);
        let sql = format!(
            "SELECT {id}, {} FROM {} WHERE {condition} AND {seen_by} = ?{is_available}{}",
            dialect.as_text(&changed_at),
            view.table_name(),
            // SQLite has one writer.
            dialect.pick(" FOR UPDATE", "")
        );
        let mut args = [key, vec![seen_by_run.into()]].concat();
        args.extend(available.map(|mark| Arg::from(&mark.value)));
        for row in conn.fetch(Sql::Built(sql), &args).await? {
            let (id, digest) = version(&row)?;
            take(id, digest);
        }
    }
    Ok(())
}

/// Notes that the run saw the rows that the source of a page vouches for. How many.
///
/// # Errors
/// Where one of them is not as the run before left it: not there, marked as gone, seen by another run, or changed since.
pub(super) async fn mark_vouched(view: &TableView<'_>, conn: &mut Conn) -> Result<u64, StoreError> {
    let Some(vouched) = &view.batch.unchanged else { return Ok(0) };
    let vouched = TableView::new(vouched, view.origin, view.db);
    let Some(vouching) = &view.origin.vouching else { return Err(StoreError::not_as_vouched()) };
    let mut same = 0;
    let note = |id, digest| same += usize::from(vouching.versions.get(&id) == Some(&digest));
    add_found(&vouched, vouching.run_id, conn, note).await?;
    if view.batch.unchanged_unidentified > 0 || same != vouched.batch.len() {
        return Err(StoreError::not_as_vouched());
    }
    mark_records(&vouched, conn, &(0..same).collect::<Vec<_>>()).await?;
    Ok(same as u64)
}
