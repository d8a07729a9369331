//! Comparing by what stands in the table: the rows of a page's identities are read, and held against its records.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::change::{Change, Changes, Duplicate};
use super::differences::differences;
use crate::store::{Conn, Row, StoreError, TableView};

/// Compares a page with what a transaction finds in the table. Of records with the same identity the first one counts.
pub(crate) async fn compare(view: &TableView<'_>, conn: &mut Conn) -> Result<Changes, StoreError> {
    let mut changes = Changes::default();
    let mut seen = HashMap::with_capacity(view.batch.len());
    let mut firsts = Vec::with_capacity(view.batch.len());
    for record in 0..view.batch.len() {
        match seen.entry(view.identity_of(record)) {
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
    compare_some(view, &firsts, &mut changes, conn).await?;
    Ok(changes)
}

/// Adds records of the page, which differ in their identities, to the changes.
pub(super) async fn compare_some(
    view: &TableView<'_>,
    records: &[usize],
    changes: &mut Changes,
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let by_identity: HashMap<_, _> =
        records.iter().map(|record| (view.identity_of(*record), *record)).collect();
    let mut is_there = vec![false; view.batch.len()];
    for chunk in view.chunks(records) {
        for found in view.find(chunk, conn).await? {
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
    // A row without a version cannot be told from one that somebody changes meanwhile: it is written.
    match view.version_of(found)? {
        Some(version) if differences.is_empty() => {
            changes.unchanged.ids.push(id);
            changes.unchanged.versions.insert(version.into());
        }
        _ => changes.update.push(Change { record, id, differences }),
    }
    Ok(())
}
