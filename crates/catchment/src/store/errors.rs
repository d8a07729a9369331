//! `sync_errors` and `sync_skips`: what was not applied, with its reason and its place.

use catchment_core::{ErrorKind, Location, Reject, Result, truncate_text};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Store;
use super::chunks::chunks;
use super::db::dialect::list;
use super::db::{Arg, Row, StatementLimits, StoreError, Tx};
use super::places::{MAX_PATH_BYTES, path_of, place};
use super::values::{MAX_MESSAGE_BYTES, unreadable};
use crate::replay::RejectState;

/// A row of `sync_errors`.
#[derive(Debug, Clone)]
pub struct StoredError {
    /// Its id, for paging.
    pub id: i64,
    /// Its kind, `error_type`.
    pub kind: Option<ErrorKind>,
    /// Its code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Which record; none for the failure of a whole run.
    pub item: Option<String>,
    /// The line it stands in.
    pub line: Option<i64>,
    /// The byte it begins at.
    pub byte: Option<i64>,
    /// The page of the source.
    pub page: Option<i64>,
    /// The place in the page.
    pub path: Option<String>,
    /// The column that refused its value.
    pub column: Option<String>,
    /// The record as it was read, cut at 4 KiB.
    pub raw: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The fields of the record, whole; none where they could not be stored.
    pub record: Option<serde_json::Map<String, serde_json::Value>>,
    /// What became of it.
    pub state: RejectState,
    /// Why it does not matter.
    pub note: Option<String>,
    /// The run that applied its record.
    pub replayed_by: Option<i64>,
}

/// A record that was left alone on purpose.
#[derive(Debug, Clone)]
pub struct StoredSkip {
    /// Its id, for paging.
    pub id: i64,
    /// Why: `duplicate`, `filtered`, `changed_meanwhile`, `kept_edit`, or what a source passes over: `totals_row`,
    /// `repeated_header`, `hidden_row`.
    pub reason: String,
    /// Which record.
    pub item: Option<String>,
    /// The line it stands in.
    pub line: Option<i64>,
    /// The page of its source that it stands on, and its place there as a JSONPath.
    pub page: Option<i64>,
    /// See `page`.
    pub path: Option<String>,
    /// Where the first record of the identity stands; only of those that differ, where it is known.
    pub first: Option<String>,
    /// In what it differs from the row: from the first record of the identity, or from what policies keep there.
    pub differences: Vec<ValueDifference>,
}

/// A value of a skipped record that is another one than that of its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValueDifference {
    /// The column of the table, with a member of it where it is JSON.
    pub column: String,
    /// The value of the row, which a duplicate's first record has given it.
    pub first: Option<String>,
    /// The value of this one, which was left alone.
    pub here: Option<String>,
}

/// What `sync_skips.details` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct SkipDetails {
    first: Option<String>,
    differences: Vec<ValueDifference>,
}

/// A record that is skipped.
#[derive(Debug)]
pub(super) struct Skip {
    /// Why: see [`StoredSkip::reason`].
    pub(super) reason: &'static str,
    /// Its row in the page; none of a record that was left out before it became one.
    pub(super) row: Option<usize>,
    pub(super) item: String,
    pub(super) location: Option<Location>,
    pub(super) first: Option<Location>,
    pub(super) differences: Vec<ValueDifference>,
}

impl Skip {
    /// Both places and what differs, as JSON; nothing where it repeats the first record.
    fn details(&self) -> Option<String> {
        let first = self.first.as_ref().map(Location::to_string);
        let details = SkipDetails { first, differences: self.differences.clone() };
        (!self.differences.is_empty()).then(|| serde_json::to_string(&details).unwrap_or_default())
    }
}

const ERROR_COLUMNS: &str = "sync_run_id, error_type, error_code, error_message, item_identifier, is_retryable, \
                             line_no, byte_offset, source_page, json_path, column_name, raw_record, record";
const SKIP_COLUMNS: &str =
    "sync_run_id, reason, item_identifier, line_no, byte_offset, source_page, json_path, details";

impl Store {
    /// The errors of a run after the one with the id `after`, at most `limit`.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn errors(
        &self,
        run_id: i64,
        state: Option<RejectState>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredError>> {
        let sql = "SELECT id, error_type, error_code, error_message, item_identifier, line_no, byte_offset, \
             source_page, json_path, column_name, raw_record, {ms created_at}, record, state, state_note, replayed_by FROM \
             sync_errors WHERE sync_run_id = ? AND id > ? AND state = COALESCE(?, state) AND (raw_record IS NOT NULL OR ? \
             IS NULL) ORDER BY id LIMIT ?";
        let state = Arg::from(state.map(RejectState::as_str));
        let args = [run_id.into(), after.into(), state, state, i64::from(limit).into()];
        let rows = self.db.fetch(sql, &args).await?;
        rows.iter().map(read_error).collect()
    }

