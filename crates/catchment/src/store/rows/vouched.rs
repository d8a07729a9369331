//! Rows that a source vouches for: they are as the run before left them, without having been read again.

use catchment_core::Result;

use super::origin::{RowOrigin, not_gone};
use super::scan::VersionColumns;
use super::table_view::TableView;
use crate::run::SyncRun;
use crate::store::Store;
use crate::store::db::dialect::Sql;
use crate::store::db::{Arg, Conn, StoreError};
use crate::target::Table;

impl Store {
    /// The run whose rows a source may vouch for: the one whose carryover `state_key` names, where it rejected nothing, and where
    /// nobody has written a row of the source since, be it a run or somebody by hand.
    pub(crate) async fn vouching_run(
        &self,
        run: &SyncRun,
        table: &Table,
        state_key: &str,
    ) -> Result<Option<i64>> {
        let (dialect, origin) = (self.db.dialect(), RowOrigin::of(run));
        let Some(columns) = VersionColumns::of(table, dialect).filter(|_| table.has_versions()) else {
            return Ok(None);
        };
        let left = "SELECT r.id FROM sync_states s JOIN sync_runs r ON r.id = s.sync_run_id WHERE s.state_key = ? AND r.status = \
             'completed' AND r.items_failed = 0";
        let left = self.db.fetch(left, &[state_key.into()]).await?;
        let Some(left) = left.first().map(|row| row.int(0)).transpose()? else { return Ok(None) };
        let Some([source_type, source_name]) = &table.origin else { return Ok(None) };
        let VersionColumns { seen_by, seen_at, changed_at, .. } = columns;
        let written = format!(
            "SELECT 1 FROM {} WHERE {} = ? AND {} = ? AND ({seen_by} > ? AND {seen_by} <> ? OR {seen_at} IS NOT NULL AND {changed_at} > \
             {seen_at}) LIMIT 1",
            dialect.quote(&table.name),
            dialect.quote(source_type),
            dialect.quote(source_name)
        );
        let args = [origin.args(table), vec![left.into(), run.id.into()]].concat();
        let is_written = !self.db.fetch(Sql::Built(written), &args).await?.is_empty();
        Ok(Some(left).filter(|_| !is_written))
    }
}

/// Notes that the run saw the rows that the source of a page vouches for. How many.
///
/// # Errors
/// Where one of them is not as the run before left it: not there, marked as gone, seen by another run, or changed since.
pub(super) async fn mark_vouched(view: &TableView<'_>, conn: &mut Conn) -> Result<u64, StoreError> {
    let (vouched, dialect) = match &view.batch.unchanged {
        Some(vouched) => (TableView::new(vouched, view.origin, view.db), view.dialect()),
        None => return Ok(0),
    };
    let table = &vouched.batch.table;
    let (Some(left), Some(columns)) = (view.origin.vouched_by, VersionColumns::of(table, dialect)) else {
        return Err(StoreError::not_as_vouched());
    };
    let VersionColumns { seen_by, seen_at, changed_at, .. } = columns;
    // What MySQL would set by itself, as it does when somebody changes a value.
    let kept = dialect.pick(format!(", {changed_at} = {changed_at}"), String::new());
    let is_available = table.gone.as_ref().map(|mark| format!(" AND {}", not_gone(dialect, mark)));
    let is_available = is_available.unwrap_or_default();
    let records: Vec<_> = (0..vouched.batch.len()).collect();
    let mut seen = 0;
    for chunk in vouched.chunks(&records) {
        let (condition, key) = vouched.row_condition(chunk);
        let sql = format!(
            "UPDATE {} SET {seen_at} = {}, {seen_by} = ?{kept} WHERE {condition} AND {seen_by} = ? AND {changed_at} <= \
             {seen_at}{is_available}",
            vouched.table_name(),
            dialect.now()
        );
        let mut args = [vec![Arg::Int(view.origin.run_id)], key, vec![left.into()]].concat();
        args.extend(table.gone.as_ref().map(|mark| Arg::from(&mark.value)));
        seen += conn.execute(Sql::Built(sql), &args).await?;
    }
    let is_known = view.batch.unchanged_unidentified == 0;
    if is_known && seen == vouched.batch.len() as u64 { Ok(seen) } else { Err(StoreError::not_as_vouched()) }
}
