//! The queue of conflicts: fields in which both the source and somebody by hand have changed what a run last wrote.

use std::collections::HashMap;
use std::sync::Arc;

use catchment_core::{Error, ErrorKind, Result};

use super::engine::Engine;
use super::service::SyncService;
use super::tx_retry::retry_contended;
use crate::conflicts::{
    Conflict, ConflictFilter, ConflictState, LeftConflict, Settled, SettledBy, Settlement,
};
use crate::mapping::{Batch, typed_value};
use crate::principal::{Door, Principal, Scope};
use crate::replay::text_of;
use crate::store::{SettleOutcome, StoredConflict};
use crate::target::{Table, identified};

/// Conflicts that are looked at at a time.
const PART: u32 = 500;
/// Conflicts that may be named by their ids: a filter names more.
const MAX_IDS: usize = 10_000;
/// Conflicts that are told of that were not settled.
const MAX_LEFT: usize = 1000;

impl SyncService {
    /// Conflicts after the one with the id `after`, at most `limit`: those that wait, those that are settled, or all.
    ///
    /// # Errors
    /// `database`.
    pub async fn conflicts(
        &self,
        principal: &Principal,
        filter: &ConflictFilter,
        state: Option<ConflictState>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Conflict>> {
        principal.require(Scope::Read)?;
        let found = self.engine().store.conflicts(filter, state, after, limit).await?;
        Ok(found.into_iter().map(|stored| stored.conflict).collect())
    }

    /// How many conflicts wait for somebody.
    ///
    /// # Errors
    /// `database`.
    pub async fn count_open_conflicts(&self, principal: &Principal, filter: &ConflictFilter) -> Result<u64> {
        principal.require(Scope::Read)?;
        self.engine().store.count_open_conflicts(filter).await
    }

    /// Settles the open conflicts that fit a filter, each in a transaction of its own. One whose table has another value than the
    /// one that is on record is left, with what it has now. A conflict that is settled stays settled until the source moves again.
    ///
    /// # Errors
    /// `config`: `no_such_conflict`, where none of the ids there is; `invalid_request`. `database`.
    pub async fn settle_conflicts(
        &self,
        principal: &Principal,
        filter: &ConflictFilter,
        settlement: &Settlement,
    ) -> Result<Settled> {
        principal.require(Scope::Edit)?;
        self.engine().settle_conflicts(filter, settlement, principal.door).await
    }
}

/// Settles conflicts one by one; tables are looked up once.
struct Settling<'a> {
    engine: &'a Engine,
    settlement: &'a Settlement,
    door: Door,
    tables: HashMap<(String, Vec<String>), Arc<Table>>,
}

impl Engine {
    async fn settle_conflicts(
        &self,
        filter: &ConflictFilter,
        settlement: &Settlement,
        door: Door,
    ) -> Result<Settled> {
        if filter.ids.len() > MAX_IDS {
            let count = filter.ids.len();
            let message = format!("there are {count} ids, more than the limit of {MAX_IDS}; use a filter");
            return Err(Error::config("invalid_request", message));
        }
        if let [id] = filter.ids[..]
            && self.store.conflicts(filter, None, 0, 1).await?.is_empty()
        {
            return Err(Error::config("no_such_conflict", format!("there is no conflict {id}")));
        }
        let mut settling = Settling { engine: self, settlement, door, tables: HashMap::new() };
        let (mut settled, mut after) = (Settled::default(), 0);
        // Of those that are named, it is told that they were settled before.
        let state = filter.ids.is_empty().then_some(ConflictState::Open);
        loop {
            let found = self.store.conflicts(filter, state, after, PART).await?;
            let Some(last) = found.last() else { return Ok(settled) };
            after = last.conflict.id;
            for stored in &found {
                match settling.settle(stored).await? {
                    None => settled.settled += 1,
                    Some(reason) if settled.left.len() < MAX_LEFT => {
                        let (id, item) = (stored.conflict.id, stored.conflict.item.clone());
                        settled.left.push(LeftConflict { id, item, reason });
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

impl Settling<'_> {
    /// Settles a conflict; why not, if so.
    async fn settle(&mut self, stored: &StoredConflict) -> Result<Option<String>> {
        match self.try_settle(stored).await {
            Ok(SettleOutcome::Settled) => Ok(None),
            Ok(SettleOutcome::NotOpen) => Ok(Some("it is settled already".to_owned())),
            Ok(SettleOutcome::Gone) => Ok(Some("its row is not in the table any more".to_owned())),
            Ok(SettleOutcome::Moved(there)) => {
                let there = there.map_or_else(|| "NULL".to_owned(), |text| format!("`{text}`"));
                Ok(Some(format!("the table has {there} now; look at it, and settle it again")))
            }
            Err(error) if error.kind() == ErrorKind::Config || error.kind() == ErrorKind::Validation => {
                Ok(Some(error.message().to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    async fn try_settle(&mut self, stored: &StoredConflict) -> Result<SettleOutcome> {
        let (store, of) = (&self.engine.store, &stored.conflict);
        if *self.settlement == Settlement::Table {
            return retry_contended(|| store.keep_table_value(stored)).await;
        }
        let table = self.table(of).await?;
        let (value, by) = match self.settlement {
            Settlement::Value(value) => (typed_value(&table, &of.column, value)?, SettledBy::Value),
            Settlement::Table | Settlement::Source => (of.in_source.clone(), SettledBy::Source),
        };
        let shown = row(&table, of, of.in_table.as_deref());
        let wanted = row(&table, of, value.as_deref());
        retry_contended(|| store.write_settlement(stored, [&shown, &wanted], by)).await
    }

    /// The table of a conflict, with the key that its row is found by.
    async fn table(&mut self, of: &Conflict) -> Result<Arc<Table>> {
        let key = (of.target_table.clone(), of.key.keys().cloned().collect::<Vec<_>>());
        if let Some(table) = self.tables.get(&key) {
            return Ok(table.clone());
        }
        let table = self.engine.resolve_target(&key.0, self.door).await?;
        let table = identified(&table, Some(&key.1), |_| true)?;
        self.tables.insert(key, table.clone());
        Ok(table)
    }
}

/// A row with the key of a conflict, and a value in its field.
fn row(table: &Arc<Table>, of: &Conflict, value: Option<&str>) -> Batch {
    let key: Vec<_> = of.key.iter().map(|(name, value)| (name.as_str(), text_of(value))).collect();
    let key = key.iter().map(|(name, text)| (*name, Some(text.as_str())));
    let values: Vec<_> = key.chain([(of.column.as_str(), value)]).collect();
    Batch::of_row(table, &values)
}
