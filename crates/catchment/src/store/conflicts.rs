//! `sync_conflicts`: fields in which both the source and somebody by hand have changed what a run last wrote.

use std::collections::{HashMap, HashSet};

use catchment_core::Result;

use super::Store;
use super::chunks::chunks;
use super::db::dialect::{Sql, list};
use super::db::{Arg, Conn, Db, Row, StoreError};
use super::rows::TableView;
use super::scope::{InScope, digest_in};
use super::values::{timestamp, unreadable};
use super::written::{Fields, WrittenFields, forget_fields, store_fields};
use crate::compare::{Changes, is_same_text};
use crate::conflicts::{Conflict, ConflictFilter, ConflictState, SettledBy};
use crate::mapping::Cell;

const COLUMNS: &str = "id, sync_run_id, target_table, source_type, source_name, item_identifier, row_key, column_name, is_written, \
                       written_value, table_value, source_value, state, settled_by, {ms created_at}, {ms settled_at}";

/// The conflicts that a filter means, but for their ids.
const FILTERED: &str = "target_table = COALESCE(?, target_table) AND column_name = COALESCE(?, column_name) AND sync_run_id = \
                        COALESCE(?, sync_run_id)";

fn filter_args(filter: &ConflictFilter) -> [Arg<'_>; 3] {
    [filter.target_table.as_deref().into(), filter.column.as_deref().into(), filter.run_id.into()]
}

/// A conflict that is on record.
struct Known {
    id: i64,
    is_open: bool,
    /// Whether somebody has decided that the table keeps a value, for as long as the source has the one that it had then.
    is_decided: bool,
    source: Option<String>,
}

/// Those on record of the rows of a page, by the record and the column.
type KnownConflicts = HashMap<(usize, String), Known>;

/// Files the conflicts of a page, in its transaction, and settles those that are none any more. `applied` are the records whose
/// rows are there now. How many wait for somebody that did not before.
pub(super) async fn file_conflicts(
    view: &TableView<'_>,
    identities: &[u128],
    (changes, applied): (&Changes, &[usize]),
    written: &WrittenFields,
    conn: &mut Conn,
) -> Result<u64, StoreError> {
    let mut known = known_conflicts(view, identities, applied, conn).await?;
    let (mut opened, is_applied) = (0, applied.iter().collect::<HashSet<_>>());
    for change in changes.update.iter().chain(&changes.kept) {
        for kept in change.kept.iter().filter(|kept| kept.is_asked && is_applied.contains(&change.record)) {
            let key = (change.record, view.batch.columns[kept.column].name.to_string());
            let before = known.remove(&key);
            if before.as_ref().is_some_and(|known| known.is_decided && !has_moved(view, &key, known)) {
                continue;
            }
            opened += u64::from(!before.as_ref().is_some_and(|known| known.is_open));
            let last = written.of(view, change.record, kept.column);
            let place = (identities[change.record], before.map(|known| known.id));
            file(view, (change.record, kept.column), place, (last, kept.there.as_deref()), conn).await?;
        }
    }
    known.retain(|key, known| known.is_open || known.is_decided && has_moved(view, key, known));
    let over: Vec<_> = known.into_values().map(|known| known.id).collect();
    settle_all(&over, SettledBy::Agreed, conn).await?;
    Ok(opened)
}

/// Whether the source has another value than when a conflict was filed.
fn has_moved(view: &TableView<'_>, (record, name): &(usize, String), known: &Known) -> bool {
    let column = view.batch.columns.iter().position(|column| *column.name == **name);
    column.is_none_or(|column| {
        let source = view.batch.cell(*record, column).to_text();
        !is_same_text(view, column, known.source.as_deref(), source.as_deref())
    })
}

/// What is on record of the rows of these records.
async fn known_conflicts(
    view: &TableView<'_>,
    identities: &[u128],
    records: &[usize],
    conn: &mut Conn,
) -> Result<KnownConflicts, StoreError> {
    let mut known = KnownConflicts::new();
    for chunk in chunks(records, view.db.limits(), 1, |_| 20) {
        let by_identity: HashMap<_, _> = chunk.iter().map(|record| (identities[*record], *record)).collect();
        let rows = InScope::new(view.scope(), by_identity.keys().copied());
        let sql = format!(
            "SELECT identity, column_name, id, state, settled_by, source_value FROM sync_conflicts WHERE {}",
            rows.condition()
        );
        for row in conn.fetch(sql, &rows.args()).await? {
            let identity = digest_in(&row, 0)?;
            let Some(record) = by_identity.get(&identity) else { continue };
            let is_open = row.text(3)? == ConflictState::Open.as_str();
            let is_decided = matches!(row.optional_text(4)?, Some("table" | "value"));
            let conflict = Known { id: row.int(2)?, is_open, is_decided, source: row.optional_string(5)? };
            known.insert((*record, row.text(1)?.to_owned()), conflict);
        }
    }
    Ok(known)
}

