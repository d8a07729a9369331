//! The account of a run, settled at the end of its source: what was read is what became of it.

use catchment_core::{Coverage, Cursor, Error, ErrorKind, Finding, Result, mask_url_query};

use crate::mapping::TargetOptions;
use crate::run::{RunMode, SyncRun};
use crate::store::{Lease, SameRows, Store};
use crate::target::Table;

/// The code of an error of a source whose list moved while it was read.
pub(super) const SOURCE_SHIFTED: &str = "source_shifted";

/// Settles the account of a run: the store's count must be the source's, something of it must have been of use, and an empty
/// source must be meant. What the source leaves for the next run. `ours` becomes as the store has it.
///
/// # Errors
/// `system`, `unbalanced`; `validation`, `source_empty`, `all_rejected`, `too_many_errors`; `system`, `source_shifted`.
pub(super) async fn settle(
    store: &Store,
    lease: Lease,
    (options, table): (&TargetOptions, &Table),
    end: &Cursor,
    ours: &mut SyncRun,
) -> Result<Option<serde_json::Value>> {
    let run = store.run(lease.run_id).await?;
    let mut run = run.ok_or_else(|| {
        Error::new(ErrorKind::System, "run_gone", "the run was deleted while it was in progress")
    })?;
    check_balance(&run, end.records_read)?;
    check_limit(options, run.items_failed, end.records_read, true)?;
    refuse_useless(store, &run, end.records_read).await?;
    refuse_empty(store, (options, table), end, &run).await?;
    run.metadata.find(moved(store, &run, table).await?);
    if end.records_read == 0
        && end.coverage == Coverage::Complete
        && !run.metadata.findings.iter().any(|finding| finding.topic == "records" && finding.is_unsure)
    {
        run.metadata.find([Finding::unsure("empty", "the source holds no records")]);
    }
    let is_shifted = note_shift(&mut run)?;
    run.metadata.is_whole =
        end.coverage == Coverage::Complete && !run.metadata.truncated && end.records_read > 0;
    if run.metadata != ours.metadata {
        store.store_metadata(lease, &run.metadata).await?;
    }
    *ours = run;
    Ok(end.carryover.clone().filter(|_| !is_shifted))
}

/// A run of which no record could be applied has done nothing that anybody asked for.
async fn refuse_useless(store: &Store, run: &SyncRun, records_read: u64) -> Result<()> {
    // What a replay rejects stays open where it was.
    if records_read == 0 || run.items_failed < records_read || run.mode == RunMode::Replay {
        return Ok(());
    }
    let rejects = store.errors(run.id, None, 0, 1).await?;
    // Without its value, as a failure is logged.
    let first = rejects.first().map(|reject| match &reject.column {
        Some(column) => format!(", the first one for its `{column}` ({})", reject.code),
        None => format!(", the first one as `{}`", reject.code),
    });
    let first = first.unwrap_or_default();
    let message = format!(
        "all {records_read} records were rejected{first}; correct the options by it, or see all reasons with `catchment runs \
         errors {}`",
        run.id
    );
    Err(Error::new(ErrorKind::Validation, "all_rejected", message))
}

/// A source without records is suspicious if it had some before.
async fn refuse_empty(
    store: &Store,
    (options, table): (&TargetOptions, &Table),
    end: &Cursor,
    run: &SyncRun,
) -> Result<()> {
    let may_be_empty =
        options.allow_empty.unwrap_or(false) || end.records_read > 0 || end.coverage != Coverage::Complete;
    if !may_be_empty && store.has_rows(run, table, true).await? {
        return Err(Error::new(
            ErrorKind::Validation,
            "source_empty",
            "the source has no records, though it had some before; if that is intended, set the option `allowEmpty`",
        ));
    }
    Ok(())
}

/// Whether the rows of a source that is new are in the table already, from another one: it was renamed or moved then.
async fn moved(store: &Store, run: &SyncRun, table: &Table) -> Result<Option<Finding>> {
    let counts = run.metadata.counts;
    let is_new = counts.inserted > 0 && counts.inserted == counts.processed();
    // Nothing of a preview is in the table.
    if run.metadata.preview.is_some() || !table.is_by_source() || !is_new || store.has_completed(run).await? {
        return Ok(None);
    }
    let found = store.source_with_same_rows(run, table).await?;
    Ok(found.map(|SameRows { source_name, same, sampled }| {
        Finding::unsure("source", moved_message(&table.name, &source_name, &run.source_name, same, sampled))
    }))
}

fn moved_message(table: &str, known: &str, new: &str, same: usize, sampled: usize) -> String {
    let shown = |name: &str| mask_url_query(name);
    let told = format!(
        "{same} of the first {sampled} rows are in `{table}` a second time now, as `{}` has them too; if `{}` is the same source \
         under another name, delete its rows",
        shown(known),
        shown(new)
    );
    // A name with secrets in it is not shown, and cannot be repeated.
    if [known, new].iter().any(|name| shown(name) != **name) {
        return format!("{told} and give both the same option `sourceName`");
    }
    let quoted = |name: &str| format!("'{}'", name.replace('\'', "'\\''"));
    format!(
        "{told} (`catchment cleanup --forget {}`) and sync it with --source-name {} (option `sourceName`)",
        quoted(new),
        quoted(known)
    )
}

/// Judges the evidence that the source's list moved while it was read. Whether it did.
fn note_shift(run: &mut SyncRun) -> Result<bool> {
    let Some(shifted) = &run.metadata.shifted else { return Ok(false) };
    let warning = format!(
        "{shifted}: its list shifted while it was read, so that records may have been missed; request a stable \
         order, such as by id"
    );
    // Once more from the beginning, in another run; most often nothing moves then.
    if run.metadata.replacements == 0 {
        return Err(Error::new(ErrorKind::System, SOURCE_SHIFTED, warning));
    }
    (run.metadata.truncated, run.metadata.warning) = (true, Some(warning));
    Ok(true)
}

/// `read = inserted + updated + unchanged + skipped + failed`, by the columns and by the finer counts.
fn check_balance(run: &SyncRun, records_read: u64) -> Result<()> {
    let fine = run.metadata.counts;
    let accounted = run.items_processed + run.items_skipped + run.items_failed;
    if accounted == records_read && run.items_processed == fine.processed() && accounted == fine.total() {
        return Ok(());
    }
    let message = format!(
        "{records_read} records were read, but {} processed + {} skipped + {} failed are {accounted} (inserted {}, updated \
         {}, unchanged {})",
        run.items_processed, run.items_skipped, run.items_failed, fine.inserted, fine.updated, fine.unchanged
    );
    Err(Error::new(ErrorKind::System, "unbalanced", message))
}

/// Whether fewer records were rejected than the option `maxErrors` allows.
///
/// # Errors
/// `validation`, `too_many_errors`.
pub(super) fn check_limit(options: &TargetOptions, failed: u64, read: u64, is_at_end: bool) -> Result<()> {
    match options.max_errors {
        Some(limit) if limit.is_exceeded(failed, read, is_at_end) => Err(Error::new(
            ErrorKind::Validation,
            "too_many_errors",
            format!(
                "{failed} of {read} records were rejected, more than the option `maxErrors` allows; correct them, \
                 or raise it"
            ),
        )),
        _ => Ok(()),
    }
}