    /// The skipped records of a run after the one with the id `after`, at most `limit`; all of them, or those that differ
    /// from the first record of their identity.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn skips(
        &self,
        run_id: i64,
        only_differing: bool,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredSkip>> {
        let differing = if only_differing { "details IS NOT NULL AND reason = 'duplicate' AND " } else { "" };
        let sql = format!(
            "SELECT id, reason, item_identifier, line_no, source_page, json_path, details FROM sync_skips WHERE \
             {differing}sync_run_id = ? AND id > ? ORDER BY id LIMIT ?"
        );
        let rows = self.db.fetch(sql, &[run_id.into(), after.into(), i64::from(limit).into()]).await?;
        let read = |row: &Row| -> Result<StoredSkip, StoreError> {
            let details = row.optional_text(6)?.map(serde_json::from_str::<SkipDetails>);
            let SkipDetails { first, differences } = details.and_then(Result::ok).unwrap_or_default();
            Ok(StoredSkip {
                first,
                differences,
                id: row.int(0)?,
                reason: row.text(1)?.to_owned(),
                item: row.optional_string(2)?,
                line: row.optional_int(3)?,
                page: row.optional_int(4)?,
                path: row.optional_string(5)?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

fn read_error(row: &Row) -> Result<StoredError> {
    let record = row.optional_text(12)?.map(serde_json::from_str).transpose();
    Ok(StoredError {
        id: row.int(0)?,
        kind: ErrorKind::from_name(row.text(1)?),
        code: row.text(2)?.to_owned(),
        message: row.text(3)?.to_owned(),
        item: row.optional_string(4)?,
        line: row.optional_int(5)?,
        byte: row.optional_int(6)?,
        page: row.optional_int(7)?,
        path: row.optional_string(8)?,
        column: row.optional_string(9)?,
        raw: row.optional_string(10)?,
        created_at: Timestamp::from_millisecond(row.int(11)?).unwrap_or_default(),
        record: record.map_err(|error| unreadable("a rejected record", &error))?,
        state: RejectState::from_name(row.text(13)?)?,
        note: row.optional_string(14)?,
        replayed_by: row.optional_int(15)?,
    })
}

/// Stores rejects in the page's transaction.
pub(super) async fn store_rejects(
    tx: &mut Tx,
    limits: StatementLimits,
    run_id: i64,
    rejects: &[Reject],
) -> Result<(), StoreError> {
    let width = ERROR_COLUMNS.split(',').count();
    for rejects in chunks(rejects, limits, width, |reject| {
        reject.raw.len()
            + reject.message.len()
            + reject.record.as_ref().map_or(0, |record| record.len())
            + 200
    }) {
        let group = list("?", width);
        let groups = list(&format!("({group})"), rejects.len());
        let messages: Vec<_> = rejects
            .iter()
            .map(|reject| {
                let place = truncate_text(&reject.location.to_string(), MAX_PATH_BYTES);
                truncate_text(&format!("{place}: {}", reject.message), MAX_MESSAGE_BYTES)
            })
            .collect();
        let mut args = Vec::new();
        let paths: Vec<_> = rejects.iter().map(|reject| path_of(Some(&reject.location))).collect();
        for ((reject, message), path) in rejects.iter().zip(&messages).zip(&paths) {
            let [line, byte, page, path] = place(Some(&reject.location), path.as_deref());
            args.extend([
                run_id.into(),
                reject.kind.as_str().into(),
                reject.code.into(),
                message.into(),
                reject.item.as_deref().into(),
                i64::from(reject.kind.is_retryable()).into(),
                line,
                byte,
                page,
                path,
                reject.column.as_deref().into(),
                Arg::from(&reject.raw),
                reject.record.as_deref().into(),
            ]);
        }
        tx.execute(format!("INSERT INTO sync_errors ({ERROR_COLUMNS}) VALUES {groups}"), &args).await?;
    }
    Ok(())
}

/// Stores skips in the page's transaction.
pub(super) async fn store_skips(
    tx: &mut Tx,
    limits: StatementLimits,
    run_id: i64,
    skips: &[Skip],
) -> Result<(), StoreError> {
    let width = SKIP_COLUMNS.split(',').count();
    for skips in chunks(skips, limits, width, |skip| skip.item.len() + 100 + 450 * skip.differences.len()) {
        let group = list("?", width);
        let groups = list(&format!("({group})"), skips.len());
        let mut args = Vec::new();
        let texts: Vec<_> =
            skips.iter().map(|skip| (path_of(skip.location.as_ref()), skip.details())).collect();
        for (skip, (path, details)) in skips.iter().zip(&texts) {
            let [line, byte, page, path] = place(skip.location.as_ref(), path.as_deref());
            let details = details.as_deref().into();
            args.extend([
                run_id.into(),
                skip.reason.into(),
                Arg::from(&skip.item),
                line,
                byte,
                page,
                path,
                details,
            ]);
        }
        tx.execute(format!("INSERT INTO sync_skips ({SKIP_COLUMNS}) VALUES {groups}"), &args).await?;
    }
    Ok(())
}
