//! Noting that a run saw rows that are as they should be.

use super::ranges::ranges;
use super::scan::VersionColumns;
use super::table_view::TableView;
use crate::compare::Unchanged;
use crate::store::chunks::{chunks, padded};
use crate::store::db::dialect::{Sql, list};
use crate::store::db::{Arg, Conn, StoreError};

/// Notes that the run saw rows that are as they should be; nothing else of them is written. How many.
pub(super) async fn mark_seen(
    view: &TableView<'_>,
    conn: &mut Conn,
    unchanged: &Unchanged,
) -> Result<u64, StoreError> {
    match unchanged {
        Unchanged::Versioned { ids, versions } => {
            let versions: Vec<_> = versions.iter().map(|version| &**version).collect();
            mark_versions(view, conn, ids, &versions).await
        }
        Unchanged::Verified(records) => {
            mark_records(view, conn, records).await?;
            Ok(records.len() as u64)
        }
    }
}

/// By the numbers of the rows. Those that somebody changed since they were read are not found, and the page is to be looked
/// at again.
async fn mark_versions(
    view: &TableView<'_>,
    conn: &mut Conn,
    ids: &[i64],
    versions: &[&str],
) -> Result<u64, StoreError> {
    let Some(columns) = VersionColumns::of(&view.batch.table, view.dialect()) else { return Ok(0) };
    let id = &columns.id;
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let (ranges, others) = ranges(&ids);
    let mut seen = 0;
    for range in ranges {
        let (condition, args) = range.condition(id);
        seen += mark_where(view, conn, &columns, (&condition, &args), versions).await?;
    }
    for chunk in chunks(&others, view.limits(), 1, |_| 12) {
        let args: Vec<_> = chunk.iter().map(|id| Arg::Int(*id)).collect();
        let condition = format!("{id} IN ({})", list("?", chunk.len()));
        seen += mark_where(view, conn, &columns, (&condition, &args), versions).await?;
    }
    match ids.len() as u64 {
        count if count == seen => Ok(count),
        count => Err(StoreError::changed_meanwhile(count.abs_diff(seen))),
    }
}

async fn mark_where(
    view: &TableView<'_>,
    conn: &mut Conn,
    columns: &VersionColumns,
    (condition, args): (&str, &[Arg<'_>]),
    versions: &[&str],
) -> Result<u64, StoreError> {
    let VersionColumns { seen_by, seen_at, changed_at, .. } = columns;
    let versions: Vec<_> = padded(versions).map(|version| Arg::Text(version)).collect();
    // What MySQL would set by itself, as it does when somebody changes a value.
    let kept = view.dialect().pick(format!(", {changed_at} = {changed_at}"), String::new());
    let sql = format!(
        "UPDATE {} SET {seen_at} = {}, {seen_by} = ?{kept} WHERE {condition} AND {changed_at} IN ({})",
        view.table_name(),
        view.dialect().now(),
        list("?", versions.len())
    );
    let args = [&[Arg::Int(view.origin.run_id)], args, &versions].concat();
    conn.execute(Sql::Built(sql), &args).await
}

/// By the keys of records whose rows were just compared, and locked. Nothing where the ledger is beside the table.
pub(super) async fn mark_records(
    view: &TableView<'_>,
    conn: &mut Conn,
    records: &[usize],
) -> Result<(), StoreError> {
    let (ledger, dialect) = (&view.batch.table.ledger, view.dialect());
    let Some(seen_by) = ledger.seen_by() else { return Ok(()) };
    let seen_at = ledger.seen_at().map(|name| format!(", {} = {}", dialect.quote(name), dialect.now()));
    let (seen_by, seen_at) = (dialect.quote(seen_by), seen_at.unwrap_or_default());
    // What MySQL would set by itself, as it does when somebody changes a value.
    let kept = ledger.changed_at().map(|name| format!(", {0} = {0}", dialect.quote(name)));
    let kept = dialect.pick(kept, None).unwrap_or_default();
    for chunk in view.chunks(records) {
        let (condition, key) = view.row_condition(chunk);
        let sql = format!("UPDATE {} SET {seen_by} = ?{seen_at}{kept} WHERE {condition}", view.table_name());
        conn.execute(Sql::Built(sql), &[vec![Arg::Int(view.origin.run_id)], key].concat()).await?;
    }
    Ok(())
}
