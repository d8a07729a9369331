//! What policies need to be kept beside the rows of a page: what runs wrote to their fields, and the conflicts that somebody has
//! to settle.

use std::borrow::Cow;
use std::collections::HashSet;

use catchment_core::Finding;

use super::table_view::TableView;
use super::write::TableSink;
use super::write_outcome::WriteOutcome;
use crate::compare::{Changes, PagePlan};
use crate::counts::RunMetadata;
use crate::store::conflicts::{file_conflicts, has_conflicts};
use crate::store::db::{Conn, StoreError};
use crate::store::written::{WrittenFields, forget_fields, has_written};

/// What came of the rows of a page.
pub(super) struct WrittenRows {
    pub(super) written: WriteOutcome,
    /// What was done with its records, where its own transaction decided that.
    pub(super) changes: Option<Changes>,
    /// What runs last wrote to them, as far as that was asked for.
    pub(super) fields: WrittenFields,
}

/// The identities of a page's records.
fn identities<'p>(view: &TableView<'_>, plan: &'p PagePlan) -> Cow<'p, [u128]> {
    match plan.reserved() {
        Some(reserved) => Cow::Borrowed(&reserved.identities),
        None => (0..view.batch.len()).map(|record| view.identity_digest(record)).collect(),
    }
}

/// The records whose rows are there once the page is committed, as they say or as policies keep them.
fn applied_records(records: usize, changes: &Changes, written: &WriteOutcome) -> Vec<usize> {
    let duplicates = changes.duplicate.iter().map(|duplicate| duplicate.record);
    let others: HashSet<_> = duplicates.chain(written.refused.iter().chain(&written.left).copied()).collect();
    (0..records).filter(|record| !others.contains(record)).collect()
}

/// Notes what the fields of a page's rows now hold by the hand of a run, where a policy needs to know. What other runs noted
/// there says nothing any more where none does.
pub(super) async fn note_written(
    sink: &TableSink<'_>,
    plan: &PagePlan,
    (changes, written): (&Changes, &WriteOutcome),
    fields: &mut WrittenFields,
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let view = sink.view;
    let policies = view.batch.policies.as_deref().filter(|policies| !policies.three_way.is_empty());
    if sink.purpose.is_to_find() || policies.is_none() && !has_written(view.scope(), conn).await? {
        return Ok(());
    }
    let (identities, applied) = (identities(view, plan), applied_records(view.batch.len(), changes, written));
    match policies {
        Some(policies) => {
            fields.note(view, (policies, sink.known), &identities, (changes, &applied), conn).await
        }
        None => {
            let applied: Vec<_> = applied.iter().map(|record| identities[*record]).collect();
            forget_fields(view.db, view.scope(), &applied, conn).await
        }
    }
}

/// Takes the fields that a page's rows keep into account, and files the conflicts among them. What a preview finds, nobody has
/// to settle.
pub(super) async fn account_for_kept(
    view: &TableView<'_>,
    plan: &PagePlan,
    (page, is_to_find): (&WrittenRows, bool),
    metadata: &mut RunMetadata,
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let Some(changes) = page.changes.as_ref().or(plan.changes()) else { return Ok(()) };
    metadata.fields_kept += page.written.fields_kept;
    metadata.rows_kept += changes.kept.len() as u64;
    let kept = || changes.update.iter().chain(&changes.kept).flat_map(|change| &change.kept);
    if kept().any(|kept| kept.is_unknown) {
        let message = "some fields differ from the source of which no run knows what was written there last: they are kept as \
                       edits; to take the source's values, run once without `conflicts` for their columns, or settle them";
        metadata.find([Finding::sure("conflicts", message)]);
    }
    let is_asked = kept().any(|kept| kept.is_asked);
    if is_to_find || !is_asked && !has_conflicts(view.scope(), conn).await? {
        return Ok(());
    }
    let applied = applied_records(view.batch.len(), changes, &page.written);
    let identities = identities(view, plan);
    metadata.conflicts += file_conflicts(view, &identities, (changes, &applied), &page.fields, conn).await?;
    Ok(())
}
