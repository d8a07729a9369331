//! Comparing by what stands in the table: the rows of a page's identities are read, and held against its records.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::change::{Change, Changes, Difference, Duplicate, Kept, RowId, Unchanged};
use super::differences::differences;
use super::judge::judge;
use super::seen::Reserved;
use crate::store::{Conn, PageState, Row, StoreError, TableView, WrittenFields};

/// Compares a page with what its transaction finds in the table. Of records with the same identity the first one counts.
pub(crate) async fn compare(
    view: &TableView<'_>,
    written: &mut WrittenFields,
    conn: &mut Conn,
) -> Result<Changes, StoreError> {
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
    compare_some(view, &firsts, (None, Some(written)), &mut changes, conn).await?;
    Ok(changes)
}

/// Compares those records of a page again that differed before its transaction, with what this finds: policies judge by that.
pub(crate) async fn compare_again(
    view: &TableView<'_>,
    before: &Changes,
    written: &mut WrittenFields,
    conn: &mut Conn,
) -> Result<Changes, StoreError> {
    let Changes { insert, unchanged, duplicate, .. } = before;
    let (insert, unchanged, duplicate) = (insert.clone(), unchanged.clone(), duplicate.clone());
    let mut changes = Changes { insert, unchanged, duplicate, ..Changes::default() };
    let differing: Vec<_> = before.update.iter().map(|change| change.record).collect();
    compare_some(view, &differing, (None, Some(written)), &mut changes, conn).await?;
    Ok(changes)
}

/// Compares the records of a page that are the first ones of their identities with what its own transaction finds in the
/// table, and locks the rows that are to be written.
pub(crate) async fn compare_reserved(
    view: &TableView<'_>,
    reserved: &Reserved,
    written: &mut WrittenFields,
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
            let known = (Some(&*reserved.identities), Some(written));
            compare_some(view, &reserved.firsts, known, &mut changes, conn).await?;
        }
    }
    let are_some_new = (1..reserved.firsts.len()).contains(&changes.insert.len());
    reserved.outlook.note(are_some_new || !changes.update.is_empty());
    Ok(changes)
}

/// Adds records of the page, which differ in their identities, to the changes. `identities` are those of all records, where
/// they are known. In the page's own transaction, rows are locked, and the policies judge them by what runs have `written`.
pub(super) async fn compare_some(
    view: &TableView<'_>,
    records: &[usize],
    (identities, mut written): (Option<&[u128]>, Option<&mut WrittenFields>),
    changes: &mut Changes,
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let identity = |record: usize| identities.map_or_else(|| view.identity_digest(record), |of| of[record]);
    let by_identity: HashMap<_, _> = records.iter().map(|record| (identity(*record), *record)).collect();
    let mut is_there = vec![false; view.batch.len()];
    for chunk in view.chunks(records) {
        let mut differing = Vec::new();
        for found in view.find(chunk, written.is_some(), conn).await? {
            let Some(&record) = by_identity.get(&view.identity_in(&found)?) else { continue };
            is_there[record] = true;
            if view.was_seen(&found)? {
                changes.duplicate.push(Duplicate { record, first: None });
            } else {
                let differences = differences(view, record, &found)?;
                if written.is_none() || view.batch.policies.is_none() || differences.is_empty() {
                    add_found(view, &found, (record, differences, Vec::new()), changes)?;
                } else {
                    differing.push((record, found, differences));
                }
            }
        }
        let Some(written) = written.as_deref_mut() else { continue };
        read_written(view, &differing, identity, written, conn).await?;
        for (record, found, differences) in differing {
            let (applied, kept) = judge(view, record, &found, differences, written)?;
            add_found(view, &found, (record, applied, kept), changes)?;
        }
    }
    changes.insert.extend(records.iter().filter(|record| !is_there[**record]));
    changes.insert.sort_unstable();
    changes.duplicate.sort_unstable_by_key(|duplicate| duplicate.record);
    Ok(())
}

/// Reads what runs last wrote to rows that differ, where a policy asks for it.
async fn read_written(
    view: &TableView<'_>,
    differing: &[(usize, Row, Vec<Difference>)],
    identity: impl Fn(usize) -> u128,
    written: &mut WrittenFields,
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let Some(policies) = &view.batch.policies else { return Ok(()) };
    let is_asked = |differences: &[Difference]| {
        differences.iter().any(|difference| policies.three_way.contains(&difference.column))
    };
    let records = differing.iter().filter(|(.., differences)| is_asked(differences));
    let asked: Vec<_> = records.map(|(record, ..)| (*record, identity(*record))).collect();
    written.read(view, &asked, conn).await
}

fn add_found(
    view: &TableView<'_>,
    found: &Row,
    (record, differences, kept): (usize, Vec<Difference>, Vec<Kept>),
    changes: &mut Changes,
) -> Result<(), StoreError> {
    let id = view.id_of(found)?;
    if differences.is_empty() && !kept.is_empty() {
        changes.kept.push(Change { record, id, differences, kept });
        return Ok(());
    }
    match (&mut changes.unchanged, &id) {
        (Unchanged::Verified(records), _) if differences.is_empty() => records.push(record),
        // A row without a version cannot be told from one that somebody changes meanwhile: it is written.
        (unchanged @ Unchanged::Versioned { .. }, RowId::Number(number)) if differences.is_empty() => {
            match view.version_of(found)? {
                Some(version) => unchanged.add(*number, Some(version.into())),
                None => changes.update.push(Change { record, id, differences, kept }),
            }
        }
        _ => changes.update.push(Change { record, id, differences, kept }),
    }
    Ok(())
}