/// Whether conflicts are on record of a scope.
pub(super) async fn has_conflicts(scope: u128, conn: &mut Conn) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sync_conflicts WHERE scope = ? LIMIT 1";
    Ok(!conn.fetch(sql, &[Arg::Bytes(&scope.to_be_bytes())]).await?.is_empty())
}

/// Files a conflict, anew or in the place of what is on record of its field.
async fn file(
    view: &TableView<'_>,
    (record, column): (usize, usize),
    (identity, id): (u128, Option<i64>),
    (last, there): (Option<Option<String>>, Option<&str>),
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let (batch, origin) = (view.batch, view.origin);
    let source = batch.cell(record, column).to_text();
    let (is_written, last) = (i64::from(last.is_some()), last.flatten());
    let values = [
        is_written.into(),
        Arg::from(last.as_deref()),
        there.into(),
        Arg::from(source.as_deref()),
        origin.run_id.into(),
    ];
    if let Some(id) = id {
        let sql = "UPDATE sync_conflicts SET is_written = ?, written_value = ?, table_value = ?, source_value = ?, sync_run_id = ?, \
                   state = 'open', settled_by = NULL, settled_at = NULL WHERE id = ?";
        conn.execute(sql, &[&values[..], &[id.into()]].concat()).await?;
        return Ok(());
    }
    let key = view.identity.iter().map(|column| {
        let value = match batch.cell(record, *column) {
            Cell::Null => serde_json::Value::Null,
            Cell::Int(number) => number.into(),
            Cell::Text(text) => text.into(),
        };
        (batch.columns[*column].name.to_string(), value)
    });
    let key = serde_json::Value::Object(key.collect()).to_string();
    let sql = "INSERT INTO sync_conflicts (is_written, written_value, table_value, source_value, sync_run_id, scope, identity, \
               column_name, target_table, source_type, source_name, item_identifier, row_key) VALUES \
               (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let (scope, identity, item) = (view.scope().to_be_bytes(), identity.to_be_bytes(), batch.item(record));
    let place = [
        Arg::Bytes(&scope),
        Arg::Bytes(&identity),
        Arg::from(&*batch.columns[column].name),
        Arg::from(&batch.table.name),
        Arg::from(&origin.source_type),
        Arg::from(&origin.source_name),
        Arg::from(&item),
        Arg::from(&key),
    ];
    conn.execute(sql, &[&values[..], &place].concat()).await?;
    Ok(())
}

/// Takes note that conflicts are settled, or that they are otherwise than they were.
async fn settle_all(ids: &[i64], by: SettledBy, conn: &mut Conn) -> Result<(), StoreError> {
    for ids in ids.chunks(500) {
        let sql = format!(
            "UPDATE sync_conflicts SET state = 'settled', settled_by = ?, settled_at = {{now}} WHERE id IN ({})",
            list("?", ids.len())
        );
        let args: Vec<_> =
            std::iter::once(by.as_str().into()).chain(ids.iter().map(|id| Arg::Int(*id))).collect();
        conn.execute(sql, &args).await?;
    }
    Ok(())
}

/// Takes note that rows are not there any more: what runs wrote to them, and the conflicts that they had.
pub(super) async fn forget_rows(
    db: &Db,
    scope: u128,
    identities: &[u128],
    conn: &mut Conn,
) -> Result<(), StoreError> {
    forget_fields(db, scope, identities, conn).await?;
    for identities in chunks(identities, db.limits(), 1, |_| 20) {
        let rows = InScope::new(scope, identities.iter().copied());
        let sql = format!(
            "UPDATE sync_conflicts SET state = 'settled', settled_by = 'gone', settled_at = {{now}} WHERE state = 'open' AND {}",
            rows.condition()
        );
        conn.execute(sql, &rows.args()).await?;
    }
    Ok(())
}

/// A conflict, with where its row is found.
pub(crate) struct StoredConflict {
    pub(crate) conflict: Conflict,
    scope: u128,
    identity: u128,
}

