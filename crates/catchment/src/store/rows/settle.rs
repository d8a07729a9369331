//! Settling a conflict: the row of one field, as it is now, and another value in its place.

use catchment_core::Result;

use super::columns::{parameter, value};
use super::origin::RowOrigin;
use crate::compare::differences;
use crate::conflicts::SettledBy;
use crate::mapping::Batch;
use crate::store::Store;
use crate::store::conflicts::StoredConflict;
use crate::store::db::StoreError;
use crate::store::db::dialect::Sql;

/// What came of settling a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SettleOutcome {
    Settled,
    /// Somebody else has settled it before.
    NotOpen,
    /// The row is not there any more.
    Gone,
    /// The table has another value now, which was noted.
    Moved(Option<String>),
}

impl Store {
    /// Settles a conflict that its table keeps its value.
    pub(crate) async fn keep_table_value(
        &self,
        conflict: &StoredConflict,
    ) -> Result<SettleOutcome, StoreError> {
        let mut tx = self.db.begin().await?;
        if !conflict.is_open(tx.conn()?).await? {
            tx.rollback().await?;
            return Ok(SettleOutcome::NotOpen);
        }
        conflict.settle(&self.db, SettledBy::Table, None, tx.conn()?).await?;
        tx.commit().await?;
        Ok(SettleOutcome::Settled)
    }

    /// Settles a conflict by a value that the table gets: both are rows with the key and the field of the conflict, one with what it
    /// says that the table has, one with the new value.
    pub(crate) async fn write_settlement(
        &self,
        conflict: &StoredConflict,
        [shown, wanted]: [&Batch; 2],
        by: SettledBy,
    ) -> Result<SettleOutcome, StoreError> {
        let of = &conflict.conflict;
        let (source_type, source_name) = (of.source_type.clone(), of.source_name.clone());
        let origin = RowOrigin { run_id: of.run_id, source_type, source_name, vouching: None };
        let (shown, wanted) = (self.view(shown, &origin), self.view(wanted, &origin));
        let mut tx = self.db.begin().await?;
        // The row first, as runs do.
        let found = shown.find(&[0], true, tx.conn()?).await?;
        if !conflict.is_open(tx.conn()?).await? {
            tx.rollback().await?;
            return Ok(SettleOutcome::NotOpen);
        }
        let Some(found) = found.first() else {
            conflict.settle(&self.db, SettledBy::Gone, None, tx.conn()?).await?;
            tx.commit().await?;
            return Ok(SettleOutcome::Gone);
        };
        if let Some(moved) = differences(&shown, 0, found)?.into_iter().next() {
            conflict.note_table(moved.before.as_deref(), tx.conn()?).await?;
            tx.commit().await?;
            return Ok(SettleOutcome::Moved(moved.before.map(String::from)));
        }
        let (batch, dialect, field) = (wanted.batch, wanted.dialect(), wanted.identity.len());
        let (condition, key) = wanted.row_condition(&[0]);
        let changed = batch.table.ledger.changed_at();
        let changed = changed.map(|name| format!(", {} = {}", dialect.quote(name), dialect.now()));
        let sql = format!(
            "UPDATE {} SET {} = {}{} WHERE {condition}",
            wanted.table_name(),
            wanted.quoted(field),
            parameter(dialect, batch.kind(field)),
            changed.unwrap_or_default()
        );
        let cell = batch.cell(0, field);
        tx.execute(Sql::Built(sql), &[vec![value(cell, batch.kind(field))], key].concat()).await?;
        let text = cell.to_text();
        let written = (by == SettledBy::Source).then_some(text.as_deref());
        conflict.settle(&self.db, by, written, tx.conn()?).await?;
        tx.commit().await?;
        Ok(SettleOutcome::Settled)
    }
}
