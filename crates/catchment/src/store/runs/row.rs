//! A row of `sync_runs`, and how it reads.

use catchment_core::{ErrorKind, Result};

use crate::request::SyncRequest;
use crate::run::Trigger;
use crate::run::{RunError, RunMode, RunStatus, SyncRun};
use crate::store::db::Row;
use crate::store::values::{counted, timestamp, unreadable};

/// The columns of [`read_run`], in its order.
pub(super) const RUN_COLUMNS: &str = "id, source_type, source_identifier, options, source_name, target_table, status, items_processed, items_failed, \
     items_skipped, sync_metadata, error_type, error_code, error_message, attempt, page_no, {ms next_attempt_at}, \
     {ms created_at}, {ms started_at}, {ms completed_at}, mode, based_on, sync_id, trigger_kind, {ms scheduled_for}, \
     (SELECT d.name FROM sync_definitions d WHERE d.id = sync_runs.sync_id)";
/// How many there are.
pub(super) const RUN_WIDTH: usize = 26;

pub(super) fn read_run(row: &Row) -> Result<SyncRun> {
    let options =
        serde_json::from_str(row.text(3)?).map_err(|error| unreadable("a run's options", &error))?;
    let metadata = row.optional_text(10)?.map(serde_json::from_str).transpose();
    Ok(SyncRun {
        id: row.int(0)?,
        request: SyncRequest {
            source_type: row.text(1)?.to_owned(),
            source_identifier: row.text(2)?.to_owned(),
            options,
        },
        source_name: row.text(4)?.to_owned(),
        target_table: row.text(5)?.to_owned(),
        status: RunStatus::from_name(row.text(6)?)?,
        items_processed: counted(row.int(7)?),
        items_failed: counted(row.int(8)?),
        items_skipped: counted(row.int(9)?),
        metadata: metadata.map_err(|error| unreadable("a run's sync_metadata", &error))?.unwrap_or_default(),
        error: read_error(row, 11)?,
        attempt: u32::try_from(row.int(14)?).unwrap_or_default(),
        pages: counted(row.int(15)?),
        next_attempt_at: timestamp(row.optional_int(16)?),
        created_at: timestamp(row.optional_int(17)?).unwrap_or_default(),
        started_at: timestamp(row.optional_int(18)?),
        completed_at: timestamp(row.optional_int(19)?),
        mode: RunMode::from_name(row.text(20)?)?,
        based_on: row.optional_int(21)?,
        sync_id: row.optional_int(22)?,
        trigger: row.optional_text(23)?.map(Trigger::from_name).transpose()?,
        scheduled_for: timestamp(row.optional_int(24)?),
        sync_name: row.optional_string(25)?,
    })
}

/// An error from three columns: its kind, its code and its message.
pub(super) fn read_error(row: &Row, first: usize) -> Result<Option<RunError>> {
    let Some(message) = row.optional_string(first + 2)? else { return Ok(None) };
    let kind = row.optional_text(first)?.and_then(ErrorKind::from_name);
    Ok(Some(RunError { kind, code: row.optional_string(first + 1)?, message }))
}