impl Store {
    /// Conflicts after the one with the id `after`, at most `limit`.
    pub(crate) async fn conflicts(
        &self,
        filter: &ConflictFilter,
        state: Option<ConflictState>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredConflict>> {
        let state = Arg::from(state.map(ConflictState::as_str));
        let mut args = [&[after.into(), state], &filter_args(filter)[..]].concat();
        let mut of_ids = String::new();
        if !filter.ids.is_empty() {
            of_ids = format!(" AND id IN ({})", list("?", filter.ids.len()));
            args.extend(filter.ids.iter().map(|id| Arg::Int(*id)));
        }
        args.push(i64::from(limit).into());
        let sql = format!(
            "SELECT {COLUMNS}, scope, identity FROM sync_conflicts WHERE id > ? AND state = COALESCE(?, state) AND \
             {FILTERED}{of_ids} ORDER BY id LIMIT ?"
        );
        self.db.fetch(sql, &args).await?.iter().map(read).collect()
    }

    /// How many conflicts wait for somebody.
    pub(crate) async fn count_open_conflicts(&self, filter: &ConflictFilter) -> Result<u64> {
        let sql = format!("SELECT COUNT(*) FROM sync_conflicts WHERE state = 'open' AND {FILTERED}");
        let rows = self.db.fetch(sql, &filter_args(filter)).await?;
        Ok(rows.first().map(|row| row.int(0)).transpose()?.unwrap_or_default().unsigned_abs())
    }
}

impl StoredConflict {
    /// Takes note, in a transaction, that it is settled; `written` is what a run is taken to have written to its field.
    pub(super) async fn settle(
        &self,
        db: &Db,
        by: SettledBy,
        written: Option<Option<&str>>,
        conn: &mut Conn,
    ) -> Result<(), StoreError> {
        settle_all(&[self.conflict.id], by, conn).await?;
        let Some(written) = written else { return Ok(()) };
        let sql = "SELECT fields FROM sync_written WHERE scope = ? AND identity = ?";
        let (scope, identity) = (self.scope.to_be_bytes(), self.identity.to_be_bytes());
        let rows = conn.fetch(sql, &[Arg::Bytes(&scope), Arg::Bytes(&identity)]).await?;
        let before = rows.first().map(|row| row.text(0)).transpose()?;
        let mut fields: Fields = before.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        fields.insert(self.conflict.column.clone(), written.map(str::to_owned));
        let fields = serde_json::to_string(&fields).map_err(|error| StoreError::unwritable(&error))?;
        store_fields(db, self.scope, &[(self.identity, fields)], conn).await
    }

    /// Whether it still waits for somebody; nobody else settles it before the transaction ends.
    pub(super) async fn is_open(&self, conn: &mut Conn) -> Result<bool, StoreError> {
        let sql = Sql::Each {
            mysql: "SELECT 1 FROM sync_conflicts WHERE id = ? AND state = 'open' FOR UPDATE",
            sqlite: "SELECT 1 FROM sync_conflicts WHERE id = ? AND state = 'open'",
        };
        Ok(!conn.fetch(sql, &[self.conflict.id.into()]).await?.is_empty())
    }

    /// Takes note, in a transaction, of what the table has now.
    pub(super) async fn note_table(&self, there: Option<&str>, conn: &mut Conn) -> Result<(), StoreError> {
        let sql = "UPDATE sync_conflicts SET table_value = ? WHERE id = ?";
        conn.execute(sql, &[there.into(), self.conflict.id.into()]).await.map(|_| ())
    }
}

fn read(row: &Row) -> Result<StoredConflict> {
    let written = row.optional_string(9)?;
    let conflict = Conflict {
        id: row.int(0)?,
        run_id: row.int(1)?,
        target_table: row.text(2)?.to_owned(),
        source_type: row.text(3)?.to_owned(),
        source_name: row.text(4)?.to_owned(),
        item: row.text(5)?.to_owned(),
        key: serde_json::from_str(row.text(6)?)
            .map_err(|error| unreadable("the key of a conflict", &error))?,
        column: row.text(7)?.to_owned(),
        written: (row.int(8)? != 0).then_some(written),
        in_table: row.optional_string(10)?,
        in_source: row.optional_string(11)?,
        state: ConflictState::from_name(row.text(12)?)?,
        settled_by: row.optional_text(13)?.map(SettledBy::from_name).transpose()?,
        created_at: timestamp(row.optional_int(14)?).unwrap_or_default(),
        settled_at: timestamp(row.optional_int(15)?),
    };
    Ok(StoredConflict { conflict, scope: digest_in(row, 16)?, identity: digest_in(row, 17)? })
}
