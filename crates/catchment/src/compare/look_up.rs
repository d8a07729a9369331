//! Comparing by what stands in the table: the rows of a page's identities are read, and held against its records.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::change::{Change, Changes, Duplicate, RowId, Unchanged};
use super::differences::differences;
use super::seen::Reserved;
use crate::store::{Conn, PageState, Row, StoreError, TableView};

/// Compares a page with what a transaction finds in the table. Of records with the same identity the first one counts.
pub(crate) async fn compare(view: &TableView<'_>, conn: &mut Conn) -> Result<Changes, StoreError> {
    let mut changes = Changes::default();
    let mut seen = HashMap::with_capacity(view.batch.len());
    let mut firsts = Vec::with_capacity(view.batch.len());
    for record in 0..view.batch.len() {
        match seen.entry(view.identity_digest(record)) {
            Entry::Vacant(free) => {
                free.insert(record);
                firsts.push(record);
            }
            Entry::Occupied(first) => {
                let first = view.batch.location(*first.get()).cloned();
                changes.duplicate.push(Duplicate { record, first });
            }
        }
    }
    compare_some(view, &firsts, None, &mut changes, conn).await?;
    Ok(changes)
}

/// Compares the records of a page that are the first ones of their identities with what its own transaction finds in the
/// table, and locks the rows that are to be written.
pub(crate) async fn compare_reserved(
    view: &TableView<'_>,
    reserved: &Reserved,
    conn: &mut Conn,
) -> Result<Changes, StoreError> {
    let unchanged = Unchanged::Verified(Vec::new());
    let mut changes = Changes { duplicate: reserved.duplicates.clone(), unchanged, ..Changes::default() };
    if reserved.firsts.is_empty() {
        return Ok(changes);
    }
    let state = if reserved.outlook.is_mixed() {
        PageState::Mixed
    } else {
        view.page_state(&reserved.firsts, conn).await?
    };
    match state {
        PageState::Absent => changes.insert.clone_from(&reserved.firsts),
        PageState::Same => changes.unchanged = Unchanged::Verified(reserved.firsts.clone()),
        PageState::Mixed => {
            compare_some(view, &reserved.firsts, Some(&reserved.identities), &mut changes, conn).await?;
        }
    }
    let are_some_new = (1..reserved.firsts.len()).contains(&changes.insert.len());
    reserved.outlook.note(are_some_new || !changes.update.is_empty());
    Ok(changes)
}

/// Adds records of the page, which differ in their identities, to the changes. `identities` are those of all records, where
/// they are known; then their rows are locked.
pub(super) async fn compare_some(
    view: &TableView<'_>,
    records: &[usize],
    identities: Option<&[u128]>,
    changes: &mut Changes,
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let identity = |record: usize| identities.map_or_else(|| view.identity_digest(record), |of| of[record]);
    let by_identity: HashMap<_, _> = records.iter().map(|record| (identity(*record), *record)).collect();
    let mut is_there = vec![false; view.batch.len()];
    for chunk in view.chunks(records) {
        for found in view.find(chunk, identities.is_some(), conn).await? {
            let Some(&record) = by_identity.get(&view.identity_in(&found)?) else { continue };
            is_there[record] = true;
            if view.was_seen(&found)? {
                changes.duplicate.push(Duplicate { record, first: None });
            } else {
                add_found(view, record, &found, changes)?;
            }
        }
    }
    changes.insert.extend(records.iter().filter(|record| !is_there[**record]));
    changes.insert.sort_unstable();
    changes.duplicate.sort_unstable_by_key(|duplicate| duplicate.record);
    Ok(())
}

fn add_found(
    view: &TableView<'_>,
    record: usize,
    found: &Row,
    changes: &mut Changes,
) -> Result<(), StoreError> {
    let (id, differences) = (view.id_of(found)?, differences(view, record, found)?);
    match (&mut changes.unchanged, &id) {
        (Unchanged::Verified(records), _) if differences.is_empty() => records.push(record),
        // A row without a version cannot be told from one that somebody changes meanwhile: it is written.
        (unchanged @ Unchanged::Versioned { .. }, RowId::Number(number)) if differences.is_empty() => {
            match view.version_of(found)? {
                Some(version) => unchanged.add(*number, Some(version.into())),
                None => changes.update.push(Change { record, id, differences }),
            }
        }
        _ => changes.update.push(Change { record, id, differences }),
    }
    Ok(())
}
