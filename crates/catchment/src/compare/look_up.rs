//! Comparing by what stands in the table: the rows of a page's identities are read, and held against its records.

use std::collections::{HashMap, HashSet};

use super::change::{Change, Changes};
use super::differences::differences;
use crate::store::{Conn, Row, StoreError, TableView};

/// Compares a page with what a transaction finds in the table. Of records with the same identity the first one counts.
pub(crate) async fn compare(view: &TableView<'_>, conn: &mut Conn) -> Result<Changes, StoreError> {
    let mut changes = Changes::default();
    let mut seen = HashSet::with_capacity(view.batch.len());
    let (first, duplicate) = (0..view.batch.len()).partition(|record| seen.insert(view.identity_of(*record)));
    changes.duplicate = duplicate;
    compare_some(view, &first, &mut changes, conn).await?;
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
                changes.duplicate.push(record);
            } else {
                add_found(view, record, &found, changes)?;
            }
        }
    }
    changes.insert.extend(records.iter().filter(|record| !is_there[**record]));
    changes.insert.sort_unstable();
    changes.duplicate.sort_unstable();
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
